"""Back a state in PostgreSQL up to a file, put one in its place, and move one there from SQLite.

A backup is the same file as one of SQLite, so that each can be put back into the other. It is read
in one snapshot, and every table is compared with what was read. The replaced state stays beside
the new one, in a schema of another name.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from store.backup import Kept, keep, look_into, partial_beside, prepared_copy
from store.carrying import (
    Count,
    compare_with_sqlite,
    copy_to_postgres,
    copy_to_sqlite,
    shapes,
)
from store.lease import HOLDS, Lease
from store.postgres import READING, open_connection
from store.postgres_address import PostgresAddress
from store.postgres_connection import PostgresConnection
from store.postgres_schema import migrate
from store.postgres_trouble import refused, told
from store.postgres_tx import PostgresTx
from store.retiring import retire
from store.sqlite import SqliteStore, connect
from sync.ports import Tx
from sync.state import DamagedStateError, IncompatibleStateError


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredSchema:
    """What was put in place, and the schema that keeps the replaced state."""

    kept: Kept
    replaced: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What was moved, and where the old file is kept."""

    tables: int
    rows: int
    retired: Path


def write_backup(place: PostgresAddress, password: str | None, target: Path) -> Kept:
    """Copy the state to a file, as of one moment; the running daemon is not stopped."""
    with partial_beside(target) as partial:
        copy = SqliteStore(partial)
        try:
            with _connected(place, password) as connection:
                connection.psycopg.execute(READING, prepare=False)
                copy_to_sqlite(connection, copy)
                compare_with_sqlite(connection, copy)
        finally:
            copy.close()
        _one_file(partial)
        return keep(partial, target)


def restore_backup(
    backup: Path, lease: Lease, password: str | None, *, stamp: str, prepare: Callable[[Tx], object]
) -> RestoredSchema:
    """Put a backup in the place of the state that a lease holds; all of it, or nothing."""
    place, kept = lease.place, look_into(backup)
    replaced = f"{place.schema}_before_{stamp}"
    with (
        prepared_copy(backup, prepare) as copy,
        closing(connect(copy)) as source,
        _connected(place, password) as connection,
    ):
        connection.psycopg.execute("BEGIN; LOCK TABLE writers IN EXCLUSIVE MODE", prepare=False)
        if connection.execute(HOLDS, {"key": lease.key, "fence": lease.fence}).fetchone() is None:
            raise lease.lost()
        connection.execute(f'ALTER SCHEMA "{place.schema}" RENAME TO "{replaced}"')
        migrate(connection, place.schema)
        connection.execute(f'INSERT INTO leases SELECT * FROM "{replaced}".leases')  # noqa: S608  # checked names
        copy_to_postgres(source, connection)
        connection.psycopg.execute("COMMIT")
    return RestoredSchema(kept=kept, replaced=replaced)


def move_state(state: Path, place: PostgresAddress, password: str | None, *, stamp: str) -> Moved:
    """Copy a state of SQLite into an empty schema, compare it, and retire the file."""
    if not state.exists():
        raise FileNotFoundError(f"there is no state at {state}")
    SqliteStore(state).close()  # brought to this version's tables, and refused when it was moved
    with closing(connect(state)) as source, _connected(place, password) as connection:
        source.execute("BEGIN")
        held = _copied(source, connection, place)
    retired = retire(state, str(place), stamp)
    rows = sum(one.rows for one in held.values())
    return Moved(tables=len(held), rows=rows, retired=retired)


def _copied(
    source: sqlite3.Connection, connection: PostgresConnection, place: PostgresAddress
) -> dict[str, Count]:
    connection.psycopg.execute("BEGIN", prepare=False)
    migrate(connection, place.schema)
    connection.execute("LOCK TABLE writers IN EXCLUSIVE MODE")
    if table := _first_filled(connection):
        raise IncompatibleStateError(
            f"{place} holds a state already (table {table}); name another schema, or drop that one"
        )
    held = copy_to_postgres(source, connection)
    _demand_trail(connection)
    connection.psycopg.execute("COMMIT")
    return held


def _demand_trail(connection: PostgresConnection) -> None:
    if fault := PostgresTx(connection).verify_trail():
        raise DamagedStateError(
            f"row {fault.sequence} of the trail {fault.told}; nothing was moved"
        )


def _first_filled(connection: PostgresConnection) -> str | None:
    for table in shapes():
        row = connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()  # noqa: S608  # ours
        if row is not None:
            return table
    return None


def _one_file(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def _connected(place: PostgresAddress, password: str | None) -> Iterator[PostgresConnection]:
    """Open a connection; what it did not commit is taken back."""
    try:
        connection = open_connection(place, password)
    except psycopg.OperationalError as error:
        raise refused(error, place) from error
    with closing(connection.psycopg), told(place):
        yield connection
