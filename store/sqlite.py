"""The local state in one SQLite file: WAL, synchronous FULL, BEGIN IMMEDIATE, one writer.

sqlite-utils opens plain BEGIN (deferred), under which two writers fail with "database is
locked"; so the transaction is begun here (measured: shared sheet peers.md, fact 9).
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database

from store.compacting import compact
from store.moved import refuse_moved
from store.schema import migrations, refuse_newer
from store.sqlite_tx import SqliteTx
from store.trouble import told
from sync.ports import Tx

T = TypeVar("T")
_WAL_TRIES = 100
_WAL_PAUSE_SECONDS = 0.05


class SqliteStore:
    """The `Store` port on one SQLite file."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._path = path
        with told(path):
            self._connection = connect(path)
            try:
                self._migrate()
            except BaseException:
                self._connection.close()
                raise

    def _migrate(self) -> None:
        database = Database(self._connection)
        refuse_newer(database)
        if migrations.pending(database):
            with _writing(self._connection):  # another process may open the same new file
                migrations.apply(database)
        refuse_moved(self._connection)

    def tx(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` between BEGIN IMMEDIATE and COMMIT; any exception rolls back."""
        with self._lock, told(self._path), _writing(self._connection):
            return fn(SqliteTx(self._connection))

    def look(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` on one snapshot that it cannot change; no writer waits for it."""
        with self._lock, told(self._path), _reading(self._connection):
            return fn(SqliteTx(self._connection))

    def damage(self) -> list[str]:
        """Ask SQLite what is broken in the file."""
        with self._lock:
            return integrity(self._connection)

    def compact(self) -> int:
        """Give free pages back to the disk once they are a quarter of the file; bytes."""
        with self._lock, told(self._path):
            return compact(self._connection)

    def copy(self) -> "SqliteStore":
        """Return a copy in memory, for a plan that must not change anything."""
        twin = SqliteStore(":memory:")
        with self._lock, told(self._path):
            self._connection.backup(twin._connection)  # its own class
        return twin

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def connect(path: Path | str) -> sqlite3.Connection:
    """Open a file as the state is opened everywhere: written ahead, every commit on the disk."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    try:
        connection.row_factory = sqlite3.Row
        _use_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def integrity(connection: sqlite3.Connection) -> list[str]:
    """Return what SQLite's own check finds; empty when the file is whole."""
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [one for one in found if one != "ok"]


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch a new file to WAL; SQLite does not wait by itself when another does so just now."""
    for left in reversed(range(_WAL_TRIES)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not left or error.sqlite_errorname not in {"SQLITE_BUSY", "SQLITE_LOCKED"}:
                raise
            time.sleep(_WAL_PAUSE_SECONDS)
        else:
            return


@contextmanager
def _writing(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _reading(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("PRAGMA query_only = ON")
    try:
        connection.execute("BEGIN")
        try:
            yield
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")  # it only read
    finally:
        connection.execute("PRAGMA query_only = OFF")
