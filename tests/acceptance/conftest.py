"""One sandbox for each module, and one of its own for a test that asks for it."""

import pytest

from tests.acceptance.installed import running_sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def own_sandbox(tmp_path):
    with running_sandbox(tmp_path) as running:
        yield running
