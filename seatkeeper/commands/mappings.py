"""`mapping`: check the mapping files."""

from pathlib import Path
from typing import Annotated

import typer

from seatkeeper import output
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, ConfigFile
from seatkeeper.config import load_config
from seatkeeper.mapping_folder import open_mappings

app = typer.Typer(help="Check the mappings.", no_args_is_help=True)


@app.command("validate")
def mapping_validate(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    folder: Annotated[Path | None, typer.Option("--mappings", help="A folder of mappings.")] = None,
) -> int:
    """Check the mapping files: all findings at once, with file, line and field."""
    mappings = open_mappings(folder or load_config(config).mappings)
    output.say(f"The mappings are valid: {len(mappings.entities)} entities, hash {mappings.hash}.")
    return Exit.OK
