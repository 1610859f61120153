"""Engine and clients ask the world through `Effects` alone, so that a run can be simulated."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("sync", "connector")
WORLD = frozenset({"time", "random", "secrets", "concurrent", "multiprocessing", "asyncio"})
CLOCKS = frozenset({"datetime", "date", "uuid", "threading", "os"})
OF_THE_WORLD = frozenset(
    {"uuid1", "uuid4", "now", "utcnow", "today", "Thread", "Timer", "urandom", "getrandom"}
)
"""What only an effect may give, of modules and types that are harmless otherwise."""
STORED_OR_SENT = frozenset(
    {"tx", "store", "crm", "providers", "send", "request", "write", "read", "get", "post", "patch"}
)


def asked(source: str) -> Iterator[str]:
    """Find what asks the world by itself."""
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            given = OF_THE_WORLD & {alias.name for alias in node.names}
            names = [str(node.module).split(".")[0], *given]
        elif isinstance(node, ast.Attribute) and CLOCKS & set(_path(node.value)):
            names = [node.attr]
        yield from (one for one in names if one in WORLD | OF_THE_WORLD)


def _path(node: ast.expr) -> list[str]:
    """Return the names of `a.b._c`, without their underscores."""
    if isinstance(node, ast.Attribute):
        return [*_path(node.value), node.attr.strip("_")]
    return [node.id.strip("_")] if isinstance(node, ast.Name) else []


def ends(source: str) -> Iterator[str]:
    """Find what stores or sends though the process is dying: in `finally`, or after any error."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Try):
            continue
        bodies = [node.finalbody]
        bodies += [one.body for one in node.handlers if _catches_all(one)]
        for part in (inner for body in bodies for one in body for inner in ast.walk(one)):
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
                yield from {part.func.attr, *_path(part.func.value)} & STORED_OR_SENT


def _catches_all(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or "BaseException" in ast.dump(handler.type)


FILES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


@pytest.mark.parametrize("room", ROOMS)
def test_rule_7_1_time_chance_and_threads_come_through_effects(room):
    found = {
        path.name: names
        for path in FILES
        if path.is_relative_to(ROOT / room) and (names := list(asked(path.read_text("utf-8"))))
    }
    assert not found


def test_rule_7_1_a_dying_process_neither_stores_nor_sends():
    found = {path.name: names for path in FILES if (names := list(ends(path.read_text("utf-8"))))}
    assert len(FILES) > 50
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from random import choice",
        "from concurrent.futures import ThreadPoolExecutor",
        "import uuid\nname = uuid.uuid4()",
        "from uuid import uuid4",
        "import threading\nthreading.Thread(target=print).start()",
        "import datetime\nnow = datetime.datetime.now()",
    ],
)
def test_what_asks_the_world_by_itself_is_found(source):
    assert list(asked(source))


@pytest.mark.parametrize(
    "source",
    ["now = engine.now()", "self._effects.sleep(1)", "engine.ports.effects.monotonic()"],
)
def test_what_comes_through_effects_is_allowed(source):
    assert not list(asked(source))


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("try:\n  a()\nfinally:\n  self._store.tx(b)", True),
        ("try:\n  a()\nexcept:\n  ports.crm.write(b)", True),
        ("try:\n  a()\nexcept BaseException:\n  session.post(b)", True),
        ("try:\n  a()\nexcept ValueError:\n  store.tx(b)", False),
        ("try:\n  a()\nfinally:\n  folder.close()", False),
    ],
)
def test_what_goes_on_in_a_dying_process_is_found(source, caught):
    assert bool(list(ends(source))) == caught
