"""Lays down many rows that are alike, for a scenario: one is checked, the others follow it."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

from sandbox.dataverse.columns import VERSION, Column, Kind, Row, Scalar, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.values import from_python, parse

KNOWN = 1000
"""So many values of a column are remembered: few differ, apart from ids and names."""

BREATH = 1000
"""After so many rows it is asked whether the sandbox ends."""

Member = tuple[object, ...]


class Laying:
    """Rows of an opening state: no journal and no audit, but versions, keys and persistence."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lay(
        self, table: Table, model: Row, names: tuple[str, ...], members: Iterable[Member]
    ) -> None:
        """Put a row like the model for each member, whose values stand in the named columns.

        Ids are taken as they are, in lower case; whoever calls sees to it that they lead
        somewhere, and that keys are unique. Raises ValueError for a row that is there already.
        """
        rows, world = self._database.tables[table.logical], self._database.world
        put = partial(self._database.seed, table) if world.storing else rows.put
        before, count = len(rows), 0
        for count, row in enumerate(self._rows(table, model, names, members), start=1):
            put(row)
            if not count % BREATH:
                world.go_on()
        if len(rows) != before + count:
            raise ValueError(f"{table.logical}: rows with the same id")
        rows.settle()

    def _rows(
        self, table: Table, model: Row, names: tuple[str, ...], members: Iterable[Member]
    ) -> Iterator[Row]:
        columns = [table.by_name[name] for name in names]
        readers = [_reader(table, column) for column in columns]
        arranged = _arrangement(table, columns)
        next_version = self._database.next_version
        for member in members:
            values = [read(value) for read, value in zip(readers, member, strict=True)]
            yield arranged((*model, next_version(), *values))


def _arrangement(table: Table, columns: list[Column]) -> Callable[[tuple[Scalar, ...]], Row]:
    """Return what makes a row of the model, a version and the values of a member."""
    width = len(table.columns)
    given = {table.position[column.wire]: width + 1 + n for n, column in enumerate(columns)}
    return itemgetter(*(({VERSION: width} | given).get(n, n) for n in range(width)))


def _reader(table: Table, column: Column) -> Callable[[object], Scalar]:
    """Return what makes the stored form of a value; texts and numbers that return are known."""
    if column.kind in {Kind.KEY, Kind.LOOKUP}:
        return _taken

    @lru_cache(maxsize=KNOWN)
    def read(value: object) -> Scalar:
        return parse(table, column, from_python(column, value))

    return read


def _taken(value: Any) -> Scalar:  # noqa: ANN401 - an id, as text
    found: Scalar = value
    return found
