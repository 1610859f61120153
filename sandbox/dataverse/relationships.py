"""Relationships that clients define: one to many, each with its lookup column."""

from dataclasses import replace
from typing import Any

from sandbox.dataverse.columns import Column, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.definitions import metadata_id
from sandbox.dataverse.errors import Refused, bad_definition
from sandbox.dataverse.schema import Schema
from sandbox.dataverse.scope import relationship_name

ON_DELETE = frozenset({"RemoveLink", "Cascade", "Restrict", "NoCascade"})


class Relationships:
    """Adds and removes relationships with their lookups."""

    def __init__(self, database: Database, schema: Schema) -> None:
        self._database = database
        self._schema = schema

    def add(self, document: dict[str, Any], solution: str | None) -> str:
        """Create a relationship and its lookup; return its name."""
        kind = str(document.get("@odata.type", "")).rpartition(".")[2]
        if kind.startswith("ManyToMany"):
            raise Refused(501, "0x80040203", "Many-to-many relationships are not emulated.")
        name, lookup = document.get("SchemaName"), document.get("Lookup")
        if not isinstance(name, str) or not isinstance(lookup, dict):
            raise bad_definition("A relationship needs 'SchemaName' and 'Lookup'.")
        owner = self._table(document, "ReferencingEntity")
        target = self._table(document, "ReferencedEntity")
        column = self._schema.column(lookup, solution)
        self._schema.add_column(owner, _shaped(column, target, name, document))
        return name

    def remove(self, name_or_id: str) -> None:
        """Delete a relationship with its lookup; raise Refused when there is none."""
        wanted = name_or_id.removeprefix("SchemaName=").strip("'").lower()
        for rows in self._database.tables.values():
            for column in rows.table.lookups.values():
                name = relationship_name(rows.table, column)
                if wanted in {name.lower(), metadata_id("relationship", name)}:
                    self._schema.remove_column(rows.table, column)
                    return
        raise Refused(404, "0x80040217", f"Could not find a relationship with id '{wanted}'.")

    def _table(self, document: dict[str, Any], end: str) -> Table:
        rows = self._database.tables.get(str(document.get(end)))
        if rows is None:
            raise bad_definition(f"Could not find an entity with name '{document.get(end)}'.")
        return rows.table


def _shaped(column: Column, target: Table, name: str, document: dict[str, Any]) -> Column:
    cascade = (document.get("CascadeConfiguration") or {}).get("Delete", "RemoveLink")
    if cascade not in ON_DELETE:
        raise bad_definition(f"'{cascade}' is no cascade type.")
    return replace(
        column,
        target=target.logical,
        relationship=name,
        property_name=str(
            document.get("ReferencingEntityNavigationPropertyName") or column.named or column.name
        ),
        collection=str(document.get("ReferencedEntityNavigationPropertyName") or name),
        on_delete=cascade,
    )
