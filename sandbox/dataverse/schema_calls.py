"""Answers metadata writes: POST, PUT and DELETE of definitions."""

from dataclasses import replace
from typing import Any

from sandbox.dataverse.calls import Answer, Call, answer_empty
from sandbox.dataverse.choices import GlobalChoice
from sandbox.dataverse.columns import Column, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.definitions import metadata_id
from sandbox.dataverse.errors import Refused, bad_definition, row_missing, segment_missing
from sandbox.dataverse.metadata import (
    CHOICES,
    DEFINITIONS,
    RELATIONSHIPS,
    find_table,
    named,
)
from sandbox.dataverse.paths import Segment, parse_path
from sandbox.dataverse.payload import read_object
from sandbox.dataverse.read_definitions import (
    changed_column,
    changed_table,
    complete_label,
    facts_of,
    merged_facts,
    read_options,
)
from sandbox.dataverse.relationships import Relationships
from sandbox.dataverse.schema import Schema

CHOICE_SHAPE = frozenset({"Name", "Options", "MetadataId", "IsGlobal", "OptionSetType"})


class SchemaCalls:
    """Every change of definitions that a client can ask for by HTTP."""

    def __init__(self, database: Database, schema: Schema) -> None:
        self._database = database
        self._schema = schema
        self._relationships = Relationships(database, schema)

    def answer(self, call: Call) -> Answer:
        """Answer a metadata write; raise Refused for what cannot be."""
        segments = parse_path(call.path)
        match segments[0].name:
            case "EntityDefinitions":
                return self._definitions(call, segments)
            case "GlobalOptionSetDefinitions":
                return self._choices(call, segments[0])
            case "RelationshipDefinitions":
                return self._relationship(call, segments[0])
            case _:
                raise segment_missing(segments[0].name)

    def _definitions(self, call: Call, segments: list[Segment]) -> Answer:
        match segments:
            case [Segment(_, None)]:
                return self._add_table(call)
            case [Segment()]:
                return self._table(call, find_table(self._database, segments[0]))
            case [Segment(), Segment("Attributes" | "Keys" as part, None)]:
                adding = {"Attributes": self._add_column, "Keys": self._add_key}
                return adding[part](call, find_table(self._database, segments[0]))
            case [Segment(), Segment("Attributes"), *_]:
                table = find_table(self._database, segments[0])
                return self._column(call, table, _column(table, segments[1]))
            case [Segment(), Segment("Keys")]:
                return self._key(call, find_table(self._database, segments[0]), segments[1])
            case _:
                raise segment_missing(segments[-1].name)

    def _add_table(self, call: Call) -> Answer:
        _only(call, "POST")
        table = self._schema.add_table(read_object(call), solution_of(call))
        return _made(call, f"{DEFINITIONS}({metadata_id(table.logical)})")

    def _table(self, call: Call, table: Table) -> Answer:
        if call.method == "DELETE":
            self._schema.remove_table(table)
            return answer_empty()
        _only(call, "PUT")
        changed = changed_table(table, read_object(call), merge_labels=merges(call))
        self._schema.put(changed)
        return answer_empty()

    def _add_column(self, call: Call, table: Table) -> Answer:
        _only(call, "POST")
        column = self._schema.column(read_object(call), solution_of(call))
        self._schema.add_column(table, column)
        return _made(call, f"{call.path}({metadata_id(table.logical, column.name)})")

    def _column(self, call: Call, table: Table, column: Column) -> Answer:
        if call.method == "DELETE":
            self._schema.remove_column(table, column)
            return answer_empty()
        _only(call, "PUT")
        changed = changed_column(column, read_object(call), merge_labels=merges(call))
        self._schema.change_column(table, changed)
        return answer_empty()

    def _add_key(self, call: Call, table: Table) -> Answer:
        _only(call, "POST")
        key = self._schema.add_key(table, read_object(call))
        return _made(call, f"{call.path}({metadata_id(table.logical, 'key', key.name)})")

    def _key(self, call: Call, table: Table, segment: Segment) -> Answer:
        _only(call, "DELETE")
        wanted = named(segment)
        for key in table.keys:
            if wanted in {key.name, metadata_id(table.logical, "key", key.name)}:
                self._schema.remove_key(table, key.name)
                return answer_empty()
        raise row_missing("entitykey", wanted)

    def _choices(self, call: Call, segment: Segment) -> Answer:
        if segment.arguments is None:
            _only(call, "POST")
            choice = self._new_choice(read_object(call), solution_of(call))
            self._schema.put_choice(choice)
            return _made(call, f"{CHOICES}({metadata_id('choice', choice.name)})")
        choice = self._schema.choice(named(segment))
        if call.method == "DELETE":
            self._schema.remove_choice(choice)
            return answer_empty()
        _only(call, "PUT")
        facts = facts_of(read_object(call), CHOICE_SHAPE)
        kept = merged_facts(choice.facts, facts) if merges(call) else facts
        self._schema.put_choice(replace(choice, facts=kept))
        return answer_empty()

    def _new_choice(self, document: dict[str, Any], solution: str | None) -> GlobalChoice:
        name = str(document.get("Name") or "")
        if not name or name in self._database.choices:
            raise bad_definition(f"The name '{name}' of an option set is missing or taken.")
        options = read_options(document.get("Options") or [], self._schema.first_value(solution))
        facts = facts_of(document, CHOICE_SHAPE)
        shown = {label: complete_label(fact) for label, fact in facts.items()}
        return GlobalChoice(name=name, options=options, facts=shown)

    def _relationship(self, call: Call, segment: Segment) -> Answer:
        if segment.arguments is None:
            _only(call, "POST")
            name = self._relationships.add(read_object(call), solution_of(call))
            return _made(call, f"{RELATIONSHIPS}({metadata_id('relationship', name)})")
        _only(call, "DELETE")
        self._relationships.remove(named(segment))
        return answer_empty()


def merges(call: Call) -> bool:
    """Tell whether labels in languages that a definition leaves out are kept."""
    return (call.header("mscrm.mergelabels") or "").lower() == "true"


def solution_of(call: Call) -> str | None:
    """Return the solution that a component is created in: by header or by query."""
    return call.header("mscrm.solutionuniquename") or call.option("SolutionUniqueName")


def _column(table: Table, segment: Segment) -> Column:
    wanted = named(segment)
    for column in table.columns:
        if wanted in {column.name, metadata_id(table.logical, column.name)}:
            return column
    raise row_missing("attribute", wanted)


def _made(call: Call, path: str) -> Answer:
    return answer_empty(OData_EntityId=f"{call.root}{path}")


def _only(call: Call, method: str) -> None:
    if call.method != method:
        text = f"Operation not supported: '{call.method}' on a definition."
        raise Refused(405, "0x80060888", text)
