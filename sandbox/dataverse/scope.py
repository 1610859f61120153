"""What names in `$filter` and `$orderby` mean for the rows of a table."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from operator import itemgetter

from sandbox.dataverse.columns import ID, Column, Row, Scalar, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import unknown_property
from sandbox.dataverse.predicates import Operand
from sandbox.dataverse.rows import Rows


def collections(database: Database, table: Table) -> dict[str, tuple[Rows, Column]]:
    """Return the collection-valued navigation properties: rows that look up this table."""
    return {
        collection_name(rows.table, column): (rows, column)
        for rows in database.tables.values()
        for column in rows.table.lookups.values()
        if column.target == table.logical
    }


def collection_name(referencing: Table, column: Column) -> str:
    """Return the name of the collection of rows that look a row up."""
    return column.collection or relationship_name(referencing, column)


def relationship_name(referencing: Table, column: Column) -> str:
    """Return the schema name of the relationship behind a lookup."""
    return column.relationship or f"{referencing.logical}_{column.name}_{column.target}"


class RowScope:
    """Columns of one table, paths through its lookups, and its collections."""

    def __init__(self, database: Database, table: Table) -> None:
        self._database = database
        self._table = table

    def operand(self, path: tuple[str, ...]) -> Operand:
        """Return what reads the value at the end of a path; raise Refused for an unknown name."""
        name, rest = path[0], path[1:]
        if rest:
            return self._through(name, rest)
        column = self._table.by_wire.get(name)
        if column is None:
            raise unknown_property(name, self._table.logical)
        return Operand(itemgetter(self._table.position[name]), column.kind)

    def collection(self, name: str) -> tuple[Callable[[Row], Iterable[Row]], "RowScope"]:
        """Return how to get the members of a collection of a row, and their scope."""
        found = collections(self._database, self._table).get(name)
        if found is None:
            raise unknown_property(name, self._table.logical)
        rows, column = found
        members = members_by_owner(rows, column)
        return lambda row: members[str(row[ID])], RowScope(self._database, rows.table)

    def now(self) -> datetime:
        return self._database.world.clock.now()

    def _through(self, name: str, rest: tuple[str, ...]) -> Operand:
        lookup = self._table.lookups.get(name)
        if lookup is None:
            raise unknown_property(name, self._table.logical)
        rows = self._database.tables[lookup.target]
        inner = RowScope(self._database, rows.table).operand(rest)
        at = self._table.position[lookup.wire]

        def value(row: Row) -> Scalar:
            target = rows.get(str(row[at]))
            return None if target is None else inner.value(target)

        return Operand(value, inner.kind)


def members_by_owner(rows: Rows, column: Column) -> defaultdict[str, list[Row]]:
    """Return rows by the id that their lookup holds, in the order of their own ids."""
    at = rows.table.position[column.wire]
    members: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows.in_order():
        if row[at] is not None:
            members[str(row[at])].append(row)
    return members
