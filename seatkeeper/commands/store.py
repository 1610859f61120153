"""`store copy`: move the state from a file of SQLite to PostgreSQL."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from seatkeeper import output
from seatkeeper.bootstrap_state import demand_driver
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, ConfigFile
from seatkeeper.config import Config, load_config
from seatkeeper.instance import single_instance
from seatkeeper.requested import RequestRefusedError
from store.postgres_address import PostgresAddress, read_address

app = typer.Typer(help="Where the state is kept.", no_args_is_help=True)

To = Annotated[
    str, typer.Option("--to", metavar="URL", help="postgresql://USER@HOST/DATABASE[?schema=NAME]")
]


@app.callback()
def _group() -> None:
    """Where the state is kept."""


@app.command("copy")
def store_copy(to: To, config: ConfigFile = DEFAULT_CONFIG) -> int:
    """Copy the state to PostgreSQL, compare every table, and retire the file."""
    settings = load_config(config, read_secrets=False)
    if settings.state_place is not None:
        raise RequestRefusedError(f"the state is in PostgreSQL already: {settings.state_name}")
    place = _place(to)
    demand_driver(settings)
    with single_instance(settings.state_file):
        _move(settings, place)
    output.say(f"Now let `state` in the configuration name it: {to}")
    return Exit.OK


def _place(to: str) -> PostgresAddress:
    try:
        return read_address(to)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--to") from error


def _move(settings: Config, place: PostgresAddress) -> None:
    from store.postgres_backup import move_state  # noqa: PLC0415  # an extra

    now = datetime.now(UTC)  # noqa: TID251  # no service is asked; it only names
    stamp = f"{now:%Y%m%dT%H%M%S}"
    moved = move_state(settings.state_file, place, settings.state_secret, stamp=stamp)
    output.say(
        f"{place} holds {moved.rows} rows in {moved.tables} tables; every table and the chain of"
        " the trail were compared."
    )
    output.say(f"The file is kept as {moved.retired}, and refused from now on.")
