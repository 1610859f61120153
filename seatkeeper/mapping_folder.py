"""Open a folder of mappings: the tenant's own, else those that ship with Seatkeeper."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lifecycle.rules import Finding
from seatkeeper.yaml_files import ConfigurationError, Document, Problem, open_yaml
from sync.mapping_files import FileFinding, Mappings, read_mappings
from sync.mapping_trials import run_trials

_HERE = Path(__file__).resolve().parent
NO_MAPPINGS = frozenset({"schema.yaml"})
"""What else stands in the folder: the tables that `schema install` makes."""
_WRONG_ENDING = Finding(
    (), "only files that end in .yaml are read", "Rename it, or take it out of the folder."
)


@dataclass(slots=True, kw_only=True)
class Folder:
    """The mapping files of a folder, and what is wrong with those that cannot be read."""

    place: Path
    documents: dict[str, Document] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def problem(self, found: FileFinding) -> Problem:
        """Return a finding with its file and line."""
        document = self.documents.get(found.file)
        return Problem(
            file=str(self.place / found.file),
            line=document.line(found.finding.path) if document else None,
            field=".".join(map(str, found.finding.path)),
            message=f"{found.finding.message}.",
            remedy=found.finding.remedy,
        )

    def file_of(self, entity: str) -> str:
        """Return the name of the file that maps an entity."""
        return next(name for name, one in self.documents.items() if _about(one) == entity)


def shipped() -> Path:
    """Return the folder of the mappings that ship: in the wheel, else beside the packages."""
    inside = _HERE / "mappings"
    return inside if inside.is_dir() else _HERE.parent / "mappings"


def open_folder(folder: Path | None) -> Folder:
    """Open all files of a folder; those that are no YAML are among its problems."""
    place = folder or shipped()
    if not place.is_dir():
        message = "this folder of mappings does not exist."
        problem = Problem(file=str(place), line=None, field="mappings", message=message)
        raise ConfigurationError([problem])
    found = Folder(place=place)
    for path in sorted(set(place.glob("*.yaml")) - {place / one for one in NO_MAPPINGS}):
        try:
            found.documents[path.name] = open_yaml(path)
        except ConfigurationError as error:
            found.problems += error.problems
            found.broken.append(path.name)
    for path in sorted(place.glob("*.yml")):
        found.problems.append(found.problem(FileFinding(path.name, _WRONG_ENDING)))
    return found


def open_mappings(folder: Path | None) -> Mappings:
    """Read all mappings; raise ConfigurationError with every finding, file and line."""
    return read_folder(open_folder(folder))


def read_folder(found: Folder) -> Mappings:
    """Read the mappings of an opened folder; raise ConfigurationError with every finding."""
    mappings, findings = read_mappings(
        {name: document.data for name, document in found.documents.items()},
        {name: document.text for name, document in found.documents.items()},
        found.broken,
    )
    problems = [*found.problems, *(found.problem(one) for one in findings)]
    if mappings is None or problems:
        raise ConfigurationError(sorted(problems, key=lambda one: (one.file, one.line or 0)))
    return mappings


def trials_of(found: Folder, entity: str) -> list[Mapping[str, object]]:
    """Return the tests that stand in an entity's file."""
    document = found.documents[found.file_of(entity)].data
    tests = document.get("tests") if isinstance(document, dict) else None
    return tests if isinstance(tests, list) else []


def failures(found: Folder, mappings: Mappings) -> Iterator[Problem]:
    """Run the tests of all files; yield those that do not hold, with file and line."""
    for name, entity in mappings.entities.items():
        tests = trials_of(found, name)
        for one in run_trials(entity, tests):
            number = one.path[1] if len(one.path) > 1 else 0
            title = tests[number].get("name", "") if isinstance(number, int) else ""
            told = Finding(one.path, f"{title}: {one.told}", "")
            yield found.problem(FileFinding(found.file_of(name), told))


def _about(document: Document) -> object:
    return document.data.get("entity") if isinstance(document.data, dict) else None
