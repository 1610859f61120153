"""The command line in process: slips and broken files, each with its exit code."""

import pytest
import structlog

from seatkeeper.cli import run_command
from tests.wiring.written import VALID, write


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    """Run a command in a folder of its own; return its exit code and what it said."""
    monkeypatch.chdir(tmp_path)
    before = structlog.get_config()

    def run(*words):
        code = run_command(list(words))
        said = capsys.readouterr()
        return code, said.out + said.err

    yield run
    structlog.configure(**before)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "--onse"), "--once"),
        (("bogus",), "No such command 'bogus'"),
        ((), "Usage"),
        (("invoice",), "Usage"),
        (("explain",), "Missing argument"),
        (("invoice", "run", "--on", "tomorrow"), "'tomorrow'"),
        (("invoice", "run", "--contract", "typo"), "'typo' is no id of a row."),
        (("invoice", "preview", "typo"), "'typo' is no id of a row."),
    ],
)
def test_a_slip_on_the_command_line_ends_with_64_and_says_what_is_wrong(call, words, told):
    code, said = call(*words)
    assert code == 64
    assert told in said


@pytest.mark.parametrize("words", [("--help",), ("run", "--help"), ("invoice", "run", "--help")])
def test_help_ends_with_0(call, words):
    code, said = call(*words)
    assert (code, "Usage" in said) == (0, True)


UNUSABLE = [
    ("mode: both\nstate: sqlite:///s.db\n", "config.yaml:1: mode: Input should be"),
    (
        "mode: apply\nstat: x\n",
        "config.yaml:2: stat: this key is not known. Did you mean 'state'",
    ),
]
NO_FOLDER = (VALID + "mappings: none/\n", "mappings: this folder of mappings does not exist.")


@pytest.mark.parametrize(("text", "told"), [*UNUSABLE, NO_FOLDER])
@pytest.mark.parametrize("words", [("run", "--once"), ("plan",), ("check",)])
def test_what_cannot_be_used_ends_with_78_file_line_and_field(call, tmp_path, words, text, told):
    write(tmp_path, text)
    code, said = call(*words)
    assert code == 78
    assert told in said


@pytest.mark.parametrize(
    ("text", "told", "ends"), [*((*one, 78) for one in UNUSABLE), (*NO_FOLDER, 0)]
)
def test_the_status_needs_a_configuration_and_no_mappings(call, tmp_path, text, told, ends):
    write(tmp_path, text)
    code, said = call("status")
    assert (code, told in said) == (ends, True)


def test_a_port_that_is_taken_is_said_in_one_sentence(call, monkeypatch):
    def taken(*_, **__):
        raise OSError("address already in use")

    monkeypatch.setattr("sandbox.server.serve", taken)
    assert call("sandbox") == (1, "This machine refuses something: address already in use.\n")
