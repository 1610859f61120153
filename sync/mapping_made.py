"""Values that the mapping makes for Partner Center: a constant, or a text by a template. Pure.

They flow one way; the column of such a field is only where its value would otherwise stand.
"""

from collections.abc import Iterator, Mapping
from string import Formatter

from lifecycle.rules import Finding
from sync.mapping import Field, Record, Type, Value
from sync.mapping_words import Path, Spec, meant

MADE_KEYS = ("template", "constant")
_WORDS = frozenset({Type.TEXT, Type.INTEGER, Type.DECIMAL, Type.DATE, Type.CHOICE})
_KINDS: Mapping[Type, type] = {Type.TEXT: str, Type.INTEGER: int, Type.BOOLEAN: bool}


def held_here(field: Field, record: Record) -> Value:
    """Return what Dynamics says of a field: what is made for it, else what its column holds."""
    if field.constant is not None:
        return field.constant
    return _rendered(field.template, record) if field.template else record[field.name]


def named_in(template: str) -> tuple[str, ...]:
    """Return the fields that a template names; raise ValueError when it is none."""
    return tuple(name for _, name, _, _ in Formatter().parse(template) if name is not None)


def _rendered(template: str, record: Record) -> str:
    parts = Formatter().parse(template)
    return "".join(
        text + ("" if name is None else _shown(record.get(name))) for text, name, _, _ in parts
    )


def _shown(value: Value) -> str:
    return "" if value is None else str(value)


def made_findings(spec: Spec, path: Path, fields: Spec) -> Iterator[Finding]:
    """Find what is wrong with a template or a constant."""
    given = [key for key in MADE_KEYS if key in spec]
    for key in given:
        if spec.get("direction") != "to_partner_center" or spec.get("owner") != "crm":
            remedy = "Write owner: crm and direction: to_partner_center."
            yield Finding((*path, key), "it flows one way only", remedy)
        elif "partner_center" not in spec:
            remedy = "Name the field there with `partner_center`."
            yield Finding((*path, key), f"{key!r} has no effect here", remedy)
    if len(given) > 1:
        yield Finding((*path, "constant"), "there is a template, too", "Keep one of them.")
    if "template" in spec:
        yield from _template_findings(spec, (*path, "template"), fields)
    if "constant" in spec:
        yield from _constant_findings(spec, (*path, "constant"))


def _template_findings(spec: Spec, place: Path, fields: Spec) -> Iterator[Finding]:
    template = spec["template"]
    if spec.get("type") != Type.TEXT or not isinstance(template, str):
        yield Finding(place, "it makes a text", "Use it with type: text, and write a text.")
        return
    try:
        parts = [*Formatter().parse(template)]
    except ValueError as error:
        yield Finding(place, f"it cannot be read: {error}", "Write {field}; {{ for a brace.")
        return
    for _, name, form, turned in parts:
        if form or turned:
            yield Finding(place, f"{name!r} has a format", "Write the name of the field alone.")
        if name is not None:
            yield from _named(name, place, fields)


def _named(name: str, place: Path, fields: Spec) -> Iterator[Finding]:
    words = {str(one): spec for one, spec in fields.items() if _is_word(spec)}
    if name not in words:
        known = tuple(words)
        told = f"{name!r} cannot stand here" if name in fields else f"unknown field {name!r}"
        yield Finding(place, told, meant(name, known, f"Use one of: {', '.join(known)}."))


def _is_word(spec: object) -> bool:
    return isinstance(spec, dict) and spec.get("type") in _WORDS


def _constant_findings(spec: Spec, place: Path) -> Iterator[Finding]:
    kind, value = spec.get("type"), spec["constant"]
    wanted = _KINDS.get(Type(kind)) if isinstance(kind, str) and kind in list(Type) else None
    if wanted is None:
        known = ", ".join(_KINDS)
        yield Finding(place, f"a {kind} cannot be a constant", f"Use one of: {known}.")
    elif type(value) is not wanted:
        yield Finding(place, f"{value!r} does not fit", f"A value of type {kind} is expected.")
