"""One connection to PostgreSQL that reads the statements as they are written for both databases.

`?` and `:name` become psycopg's own marks. Rows answer by name and by place. A NUL, which
PostgreSQL cannot store in a text, becomes the replacement character, in what is looked for too.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import psycopg
from psycopg import sql as parts
from psycopg.rows import no_result

from store.connections import Given

_MARK = re.compile(r"'[^']*'|\?|:([a-z_]+)|%")
_SECONDS = 10


class PostgresRow:
    """A row whose columns answer by name and by place."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: Mapping[str, int], values: Sequence[Any]) -> None:
        self._places = places
        self._values = values

    def __getitem__(self, key: int | str, /) -> Any:  # noqa: ANN401  # a column of any type
        return self._values[self._places[key] if isinstance(key, str) else key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)


Psycopg: TypeAlias = psycopg.Connection[PostgresRow]


def rows_by_name(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], PostgresRow]:
    """Make the rows of a cursor."""
    if cursor.description is None:
        return no_result
    places = {column.name: place for place, column in enumerate(cursor.description)}
    return lambda values: PostgresRow(places, values)


@lru_cache(maxsize=512)
def translated(statement: str) -> parts.SQL:
    """Write a statement with psycopg's marks; what stands in quotes stays."""

    def mark(found: re.Match[str]) -> str:
        text = found.group()
        if text.startswith("'"):
            return text.replace("%", "%%")
        if text == "%":
            return "%%"
        return "%s" if text == "?" else f"%({found.group(1)})s"

    return parts.SQL(_MARK.sub(mark, statement))


def cleaned(given: Given) -> Given:
    """Return the values without NULs."""
    if isinstance(given, Mapping):
        return {name: _clean(value) for name, value in given.items()}
    return [_clean(value) for value in given]


def _clean(value: Any) -> Any:  # noqa: ANN401  # a value of any type
    return value.replace("\0", "\ufffd") if isinstance(value, str) and "\0" in value else value


class PostgresConnection:
    """The statements' side of a connection; who opened it begins and ends transactions."""

    def __init__(self, connection: Psycopg) -> None:
        self.psycopg = connection
        self.total_changes = 0
        """The rows that were written so far, as SQLite's connection counts them."""

    def execute(self, sql: str, given: Given = (), /) -> psycopg.Cursor[PostgresRow]:
        cursor = self.psycopg.execute(translated(sql), cleaned(given))
        self._count(cursor)
        return cursor

    def executemany(self, sql: str, given: Iterable[Given], /) -> psycopg.Cursor[PostgresRow]:
        cursor = self.psycopg.cursor()
        batch = [cleaned(one) for one in given]
        if batch:
            cursor.executemany(translated(sql), batch)
            self._count(cursor)
        return cursor

    def _count(self, cursor: psycopg.Cursor[PostgresRow]) -> None:
        if cursor.description is None:
            self.total_changes += max(cursor.rowcount, 0)


def connect(address: str, *, password: str | None, schema: str, idle_seconds: float = 0) -> Psycopg:
    """Open a connection: every commit on the disk, a dead server noticed, nobody held up for ever.

    A transaction that stands still for `idle_seconds` (0: any time) is ended by the server, so
    that a stopped process holds nobody up; a statement waits half a minute for another process.
    """
    settings = {
        "search_path": f'"{schema}"',
        "synchronous_commit": "on",
        "lock_timeout": "30s",
        "idle_in_transaction_session_timeout": f"{idle_seconds * 1000:.0f}ms",
        "max_parallel_workers_per_gather": "0",
        "timezone": "UTC",
    }
    return psycopg.Connection[PostgresRow].connect(
        address,
        password=password,
        autocommit=True,
        row_factory=rows_by_name,
        connect_timeout=_SECONDS,
        application_name="seatkeeper",
        options=" ".join(f"-c {name}={value}" for name, value in settings.items()),
        keepalives_idle=30,
        keepalives_interval=10,
        keepalives_count=3,
        tcp_user_timeout=30_000,
    )
