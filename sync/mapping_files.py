"""Read the parsed YAML of `mappings/`: entities and the rulebook, with every finding at once.

Pure: documents come in as data; `seatkeeper/yaml_files.py` opens the files and adds line numbers.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from lifecycle.rules import Finding, Rulebook, read_rulebook
from sync.mapping import Entity, Field
from sync.mapping_fields import read_fields
from sync.mapping_needs import CREATED, NEEDED
from sync.mapping_trials import check_shape
from sync.mapping_words import meant, unknown_keys
from sync.remote import Json

TOP_KEYS = ("entity", "dataverse", "match", "constants", "fields", "tests")
TABLE_KEYS = ("table", "set", "id")
MATCH_KEYS = ("dataverse", "partner_center")
_RULES = "lifecycle.yaml"


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
    documents: Mapping[str, object],
    texts: Mapping[str, bytes],
    broken: Collection[str] = (),
) -> tuple[Mappings | None, list[FileFinding]]:
    """Read all documents by file name; the mappings are None when there are findings."""
    findings: list[FileFinding] = []
    entities: dict[str, Entity] = {}
    named: set[str] = set()
    rulebook: Rulebook | None = None
    for file, document in sorted(documents.items()):
        if file == _RULES:
            rulebook, found = read_rulebook(document)
        else:
            entity, found = read_entity(document)
            name = _name(file, document)
            if name in named:
                found = [Finding(("entity",), f"{name} is mapped twice", "Keep one file.")]
            elif entity:
                entities[entity.name] = entity
            named.add(name)
        findings += [FileFinding(file, finding) for finding in found]
    findings += _absent(documents, named, broken)
    if findings or rulebook is None:
        return None, findings
    digest = sha256(b"\0".join(texts[name] for name in sorted(texts))).hexdigest()
    return Mappings(entities=entities, rulebook=rulebook, hash=digest), []


def _name(file: str, document: object) -> str:
    """Return the entity that a file is about; a misspelt one is told by the file's own name."""
    given = document.get("entity") if isinstance(document, dict) else None
    return given if isinstance(given, str) and given in NEEDED else file.removesuffix(".yaml")


def _absent(
    files: Collection[str], named: Collection[str], broken: Collection[str]
) -> Iterator[FileFinding]:
    if _RULES not in files and _RULES not in broken:
        yield _missing(_RULES)
    for name in NEEDED:
        if name not in named and f"{name}.yaml" not in broken:
            yield _missing(f"{name}.yaml")


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
    findings += unknown_keys(document, (), TOP_KEYS)
    if name not in NEEDED:
        remedy = meant(name, tuple(NEEDED), f"Known: {', '.join(NEEDED)}.")
        findings.append(Finding(("entity",), f"unknown entity {name!r}", remedy))
        return None, findings
    table = document.get("dataverse")
    table = table if isinstance(table, dict) else {}
    findings += unknown_keys(table, ("dataverse",), TABLE_KEYS)
    findings += [
        Finding(("dataverse", key), f"{key!r} is missing", "Name the table, set and id column.")
        for key in TABLE_KEYS
        if not isinstance(table.get(key), str)
    ]
    fields = read_fields(document.get("fields"), name, findings)
    constants = _constants(document.get("constants", {}), name, fields, findings)
    match = _match(document.get("match", {}), findings)
    named = document.get("fields")
    findings += check_shape(document.get("tests", []), named if isinstance(named, dict) else {})
    if findings:
        return None, findings
    entity = Entity(
        name=name,
        table=table["table"],
        set=table["set"],
        id_column=table["id"],
        fields=fields,
        constants=constants,
        match=match,
    )
    return entity, []


def _match(given: object, findings: list[Finding]) -> dict[str, str]:
    if not isinstance(given, dict):
        remedy = "Write {dataverse: ..., partner_center: ...}."
        findings.append(Finding(("match",), "this must be a mapping", remedy))
        return {}
    findings += unknown_keys(given, ("match",), MATCH_KEYS)
    findings += [
        Finding(("match", key), f"{given[key]!r} is no name", "Name one column or field.")
        for key in MATCH_KEYS
        if key in given and not isinstance(given[key], str)
    ]
    return {str(key): str(value) for key, value in given.items()}


def _constants(
    given: object, entity: str, fields: Mapping[str, Field], findings: list[Finding]
) -> dict[str, Json]:
    path = ("constants",)
    if not isinstance(given, dict):
        findings.append(Finding(path, "this must be a mapping", "Write {column: value}."))
        return {}
    if given and entity not in CREATED:
        remedy = f"Only {', '.join(CREATED)} are created."
        findings.append(Finding(path, "'constants' has no effect here", remedy))
    mapped = {column for field in fields.values() for column in (*field.columns, field.navigation)}
    for column, value in given.items():
        place = (*path, str(column))
        if not isinstance(value, str | int):
            remedy = "Use text, a whole number, true or false."
            findings.append(Finding(place, f"{value!r} does not fit", remedy))
        if str(column).removesuffix("@odata.bind") in mapped:
            told = f"column {column!r} is mapped to a field"
            findings.append(Finding(place, told, "Keep one of them."))
    return {str(column): value for column, value in given.items()}
