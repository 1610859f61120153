"""Creates a row with the rows it brings along: parents by lookup, children by collection.

One POST makes them all or none (fact sheet section 5).
"""

from collections.abc import Callable
from typing import Any

from sandbox.dataverse.audit import Values
from sandbox.dataverse.columns import ID, Row, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.payload import read_values
from sandbox.dataverse.scope import collections
from sandbox.dataverse.writer import Actor, Writer

Document = dict[str, Any]


def _unchecked(_: Values) -> None:
    """Let any row pass: only the outer one is held against duplicate rules."""


class DeepInsert:
    """One create, inside a transaction."""

    def __init__(self, database: Database, writer: Writer, actor: Actor, root: str) -> None:
        self._database = database
        self._writer = writer
        self._actor = actor
        self._root = root

    def create(
        self, table: Table, document: Document, check: Callable[[Values], None] = _unchecked
    ) -> Row:
        """Create parents, the row and its children; raise Refused for any of them."""
        parents = {n: d for n, d in document.items() if n in table.lookups and isinstance(d, dict)}
        found = collections(self._database, table)
        children = {n: d for n, d in document.items() if n in found and isinstance(d, list)}
        own = {n: v for n, v in document.items() if n not in parents and n not in children}
        values = read_values(self._database, table, own, self._root)
        for name, parent in parents.items():
            lookup = table.lookups[name]
            made = self.create(self._database.tables[lookup.target].table, parent)
            values[lookup.wire] = made[ID]
        check(values)
        row = self._writer.create(table, values, self._actor)
        for name, members in children.items():
            rows, lookup = found[name]
            for member in members:
                bind = f"{table.set_name}({row[ID]})"
                self.create(rows.table, {**member, f"{lookup.navigation}@odata.bind": bind})
        return row
