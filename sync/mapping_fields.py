"""Read the fields of one entity's mapping file, with every finding at once. Pure."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from lifecycle.rules import Finding
from sync.mapping import Field, Type, Value
from sync.mapping_made import MADE_KEYS, made_findings
from sync.mapping_needs import CHOICES, ENDS, NEEDED, OPTIONAL, fits, target_of
from sync.mapping_rights import END_KINDS, RIGHTS_KEYS, partner_findings, rights_findings
from sync.mapping_words import Path, Spec, foreign, meant, unknown_keys, words

FIELD_KEYS = (
    *("dataverse", "type", "choices", "to", "bind", "ends"),
    *("partner_center", "partner_end", *MADE_KEYS, "partner_choices", *RIGHTS_KEYS),
)


def read_fields(document: object, entity: str, findings: list[Finding]) -> dict[str, Field]:
    """Read all fields of an entity; what cannot be used is left out and told in `findings`."""
    if not isinstance(document, dict):
        findings.append(Finding(("fields",), "this must be a mapping", "Name the fields."))
        return {}
    wanted = {**NEEDED[entity], **OPTIONAL.get(entity, {})}
    findings += _missing(document, entity)
    for name, kind in wanted.items():
        spec = document.get(name)
        if isinstance(spec, dict):
            findings += _misfits(entity, name, spec, kind)
    for name, spec in document.items():
        if isinstance(spec, dict):
            findings += made_findings(spec, ("fields", str(name)), document)
    read = [_field(str(name), spec, findings) for name, spec in document.items()]
    fields = {field.name: field for field in read if field}
    findings += _shared_columns(fields)
    return fields


def _missing(document: Spec, entity: str) -> Iterator[Finding]:
    others = tuple(str(name) for name in document if name not in NEEDED[entity])
    for name in NEEDED[entity]:
        if name not in document:
            near = get_close_matches(name, others, n=1)
            remedy = f"Is {near[0]!r} meant?" if near else "Map it to a column."
            yield Finding(("fields",), f"field {name!r} is missing", remedy)


def _misfits(entity: str, name: str, spec: Spec, kind: Type) -> Iterator[Finding]:
    """Find what the engine could not work with: another type, target, or other choices."""
    path, given = ("fields", name), spec.get("type")
    if given in list(Type) and not fits(kind, given):
        yield Finding((*path, "type"), f"{given!r} does not fit", f"{name} needs {kind.value!r}.")
    target = spec.get("to")
    if kind is Type.LOOKUP and target in list(NEEDED) and target != target_of(name):
        remedy = f"{name} needs {target_of(name)!r}."
        yield Finding((*path, "to"), f"{target!r} does not fit", remedy)
    choices, wanted = spec.get("choices"), CHOICES.get((entity, name), ())
    if wanted and isinstance(choices, dict):
        for one in wanted:
            if one not in choices:
                yield Finding((*path, "choices"), f"{one!r} is missing", "Map it to its value.")
        yield from foreign(choices, (*path, "choices"), wanted)


def _shared_columns(fields: Mapping[str, Field]) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for name, field in fields.items():
        for column in field.columns:
            if column in owners:
                told = f"column {column!r} is already {owners[column]!r}"
                yield Finding(
                    ("fields", name, "dataverse"), told, "Give each field a column of its own."
                )
            owners.setdefault(column, name)


def _field(name: str, spec: object, findings: list[Finding]) -> Field | None:
    path = ("fields", name)
    if not isinstance(spec, dict):
        findings.append(
            Finding(path, "this must be a mapping", "Write {dataverse: ..., type: ...}.")
        )
        return None
    before = len(findings)
    findings += unknown_keys(spec, path, FIELD_KEYS)
    findings += _type_findings(spec, path)
    columns = _columns(spec, path, findings)
    for find in (_target_findings, _end_findings, rights_findings, partner_findings):
        findings += find(spec, path)
    choices = _choices(spec, path, len(columns), findings)
    if len(findings) > before:
        return None
    return Field(
        name=name,
        type=Type(str(spec["type"])),
        columns=tuple(columns),
        choices=choices,
        target=str(spec.get("to", "")),
        bind=str(spec.get("bind", "")),
        shift=_shift(name, spec),
        partner_center=str(spec.get("partner_center", "")),
        partner_end=str(spec.get("partner_end", "")),
        template=str(spec.get("template", "")),
        constant=_constant(spec),
        partner_choices=words(spec, "partner_choices"),
        owner=str(spec.get("owner", "")),
        direction=str(spec.get("direction", "")),
        enforce=spec.get("enforce") is True,
        write_back=words(spec, "write_back"),
    )


def _constant(spec: Spec) -> Value:
    given = spec.get("constant")
    return given if isinstance(given, str | int) else None


def _type_findings(spec: Spec, path: Path) -> Iterator[Finding]:
    kind = spec.get("type")
    if kind not in list(Type):
        remedy = meant(kind, tuple(Type), f"Use one of: {', '.join(Type)}.")
        yield Finding((*path, "type"), f"unknown type {kind!r}", remedy)


def _columns(spec: Spec, path: Path, findings: list[Finding]) -> list[str]:
    place, kind, given = (*path, "dataverse"), spec.get("type"), spec.get("dataverse")
    columns = [given] if isinstance(given, str) else given
    if not (isinstance(columns, list) and all(isinstance(one, str) and one for one in columns)):
        findings.append(Finding(place, "a column name is missing", "Name it."))
        return []
    if len(columns) != (2 if kind == Type.STATUS else 1):
        remedy = "Name the status and the status reason." if kind == Type.STATUS else "Name one."
        findings.append(Finding(place, f"{columns!r} does not fit", remedy))
    for column in columns:
        if column != column.lower():
            remedy = f"Write {column.lower()!r}; the name of a navigation property goes to `bind`."
            findings.append(Finding(place, f"{column!r} is no logical name", remedy))
    return columns


def _target_findings(spec: Spec, path: Path) -> Iterator[Finding]:
    target, is_lookup = spec.get("to"), spec.get("type") == Type.LOOKUP
    if is_lookup and target not in list(NEEDED):
        remedy = meant(target, tuple(NEEDED), f"Use one of: {', '.join(NEEDED)}.")
        yield Finding((*path, "to"), f"unknown entity {target!r}", remedy)
    for key in ("to", "bind"):
        if key in spec and not is_lookup:
            yield Finding((*path, key), f"{key!r} has no effect here", "It is for a lookup only.")
    if is_lookup and not isinstance(spec.get("bind", ""), str):
        yield Finding((*path, "bind"), f"{spec['bind']!r} is no name", "Name the property.")


def _end_findings(spec: Spec, path: Path) -> Iterator[Finding]:
    if "ends" not in spec:
        return
    if spec["ends"] not in END_KINDS:
        remedy = "Use inclusive or exclusive."
        yield Finding((*path, "ends"), f"unknown end {spec['ends']!r}", remedy)
    if path[-1] not in ENDS:
        remedy = f"It is for {', '.join(ENDS)}."
        yield Finding((*path, "ends"), "'ends' has no effect here", remedy)


def _shift(name: str, spec: Spec) -> int:
    means, given = ENDS.get(name, ""), spec.get("ends")
    if given in {None, means}:
        return 0
    return 1 if means == "exclusive" else -1


def _choices(
    spec: Spec, path: Path, width: int, findings: list[Finding]
) -> dict[str, tuple[int, ...]]:
    given, place = spec.get("choices"), (*path, "choices")
    if spec.get("type") not in (Type.CHOICE, Type.STATUS):
        if "choices" in spec and spec.get("type") in list(Type):
            remedy = "It is for a choice or a status only."
            findings.append(Finding(place, "'choices' has no effect here", remedy))
        return {}
    if not isinstance(given, dict) or not given:
        findings.append(Finding(place, "choices are missing", "Map name: value."))
        return {}
    choices: dict[str, tuple[int, ...]] = {}
    for name, value in given.items():
        values = tuple(value) if isinstance(value, list) else (value,)
        findings += _choice_findings((*place, str(name)), value, values, width)
        double = next((known for known, taken in choices.items() if taken == values), None)
        if double is not None:
            told = f"{value!r} is already {double!r}"
            findings.append(Finding((*place, str(name)), told, "Give each choice its own value."))
        choices[str(name)] = values
    return choices


def _choice_findings(
    path: Path, value: object, values: tuple[object, ...], width: int
) -> Iterator[Finding]:
    if len(values) != width or not all(type(part) is int for part in values):
        remedy = f"{width} whole number(s) are expected, one a column."
        yield Finding(path, f"{value!r} does not fit", remedy)
