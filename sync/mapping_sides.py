"""Values of the two sides of a field: what each calls the other's. Pure.

Values are compared in the poorer vocabulary: what Partner Center calls a choice (rules.md 5.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sync.mapping import Entity, Field, Record, Type, Value, parse_value
from sync.mapping_made import held_here
from sync.partner_path import carries, value_at
from sync.remote import Json

KEEP = "keep"
"""In `write_back`: Dynamics keeps what it holds."""
_CHOICES = (Type.CHOICE, Type.STATUS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field on which the two sides do not agree."""

    crm: Value
    partner_center: Value


def partner_record(entity: Entity, resource: Mapping[str, Json]) -> Record:
    """Return the mapped fields that a resource carries, choices in Partner Center's words.

    Raise ValueError or TypeError for a value that does not fit the type of its field.
    """
    mapped = (
        field
        for field in entity.fields.values()
        if field.partner_center and carries(resource, field.partner_center)
    )
    return {
        field.name: read_there(field, value_at(resource, field.partner_center)) for field in mapped
    }


def differences(
    entity: Entity, record: Record, resource: Mapping[str, Json]
) -> Mapping[str, Difference]:
    """Return the fields that both sides carry with different values."""
    found = partner_record(entity, resource)
    held = {name: held_here(entity.fields[name], record) for name in found if name in record}
    return {
        name: Difference(crm=ours, partner_center=found[name])
        for name, ours in held.items()
        if there(entity.fields[name], ours) != there(entity.fields[name], found[name])
    }


def read_there(field: Field, raw: Json) -> Value:
    """Read a value of a resource; raise ValueError, TypeError or ArithmeticError if it is none."""
    if raw is None:
        return None
    if field.type in _CHOICES:
        return str(raw).lower()
    return _moved(field, parse_value(field.type, raw), -1)


def _moved(field: Field, value: Value, days: int) -> Value:
    """Move a date between the last day, which we mean, and the day after, where they mean that."""
    is_after = field.partner_end == "exclusive" and isinstance(value, date)
    return value + timedelta(days=days) if is_after and isinstance(value, date) else value


def there(field: Field, value: Value) -> Value:
    """Return what Partner Center would call a value of either side, for comparing."""
    if field.type is Type.BOOLEAN:
        return value is True
    if value is None:
        return None
    if field.type in _CHOICES:
        return field.partner_choices.get(str(value), str(value)).lower()
    if field.type is Type.TEXT:
        return str(value).strip() or None
    return value.replace(microsecond=0) if isinstance(value, datetime) else value


def to_crm(field: Field, partner: Value) -> Value:
    """Return what Dynamics is to hold for a value of Partner Center.

    None when no choice stands for it, or when Dynamics is to keep what it holds.
    """
    if field.type not in _CHOICES or partner is None:
        return partner
    word = str(partner).lower()
    named = field.write_back.get(word)
    if named is not None:
        return None if named == KEEP else named
    choices = [one for one, theirs in field.partner_choices.items() if theirs.lower() == word]
    if not field.partner_choices:
        choices = [one for one in field.choices if one.lower() == word]
    return choices[0] if len(choices) == 1 else None


def to_partner(field: Field, value: Value) -> Json:
    """Return a value of Dynamics as Partner Center takes it."""
    found = _moved(field, there(field, value), 1)
    if isinstance(found, datetime):
        return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return found.isoformat() if isinstance(found, date) else found


def stored(value: Value) -> Json:
    """Return a value as it is kept and compared: JSON, an amount exact."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Decimal):
        return value.normalize()
    return value.isoformat() if isinstance(value, date) else value


def is_empty(value: Value) -> bool:
    return value is None or value == ""
