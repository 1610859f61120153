"""Carry a state from one database to the other, row by row, and compare what arrived.

The tables and columns are those of SQLite; `requests` has its order in `rowid` there and here.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from psycopg import sql as parts

from store.postgres_connection import PostgresConnection, cleaned
from store.sqlite import SqliteStore
from sync.state import DamagedStateError

_PART = 2_000
_IDENTITIES = {
    "facts": "ordinal",
    "operations": "ordinal",
    "suspects": "ordinal",
    "listings": "ordinal",
    "requests": "rowid",
}
"""The columns that PostgreSQL numbers by itself."""

Walk = Callable[[str], Iterator[Iterable[Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What a table holds."""

    rows: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A table: its columns, and those that order its rows."""

    columns: tuple[str, ...]
    key: tuple[str, ...]


@cache
def shapes() -> Mapping[str, Shape]:
    """Return the tables that make a state."""
    with closing(SqliteStore(":memory:")) as empty:
        connection = empty._connection  # noqa: SLF001  # the tables of this version
        names = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        found = [str(row[0]) for row in connection.execute(names)]
        return {
            name: _shape(connection, name)
            for name in found
            if not name.startswith(("sqlite_", "_"))
        }


def _shape(connection: sqlite3.Connection, table: str) -> Shape:
    told = connection.execute(f"PRAGMA table_info({table})").fetchall()
    columns = tuple(str(row["name"]) for row in told)
    key = tuple(str(row["name"]) for row in sorted(told, key=_place_in_key) if row["pk"])
    return Shape(columns=(*columns, "rowid") if table == "requests" else columns, key=key)


def _place_in_key(row: sqlite3.Row) -> int:
    return int(row["pk"])


def walk_sqlite(connection: sqlite3.Connection) -> Walk:
    """Return what reads a long answer from SQLite."""
    return lambda sql: (cleaned(tuple(row)) for row in connection.execute(sql))


def walk_postgres(connection: PostgresConnection) -> Walk:
    """Return what reads a long answer from PostgreSQL, in parts, inside a transaction."""

    def walk(sql: str) -> Iterator[Iterable[Any]]:
        with connection.psycopg.cursor(name="carry") as cursor:
            cursor.itersize = _PART
            cursor.execute(sql.encode())
            yield from cursor

    return walk


def _select(table: str, shape: Shape) -> str:
    columns, key = ", ".join(shape.columns), ", ".join(shape.key)
    return f"SELECT {columns} FROM {table} ORDER BY {key}"  # noqa: S608  # names are ours


def counted(walk: Walk) -> dict[str, Count]:
    """Count and hash the rows of every table, in the order of its key."""
    found = {}
    for table, shape in shapes().items():
        told, number = sha256(), 0
        for row in walk(_select(table, shape)):
            told.update(json.dumps(list(row), separators=(",", ":")).encode() + b"\n")
            number += 1
        found[table] = Count(rows=number, hash=told.hexdigest())
    return found


def compare(there: Mapping[str, Count], here: Mapping[str, Count]) -> None:
    """Raise DamagedStateError when a table did not arrive as it was."""
    for table, before in there.items():
        if here[table] != before:
            raise DamagedStateError(
                f"table {table} did not arrive as it was ({before.rows} rows, then"
                f" {here[table].rows}); nothing was kept"
            )


def copy_to_sqlite(source: PostgresConnection, target: SqliteStore) -> None:
    """Copy everything into a new SQLite state; `source` has a snapshot open."""
    connection = target._connection  # noqa: SLF001  # a state of our own, still empty
    walk = walk_postgres(source)
    connection.execute("BEGIN IMMEDIATE")
    for table, shape in shapes().items():
        marks = ", ".join("?" * len(shape.columns))
        sql = f"INSERT INTO {table} ({', '.join(shape.columns)}) VALUES ({marks})"  # noqa: S608  # ours
        connection.executemany(sql, (tuple(row) for row in walk(_select(table, shape))))
    given = source.execute("SELECT given FROM numbers WHERE name = 'trail'").fetchone()
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'trail'")
    connection.execute(
        "INSERT INTO sqlite_sequence (name, seq) VALUES ('trail', ?)", (given[0] if given else 0,)
    )
    connection.execute("COMMIT")


def compare_with_sqlite(source: PostgresConnection, target: SqliteStore) -> None:
    """Raise DamagedStateError when a table is not as it is in the snapshot that is open."""
    connection = target._connection  # noqa: SLF001  # a state of our own
    compare(counted(walk_postgres(source)), counted(walk_sqlite(connection)))


def copy_to_postgres(source: sqlite3.Connection, target: PostgresConnection) -> dict[str, Count]:
    """Copy everything into empty tables, and compare; `target` has a transaction open."""
    walk = walk_sqlite(source)
    for table, shape in shapes().items():
        copying = parts.SQL("COPY {} ({}) FROM STDIN").format(
            parts.Identifier(table), parts.SQL(", ").join(map(parts.Identifier, shape.columns))
        )
        with target.psycopg.cursor() as cursor, cursor.copy(copying) as copy:
            for row in walk(_select(table, shape)):
                copy.write_row(tuple(row))
    _number_on(source, target)
    held = counted(walk)
    compare(held, counted(walk_postgres(target)))
    return held


def _number_on(source: sqlite3.Connection, target: PostgresConnection) -> None:
    """Let new rows come after those that are there."""
    for table, column in _IDENTITIES.items():
        sql = (
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'),"  # noqa: S608  # ours
            f" (SELECT coalesce(max({column}), 0) + 1 FROM {table}), false)"
        )
        target.execute(sql)
    row = source.execute("SELECT seq FROM sqlite_sequence WHERE name = 'trail'").fetchone()
    given = int(row[0]) if row else 0
    target.execute("UPDATE numbers SET given = ? WHERE name = 'trail'", (given,))
