"""The JSON schema of the mapping files, for editors that complete and check. Pure.

Built from what `mapping validate` reads, so that the two cannot say different things.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from lifecycle.rules import PARTNER_MONEY, Deactivate
from lifecycle.states import LogKind, Money, ProviderIntent, Seats, Status
from sync.mapping import Type
from sync.mapping_fields import FIELD_KEYS
from sync.mapping_files import MATCH_KEYS, TABLE_KEYS, TOP_KEYS
from sync.mapping_needs import CHOICES, ENDS, NEEDED, OPTIONAL, fits, target_of
from sync.mapping_rights import DIRECTIONS, END_KINDS, OWNERS, PARTNER_NAME
from sync.mapping_trials import COURSES, SIDES, TRIAL_KEYS
from sync.remote import Json

Schema = dict[str, Json]

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"
_TEXT: Schema = {"type": "string", "minLength": 1}
_LOGICAL: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
_WHOLE: Schema = {"type": "integer"}
_ANY_OBJECT: Schema = {"type": "object"}


def entity_schema() -> Schema:
    """Return the schema of an entity's file."""
    properties: dict[str, Json] = {
        "entity": _one_of(NEEDED),
        "dataverse": _object(dict.fromkeys(TABLE_KEYS, _TEXT), required=TABLE_KEYS),
        "match": _object(dict.fromkeys(MATCH_KEYS, _TEXT)),
        "constants": {"type": "object", "additionalProperties": _scalar()},
        "fields": {"type": "object", "additionalProperties": {"$ref": "#/definitions/field"}},
        "tests": {"type": "array", "items": _trial()},
    }
    return {
        "$schema": _DRAFT,
        "title": "Seatkeeper: the mapping of one entity",
        "definitions": {"field": _field()},
        **_object({key: properties[key] for key in TOP_KEYS}, required=(*TOP_KEYS[:2], "fields")),
        "allOf": [_of_entity(name) for name in NEEDED],
    }


def lifecycle_schema() -> Schema:
    """Return the schema of `lifecycle.yaml`."""
    transition = _rule({"from": _states(), "to": _states()}, ("name", "from", "to"))
    sentences: dict[str, Json] = {"quantity_zero": _TEXT, "quantity_inactive": _TEXT}
    properties: dict[str, Json] = {
        "transitions": {"type": "array", "items": transition},
        "new_row": _rule({}, ("name", "change_log")),
        "quantity_change": _rule({}, ("name", "change_log")),
        "refusals": _object(sentences, required=sentences),
        "policies": _object(
            {
                "quantity_decrease": _one_of(("park", "schedule")),
                "deactivate": _one_of(Deactivate),
                "partner_changes": _object({"money": _one_of(PARTNER_MONEY)}),
            }
        ),
    }
    return {
        "$schema": _DRAFT,
        "title": "Seatkeeper: what each change of status means",
        **_object(properties, required=properties),
    }


def _object(properties: Mapping[str, Json], *, required: Iterable[str] = ()) -> Schema:
    needed = list(required)
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": dict(properties),
        **({"required": needed} if needed else {}),
    }


def _one_of(names: Iterable[str]) -> Schema:
    return {"enum": [str(name) for name in names]}


def _scalar() -> Schema:
    return {"type": ["string", "integer", "boolean"]}


def _field() -> Schema:
    column: Schema = {"anyOf": [_LOGICAL, _list(_LOGICAL)]}
    value: Schema = {"anyOf": [_WHOLE, _list(_WHOLE)]}
    properties: dict[str, Json] = {
        "dataverse": column,
        "type": _one_of(Type),
        "choices": {"type": "object", "minProperties": 1, "additionalProperties": value},
        "to": _one_of(NEEDED),
        "bind": _TEXT,
        "ends": _one_of(END_KINDS),
        "partner_center": {"type": "string", "pattern": PARTNER_NAME},
        "partner_end": _one_of(END_KINDS),
        "template": _TEXT,
        "constant": _scalar(),
        "partner_choices": {"type": "object", "additionalProperties": _TEXT},
        "owner": _one_of(OWNERS),
        "direction": _one_of(DIRECTIONS),
        "enforce": {"type": "boolean"},
        "write_back": {"type": "object", "additionalProperties": _TEXT},
    }
    return _object({key: properties[key] for key in FIELD_KEYS}, required=("dataverse", "type"))


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _of_entity(entity: str) -> Schema:
    """Return what holds for one entity: the fields that it must have, and what fits them."""
    known = {**NEEDED[entity], **OPTIONAL.get(entity, {})}
    fields: dict[str, Json] = {name: _needed(entity, name, kind) for name, kind in known.items()}
    wanted: Schema = {"properties": fields, "required": list(NEEDED[entity])}
    return {
        "if": {"properties": {"entity": {"const": entity}}, "required": ["entity"]},
        "then": {"properties": {"fields": wanted}},
    }


def _needed(entity: str, name: str, kind: Type) -> Schema:
    facts: dict[str, Json] = {"type": _one_of(one for one in Type if fits(kind, one))}
    choices = CHOICES.get((entity, name), ())
    if choices:
        facts["choices"] = {"required": list(choices), "propertyNames": _one_of(choices)}
    if kind is Type.LOOKUP:
        facts["to"] = {"const": target_of(name)}
    if name not in ENDS:
        facts["ends"] = False
    return {
        "properties": facts,
        **({"required": ["choices"]} if choices else {"required": ["to"]} if "to" in facts else {}),
    }


def _trial() -> Schema:
    sides: Schema = {
        "type": "object",
        "additionalProperties": _object({key: {} for key in SIDES}, required=SIDES),
    }
    properties: dict[str, Json] = {
        **dict.fromkeys(TRIAL_KEYS, _ANY_OBJECT),
        "name": _TEXT,
        "differences": sides,
        "courses": {"type": "object", "additionalProperties": _one_of(COURSES)},
    }
    return {
        **_object(properties, required=("name",)),
        "anyOf": [{"required": [key]} for key in ("expect", "differences", "courses")],
    }


def _states() -> Schema:
    return {"anyOf": [_one_of(Status), _list(_one_of(Status))]}


def _rule(more: Mapping[str, Json], required: Iterable[str]) -> Schema:
    log: dict[str, Json] = {"kind": _words(LogKind), "quantity": _words(Seats)}
    return _object(
        {
            "name": _TEXT,
            **more,
            "refuse": _TEXT,
            "change_log": _object(log, required=("kind",)),
            "provider": _words(ProviderIntent),
            "money": _words(Money),
        },
        required=required,
    )


def _words(kind: type[StrEnum]) -> Schema:
    return _one_of(kind)
