"""`import`: make rows in Dynamics of licences that only Partner Center knows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import typer

from seatkeeper import output
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, AsJson, ConfigFile, day_text, row_id
from seatkeeper.commands.sessions import run_alone_or_ask
from seatkeeper.config import Config, load_config

Told = Mapping[str, object]
Licences = Annotated[
    list[str] | None, typer.Argument(metavar="[LICENCE_ID]...", help="Ids at Partner Center.")
]
Every = Annotated[bool, typer.Option("--all", help="All that are active and have no row.")]
Customer = Annotated[
    str | None, typer.Option("--customer", metavar="ID", help="Of this customer tenant.")
]
Contract = Annotated[
    str | None, typer.Option("--contract", metavar="ID", help="The billing contract to use.")
]
BillFrom = Annotated[
    datetime | None,
    typer.Option("--bill-from", formats=["%Y-%m-%d"], help="First billed day; else today."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would be made, and make nothing.")
]


def import_(  # noqa: PLR0913  # every argument is an option of the command line
    licences: Licences = None,
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    every: Every = False,
    customer: Customer = None,
    contract: Contract = None,
    bill_from: BillFrom = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> int:
    """Make subscription rows in Dynamics of licences that only Partner Center knows."""
    named = [str(row_id(one)) for one in licences or ()]
    if bool(named) == (every or (customer is not None and not named)):
        raise typer.BadParameter("Name licences, or give --all or --customer.")
    asked = {
        "licences": ",".join(named),
        "customer": row_id(customer),
        "contract": row_id(contract),
        "bill_from": day_text(bill_from),
    }
    settings = load_config(config)
    planned = run_alone_or_ask(settings, "import plan", asked)
    if not as_json:
        _print(planned)
    done = planned if dry_run else _made(settings, asked, planned)
    if as_json:
        output.print_json(done)
    elif not dry_run:
        _conclude(done)
    return Exit.ERROR if any(one["refused"] for one in done) else Exit.OK


def _made(
    settings: Config, asked: Mapping[str, str | None], planned: Sequence[Told]
) -> Sequence[Told]:
    """Make the rows, unless all of them are refused."""
    if all(one["refused"] for one in planned):
        return planned
    return run_alone_or_ask(settings, "import", asked)


def _print(found: Sequence[Told]) -> None:
    """Show what would be made, and what is refused."""
    for one in found:
        seats = f"{one['seats']} seats, {one['status']}: " if one["status"] else ""
        output.say(f"{one['licence']}  {seats}{one['name']}")
        if one["refused"]:
            output.say(f"  refused: {one['refused']}")
        else:
            output.say(f"  account {one['account']}, contract {one['contract']}")
            output.say(f"  billed from {one['bill_from']}; becomes subscription {one['row']}")
    if not found:
        output.say(
            "There is nothing to import, as far as Partner Center was listed;"
            " `seatkeeper drift --sweep` lists it now."
        )


def _conclude(done: Sequence[Told]) -> None:
    """Say what was made, and what a person has to do about it."""
    made = [one for one in done if one["done"]]
    for one in made:
        later = " (stored; it is sent as soon as it may be)" if one["done"] == "stored" else ""
        output.say(f"{one['licence']} is subscription {one['row']}{later}.")
    if made:
        output.say("Enter their prices in Dynamics; without a price nothing is billed.")
