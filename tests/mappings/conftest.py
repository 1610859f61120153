"""Commands in process, and tenants that are closed afterwards."""

import pytest
import structlog

from seatkeeper.cli import run_command
from tests.mappings.second_tenant import SecondTenant


@pytest.fixture
def command(capsys):
    """Run a command; return its exit code and what it said."""
    before = structlog.get_config()

    def run(*words):
        code = run_command([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out + said.err

    yield run
    structlog.configure(**before)


@pytest.fixture
def tenant():
    """Open the second tenant, adopted."""
    tenant = SecondTenant()
    assert tenant.runs() == []
    yield tenant
    tenant.application.close()
