"""How a command starts: what it loads before it does anything."""

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from seatkeeper.verbs import VERBS, command_line
from tests.acceptance.installed import environment
from tests.wiring.written import write

_SERVERS = {"sandbox", "console", "flask", "cheroot"}
_CLIENTS = {"connector", "requests", "msal"}
_EXTRAS = {"babel", "fpdf", "jinja2", "cryptography", "procrastinate", "psycopg", "apprise"}
_ENGINE = {"sync", "store", "billing", "lifecycle", "pydantic", "structlog", "sqlite_utils"}


def loaded(*arguments, folder):
    """Run a command in a process of its own; return the packages that it loaded."""
    code = (
        "import sys; from seatkeeper.cli import run_command; run_command(sys.argv[1:]);"
        " print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    call = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(  # noqa: S603  # ourselves
        call, cwd=folder, env=environment(), capture_output=True, check=True, text=True
    )
    return set(done.stderr.splitlines()[-1].split())


def test_the_help_loads_neither_engine_nor_client_nor_server(tmp_path):
    found = loaded("--help", folder=tmp_path)
    assert found & (_SERVERS | _CLIENTS | _EXTRAS | _ENGINE) == set()


def test_the_status_loads_neither_client_nor_server(tmp_path):
    write(tmp_path)
    found = loaded("status", folder=tmp_path)
    assert found & (_SERVERS | _CLIENTS | _EXTRAS) == set()
    assert found >= _ENGINE


def test_a_run_loads_no_server(tmp_path):
    found = loaded("run", "--once", folder=tmp_path)  # without a configuration it ends with 78
    assert found & (_SERVERS | _EXTRAS) == set()
    assert found >= _CLIENTS


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_is_listed_with_the_first_words_of_its_own_help(name):
    whole = typer.main.get_command(command_line()).commands[name]
    assert whole.help == VERBS[name].help
    assert hasattr(whole, "commands") or whole.params  # it is loaded


def test_the_list_of_verbs_is_the_same_whichever_is_loaded():
    def listed(called):
        return CliRunner().invoke(command_line(called), ["--help"]).output

    assert listed("") == listed("run") == listed(None)
    assert "Commands" in listed("")
