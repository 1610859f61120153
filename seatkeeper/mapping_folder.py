"""Open a folder of mappings: the tenant's own, else those that ship with Seatkeeper."""

from pathlib import Path

from seatkeeper.yaml_files import ConfigurationError, Document, Problem, open_yaml
from sync.mapping_files import FileFinding, Mappings, read_mappings

_HERE = Path(__file__).resolve().parent


def shipped() -> Path:
    """Return the folder of the mappings that ship: in the wheel, else beside the packages."""
    inside = _HERE / "mappings"
    return inside if inside.is_dir() else _HERE.parent / "mappings"


def open_mappings(folder: Path | None) -> Mappings:
    """Read all mappings; raise ConfigurationError with every finding, file and line."""
    place = folder or shipped()
    if not place.is_dir():
        message = "this folder of mappings does not exist."
        problem = Problem(file=str(place), line=None, field="mappings", message=message)
        raise ConfigurationError([problem])
    documents: dict[str, Document] = {}
    problems: list[Problem] = []
    for path in sorted(place.glob("*.yaml")):
        try:
            documents[path.name] = open_yaml(path)
        except ConfigurationError as error:
            problems += error.problems
    if problems:
        raise ConfigurationError(problems)
    mappings, findings = read_mappings(
        {name: document.data for name, document in documents.items()},
        {name: document.text for name, document in documents.items()},
    )
    if mappings is None:
        raise ConfigurationError([_problem(place, documents, one) for one in findings])
    return mappings


def _problem(place: Path, documents: dict[str, Document], found: FileFinding) -> Problem:
    document = documents.get(found.file)
    return Problem(
        file=str(place / found.file),
        line=document.line(found.finding.path) if document else None,
        field=".".join(map(str, found.finding.path)),
        message=f"{found.finding.message}.",
        remedy=found.finding.remedy,
    )
