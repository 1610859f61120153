"""Compare a record of Dataverse with a resource of Partner Center, field by field. Pure.

Values are compared in the poorer vocabulary: what Partner Center calls a choice (rules.md 5.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sync.mapping import Entity, Field, Record, Type, Value, parse_value
from sync.remote import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field on which the two sides do not agree."""

    crm: Value
    partner_center: Value


def partner_record(entity: Entity, resource: Mapping[str, Json]) -> Record:
    """Return the mapped fields that a resource carries, choices in Partner Center's words.

    Raise ValueError or TypeError for a value that does not fit the type of its field.
    """
    mapped = (field for field in entity.fields.values() if field.partner_center in resource)
    return {field.name: _value(field, resource[field.partner_center]) for field in mapped}


def differences(
    entity: Entity, record: Record, resource: Mapping[str, Json]
) -> Mapping[str, Difference]:
    """Return the fields that both sides carry with different values."""
    there = partner_record(entity, resource)
    return {
        name: Difference(crm=record[name], partner_center=value)
        for name, value in there.items()
        if name in record and _there(entity.fields[name], record[name]) != value
    }


def _value(field: Field, raw: Json) -> Value:
    if raw is None:
        return None
    if field.type in {Type.CHOICE, Type.STATUS}:
        return str(raw).lower()
    return parse_value(field.type, raw)


def _there(field: Field, value: Value) -> Value:
    """Return what Partner Center would call our value."""
    if field.type in {Type.CHOICE, Type.STATUS} and value is not None:
        return field.partner_choices.get(str(value), str(value)).lower()
    return value
