"""The SQLite file itself: durable, shared by two processes, copied, refused when it is newer."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from store.sqlite import SqliteStore
from sync.state import DamagedStateError, IncompatibleStateError
from tests.store.values import seen

ROOT = Path(__file__).parent.parent.parent
ROUNDS = 60


def _count(store, rounds):
    """Read, then write: what two writers lose under a deferred BEGIN."""

    def add(tx):
        tx.set_meta("count", str(int(tx.meta("count") or 0) + 1))

    for _ in range(rounds):
        store.tx(add)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.db"


def test_what_was_committed_is_there_after_the_file_is_opened_again(path):
    store = SqliteStore(path)
    store.tx(lambda tx: tx.put_seen([seen()]))
    store.close()
    again = SqliteStore(path)
    assert again.tx(lambda tx: set(tx.seen(["a"]))) == {"a"}
    again.close()


def test_the_file_is_written_ahead_and_every_commit_reaches_the_disk(path):
    store = SqliteStore(path)
    pragma = {
        name: store._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous")
    }
    store.close()
    assert pragma == {"journal_mode": "wal", "synchronous": 2}


def test_two_processes_that_read_and_write_lose_no_update(path):
    code = (
        "import sys; from store.sqlite import SqliteStore\n"
        "from tests.store.test_store_sqlite import _count\n"
        f"store = SqliteStore(sys.argv[1]); _count(store, {ROUNDS}); store.close()\n"
    )
    SqliteStore(path).close()
    command = [sys.executable, "-W", "error", "-c", code, str(path)]
    running = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]  # noqa: S603  # our own code
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    store = SqliteStore(path)
    assert store.tx(lambda tx: tx.meta("count")) == str(2 * ROUNDS)
    store.close()


def test_a_process_that_is_killed_inside_a_transaction_leaves_the_state_before_it(path):
    code = (
        "import os, signal, sys; from store.sqlite import SqliteStore\n"
        "store = SqliteStore(sys.argv[1])\n"
        "store.tx(lambda tx: tx.set_meta('count', '1'))\n"
        "def dies(tx):\n"
        "    tx.set_meta('count', '2'); os.kill(os.getpid(), signal.SIGKILL)\n"
        "store.tx(dies)\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    assert subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode == -9  # noqa: S603  # our own code
    store = SqliteStore(path)
    assert store.tx(lambda tx: tx.meta("count")) == "1"
    store.close()


def test_threads_take_turns(path):
    store = SqliteStore(path)
    threads = [threading.Thread(target=_count, args=(store, ROUNDS)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.tx(lambda tx: tx.meta("count")) == str(3 * ROUNDS)
    store.close()


def test_a_copy_and_its_original_do_not_see_each_other(path):
    store = SqliteStore(path)
    store.tx(lambda tx: tx.set_meta("k", "original"))
    twin = store.copy()
    twin.tx(lambda tx: tx.set_meta("k", "copy"))
    store.tx(lambda tx: tx.set_meta("other", "later"))
    assert store.tx(lambda tx: tx.meta("k")) == "original"
    assert twin.tx(lambda tx: (tx.meta("k"), tx.meta("other"))) == ("copy", None)
    twin.close()
    store.close()


def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(path):
    SqliteStore(path).close()
    with sqlite3.connect(path) as connection:
        applied = connection.execute("SELECT * FROM _sqlite_migrations").fetchall()
        columns = [row[1] for row in connection.execute("PRAGMA table_info(_sqlite_migrations)")]
        newer = dict(zip(columns, applied[0], strict=True)) | {"name": "9999_future"}
        newer.pop("id", None)
        marks = ", ".join("?" * len(newer))
        connection.execute(
            f"INSERT INTO _sqlite_migrations ({', '.join(newer)}) VALUES ({marks})",  # noqa: S608  # its own columns
            list(newer.values()),
        )
    connection.close()
    with pytest.raises(IncompatibleStateError, match=r"9999_future.*this version knows 0.*upgrade"):
        SqliteStore(path)


def test_a_file_is_migrated_once(path):
    for _ in range(3):
        SqliteStore(path).close()
    connection = sqlite3.connect(path)
    names = [row[0] for row in connection.execute("SELECT name FROM _sqlite_migrations")]
    connection.close()
    assert len(names) == len(set(names))


def test_a_file_that_is_no_database_is_refused(path):
    path.write_bytes(b"this is no database, it is a text of some length" * 40)
    with pytest.raises(DamagedStateError, match="no state of Seatkeeper"):
        SqliteStore(path)
