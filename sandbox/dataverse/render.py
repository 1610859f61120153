"""Rows as the service writes them: selected columns, etags, annotations, expanded rows."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from operator import itemgetter
from typing import Any

from sandbox.dataverse.calls import Preferences
from sandbox.dataverse.columns import CODED, ID, VERSION, Column, Kind, Row, Scalar, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import unknown_property
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
) -> list[Any]:
    """Return documents or the JSON of them; plain rows come from memory when they can."""
    render = renderer(database, table, query, prefer)
    if query.expand or prefer.annotations:
        return [render(row) for row in rows]
    return database.rendered.page((table.logical, selected(table, query)), rows, render)


def _plain(table: Table, names: tuple[str, ...]) -> Renderer:
    """Return the fast way: pages of 5,000 rows pass here."""
    keys = ("@odata.etag", *names)
    values = itemgetter(*(table.position[name] for name in names), VERSION)

    def render(row: Row) -> Document:
        *found, version = values(row)
        return dict(zip(keys, (f'W/"{version}"', *found), strict=True))

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

    def render(row: Row) -> Document:
        document: Document = {}
        for column in annotated:
            value = row[table.position[column.wire]]
            if value is not None:
                document |= _annotate(database, column, value, prefer)
        return document

    return render


def _annotate(
    database: Database, column: Column, value: Scalar, prefer: Preferences
) -> dict[str, str]:
    notes = {FORMATTED: formatted(database, column, value)}
    if column.kind is Kind.LOOKUP:
        notes |= {LOOKUP_TABLE: column.target, NAVIGATION: column.navigation}
    return {f"{column.wire}@{n}": text for n, text in notes.items() if prefer.annotates(n)}


def formatted(database: Database, column: Column, value: Scalar) -> str:
    """Return a value as a person reads it: label, name, grouped digits, American date in UTC."""
    if column.kind is Kind.LOOKUP:
        rows = database.tables[column.target]
        target = rows.get(str(value))
        return "" if target is None else str(target[rows.table.position[rows.table.primary_name]])
    if column.kind is Kind.CHOICES:
        labels = (column.option(int(part)) for part in str(value).split(","))
        return "; ".join(option.label for option in labels if option is not None)
    if column.kind in CODED:
        option = column.option(value)
        return "" if option is None else option.label
    if column.kind in {Kind.DATE, Kind.DATETIME}:
        return _formatted_time(str(value))
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return f"{value:,.2f}" if isinstance(value, Decimal) else f"{value:,}"


def _formatted_time(value: str) -> str:
    year, month, day = (int(part) for part in value[:10].split("-"))
    date = f"{month}/{day}/{year}"
    if "T" not in value:
        return date
    hour, minute = int(value[11:13]), value[14:16]
    return f"{date} {(hour - 1) % 12 + 1}:{minute} {'AM' if hour < 12 else 'PM'}"  # noqa: PLR2004 - noon
