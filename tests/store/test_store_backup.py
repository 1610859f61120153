"""Backup while the state is in use, and restore: files, rights, refusals."""

import sqlite3
import stat
from contextlib import closing

import pytest
from sqlite_utils import Database

from store.backup import look_into, restore_backup, write_backup
from store.schema import migrations
from store.sqlite import SqliteStore
from sync.restored import mark_restored
from sync.state import (
    DamagedStateError,
    IncompatibleStateError,
    OperationState,
    Request,
    Service,
    TrailEntry,
)
from tests.store.values import NOON, fact, operation, seen

STAMP = "20250616T120000"


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state.db"


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "kept" / "backup.db"


@pytest.fixture(autouse=True)
def folder(kept):
    kept.parent.mkdir()


def _fill(state, *names):
    store = SqliteStore(state)

    def fill(tx):
        tx.put_seen([seen(name) for name in names])
        tx.trail([TrailEntry(at=NOON, subject=name, event="seen", facts={}) for name in names])
        tx.set_meta("organisation", "org")

    store.tx(fill)
    store.close()


def _restore(kept, state):
    return restore_backup(kept, state, stamp=STAMP, prepare=lambda tx: mark_restored(tx, NOON))


def _read(state, fn):
    store = SqliteStore(state)
    try:
        return store.look(fn)
    finally:
        store.close()


def _subjects(state):
    return _read(state, lambda tx: tx.subjects())


def _left(folder):
    return sorted(path.name for path in folder.iterdir())


# --- backup ---------------------------------------------------------------------------------------


def test_a_backup_holds_what_was_committed_while_the_state_is_in_use(state, kept):
    _fill(state, "a", "b")
    store = SqliteStore(state)
    told = []

    def works(tx):
        tx.put_seen([seen("not committed")])
        told.append(write_backup(state, kept))

    store.tx(works)
    store.close()
    assert (told[0].last_sequence, told[0].organisation) == (2, "org")
    assert _subjects(kept) == ["a", "b"]
    assert _subjects(state) == ["a", "b", "not committed"]


def test_a_backup_counts_its_rows(state, kept):
    _fill(state, "a")
    before = write_backup(state, kept).rows
    _fill(state, "b")
    assert write_backup(state, kept).rows == before + 2


def test_a_backup_is_one_file_that_only_its_owner_reads(state, kept):
    _fill(state, "a")
    write_backup(state, kept)
    assert _left(kept.parent) == ["backup.db"]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_backup_replaces_an_older_one_as_a_whole(state, kept):
    _fill(state, "a")
    kept.write_text("an older backup")
    write_backup(state, kept)
    assert _subjects(kept) == ["a"]


def test_a_backup_that_fails_leaves_the_older_one(state, kept):
    _fill(state, *(f"{number}" for number in range(300)))
    kept.write_text("an older backup")
    content = state.read_bytes()
    state.write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedStateError):
        write_backup(state, kept)
    assert kept.read_text() == "an older backup"
    assert _left(kept.parent) == ["backup.db"]


def test_there_must_be_a_state(state, kept):
    with pytest.raises(FileNotFoundError, match="no state to back up"):
        write_backup(state, kept)
    assert _left(kept.parent) == []


@pytest.mark.parametrize("companion", ["", "-wal", "-shm", ".lock"])
def test_a_backup_never_writes_over_the_state_itself(state, companion):
    _fill(state, "a")
    with pytest.raises(FileExistsError, match="the state itself"):
        write_backup(state, state.parent / "kept" / ".." / f"state.db{companion}")
    assert _subjects(state) == ["a"]


# --- restore --------------------------------------------------------------------------------------


def test_a_restore_puts_the_backup_in_place_and_keeps_the_replaced_state(state, kept):
    _fill(state, "a")
    write_backup(state, kept)
    _fill(state, "later")
    restored = _restore(kept, state)
    assert restored.replaced == state.with_name(f"state.db.replaced-{STAMP}")
    assert _subjects(state) == ["a"]
    assert _subjects(restored.replaced) == ["a", "later"]
    assert [name for name in _left(state.parent) if "partial" in name] == []


def test_a_restore_without_a_state_makes_one(state, kept):
    _fill(state, "a")
    write_backup(state, kept)
    for path in state.parent.glob("state.db*"):
        path.unlink()
    assert _restore(kept, state).replaced is None
    assert _subjects(state) == ["a"]


def test_who_looks_during_a_restore_sees_the_old_state_or_the_new_one(state, kept):
    _fill(state, "a")
    write_backup(state, kept)
    _fill(state, "later")
    reader = SqliteStore(state)

    def looks(tx):
        before = tx.subjects()
        _restore(kept, state)
        return before, tx.subjects()

    assert reader.look(looks) == (["a", "later"], ["a", "later"])
    assert reader.look(lambda tx: tx.subjects()) == ["a"]
    reader.close()
    assert _subjects(state) == ["a"]


@pytest.mark.parametrize("damage", ["no database", "half", "middle"])
def test_a_damaged_state_is_replaced_and_kept_as_it_was(state, kept, damage):
    _fill(state, *(f"{number}" for number in range(300)))
    write_backup(state, kept)
    content = state.read_bytes()
    half = len(content) // 2 // 4096 * 4096
    broken = {
        "no database": b"x" * len(content),
        "half": content[:half],
        "middle": content[:half] + b"\xff" * 4096 + content[half + 4096 :],
    }[damage]
    state.write_bytes(broken)
    replaced = _restore(kept, state).replaced
    assert replaced.read_bytes() == broken
    assert len(_subjects(state)) == 300


@pytest.mark.parametrize("damage", ["text", "half", "other database"])
def test_a_backup_that_cannot_serve_is_refused_and_the_state_stays(state, kept, damage):
    _fill(state, *(f"{number}" for number in range(300)))
    write_backup(state, kept)
    if damage == "text":
        kept.write_bytes(b"no backup at all " * 500)
    elif damage == "half":
        kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    else:
        kept.unlink()
        with closing(sqlite3.connect(kept)) as other:
            other.execute("CREATE TABLE other (id TEXT)")
    with pytest.raises(DamagedStateError):
        _restore(kept, state)
    assert len(_subjects(state)) == 300
    assert [name for name in _left(state.parent) if "replaced" in name or "partial" in name] == []


def test_a_backup_whose_trail_was_touched_is_refused(state, kept):
    _fill(state, "a", "b")
    write_backup(state, kept)
    with closing(sqlite3.connect(kept)) as other:
        other.execute("UPDATE trail SET event = 'other' WHERE sequence = 2")
        other.commit()
    with pytest.raises(DamagedStateError, match="row 2 of the backup's trail was changed"):
        _restore(kept, state)


def test_a_backup_of_a_newer_version_is_refused(state, kept):
    _fill(state, "a")
    write_backup(state, kept)
    with closing(sqlite3.connect(kept)) as other:
        other.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('seatkeeper', '9999_future', 'later')"
        )
        other.commit()
    with pytest.raises(IncompatibleStateError, match="9999_future"):
        _restore(kept, state)


def test_a_backup_of_an_older_version_is_upgraded(state, kept):
    database = Database(kept)
    migrations.apply(database, stop_before=[one.name for one in migrations._migrations[1:]])
    database.close()
    _restore(kept, state)
    assert _read(state, lambda tx: tx.verify_trail()) is None
    assert look_into(state).last_sequence == 1


# --- what was unfinished --------------------------------------------------------------------------


def test_rule_2_13_after_a_restore_every_unfinished_operation_is_ambiguous(state, kept):
    store = SqliteStore(state)
    step = {"service": Service.PROVIDER, "request_id": "r", "body": {"status": "suspended"}}
    sent = {"state": OperationState.SENT, "sent_at": NOON, "not_before": NOON}
    store.tx(
        lambda tx: tx.add_operations(
            [
                operation("ready", body={"a": 1}, not_before=NOON),
                operation("sent", **sent),
                operation("step", **step),
                operation("sent step", **step, **sent),
                operation("done", state=OperationState.DONE),
                operation("failed", state=OperationState.FAILED),
                operation("superseded", state=OperationState.SUPERSEDED),
            ]
        )
    )
    store.close()
    write_backup(state, kept)
    _restore(kept, state)
    found = {one.id: one for one in _read(state, lambda tx: tx.operations("a"))}
    states = {name: one.state.value for name, one in found.items()}
    assert states == {
        "ready": "sent",
        "sent": "sent",
        "step": "sent",
        "sent step": "sent",
        "done": "done",
        "failed": "failed",
        "superseded": "superseded",
    }
    assert found["ready"].body == {"a": 1}
    assert {one.not_before for one in found.values()} == {None}
    for name in ("step", "sent step"):
        one = found[name]
        assert (one.request_id, one.body, one.sent_at) == ("", {}, None)


def test_rule_2_13_a_command_that_was_queued_is_not_carried_out_after_a_restore(state, kept):
    store = SqliteStore(state)
    store.tx(lambda tx: tx.ask(Request("1", "invoice run", "{}")))
    store.tx(lambda tx: tx.add_facts([fact("k")]))
    store.close()
    write_backup(state, kept)
    _restore(kept, state)
    assert _read(state, lambda tx: tx.asked()) == []
    assert _read(state, lambda tx: tx.meta("restored_at")) == NOON.isoformat()
    assert [one.event for one in _read(state, lambda tx: tx.read_trail())] == ["restored"]
