"""JSON of stored documents: decimals written and read exactly, never as floats."""

import json
from decimal import Decimal
from typing import Any

import orjson

Document = dict[str, Any]  # the raw row of a service in wire form; its shape is the service's own


def dump(document: object) -> bytes:
    """Write a document; a Decimal becomes a number with all its digits."""
    return orjson.dumps(document, default=_exact)


def load(text: bytes | str) -> Document:
    """Read a document; a number with a fraction becomes a Decimal."""
    document: Document = json.loads(text, parse_float=Decimal)
    return document


def _exact(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f"))
    raise TypeError
