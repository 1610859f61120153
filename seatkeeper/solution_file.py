"""Write the solution package: a zip with the same bytes every time."""

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from connector.dataverse.definitions.package import solution_files
from sync.schema.wanted import Schema

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can tell."""


def write_solution(schema: Schema, path: Path) -> None:
    """Write the package of a schema; a file that is there is replaced."""
    with ZipFile(path, "w", ZIP_DEFLATED) as package:
        for name, content in solution_files(schema).items():
            info = ZipInfo(name, date_time=_LONG_AGO)
            info.compress_type = ZIP_DEFLATED
            package.writestr(info, content)
