"""A full disk, a read-only file, a damaged page: a clear stop, and nothing is sent."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from sandbox.journal import EntryType
from seatkeeper.cli import run_command
from store.sqlite import SqliteStore
from sync.state import DamagedStateError, IncompatibleStateError, UnwritableStateError
from tests.engine.opening import open_stage
from tests.engine.stage import Setting, Stage
from tests.wiring.written import write


def stage_on(path):
    """Return a stage whose state is a file, with a change that waits to be done."""
    opened = open_stage(Setting())
    file = SqliteStore(path)
    opened.application.store._connection.backup(file._connection)
    ports = opened.application.engine.ports
    object.__setattr__(ports, "store", file)
    opened.on("2025-06-16")
    opened.edits(status="suspended")
    return opened


@pytest.fixture
def stage(tmp_path):
    opened = stage_on(tmp_path / "state.db")
    yield opened
    opened.application.store.close()


def mount(*words):
    """Call mount or umount; tell whether this machine lets us."""
    found = shutil.which(words[0])
    if found is None:
        return False
    done = subprocess.run([found, *words[1:]], capture_output=True, check=False)  # noqa: S603  # ours
    return done.returncode == 0


@dataclass(frozen=True, slots=True)
class Disk:
    """A stage, and how its disk is filled and emptied."""

    stage: Stage
    fill: Callable[[], object]
    empty: Callable[[], object]


@pytest.fixture(params=["page limit", *(["tmpfs"] if os.geteuid() == 0 else [])])
def disk(request, tmp_path):
    """Return a small disk; where none may be mounted, a state that may not grow."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = request.param == "tmpfs" and mount(
        "mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)
    )
    stage = stage_on(folder / "state.db")
    other = folder / "other"
    if mounted:
        room = os.statvfs(folder)
        content = b"x" * (room.f_bavail * room.f_frsize)
        yield Disk(stage, lambda: other.write_bytes(content), other.unlink)
    else:
        yield Disk(stage, lambda: _full(stage), lambda: _limited(stage, 1_000_000))
    stage.application.store.close()
    if mounted:
        assert mount("umount", str(folder))


def _limited(stage, pages):
    stage.application.store._connection.execute(f"PRAGMA max_page_count = {pages}")


def _full(stage):
    connection = stage.application.store._connection
    _limited(stage, connection.execute("PRAGMA page_count").fetchone()[0])
    fill = "INSERT INTO meta VALUES (hex(randomblob(8)), hex(zeroblob(400)));"
    with pytest.raises(sqlite3.OperationalError, match="full"):
        connection.executescript(fill * 10_000)


def writes(stage, since):
    """Return what was sent that changes something at either service."""
    return [
        one
        for one in stage.world.journal.since(since)
        if one.type is EntryType.COMMIT or (one.type is EntryType.REQUEST and one.method == "PATCH")
    ]


def test_on_a_full_disk_nothing_is_sent_and_it_goes_on_when_there_is_room(disk):
    disk.fill()
    mark = disk.stage.mark
    with pytest.raises(UnwritableStateError, match="is full; make room, nothing is lost"):
        disk.stage.runs()
    assert writes(disk.stage, mark) == []
    disk.empty()
    assert disk.stage.runs().failures == []
    assert disk.stage.kinds() == [("deactivation", -10)]


def test_with_a_read_only_state_nothing_is_sent(stage):
    connection, mark = stage.application.store._connection, stage.mark
    connection.execute("PRAGMA query_only = ON")
    with pytest.raises(UnwritableStateError, match="read-only; give the user"):
        stage.runs()
    assert writes(stage, mark) == []


@pytest.mark.parametrize("table", ["facts", "operations", "cursors"])
def test_with_a_damaged_page_nothing_is_sent(stage, tmp_path, table):
    store = stage.application.store
    root = "SELECT rootpage FROM sqlite_master WHERE name = ?"
    page = store._connection.execute(root, (table,)).fetchone()[0]
    store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    with (tmp_path / "state.db").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    damaged = SqliteStore(tmp_path / "state.db")
    object.__setattr__(stage.application.engine.ports, "store", damaged)
    mark = stage.mark
    with pytest.raises(DamagedStateError, match=r"damaged .*restore a backup"):
        stage.runs()
    assert writes(stage, mark) == []
    damaged.close()


VERBS = ["status", "run --once", "log", "backup copy.db"]


@pytest.mark.parametrize("verb", VERBS)
def test_a_file_that_is_no_state_ends_every_command_with_1(tmp_path, capsys, verb):
    (tmp_path / "state.db").write_bytes(b"no database, but a text that is long enough to be read")
    assert run_command([*verb.split(), "--config", str(write(tmp_path))]) == 1
    assert "restore a backup" in capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS)
def test_a_state_of_a_newer_version_ends_every_command_with_78(tmp_path, capsys, verb):
    _of_the_future(tmp_path / "state.db")
    assert run_command([*verb.split(), "--config", str(write(tmp_path))]) == 78
    assert "newer Seatkeeper (schema 9999_future" in capsys.readouterr().err


def _of_the_future(path):
    SqliteStore(path).close()
    with sqlite3.connect(path) as other:
        sql = "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)"
        other.execute(sql, ("seatkeeper", "9999_future", "2030-01-01"))
    other.close()
    with pytest.raises(IncompatibleStateError):
        SqliteStore(path)
