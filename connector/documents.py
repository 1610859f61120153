"""JSON as it travels: bytes to values and back, and reading values of uncertain shape.

Money and whole resources are read with exact decimals; pages of rows are read fast.
A body may begin with a byte order mark (Partner Center does that).
"""

import codecs
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

import orjson

from sync.remote import Json, Row


def without_mark(content: bytes) -> bytes:
    """Return the text without the byte order mark."""
    return content.removeprefix(codecs.BOM_UTF8)


def read_fast(content: bytes) -> Json:
    """Parse with floats; for pages of thousands of rows. Raise ValueError."""
    document: Json = orjson.loads(without_mark(content))
    return document


def read_exact(content: bytes) -> Json:
    """Parse with `Decimal` for every fraction. Raise ValueError."""
    document: Json = json.loads(without_mark(content), parse_float=Decimal)
    return document


def read_error(content: bytes) -> Json:
    """Parse what an error says; stack traces in it can hold bare line ends. Raise ValueError."""
    document: Json = json.loads(without_mark(content), strict=False)
    return document


def render(document: Row) -> bytes:
    """Write a body; a `Decimal` keeps all its digits."""
    return orjson.dumps(document, default=_decimal)


def _decimal(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(format(value, "f"))
    raise TypeError(f"{type(value).__name__} has no place in a JSON body")


def mapping(value: Json) -> Row:
    """Return the object, or an empty one when it is something else or missing."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Json) -> Sequence[Json]:
    """Return the array, or an empty one when it is something else or missing."""
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def text(value: Json) -> str:
    """Return the text, the digits of a number, or "" when there is none."""
    if isinstance(value, bool) or value is None:
        return ""
    return str(value) if isinstance(value, str | int | float | Decimal) else ""


def whole(value: Json) -> int | None:
    """Return the whole number, `10.0` and `"10"` too; None when it is missing or none."""
    try:
        number = Decimal(text(value))
    except InvalidOperation:
        return None
    return int(number) if number.is_finite() and number == int(number) else None
