"""Reads a request body into column values, lookups by `@odata.bind` included."""

import json
from decimal import Decimal
from typing import Any

from sandbox.dataverse.audit import Values
from sandbox.dataverse.calls import Call, split_url
from sandbox.dataverse.columns import Column, Kind, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import bad_payload, row_missing
from sandbox.dataverse.paths import Address, find, parse_path
from sandbox.dataverse.values import from_python, parse

BIND = "@odata.bind"


def read_document(call: Call, table: Table) -> dict[str, Any]:
    """Return the JSON object of a body; numbers with a fraction stay exact."""
    try:
        document = json.loads(call.body, parse_float=Decimal)
    except ValueError as error:
        raise bad_payload(table.set_name, "Stream was not readable.") from error
    if not isinstance(document, dict):
        raise bad_payload(table.set_name, "An object was expected.")
    return document


def read_object(call: Call) -> dict[str, Any]:
    """Return the JSON object that an action or a definition is."""
    try:
        document = json.loads(call.body or b"{}", parse_float=Decimal)
    except ValueError as error:
        raise bad_payload(call.path, "Stream was not readable.") from error
    if not isinstance(document, dict):
        raise bad_payload(call.path, "An object was expected.")
    return document


def read_values(database: Database, table: Table, document: dict[str, Any], root: str) -> Values:
    """Return the values by wire name; columns that no client can write are passed over."""
    values: Values = {}
    for name, value in document.items():
        if name.endswith(BIND):
            lookup = _bound(table, name)
            values[lookup.wire] = _target(database, lookup, value, root)
        elif "@" not in name:
            column = _column(table, name, value)
            if column.writable:
                values[column.wire] = parse(table, column, value)
    return values


def address_of(database: Database, text: str, root: str) -> Address:
    """Return the row that a reference names, in any form of URL; raise Refused if there is none."""
    path, _ = split_url(text, root)
    segments = parse_path(path)
    address = find(database, segments[0])
    address.existing()
    return address


def physical_values(database: Database, table: Table, row: dict[str, Any]) -> Values:
    """Return the values of a row given by physical names, lookups as ids; raise Refused."""
    values: Values = {}
    for name, value in row.items():
        column = table.by_name.get(name) or table.by_wire.get(name)
        if column is None:
            raise bad_payload(table.set_name, undeclared(name))
        stored = parse(table, column, from_python(column, value))
        if column.kind is Kind.LOOKUP and stored is not None:
            _require(database, column, str(stored))
        values[column.wire] = stored
    return values


def undeclared(name: str) -> str:
    return (
        f"An undeclared property '{name}' which only has property annotations in the payload but "
        "no property value was found in the payload. In OData, only declared navigation properties "
        "and declared named streams can be represented as properties without values"
    )


def _bound(table: Table, name: str) -> Column:
    lookup = table.lookups.get(name.removesuffix(BIND))
    if lookup is None:
        raise bad_payload(table.set_name, undeclared(name.removesuffix(BIND)))
    return lookup


def _target(database: Database, lookup: Column, value: object, root: str) -> str | None:
    if value is None:
        return None
    rows = database.tables[lookup.target]
    if not isinstance(value, str):
        raise bad_payload(rows.table.set_name, f"'{lookup.name}{BIND}' takes an address.")
    address = address_of(database, value, root)
    if address.table is not rows.table:
        text = f"'{value}' is no reference to '{rows.table.set_name}'."
        raise bad_payload(rows.table.set_name, text)
    return address.row_id


def _require(database: Database, lookup: Column, row_id: str) -> None:
    if database.tables[lookup.target].get(row_id) is None:
        raise row_missing(lookup.target, row_id)


def _column(table: Table, name: str, value: object) -> Column:
    """Return the column of a plain property; a lookup may only be emptied by its plain name."""
    lookup = table.lookups.get(name)
    if lookup is not None and value is None:
        return lookup
    column = table.by_wire.get(name)
    if column is None:
        entity = f"Microsoft.Dynamics.CRM.{table.logical}"
        text = f"Invalid property '{name}' was found in entity '{entity}'."
        raise bad_payload(table.set_name, text if lookup is None else undeclared(name))
    if column.kind is Kind.LOOKUP and column.writable:
        text = (
            "CRM do not support direct update of Entity Reference properties, "
            "Use Navigation properties instead."
        )
        raise bad_payload(table.set_name, text)
    return column
