"""Open the description of the tables: the tenant's own, else the one that ships with Seatkeeper."""

from collections.abc import Iterable
from pathlib import Path

from lifecycle.rules import Finding
from seatkeeper.mapping_folder import shipped
from seatkeeper.yaml_files import ConfigurationError, Document, Problem, open_yaml
from sync.schema.reading import read_schema
from sync.schema.wanted import Schema

SCHEMA = "schema.yaml"


def open_schema(folder: Path | None) -> tuple[Schema, Document]:
    """Read the description; raise ConfigurationError with every finding, file and line."""
    own = (folder or shipped()) / SCHEMA
    document = open_yaml(own if own.is_file() else shipped() / SCHEMA)
    schema, findings = read_schema(document.data)
    if schema is None:
        raise refused(document, findings)
    return schema, document


def refused(document: Document, findings: Iterable[Finding]) -> ConfigurationError:
    """Return findings as problems of the file, each with its line."""
    return ConfigurationError(
        [
            Problem(
                file=document.file,
                line=document.line(one.path),
                field=".".join(map(str, one.path)),
                message=f"{one.message}.",
                remedy=one.remedy,
            )
            for one in findings
        ]
    )
