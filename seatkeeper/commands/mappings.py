"""`mapping`: copy and check the mapping files, run their tests, print their schema."""

import shutil
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from seatkeeper import output
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, ConfigFile
from seatkeeper.commands.sessions import on_a_copy
from seatkeeper.config import load_config
from seatkeeper.live_mappings import live_problems, notes
from seatkeeper.mapping_folder import (
    Folder,
    failures,
    open_folder,
    read_folder,
    shipped,
    trials_of,
)
from seatkeeper.requested import RequestRefusedError
from seatkeeper.yaml_files import ConfigurationError
from sync.mapping_files import Mappings
from sync.mapping_schema import entity_schema, lifecycle_schema

app = typer.Typer(help="Check the mappings.", no_args_is_help=True)

MappingFolder = Annotated[
    Path | None, typer.Option("--mappings", help="A folder of mappings.", show_default=False)
]


class SchemaOf(StrEnum):
    """Which files a schema is for."""

    ENTITY = "entity"
    LIFECYCLE = "lifecycle"


@app.command("validate")
def mapping_validate(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    folder: MappingFolder = None,
    live: Annotated[
        bool, typer.Option("--live", help="Compare with the tables of the environment, too.")
    ] = False,
) -> int:
    """Check the mapping files: all findings at once, with file, line and field."""
    found, mappings = _opened(config, folder)
    output.say(f"The mappings are valid: {len(mappings.entities)} entities, hash {mappings.hash}.")
    if live:
        _look_at_tables(config, found, mappings)
    return Exit.OK


def _look_at_tables(config: Path, found: Folder, mappings: Mappings) -> None:
    with on_a_copy(load_config(config)) as application:
        crm = application.engine.ports.crm
        problems = live_problems(crm, mappings, found)
        told = [] if problems else notes(crm, mappings)
    if problems:
        raise ConfigurationError(problems)
    for one in told:
        output.say(f"Note: {one}.")
    output.say(f"They fit the {len(mappings.entities)} tables of the environment.")


@app.command("test")
def mapping_test(config: ConfigFile = DEFAULT_CONFIG, *, folder: MappingFolder = None) -> int:
    """Run the tests that stand in the mapping files; exit code 1 when one does not hold."""
    found, mappings = _opened(config, folder)
    failed = list(failures(found, mappings))
    for one in failed:
        output.complain(str(one))
    count = sum(len(trials_of(found, name)) for name in mappings.entities)
    places = len({(one.file, one.field.split(".")[1]) for one in failed})
    output.say(f"{count} tests, {places} failed.")
    return Exit.ERROR if failed else Exit.OK


@app.command("copy")
def mapping_copy(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new or empty folder.")],
) -> int:
    """Copy the mapping files that ship to a folder, to change them there."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise RequestRefusedError(f"{folder} is not empty; name another folder")
    for path in (one for one in sorted(shipped().iterdir()) if one.is_file()):
        shutil.copyfile(path, folder / path.name)
        output.say(str(folder / path.name))
    output.say(f"Name it in the configuration: `mappings: {folder}`.")
    return Exit.OK


@app.command("schema")
def mapping_schema(
    of: Annotated[SchemaOf, typer.Argument(help="Which files it is for.")] = SchemaOf.ENTITY,
) -> int:
    """Print the JSON schema of the mapping files, for editors."""
    output.print_json(lifecycle_schema() if of is SchemaOf.LIFECYCLE else entity_schema())
    return Exit.OK


def _opened(config: Path, folder: Path | None) -> tuple[Folder, Mappings]:
    found = open_folder(folder or load_config(config, read_secrets=False).mappings)
    return found, read_folder(found)
