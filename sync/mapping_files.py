"""Read the parsed YAML of `mappings/`: entities and the rulebook, with every finding at once.

Pure: documents come in as data; `seatkeeper/yaml_files.py` opens the files and adds line numbers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256

from lifecycle.rules import Finding, Rulebook, read_rulebook
from sync.mapping import Entity, Field, Type
from sync.mapping_needs import CHOICES, NEEDED, fits

_TOP_KEYS = ("entity", "dataverse", "match", "fields")
_TABLE_KEYS = ("table", "set", "id")
_FIELD_KEYS = ("dataverse", "type", "choices", "to", "partner_center", "owner")
_OWNERS = ("crm", "partner_center", "manual")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mappings:
    """Everything that `mappings/` says."""

    entities: Mapping[str, Entity]
    rulebook: Rulebook
    hash: str

    def entity(self, name: str) -> Entity:
        return self.entities[name]

    @property
    def sets(self) -> Mapping[str, str]:
        """Entity name -> entity set name."""
        return {name: entity.set for name, entity in self.entities.items()}


@dataclass(frozen=True, slots=True)
class FileFinding:
    """A finding and the file it is in."""

    file: str
    finding: Finding


def read_mappings(
    documents: Mapping[str, object], texts: Mapping[str, bytes]
) -> tuple[Mappings | None, list[FileFinding]]:
    """Read all documents by file name; the mappings are None when there are findings."""
    findings: list[FileFinding] = []
    entities: dict[str, Entity] = {}
    rulebook: Rulebook | None = None
    for file, document in sorted(documents.items()):
        if file.rsplit(".", 1)[0] == "lifecycle":
            rulebook, found = read_rulebook(document)
        else:
            entity, found = read_entity(document)
            if entity and entity.name in entities:
                found = [Finding(("entity",), f"{entity.name} is mapped twice", "Keep one file.")]
            elif entity:
                entities[entity.name] = entity
        findings += [FileFinding(file, finding) for finding in found]
    if "lifecycle.yaml" not in documents:
        findings.append(_missing("lifecycle.yaml"))
    if not findings:
        findings += [_missing(f"{name}.yaml") for name in NEEDED if name not in entities]
    if findings or rulebook is None:
        return None, findings
    digest = sha256(b"\0".join(texts[name] for name in sorted(texts))).hexdigest()
    return Mappings(entities=entities, rulebook=rulebook, hash=digest), []


def _missing(file: str) -> FileFinding:
    return FileFinding(
        file, Finding((), "the file is missing", "Copy it from the shipped mappings/.")
    )


def read_entity(document: object) -> tuple[Entity | None, list[Finding]]:
    """Read one entity's file."""
    findings: list[Finding] = []
    if not isinstance(document, dict):
        return None, [Finding((), "this must be a mapping", "Begin with `entity: NAME`.")]
    name = str(document.get("entity", ""))
    findings += _unknown(document, (), _TOP_KEYS)
    if name not in NEEDED:
        findings.append(
            Finding(("entity",), f"unknown entity {name!r}", f"Known: {', '.join(NEEDED)}.")
        )
        return None, findings
    table = document.get("dataverse")
    table = table if isinstance(table, dict) else {}
    findings += _unknown(table, ("dataverse",), _TABLE_KEYS)
    findings += [
        Finding(("dataverse", key), f"{key!r} is missing", "Name the table, set and id column.")
        for key in _TABLE_KEYS
        if not isinstance(table.get(key), str)
    ]
    fields = _fields(document.get("fields"), name, findings)
    if findings:
        return None, findings
    entity = Entity(
        name=name, table=table["table"], set=table["set"], id_column=table["id"], fields=fields
    )
    return entity, []


def _fields(document: object, entity: str, findings: list[Finding]) -> dict[str, Field]:
    if not isinstance(document, dict):
        findings.append(Finding(("fields",), "this must be a mapping", "Name the fields."))
        return {}
    findings += [
        Finding(("fields",), f"field {name!r} is missing", "Map it to a column.")
        for name in NEEDED[entity]
        if name not in document
    ]
    for name, kind in NEEDED[entity].items():
        spec = document.get(name)
        if isinstance(spec, dict):
            findings += _needs_findings(entity, name, spec, kind)
    read = (_field(str(name), spec, findings) for name, spec in document.items())
    return {field.name: field for field in read if field}


def _needs_findings(
    entity: str, name: str, spec: Mapping[str, object], kind: Type
) -> Iterator[Finding]:
    """Find what the engine could not work with: another type, missing or foreign choices."""
    path, given = ("fields", name), spec.get("type")
    if given in list(Type) and not fits(kind, given):
        yield Finding((*path, "type"), f"{given!r} does not fit", f"{name} needs {kind.value!r}.")
    choices = spec.get("choices")
    wanted = CHOICES.get((entity, name), ())
    if not wanted or not isinstance(choices, dict):
        return
    for one in wanted:
        if one not in choices:
            yield Finding((*path, "choices"), f"{one!r} is missing", "Map it to its value.")
    for one in map(str, choices):
        if one not in wanted:
            near = get_close_matches(one, wanted, n=1)
            remedy = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(wanted)}."
            yield Finding((*path, "choices", one), f"{one!r} is not known", remedy)


def _field(name: str, spec: object, findings: list[Finding]) -> Field | None:
    path = ("fields", name)
    if not isinstance(spec, dict):
        findings.append(
            Finding(path, "this must be a mapping", "Write {dataverse: ..., type: ...}.")
        )
        return None
    before = len(findings)
    findings += _unknown(spec, path, _FIELD_KEYS)
    kind = spec.get("type")
    if kind not in list(Type):
        findings.append(
            Finding((*path, "type"), f"unknown type {kind!r}", f"Use one of: {', '.join(Type)}.")
        )
    columns = spec.get("dataverse")
    columns = [columns] if isinstance(columns, str) else columns
    if not (isinstance(columns, list) and all(isinstance(column, str) for column in columns)):
        findings.append(Finding((*path, "dataverse"), "a column name is missing", "Name it."))
        columns = []
    elif len(columns) != (2 if kind == Type.STATUS else 1):
        remedy = "Name the status and the status reason." if kind == Type.STATUS else "Name one."
        findings.append(Finding((*path, "dataverse"), f"{columns!r} does not fit", remedy))
    findings += [*_owner_findings(spec, path), *_target_findings(spec, path)]
    choices = _choices(spec, path, len(columns), findings)
    if len(findings) > before:
        return None
    return Field(
        name=name,
        type=Type(str(kind)),
        columns=tuple(columns),
        choices=choices,
        target=str(spec.get("to", "")),
        partner_center=str(spec.get("partner_center", "")),
        owner=str(spec.get("owner", "")),
    )


def _target_findings(spec: Mapping[str, object], path: tuple[str, ...]) -> list[Finding]:
    target = spec.get("to")
    if spec.get("type") != Type.LOOKUP or target in list(NEEDED):
        return []
    remedy = f"Use one of: {', '.join(NEEDED)}."
    return [Finding((*path, "to"), f"unknown entity {target!r}", remedy)]


def _owner_findings(spec: Mapping[str, object], path: tuple[str, ...]) -> list[Finding]:
    if spec.get("owner", "crm") in _OWNERS:
        return []
    return [
        Finding(
            (*path, "owner"),
            f"unknown owner {spec['owner']!r}",
            "Use crm, partner_center or manual.",
        )
    ]


def _choices(
    spec: Mapping[str, object], path: tuple[str, ...], width: int, findings: list[Finding]
) -> dict[str, tuple[int, ...]]:
    if spec.get("type") not in (Type.CHOICE, Type.STATUS):
        return {}
    given = spec.get("choices")
    if not isinstance(given, dict) or not given:
        findings.append(Finding((*path, "choices"), "choices are missing", "Map name: value."))
        return {}
    choices: dict[str, tuple[int, ...]] = {}
    for name, value in given.items():
        values = tuple(value) if isinstance(value, list) else (value,)
        if len(values) != width or not all(type(part) is int for part in values):
            findings.append(
                Finding(
                    (*path, "choices", str(name)),
                    f"{value!r} does not fit",
                    f"{width} whole number(s) are expected, one a column.",
                )
            )
        double = next((known for known, taken in choices.items() if taken == values), None)
        if double is not None:
            findings.append(
                Finding(
                    (*path, "choices", str(name)),
                    f"{value!r} is already {double!r}",
                    "Give each choice its own value.",
                )
            )
        choices[str(name)] = values
    return choices


def _unknown(
    document: Mapping[str, object], path: tuple[str, ...], known: tuple[str, ...]
) -> list[Finding]:
    findings = []
    for key in document:
        if key in known:
            continue
        near = get_close_matches(str(key), known, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Known keys: {', '.join(known)}."
        findings.append(Finding((*path, str(key)), f"unknown key {key!r}", remedy))
    return findings
