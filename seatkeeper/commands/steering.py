"""`pause`, `resume`, `revert`, `resync`: what a person does to a running Seatkeeper."""

from typing import Annotated

import typer

from seatkeeper import output
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, AsJson, ConfigFile
from seatkeeper.commands.sessions import run_alone_or_ask
from seatkeeper.config import load_config


def pause(config: ConfigFile = DEFAULT_CONFIG) -> int:
    """Send nothing from now on; what happens is still seen and stored."""
    (done,) = run_alone_or_ask(load_config(config, read_secrets=False), "pause", {})
    output.say(f"Paused since {done['paused_since']}; `seatkeeper resume` lets it go on.")
    return Exit.OK


def resume(config: ConfigFile = DEFAULT_CONFIG) -> int:
    """Go on after a pause; what waits is done by the next cycle."""
    (done,) = run_alone_or_ask(load_config(config, read_secrets=False), "resume", {})
    output.say("It goes on." if done["was_paused"] else "It was not paused.")
    return Exit.OK


def revert(
    change: Annotated[str, typer.Argument(help="A change key, or the id of a change log.")],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    as_json: AsJson = False,
) -> int:
    """Take back the newest change of a subscription, by a new one that is settled as usual."""
    (done,) = run_alone_or_ask(load_config(config), "revert", {"change": change})
    if as_json:
        output.print_json(done)
        return Exit.OK
    row = f"{done['subscription_id']} to {done['status']}, {done['quantity']} seats"
    if done["sent"]:
        output.say(f"Set back {row}; the next cycle logs, provisions and settles it.")
    else:
        output.say(f"Stored: setting back {row}; it is sent as soon as it may be.")
    return Exit.OK


def resync(config: ConfigFile = DEFAULT_CONFIG) -> int:
    """Have the next cycle read all rows in full and compare them; equal ones stay as they are."""
    run_alone_or_ask(load_config(config), "resync", {})
    output.say("The next cycle reads every row and compares it with what is known.")
    return Exit.OK
