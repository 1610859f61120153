"""Turns what a client sends for a column into the stored form, or refuses it as the service does.

Stored values are wire values: see `columns.Row`. Decimals have four places and never were floats.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from sys import intern

from sandbox.dataverse.columns import Column, Kind, Scalar, Table
from sandbox.dataverse.errors import Refused, bad_payload, invalid_value

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
FOUR_PLACES = Decimal("0.0001")
LARGEST_DECIMAL = Decimal(100_000_000_000)
LARGEST_INTEGER = 2_147_483_647
EARLIEST = "1753-01-01"
NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.DOUBLE, Kind.MONEY})

EDM = {
    Kind.KEY: "Edm.Guid",
    Kind.STRING: "Edm.String",
    Kind.MEMO: "Edm.String",
    Kind.INTEGER: "Edm.Int32",
    Kind.VERSION: "Edm.Int64",
    Kind.DECIMAL: "Edm.Decimal",
    Kind.DOUBLE: "Edm.Double",
    Kind.MONEY: "Edm.Decimal",
    Kind.BOOLEAN: "Edm.Boolean",
    Kind.DATETIME: "Edm.DateTimeOffset",
    Kind.DATE: "Edm.Date",
    Kind.CHOICE: "Edm.Int32",
    Kind.CHOICES: "Edm.String",
    Kind.LOOKUP: "Edm.Guid",
    Kind.STATE: "Edm.Int32",
    Kind.STATUS: "Edm.Int32",
}


class NotOfType(ValueError):
    """The literal does not have the column's type."""


def wire_instant(moment: datetime) -> str:
    """Return an instant as the service writes it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=20_000)
def four_places(number: Decimal) -> Decimal:
    return number.quantize(FOUR_PLACES, ROUND_HALF_UP)


def parse(table: Table, column: Column, value: object) -> Scalar:
    """Return the stored form of a JSON value; raise Refused when it does not fit the column."""
    if value is None:
        _check_null(table, column)
        return None
    try:
        stored = READERS[column.kind](value)
    except NotOfType as error:
        text = f"Cannot convert the literal '{value}' to the expected type '{EDM[column.kind]}'."
        raise bad_payload(table.set_name, text) from error
    if stored is not None:
        _check(table, column, stored)
    return stored


def _check_null(table: Table, column: Column) -> None:
    if column.kind in {Kind.STATE, Kind.STATUS} or _required(column):
        text = f"Attribute: {column.name} cannot be set to NULL"
        raise Refused(400, "0x80040203", text)
    if column.name == table.primary_id:
        raise bad_payload(table.set_name, f"The primary key '{column.name}' cannot be null.")


def _required(column: Column) -> bool:
    level = column.facts.get("RequiredLevel") or {}
    return bool(level.get("Value") == "SystemRequired")


def _check(table: Table, column: Column, stored: Scalar) -> None:
    if isinstance(stored, str) and column.kind in {Kind.STRING, Kind.MEMO}:
        _check_length(table, column, stored)
    elif column.kind in {Kind.CHOICE, Kind.CHOICES}:
        _check_options(table, column, stored)
    elif column.kind in NUMBERS:
        _check_bounds(table, column, Decimal(str(stored)))
    elif column.kind in {Kind.DATE, Kind.DATETIME} and str(stored) < EARLIEST:
        raise _out_of_range(table, column, stored, f"from {EARLIEST}")


def _check_options(table: Table, column: Column, stored: Scalar) -> None:
    known = {str(option.value) for option in column.options}
    if any(value not in known for value in str(stored).split(",")):
        allowed = ",".join(str(option.value) for option in column.options)
        raise _out_of_range(table, column, stored, allowed)


def _check_bounds(table: Table, column: Column, stored: Decimal) -> None:
    largest = LARGEST_INTEGER if column.kind is Kind.INTEGER else LARGEST_DECIMAL
    low = Decimal(str(column.facts.get("MinValue", -largest)))
    high = Decimal(str(column.facts.get("MaxValue", largest)))
    if not low <= stored <= high:
        raise _out_of_range(table, column, stored, f"{low:f}..{high:f}")


def _check_length(table: Table, column: Column, stored: str) -> None:
    if len(stored) > column.max_length:
        raise invalid_value(
            f"The length of the '{column.name}' attribute of the '{table.logical}' entity "
            f"exceeded the maximum allowed length of '{column.max_length}'."
        )


def _out_of_range(table: Table, column: Column, stored: Scalar, allowed: str) -> Refused:
    return invalid_value(
        f"The value {stored} of '{column.name}' on record of type '{table.logical}' "
        f"is outside the valid range. Accepted Values: {allowed}"
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise NotOfType
    return value


def _whole(value: object) -> int:
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise NotOfType
    return value


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float):
        raise NotOfType
    try:
        return four_places(Decimal(str(value)))
    except InvalidOperation as error:
        raise NotOfType from error


def _double(value: object) -> Decimal:
    """Return a floating-point number by its decimal writing, which is what goes over the wire."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float):
        raise NotOfType
    return Decimal(str(value))


def _choices(value: object) -> str | None:
    """Read several options, `1,2`; an empty text chooses none."""
    parts = [part.strip() for part in _text(value).split(",") if part.strip()]
    if not all(part.isdigit() for part in parts):
        raise NotOfType
    return ",".join(parts) or None


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise NotOfType
    return value


def guid(value: object) -> str:
    """Return a GUID in lower case; raise NotOfType for anything else."""
    if not isinstance(value, str) or not GUID.fullmatch(value):
        raise NotOfType
    return value.lower()


def _date(value: object) -> str:
    try:
        return intern(date.fromisoformat(_text(value)).isoformat())
    except ValueError as error:
        raise NotOfType from error


def _datetime(value: object) -> str:
    """Read an instant; without offset it is UTC, fractions are dropped (fact sheet section 4)."""
    written = _text(value)
    if "T" not in written.upper():
        raise NotOfType
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise NotOfType from error
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return intern(wire_instant(aware))


READERS: dict[Kind, Callable[[object], Scalar]] = {
    Kind.KEY: guid,
    Kind.STRING: _text,
    Kind.MEMO: _text,
    Kind.INTEGER: _whole,
    Kind.VERSION: _whole,
    Kind.DECIMAL: _decimal,
    Kind.DOUBLE: _double,
    Kind.MONEY: _decimal,
    Kind.BOOLEAN: _boolean,
    Kind.DATETIME: _datetime,
    Kind.DATE: _date,
    Kind.CHOICE: _whole,
    Kind.CHOICES: _choices,
    Kind.LOOKUP: guid,
    Kind.STATE: _whole,
    Kind.STATUS: _whole,
}


def from_python(column: Column, value: object) -> object:
    """Return what a scenario or a stored document holds as the JSON value it stands for."""
    if isinstance(value, datetime):
        return wire_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if column.kind in {Kind.DECIMAL, Kind.MONEY} and isinstance(value, str):
        return Decimal(value)
    return value


def from_url(column: Column, text: str) -> Scalar:
    """Return the value of a key literal in a URL: quoted text, number, GUID, date.

    Raises NotOfType when it is none of them.
    """
    if text.startswith("'") and text.endswith("'") and len(text) > 1:
        return READERS[column.kind](text[1:-1].replace("''", "'"))
    if column.kind in {Kind.STRING, Kind.MEMO}:
        raise NotOfType
    if column.kind is Kind.BOOLEAN:
        return text == "true"
    if column.kind in {Kind.KEY, Kind.LOOKUP, Kind.DATE, Kind.DATETIME}:
        return READERS[column.kind](text)
    try:
        return READERS[column.kind](Decimal(text))
    except InvalidOperation as error:
        raise NotOfType from error
