"""What the statements need of a database: the part that SQLite and PostgreSQL have in common.

The statements are written once, in the SQL that both read: `?` and `:name` for values,
`ON CONFLICT` instead of `INSERT OR`, columns named with their table where a conflict is solved.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

Given: TypeAlias = Sequence[Any] | Mapping[str, Any]
"""The values of a statement, by place or by name."""


class Row(Protocol):
    """A row of an answer: its columns by name, or by place."""

    def __getitem__(self, key: int | str, /) -> Any: ...  # noqa: ANN401  # a column of any type


class Cursor(Protocol):
    """The answer of a statement."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...  # noqa: ANN401  # a row, or None

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """One open transaction."""

    def execute(self, sql: str, given: Given = ..., /) -> Cursor: ...

    def executemany(self, sql: str, given: Iterable[Given], /) -> Cursor: ...
