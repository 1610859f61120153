"""What a state file in trouble does: one clear sentence, and nothing half written."""

import sqlite3

import pytest

from store.sqlite import SqliteStore
from store.trouble import told
from sync.state import DamagedStateError, UnwritableStateError
from tests.store.values import seen


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.db"


def _filled(path, rows=400):
    store = SqliteStore(path)
    store.tx(lambda tx: tx.put_seen([seen(f"{number}") for number in range(rows)]))
    return store


def _subjects(store):
    return store.tx(lambda tx: tx.subjects())


def test_a_full_disk_is_said_and_leaves_what_was_committed(path):
    store = _filled(path, rows=3)
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    many = [seen(f"new {number}") for number in range(2_000)]
    with pytest.raises(UnwritableStateError, match=r"disk that holds .*state\.db is full"):
        store.tx(lambda tx: tx.put_seen(many))
    store._connection.execute("PRAGMA max_page_count = 100000")
    store.tx(lambda tx: tx.put_seen([seen("later")]))
    assert sorted(_subjects(store)) == ["0", "1", "2", "later"]
    store.close()


def test_a_commit_that_fails_is_rolled_back_and_the_next_one_works(path):
    """A deferred constraint fails at COMMIT, as a full disk may."""
    store = _filled(path, rows=1)
    store._connection.executescript(
        "PRAGMA foreign_keys = ON;"
        "CREATE TABLE other (id TEXT REFERENCES seen (id) DEFERRABLE INITIALLY DEFERRED)"
    )
    with pytest.raises(sqlite3.IntegrityError):
        store.tx(lambda tx: tx._connection.execute("INSERT INTO other VALUES ('nobody')"))
    store.tx(lambda tx: tx.put_seen([seen("later")]))
    assert _subjects(store) == ["0", "later"]
    store.close()


def test_a_read_only_file_is_said(path):
    store = _filled(path, rows=1)
    store._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(UnwritableStateError, match="read-only; give the user"):
        store.tx(lambda tx: tx.set_meta("k", "v"))
    store.close()


def test_a_folder_that_is_missing_is_said(path):
    with pytest.raises(UnwritableStateError, match="the folder must exist"):
        SqliteStore(path.parent / "none" / "state.db")


def test_a_state_that_another_holds_for_too_long_is_said(path):
    store = _filled(path, rows=1)
    store._connection.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnwritableStateError, match="another program holds"):
        store.tx(lambda tx: tx.set_meta("k", "v"))
    other.close()
    store.close()


def test_a_truncated_file_is_damaged(path):
    _filled(path).close()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedStateError, match=r"state\.db is damaged .*restore a backup"):
        _read_all(path)


def test_a_page_that_was_overwritten_is_found(path):
    _filled(path).close()
    content = bytearray(path.read_bytes())
    page = content.rindex(b"2025-06-10") // 4096 * 4096
    content[page : page + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    store = SqliteStore(path)
    assert store.damage()
    store.close()


def _read_all(path):
    store = SqliteStore(path)
    try:
        store.tx(lambda tx: tx.seen(f"{number}" for number in range(400)))
    finally:
        store.close()


def test_a_whole_file_has_no_damage(path):
    store = _filled(path)
    assert store.damage() == []
    store.close()


def test_a_mistake_of_ours_keeps_its_own_error(path):
    with pytest.raises(sqlite3.ProgrammingError), told(path):
        raise sqlite3.ProgrammingError("no such thing")


# --- looking -------------------------------------------------------------------------------------


def test_looking_waits_for_no_writer_and_no_writer_for_it(path):
    store = _filled(path, rows=1)
    other = SqliteStore(path)

    def writes(tx):
        tx.set_meta("k", "new")
        return other.look(lambda seen: seen.meta("k"))

    def looks(tx):
        before = tx.meta("k")
        other.tx(lambda writer: writer.set_meta("k", "newer"))
        return before, tx.meta("k")

    assert store.tx(writes) is None
    assert store.look(looks) == ("new", "new")
    other.close()
    store.close()


def test_looking_cannot_write(path):
    store = _filled(path, rows=1)
    with pytest.raises(UnwritableStateError):
        store.look(lambda tx: tx.set_meta("k", "v"))
    store.tx(lambda tx: tx.set_meta("k", "written"))
    assert store.look(lambda tx: tx.meta("k")) == "written"
    store.close()
