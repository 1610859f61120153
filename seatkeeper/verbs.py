"""The table of verbs: what each does in a sentence, and where it is.

A verb is loaded when it is called: to list them, or to look at the state, needs no client library.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import typer


@dataclass(frozen=True, slots=True)
class Verb:
    """Where a verb is (`module:name` in `commands/`), and the first sentence of its help."""

    place: str
    help: str


VERBS: Mapping[str, Verb] = {
    "init": Verb(
        "init:init",
        "Ask what a new tenant needs, write the configuration without a secret, and check it.",
    ),
    "run": Verb("running:run", "Run the daemon, or one cycle of it."),
    "apply": Verb(
        "running:apply",
        "Accept a plan that you have looked at, and do exactly that; the guards let it through.",
    ),
    "plan": Verb(
        "looking:plan",
        "Print what would be done; change nothing. Exit code 2 when there is something.",
    ),
    "status": Verb(
        "standing:status",
        "Tell on one screen how things stand; 3 for a guard, 4 for parked work. Needs no service.",
    ),
    "drift": Verb(
        "drift:drift",
        "Show every known difference between Dynamics and Partner Center. Exit code 2 for some.",
    ),
    "explain": Verb(
        "telling:explain",
        "Tell the whole story of a subscription, change log, invoice line or operation.",
    ),
    "log": Verb(
        "telling:log",
        "Print the trail: one line for each thing that was seen, decided, sent or answered.",
    ),
    "check": Verb(
        "looking:check",
        "Check configuration, machine, sign-in, rights, tables and columns; all findings at once.",
    ),
    "health": Verb(
        "watching:health",
        "Ask the running daemon whether it lives; 0 when it does, 1 when it does not.",
    ),
    "pause": Verb(
        "steering:pause", "Send nothing from now on; what happens is still seen and stored."
    ),
    "resume": Verb("steering:resume", "Go on after a pause; what waits is done by the next cycle."),
    "revert": Verb(
        "steering:revert",
        "Take back the newest change of a subscription, by a new one that is settled as usual.",
    ),
    "resync": Verb(
        "steering:resync",
        "Have the next cycle read all rows in full and compare them; equal ones stay as they are.",
    ),
    "backup": Verb(
        "keeping:backup",
        "Copy the state to a file while the daemon runs; a file that is there is replaced.",
    ),
    "restore": Verb(
        "keeping:restore",
        "Put a backup in the place of the state; the daemon must be stopped.",
    ),
    "verify": Verb(
        "keeping:verify",
        "Judge the state file, the trail and the invariants; all findings at once.",
    ),
    "console": Verb(
        "console:console", "Serve the operator's pages until Ctrl-C; a one-time link opens them."
    ),
    "sandbox": Verb(
        "playing:sandbox", "Serve Dataverse, Partner Center and sign-in, emulated over HTTPS."
    ),
    "demo": Verb(
        "playing:demo",
        "Play the story of a deactivation and activation once, against the sandbox.",
    ),
    "import": Verb(
        "importing:import_",
        "Make subscription rows in Dynamics of licences that only Partner Center knows.",
    ),
    "invoice": Verb("invoice_show:app", "Preview, issue and pay invoices."),
    "parked": Verb("parked:app", "What is set aside for a person."),
    "mapping": Verb("mappings:app", "Check the mappings."),
    "schema": Verb("schema:app", "The tables in Dynamics."),
    "store": Verb("store:app", "Where the state is kept."),
}


def command_line(called: str | None = None) -> typer.Typer:
    """Return the command line with one verb loaded, and only the names of the others; None: all."""
    app = typer.Typer(
        help="Keeps subscriptions in Dynamics 365 and Microsoft Partner Center in step.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    for name, verb in VERBS.items():
        if called in {None, name}:
            _load(app, name, verb)
        else:
            app.command(name, help=verb.help)(_listed)
    return app


def _load(app: typer.Typer, name: str, verb: Verb) -> None:
    module, _, attribute = verb.place.partition(":")
    found = getattr(import_module(f"seatkeeper.commands.{module}"), attribute)
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name)
    else:
        app.command(name)(found)


def _listed() -> None:
    """Stand for a verb that is not called."""
