"""Changes the definitions of the organisation: tables, columns, keys, relationships, choices.

Every change of a table's definition ends the life of the delta links to it (fact sheet 3).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.dataverse.choices import GlobalChoice, first_value
from sandbox.dataverse.columns import ID, AlternateKey, Column, Option, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.definitions import metadata_id
from sandbox.dataverse.errors import Refused, bad_definition
from sandbox.dataverse.key_building import begin
from sandbox.dataverse.read_definitions import (
    Document,
    read_column,
    read_key,
    read_new_table,
    read_options,
    with_money,
)

FIRST_CODE = 10300
MOST_KEYS = 10
NOT_CUSTOM = "The {0} component cannot be deleted, because it is not a custom one."


class Schema:
    """The one place where definitions change; each change is a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_table(self, document: Document, solution: str | None) -> Table:
        """Create a table with its columns; raise Refused for a name that is taken."""
        columns = [self.column(a, solution) for a in document.get("Attributes") or []]
        code = max(FIRST_CODE, *(rows.table.code + 1 for rows in self._database.tables.values()))
        table = read_new_table(document, columns, code)
        if table.logical in self._database.tables:
            raise bad_definition(f"An entity with the name '{table.logical}' already exists.")
        self.put(table)
        return table

    def remove_table(self, table: Table) -> None:
        """Delete a table that nobody looks up; raise Refused otherwise."""
        if not table.custom:
            raise _in_use(NOT_CUSTOM.format(table.logical))
        for rows in self._database.tables.values():
            pointing = [c for c in rows.table.columns if c.target == table.logical]
            if pointing and rows.table is not table:
                raise _in_use(f"{table.logical} is referenced by {rows.table.logical}.")
        with self._database.transaction():
            self._database.drop(table)

    def column(self, document: Document, solution: str | None) -> Column:
        """Return the column that a definition describes, with the options of its choice."""
        shared = document.get("GlobalOptionSet@odata.bind")
        if shared is not None:
            choice = self.choice(str(shared).rpartition("(")[2].rstrip(")"))
            return read_column(document, choice.options, choice.name)
        given = (document.get("OptionSet") or {}).get("Options") or []
        return read_column(document, read_options(given, self.first_value(solution)))

    def add_column(self, table: Table, column: Column) -> None:
        """Create a column; raise Refused for a name that is taken."""
        if column.name in table.by_name:
            text = f"An attribute with the name '{column.name}' already exists in {table.logical}."
            raise bad_definition(text)
        self.put(replace(table, columns=tuple(with_money([*table.columns, column]))))

    def change_column(self, table: Table, column: Column) -> None:
        """Put a changed column in the place of the one of that name."""
        columns = (column if known.name == column.name else known for known in table.columns)
        self.put(replace(table, columns=tuple(columns)))

    def remove_column(self, table: Table, column: Column) -> None:
        """Delete a column that no key uses; raise Refused otherwise."""
        if "_" not in column.name or column.name == table.primary_name or not column.writable:
            raise _in_use(NOT_CUSTOM.format(column.name))
        if column.name == table.columns[ID].name:
            raise _in_use(NOT_CUSTOM.format(column.name))
        if any(column.name in key.columns for key in table.keys):
            raise _in_use(f"{column.name} is referenced by a key of {table.logical}.")
        gone = {column.name, f"{column.name}_base"}
        self.put(replace(table, columns=tuple(c for c in table.columns if c.name not in gone)))

    def add_key(self, table: Table, document: Document) -> AlternateKey:
        """Create an alternate key, whose index is built from now on."""
        key = read_key(document, table)
        if len(table.keys) >= MOST_KEYS:
            raise bad_definition(f"A table has at most {MOST_KEYS} keys.")
        if any(key.name == known.name for known in table.keys):
            raise bad_definition(f"A key with the name '{key.name}' already exists.")
        world = self._database.world
        building = begin(key, world.clock.now(), world.settings.key_index_seconds)
        self.put(replace(table, keys=(*table.keys, building)))
        return key

    def remove_key(self, table: Table, name: str) -> None:
        """Delete an alternate key."""
        self.put(replace(table, keys=tuple(key for key in table.keys if key.name != name)))

    def build_again(self, table: Table, name: str) -> None:
        """Start the index of a key anew: what ReactivateEntityKey does."""
        world = self._database.world
        now, seconds = world.clock.now(), world.settings.key_index_seconds
        keys = (begin(key, now, seconds) if key.name == name else key for key in table.keys)
        self.put(replace(table, keys=tuple(keys)))

    def choice(self, name_or_id: str) -> GlobalChoice:
        """Return a shared choice by `Name='x'`, its name or its id; raise Refused if none."""
        wanted = name_or_id.removeprefix("Name=").strip("'").lower()
        for choice in self._database.choices.values():
            if wanted in {choice.name.lower(), metadata_id("choice", choice.name)}:
                return choice
        raise Refused(404, "0x80040217", f"Could not find optionset with name '{wanted}'.")

    def put_choice(self, choice: GlobalChoice) -> None:
        """Put a shared choice in force, with the columns that use it."""
        with self._database.transaction():
            self._database.define_choice(choice.name, choice)
            for rows in list(self._database.tables.values()):
                users = [c for c in rows.table.columns if c.global_choice == choice.name]
                for column in users:
                    table = self._database.tables[rows.table.logical].table
                    self.change_column(table, replace(column, options=choice.options))

    def remove_choice(self, choice: GlobalChoice) -> None:
        """Delete a shared choice that no column uses; raise Refused otherwise."""
        for rows in self._database.tables.values():
            if any(c.global_choice == choice.name for c in rows.table.columns):
                raise _in_use(f"{choice.name} is referenced by {rows.table.logical}.")
        with self._database.transaction():
            self._database.define_choice(choice.name, None)

    def change_options(
        self, body: dict[str, Any], change: Callable[[tuple[Option, ...]], tuple[Option, ...]]
    ) -> None:
        """Change the options of a column, or of a shared choice when `OptionSetName` names it."""
        if body.get("OptionSetName"):
            choice = self.choice(str(body["OptionSetName"]))
            self.put_choice(replace(choice, options=change(choice.options)))
            return
        table, column = self.named_column(body)
        self.change_column(table, replace(column, options=change(column.options)))

    def named_column(self, body: dict[str, Any]) -> tuple[Table, Column]:
        """Return what EntityLogicalName and AttributeLogicalName name; raise Refused if nothing."""
        logical, name = str(body.get("EntityLogicalName")), str(body.get("AttributeLogicalName"))
        rows = self._database.tables.get(logical)
        if rows is None or name not in rows.table.by_name:
            text = f"Could not find an attribute with name '{name}' on entity '{logical}'."
            raise Refused(404, "0x80040217", text)
        return rows.table, rows.table.by_name[name]

    def first_value(self, solution: str | None) -> int:
        """Return the first option value of a solution's publisher; raise Refused if none is so."""
        publishers = self._database.tables["publisher"]
        if not solution:
            return first_value(publishers, None)
        solutions = self._database.tables["solution"]
        at = solutions.table.position
        for row in solutions.all():
            if row[at["uniquename"]] == solution:
                return first_value(publishers, str(row[at["_publisherid_value"]]))
        raise bad_definition(f"The solution '{solution}' does not exist.")

    def put(self, table: Table) -> None:
        """Put a definition in force."""
        with self._database.transaction():
            self._database.define(table)


def _in_use(text: str) -> Refused:
    return Refused(400, "0x8004f01f", text)
