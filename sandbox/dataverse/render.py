"""Rows as the service writes them: selected columns, etags, annotations, expanded rows."""

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any

from sandbox.dataverse.calls import Preferences
from sandbox.dataverse.columns import ID, VERSION, Column, Kind, Row, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import unknown_property
from sandbox.dataverse.formatting import formatted
from sandbox.dataverse.money import CURRENCY
from sandbox.dataverse.query import Expand, Query
from sandbox.dataverse.scope import collections, members_by_owner
from sandbox.dataverse.selection import select_rows

Document = dict[str, Any]
PRINCIPAL = "systemuser"
"""Users are principals: their expanded rows also have `ownerid`, which is their own key."""

FORMATTED = "OData.Community.Display.V1.FormattedValue"
LOOKUP_TABLE = "Microsoft.Dynamics.CRM.lookuplogicalname"
NAVIGATION = "Microsoft.Dynamics.CRM.associatednavigationproperty"

ETAG = "@odata.etag"

Renderer = Callable[[Row], Document]


def selected(table: Table, query: Query) -> tuple[str, ...]:
    """Return the wire names of a `$select`; raise Refused for a name that is no column."""
    if query.select is None:
        return tuple(table.position)
    for name in query.select:
        if name not in table.position and name not in table.lookups:
            raise unknown_property(name, table.logical)
    names = [table.lookups[n].wire if n in table.lookups else n for n in query.select]
    if any(table.by_wire[name].kind is Kind.MONEY for name in names):
        names.append(CURRENCY)
    return tuple(dict.fromkeys([*names, table.primary_id]))


def renderer(database: Database, table: Table, query: Query, prefer: Preferences) -> Renderer:
    """Return what turns a row of this table into the document that the query asks for."""
    names = selected(table, query)
    plain = _plain(table, names)
    extras = [_expansion(database, table, expand, prefer) for expand in query.expand]
    if prefer.annotations:
        columns = [table.by_wire[name] for name in names]
        extras.insert(0, _annotations(database, table, columns, prefer))
    if not extras:
        return plain

    def render(row: Row) -> Document:
        document = plain(row)
        for extra in extras:
            document.update(extra(row))
        return document

    return render


def render_page(
    database: Database, table: Table, rows: list[Row], query: Query, prefer: Preferences
) -> list[Document]:
    """Return the documents of the rows of a page."""
    render = renderer(database, table, query, prefer)
    return [render(row) for row in rows]


def _plain(table: Table, names: tuple[str, ...]) -> Renderer:
    """Return the fast way: pages of 5,000 rows pass here."""
    keys = (ETAG, *names)
    values = itemgetter(VERSION, *(table.position[name] for name in names))

    def render(row: Row) -> Document:
        document: Document = dict(zip(keys, values(row), strict=True))
        document[ETAG] = f'W/"{document[ETAG]}"'
        return document

    return render


def _expansion(database: Database, table: Table, expand: Expand, prefer: Preferences) -> Renderer:
    lookup = table.lookups.get(expand.name)
    if lookup is not None:
        return _single(database, table, lookup, expand, prefer)
    found = collections(database, table).get(expand.name)
    if found is None:
        raise unknown_property(expand.name, table.logical)
    rows, column = found
    inner = renderer(database, rows.table, expand.query, prefer)
    members = members_by_owner(rows, column)

    def render(row: Row) -> Document:
        chosen = select_rows(database, rows.table, members[str(row[ID])], expand.query)
        return {expand.name: [inner(member) for member in chosen]}

    return render


def _single(
    database: Database, table: Table, lookup: Column, expand: Expand, prefer: Preferences
) -> Renderer:
    rows, at = database.tables[lookup.target], table.position[lookup.wire]
    inner = renderer(database, rows.table, expand.query, prefer)

    def render(row: Row) -> Document:
        target = rows.get(str(row[at]))
        if target is None:
            return {expand.name: None}
        principal = {"ownerid": target[ID]} if lookup.target == PRINCIPAL else {}
        return {expand.name: inner(target) | principal}

    return render


def _annotations(
    database: Database, table: Table, columns: Iterable[Column], prefer: Preferences
) -> Renderer:
    annotated = [c for c in columns if c.kind not in {Kind.STRING, Kind.MEMO, Kind.KEY}]

    def annotate(column: Column, row: Row) -> dict[str, str]:
        notes = {FORMATTED: formatted(database, table, column, row)}
        if column.kind is Kind.LOOKUP:
            notes |= {LOOKUP_TABLE: column.target, NAVIGATION: column.navigation}
        return {f"{column.wire}@{n}": text for n, text in notes.items() if prefer.annotates(n)}

    def render(row: Row) -> Document:
        document: Document = {}
        for column in annotated:
            if row[table.position[column.wire]] is not None:
                document |= annotate(column, row)
        return document

    return render
