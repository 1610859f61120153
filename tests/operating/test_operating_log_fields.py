"""Every field that our code logs gets through; text on a terminal, JSON elsewhere."""

import ast
import io
from pathlib import Path

import pytest
import structlog

from seatkeeper import logs

ROOT = Path(__file__).parents[2]
ROOMS = ("connector", "sync", "store", "seatkeeper")
LEVELS = {"info", "warning", "error"}


def is_log_call(node):
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    owner = node.func.value
    name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    return name == "log" and node.func.attr in LEVELS


def calls():
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            yield from ((path.name, node) for node in ast.walk(tree) if is_log_call(node))


def test_every_field_that_is_logged_by_name_is_on_the_list():
    found = [
        (path, keyword.arg)
        for path, node in calls()
        for keyword in node.keywords
        if keyword.arg is not None
    ]
    assert len(found) > 30
    assert [one for one in found if one[1] not in logs.ALLOWED] == []


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def restored():
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("restored")
def test_a_terminal_gets_text_and_the_same_list_holds():
    terminal = Terminal()
    logs.configure(terminal)
    structlog.get_logger().info("cycle", changes=2, client_secret="canary")
    assert not terminal.getvalue().startswith("{")
    assert "cycle" in terminal.getvalue()
    assert "left out: client_secret" in terminal.getvalue()
    assert "canary" not in terminal.getvalue()
