"""Splits a resource path into segments, minding quotes: `set(k='a/b')/column`."""

import re
from dataclasses import dataclass

from sandbox.dataverse.columns import ID, AlternateKey, Kind, Row, Scalar, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import (
    Refused,
    bad_query,
    bad_url,
    key_missing,
    key_not_active,
    row_missing,
)
from sandbox.dataverse.rows import Rows
from sandbox.dataverse.values import NotOfType, from_url

SEGMENT = re.compile(r"(?P<name>[^(/]*)(?:\((?P<inner>(?:'(?:[^']|'')*'|[^'()]|\([^()]*\))*)\))?$")
AVOIDED = frozenset("/<>*%&:\\?+")
"""Fact sheet section 4: in the value of a key these break GET, PATCH and upsert."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of a path; `arguments` is None without parentheses, '' names an unnamed key."""

    name: str
    arguments: dict[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """The row a path speaks of: by id, or by key with the values from the URL."""

    rows: Rows
    row: Row | None
    row_id: str = ""
    key: AlternateKey | None = None
    key_values: dict[str, Scalar] | None = None
    written: str = ""

    @property
    def table(self) -> Table:
        return self.rows.table

    def existing(self) -> Row:
        """Return the row; raise Refused when it is not there."""
        if self.row is not None:
            return self.row
        if self.key is not None:
            raise key_missing(self.table.logical)
        raise row_missing(self.table.logical, self.row_id)


def split_outside_quotes(text: str, separator: str) -> list[str]:
    """Split at a separator that stands outside quotes and parentheses."""
    parts, depth = [""], 0
    for piece in re.findall(r"'(?:[^']|'')*'|.", text, re.DOTALL):
        depth += (piece == "(") - (piece == ")")
        if piece == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    return parts


def parse_path(path: str) -> list[Segment]:
    """Return the segments of a path; raise Refused when one cannot be read."""
    return [_segment(text) for text in split_outside_quotes(path.strip("/"), "/")]


def _segment(text: str) -> Segment:
    found = SEGMENT.match(text)
    if found is None:
        raise bad_url(f"Bad Request - Error in query syntax in '{text}'.")
    if found["inner"] is None:
        return Segment(found["name"])
    return Segment(found["name"], _arguments(found["inner"]))


def _arguments(inner: str) -> dict[str, str]:
    if not inner.strip():
        return {}
    pairs = (_argument(part.strip()) for part in split_outside_quotes(inner, ","))
    return dict(pairs)


def _argument(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or text.startswith("'"):
        return "", text
    return name.strip(), value.strip()


def find(database: Database, segment: Segment) -> Address:
    """Return the address of a row; raise Refused for an unknown set or a key that is none."""
    rows = database.rows_of_set(segment.name)
    arguments = segment.arguments or {}
    written = ",".join(f"{k}={v}" if k else v for k, v in arguments.items())
    if set(arguments) in ({""}, {rows.table.primary_id}):
        row_id = str(_value(rows.table, rows.table.primary_id, next(iter(arguments.values()))))
        return Address(rows=rows, row=rows.get(row_id), row_id=row_id, written=row_id)
    key = _alternate_key(rows.table, arguments)
    if not database.world.settings.key_values_to_avoid_work:
        _check_avoided(rows.table, arguments)
    wires = [rows.table.by_name[name].wire for name in key.columns]
    values = {wire: _value(rows.table, wire, arguments[wire]) for wire in wires}
    row = rows.find(key, tuple(values.values()))
    row_id = "" if row is None else str(row[ID])
    return Address(rows=rows, row=row, row_id=row_id, key=key, key_values=values, written=written)


def _check_avoided(table: Table, arguments: dict[str, str]) -> None:
    """Raise Refused for a text with characters that break an address; the code is a guess."""
    for wire, text in arguments.items():
        if table.by_wire[wire].kind is Kind.STRING and AVOIDED.intersection(text):
            raise bad_url(f"The key value {text} of '{wire}' holds a character to avoid.")


def _alternate_key(table: Table, arguments: dict[str, str]) -> AlternateKey:
    for key in table.keys:
        if {table.by_name[name].wire for name in key.columns} == set(arguments):
            if not key.active:
                raise key_not_active(key.named or key.name)
            return key
    text = f"The specified key properties of entity '{table.logical}' do not name a key: "
    raise Refused(400, "0x80060888", text + ", ".join(arguments))


def _value(table: Table, wire: str, text: str) -> Scalar:
    try:
        return from_url(table.by_wire[wire], text)
    except NotOfType as error:
        raise bad_query(f"Unrecognized key literal '{text}' for '{wire}'.") from error
