"""What a person reads names everything that the program has."""

import ast
import re
from pathlib import Path

import pytest
import typer

from seatkeeper.cli import Exit
from seatkeeper.complaints import ERRORS
from seatkeeper.verbs import command_line

ROOT = Path(__file__).parents[2]


def read(*names):
    found = [ROOT / name for name in names if (ROOT / name).is_file()]
    return "\n".join(path.read_text(encoding="utf-8") for path in found)


def commands():
    """Return every command with its options, as (words, option)."""
    for name, command in typer.main.get_command(command_line()).commands.items():
        below = getattr(command, "commands", None)
        for words, one in [(name, command)] if below is None else below.items():
            full = words if below is None else f"{name} {words}"
            yield full, ""
            for parameter in one.params:
                option = next((text for text in parameter.opts if text.startswith("--")), "")
                if option and option != "--help":
                    yield full, option


def codes():
    """Return every code with which a subject is parked."""
    found = set()
    for folder in ("sync", "seatkeeper"):
        for path in (ROOT / folder).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                name = getattr(getattr(node, "func", None), "id", "")
                if isinstance(node, ast.Call) and name == "Trouble":
                    given = {one.arg: one.value for one in node.keywords}.get("code")
                    if isinstance(given, ast.Constant):
                        found.add(given.value)
    return found


def test_the_parked_codes_are_found_in_the_code():
    assert {"row-deleted", "contract-missing", "unforeseen", "currency-unknown"} <= codes()


@pytest.mark.parametrize(("words", "option"), sorted(set(commands())))
def test_every_command_and_option_is_in_the_readme_or_the_operations_manual(words, option):
    text = read("README.md", "docs/operations.md")
    assert re.search(rf"\b{re.escape(words)}\b", text), f"seatkeeper {words} is not described"
    assert option in text, f"seatkeeper {words} {option} is not described"


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_parked_code_is_in_the_operations_manual(code):
    assert f"`{code}`" in read("docs/operations.md")


@pytest.mark.parametrize(("sentence", "code"), [(said, code) for _, said, code in ERRORS])
def test_every_sentence_with_which_a_command_fails_is_in_the_operations_manual(sentence, code):
    start = sentence.partition(":")[0]
    (row,) = [line for line in read("docs/operations.md").splitlines() if f"| `{start}` |" in line]
    assert str(int(code)) in row.split("|")[2]


@pytest.mark.parametrize("code", [int(code) for code in Exit])
def test_every_exit_code_is_in_the_readme(code):
    text = read("README.md")
    assert re.search(r"exit codes?", text, re.IGNORECASE), "the exit codes are not described"
    assert re.search(rf"(?<![\d.]){code}(?![\d.]\d)(?:`| |\b)", text)
