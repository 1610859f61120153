"""Chooses and orders rows: `$filter`, `$orderby`, `$top`."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from sandbox.dataverse.columns import ID, Row, Scalar, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.filters import parse_filter
from sandbox.dataverse.predicates import Test, compile_filter
from sandbox.dataverse.query import Order, Query
from sandbox.dataverse.scope import RowScope

NO_ALIASES: Mapping[str, str] = {}


class Descending:
    """A value that sorts the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:  # noqa: ANN401 - anything comparable
        self.value = value

    def __lt__(self, other: "Descending") -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Descending) and bool(self.value == other.value)

    __hash__ = None  # type: ignore[assignment]  # compared, never stored in sets


SortKey = tuple[Any, ...]


def matcher(
    database: Database, table: Table, query: Query, aliases: Mapping[str, str] = NO_ALIASES
) -> Test | None:
    """Return the test of the `$filter`, or None without one."""
    if query.filter is None:
        return None
    return compile_filter(parse_filter(query.filter, aliases), RowScope(database, table))


class Ordering:
    """The order that `$orderby` asks for; the primary key decides between equals."""

    def __init__(self, database: Database, table: Table, order: tuple[Order, ...]) -> None:
        scope = RowScope(database, table)
        self._values = [scope.operand(term.path).value for term in order]
        self._directions: list[Callable[[Scalar], Any]] = [
            _descending if term.descending else ascending for term in order
        ]

    def values(self, row: Row) -> list[Scalar]:
        """Return what a page remembers of its last row."""
        return [*(value(row) for value in self._values), row[ID]]

    def key(self, values: Iterable[Scalar]) -> SortKey:
        """Return what sorts rows, from the values of `values`."""
        directions = [*self._directions, ascending]
        return tuple(turn(v) for turn, v in zip(directions, values, strict=True))

    def of(self, row: Row) -> SortKey:
        return self.key(self.values(row))


def ascending(value: Scalar) -> tuple[bool, Any]:
    """Sort empty values first and text without regard to case, as SQL Server does."""
    comparable = value.casefold() if isinstance(value, str) else value
    return (value is not None, 0 if value is None else comparable)


def _descending(value: Scalar) -> Descending:
    return Descending(ascending(value))


def select_rows(
    database: Database, table: Table, rows: Iterable[Row], query: Query
) -> Iterable[Row]:
    """Return the rows that a nested query of `$expand` asks for."""
    test = matcher(database, table, query)
    chosen = rows if test is None else (row for row in rows if test(row))
    if query.order:
        chosen = sorted(chosen, key=Ordering(database, table, query.order).of)
    return islice(chosen, query.top)
