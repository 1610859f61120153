"""Answers metadata reads: EntityDefinitions and what belongs to them, service document, EDMX."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

from sandbox.dataverse.calls import Answer, Call, answer_json
from sandbox.dataverse.columns import WITH_OPTIONS, Kind, Row, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.definitions import (
    Document,
    choice_set,
    collection_documents,
    column_document,
    global_choice_document,
    key_documents,
    lookup_documents,
    metadata_id,
    table_document,
    truth_document,
    type_name,
    typed_facts,
)
from sandbox.dataverse.edmx import write_edmx
from sandbox.dataverse.errors import (
    Refused,
    bad_query,
    row_missing,
    segment_missing,
    unknown_property,
)
from sandbox.dataverse.filters import parse_filter
from sandbox.dataverse.paths import Segment, parse_path
from sandbox.dataverse.predicates import Operand, compile_filter
from sandbox.dataverse.query import Expand, Query, read_query

DEFINITIONS = "EntityDefinitions"
CHOICES = "GlobalOptionSetDefinitions"
RELATIONSHIPS = "RelationshipDefinitions"
CAST = "Microsoft.Dynamics.CRM."
Parts = dict[str, Callable[[], Any]]
"""What `$expand` can add to a document, by navigation property."""


class DocumentScope:
    """Names in a filter over metadata documents; `Name/Value` reads a managed property."""

    def operand(self, path: tuple[str, ...]) -> Operand:
        def value(document: Any) -> Any:  # noqa: ANN401 - a metadata document
            for name in path:
                if not isinstance(document, dict) or name not in document:
                    raise unknown_property(name, "EntityMetadata")
                document = document[name]
            return document

        return Operand(value, None)

    def collection(self, name: str) -> tuple[Callable[[Row], Iterable[Row]], "DocumentScope"]:
        raise unknown_property(name, "EntityMetadata")

    def now(self) -> datetime:
        raise bad_query("Metadata has no dates to compare with today.")


class Metadata:
    """Reads the metadata of all tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def knows(self, path: str) -> bool:
        """Tell whether a path asks for metadata."""
        return path in {"", "$metadata"} or path.startswith((DEFINITIONS, CHOICES, RELATIONSHIPS))

    def answer(self, call: Call) -> Answer:
        """Answer a metadata read; raise Refused for what is not there."""
        if call.path == "":
            return self._service_document(call)
        if call.path == "$metadata":
            body = write_edmx([rows.table for rows in self._database.tables.values()])
            return Answer(status=200, body=body, content_type="application/xml")
        return self._definitions(call, parse_path(call.path))

    def _service_document(self, call: Call) -> Answer:
        tables = (rows.table for rows in self._database.tables.values())
        sets = [{"name": t.set_name, "kind": "EntitySet", "url": t.set_name} for t in tables]
        return answer_json({"@odata.context": f"{call.root}$metadata", "value": sets})

    def _definitions(self, call: Call, segments: list[Segment]) -> Answer:
        query, context = read_query(call.query), f"{call.root}$metadata#{DEFINITIONS}"
        match segments:
            case [Segment("EntityDefinitions", None)]:
                tables = [rows.table for rows in self._database.tables.values()]
                documents = [(table_document(t), self._parts(t)) for t in tables]
                return _collection(documents, query, call, context)
            case [Segment("EntityDefinitions")]:
                table = self._table(segments[0])
                document = shape(table_document(table), query, self._parts(table))
                return answer_json({"@odata.context": f"{context}/$entity", **document})
            case [Segment("EntityDefinitions"), Segment("Attributes"), *casts]:
                return self._attributes(call, query, segments[0], (segments[1], casts))
            case [Segment("EntityDefinitions"), Segment(part, None)]:
                return self._part(call, query, self._table(segments[0]), part)
            case [Segment("EntityDefinitions"), Segment("Keys") as key]:
                return self._key(call, query, self._table(segments[0]), key)
            case [Segment("GlobalOptionSetDefinitions" | "RelationshipDefinitions"), *casts]:
                return self._shared(call, query, segments[0], casts)
            case _:
                raise segment_missing(segments[-1].name)

    def _part(self, call: Call, query: Query, table: Table, part: str) -> Answer:
        parts = self._parts(table)
        if part not in parts:
            raise segment_missing(part)
        context = f"{call.root}$metadata#{DEFINITIONS}('{table.logical}')/{part}"
        return _collection([(d, {}) for d in parts[part]()], query, call, context)

    def _key(self, call: Call, query: Query, table: Table, segment: Segment) -> Answer:
        context = f"{call.root}$metadata#{DEFINITIONS}('{table.logical}')/Keys"
        documents = key_documents(table, self._database.world.clock.now())
        return _one(documents, query, context, named(segment))

    def _shared(self, call: Call, query: Query, segment: Segment, casts: list[Segment]) -> Answer:
        """Answer what belongs to no single table: shared choices and relationships."""
        documents = self._shared_documents(segment.name)
        if casts and casts[0].name.startswith(CAST):
            wanted = casts[0].name.removeprefix(CAST)
            documents = [d for d in documents if d["@odata.type"].endswith(wanted)]
        context = f"{call.root}$metadata#{segment.name}"
        if segment.arguments is None:
            return _collection([(document, {}) for document in documents], query, call, context)
        return _one(documents, query, context, named(segment))

    def _shared_documents(self, name: str) -> list[Document]:
        if name == CHOICES:
            choices = self._database.choices.values()
            return [global_choice_document(c.name, c.options) | dict(c.facts) for c in choices]
        tables = (rows.table for rows in self._database.tables.values())
        return [d for table in tables for d in lookup_documents(table, self._database)]

    def _attributes(
        self, call: Call, query: Query, owner: Segment, path: tuple[Segment, list[Segment]]
    ) -> Answer:
        table, (segment, casts) = self._table(owner), path
        cast = _cast(casts)
        documents = attribute_documents(table, cast, everything=query.select is None)
        context = f"{call.root}$metadata#{DEFINITIONS}('{table.logical}')/Attributes"
        if segment.arguments is None:
            return _collection(documents, query, call, context)
        wanted = named(segment)
        for document, parts in documents:
            if wanted in {document["LogicalName"], document["MetadataId"]}:
                shown = shape(document, query, parts)
                return answer_json({"@odata.context": f"{context}/$entity", **shown})
        raise row_missing("attribute", wanted)

    def _parts(self, table: Table) -> Parts:
        return {
            "Attributes": lambda: [d for d, _ in attribute_documents(table, "", everything=True)],
            "Keys": lambda: key_documents(table, self._database.world.clock.now()),
            "ManyToManyRelationships": list,
            "ManyToOneRelationships": lambda: lookup_documents(table, self._database),
            "OneToManyRelationships": lambda: collection_documents(table, self._database),
        }

    def _table(self, segment: Segment) -> Table:
        return find_table(self._database, segment)


def find_table(database: Database, segment: Segment) -> Table:
    """Return the table that a segment names by logical name or id; raise Refused if none."""
    wanted = named(segment)
    for rows in database.tables.values():
        if wanted in {rows.table.logical, metadata_id(rows.table.logical)}:
            return rows.table
    raise Refused(404, "0x80060888", f"Could not find an entity with name '{wanted}'.")


def column_casts(table: Table) -> dict[str, Parts]:
    """Return what the casts of columns can expand, by the name of the column."""
    casts = {c.name: type_name(c) for c in table.columns}
    return {
        document["LogicalName"]: parts
        for cast in set(casts.values())
        for document, parts in attribute_documents(table, cast, everything=True)
    }


def attribute_documents(
    table: Table, cast: str, *, everything: bool
) -> list[tuple[Document, Parts]]:
    """Return column documents; facts of one type show on its cast or when nothing is selected."""
    documents: list[tuple[Document, Parts]] = []
    for column in table.columns:
        if cast and type_name(column) != cast:
            continue
        document, parts = column_document(table, column), Parts()
        if cast or everything:
            document |= typed_facts(column)
        if cast and column.kind in WITH_OPTIONS:
            parts["OptionSet"] = partial(choice_set, table, column)
        if cast == Kind.BOOLEAN:
            parts["OptionSet"] = partial(truth_document, column)
        documents.append((document, parts))
    return documents


def shape(document: Document, query: Query, parts: Parts) -> Document:
    """Return the selected facts of a document and its expanded parts."""
    shown = dict(document)
    if query.select is not None:
        kept = [*query.select, "MetadataId", "@odata.type"]
        shown = {
            name: _fact(document, name) for name in kept if name in query.select or name in document
        }
    for expand in query.expand:
        if expand.name not in parts:
            raise unknown_property(expand.name, "MetadataBase")
        shown[expand.name] = _shaped(parts[expand.name](), expand)
    return shown


def _shaped(part: Any, expand: Expand) -> Any:  # noqa: ANN401 - a document or a list of them
    if isinstance(part, list):
        return [shape(document, expand.query, {}) for document in _filtered(part, expand.query)]
    return shape(part, expand.query, {})


def _filtered(documents: list[Document], query: Query) -> list[Document]:
    if query.filter is None:
        return documents
    test = compile_filter(parse_filter(query.filter, {}), DocumentScope())
    return [document for document in documents if test(document)]


def _fact(document: Document, name: str) -> object:
    if name not in document:
        kind = "AttributeMetadata" if "AttributeType" in document else "EntityMetadata"
        raise unknown_property(name, kind)
    return document[name]


def _collection(
    documents: list[tuple[Document, Parts]], query: Query, call: Call, context: str
) -> Answer:
    """Answer documents; metadata is not paged."""
    chosen = documents
    if query.filter is not None:
        test = compile_filter(parse_filter(query.filter, call.aliases), DocumentScope())
        chosen = [(document, parts) for document, parts in documents if test(document)]
    value = [shape(document, query, parts) for document, parts in chosen]
    return answer_json({"@odata.context": context, "value": value})


def _one(documents: list[Document], query: Query, context: str, wanted: str) -> Answer:
    for document in documents:
        names = (document.get(n) for n in ("LogicalName", "Name", "SchemaName", "MetadataId"))
        if wanted in {str(name).lower() for name in names}:
            return answer_json(
                {"@odata.context": f"{context}/$entity", **shape(document, query, {})}
            )
    raise row_missing("metadata", wanted)


def named(segment: Segment) -> str:
    """Return the name or the id that a segment's key gives."""
    values = list((segment.arguments or {}).values())
    if len(values) != 1:
        raise segment_missing(segment.name)
    return values[0].strip("'").lower()


def _cast(segments: list[Segment]) -> str:
    if not segments:
        return ""
    name = segments[0].name
    if len(segments) > 1 or not name.startswith(CAST) or not name.endswith("AttributeMetadata"):
        raise segment_missing(segments[-1].name)
    return name.removeprefix(CAST).removesuffix("AttributeMetadata")
