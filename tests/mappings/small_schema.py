"""A small judge of JSON schemas: the keywords that ours use, and no others."""

import re

_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
}
_NOTES = {"$schema", "title", "definitions"}


def errors(schema, value, root=None, path=""):
    """Yield where a value breaks a schema."""
    root = root or schema
    if schema is False:
        yield f"{path}: may not stand here"
    if isinstance(schema, bool):
        return
    for keyword, wanted in schema.items():
        if keyword in _NOTES or keyword == "then":
            continue
        yield from _KEYWORDS[keyword](wanted, value, schema, root, path)


def _is(kind, value):
    if kind == "integer" and isinstance(value, bool):
        return False
    return isinstance(value, _TYPES[kind])


def _type(wanted, value, schema, root, path):
    kinds = wanted if isinstance(wanted, list) else [wanted]
    if not any(_is(kind, value) for kind in kinds):
        yield f"{path}: no {wanted}"


def _properties(wanted, value, schema, root, path):
    if not isinstance(value, dict):
        return
    for name, one in value.items():
        if name in wanted:
            yield from errors(wanted[name], one, root, f"{path}.{name}")


def _additional(wanted, value, schema, root, path):
    if not isinstance(value, dict):
        return
    for name in value.keys() - schema.get("properties", {}).keys():
        yield from errors(wanted, value[name], root, f"{path}.{name}")


def _members(wanted, value, schema, root, path):
    if isinstance(value, dict):
        for name in value:
            yield from errors(wanted, name, root, f"{path}.{name}")


def _required(wanted, value, schema, root, path):
    if isinstance(value, dict):
        yield from (f"{path}: {name} is missing" for name in wanted if name not in value)


def _enum(wanted, value, schema, root, path):
    if value not in wanted:
        yield f"{path}: {value!r} is none of {wanted}"


def _all_of(wanted, value, schema, root, path):
    for one in wanted:
        yield from errors(one, value, root, path)


def _any_of(wanted, value, schema, root, path):
    if all(list(errors(one, value, root, path)) for one in wanted):
        yield f"{path}: fits none of the choices"


def _if(wanted, value, schema, root, path):
    if not list(errors(wanted, value, root, path)):
        yield from errors(schema["then"], value, root, path)


def _reference(wanted, value, schema, root, path):
    yield from errors(root["definitions"][wanted.rsplit("/", 1)[1]], value, root, path)


def _items(wanted, value, schema, root, path):
    for number, one in enumerate(value if isinstance(value, list) else []):
        yield from errors(wanted, one, root, f"{path}[{number}]")


def _pattern(wanted, value, schema, root, path):
    if isinstance(value, str) and not re.search(wanted, value):
        yield f"{path}: {value!r} does not match"


def _least(wanted, value, schema, root, path):
    if isinstance(value, dict | str) and len(value) < wanted:
        yield f"{path}: too short"


_KEYWORDS = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _members,
    "required": _required,
    "enum": _enum,
    "const": lambda wanted, *rest: _enum([wanted], *rest),
    "allOf": _all_of,
    "anyOf": _any_of,
    "if": _if,
    "$ref": _reference,
    "items": _items,
    "pattern": _pattern,
    "minLength": _least,
    "minProperties": _least,
}
