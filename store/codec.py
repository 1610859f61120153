"""Values of the engine to text and back, without loss: amounts stay Decimal, instants UTC."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from lifecycle.decisions import Standing
from lifecycle.states import Status
from sync.remote import Json, Row
from sync.state import Point

_DECIMAL = "$decimal"


def dump(value: Json) -> str:
    """Write canonical JSON; a Decimal as {"$decimal": "12.50"}, so that it comes back exact."""
    return json.dumps(value, default=_tagged, sort_keys=True, separators=(",", ":"))


def _tagged(value: object) -> object:
    if isinstance(value, Decimal):
        return {_DECIMAL: str(value)}
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be stored")


def load(text: str) -> Row:
    """Read what `dump` wrote."""
    loaded: Row = json.loads(text, object_hook=_untagged, parse_float=Decimal)
    return loaded


def _untagged(value: dict[str, str]) -> object:
    return Decimal(value[_DECIMAL]) if set(value) == {_DECIMAL} else value


def dump_point(point: Point) -> str:
    return json.dumps([*point.pair, point.quantity])


def load_point(text: str) -> Point:
    *pair, quantity = json.loads(text)
    return Point(tuple(pair), quantity)


def dump_claims(claims: tuple[tuple[Point, Point], ...]) -> str:
    return json.dumps([[dump_point(old), dump_point(new)] for old, new in claims])


def load_claims(text: str) -> tuple[tuple[Point, Point], ...]:
    return tuple((load_point(old), load_point(new)) for old, new in json.loads(text))


def dump_standing(standing: Standing | None) -> str | None:
    return json.dumps([standing.status.value, standing.quantity]) if standing else None


def load_standing(text: str | None) -> Standing | None:
    if not text:
        return None
    status, quantity = json.loads(text)
    return Standing(status=Status(status), quantity=quantity)


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
