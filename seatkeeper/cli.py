"""The command line: the table of verbs, the table of errors, and the exit codes.

Exit codes: 0 ok, 1 error, 2 plan has changes, 3 guard tripped, 4 something is parked, 64 usage,
75 temporary (work is left), 77 sign-in, 78 configuration. The verbs are in `commands/`.
"""

import sqlite3
import sys
from typing import NoReturn

import typer

from seatkeeper import logs, output
from seatkeeper.commands import (
    console,
    drift,
    importing,
    init,
    invoice_show,
    invoices,
    keeping,
    looking,
    mappings,
    parked,
    playing,
    running,
    schema,
    steering,
    telling,
    watching,
)
from seatkeeper.commands.exits import Exit
from seatkeeper.instance import AlreadyRunningError
from seatkeeper.requested import RequestRefusedError
from seatkeeper.yaml_files import ConfigurationError
from sync.remote import RemoteError, SignInFailed, Unavailable
from sync.state import IncompatibleStateError, StateError

app = typer.Typer(
    help="Keeps subscriptions in Dynamics 365 and Microsoft Partner Center in step.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _verb in (
    init.init,
    running.run,
    running.apply,
    looking.plan,
    looking.status,
    drift.drift,
    telling.explain,
    telling.log,
    looking.check,
    watching.health,
    steering.pause,
    steering.resume,
    steering.revert,
    steering.resync,
    keeping.backup,
    keeping.restore,
    keeping.verify,
    console.console,
    playing.sandbox,
    playing.demo,
):
    app.command()(_verb)
invoices.app.command("show")(invoice_show.invoice_show)
app.add_typer(invoices.app, name="invoice")
app.command("import")(importing.import_)
app.add_typer(parked.app, name="parked")
app.add_typer(mappings.app, name="mapping")
app.add_typer(schema.app, name="schema")


def main() -> NoReturn:
    """Run a command and end with its exit code, one sentence for every error."""
    sys.exit(run_command(sys.argv[1:]))


_ERRORS: tuple[tuple[type[Exception], str, Exit], ...] = (
    (ConfigurationError, "The configuration cannot be used:\n{}", Exit.CONFIGURATION),
    (IncompatibleStateError, "The state cannot be used: {}", Exit.CONFIGURATION),
    (StateError, "The state cannot be used: {}.", Exit.ERROR),
    (SignInFailed, "Signing in failed: {}", Exit.SIGN_IN),
    (AlreadyRunningError, "Not started: {}.", Exit.TEMPORARY),
    (Unavailable, "A service cannot be reached: {}", Exit.TEMPORARY),
    (RemoteError, "A service refuses what is needed: {}", Exit.ERROR),
    (RequestRefusedError, "Not done: {}", Exit.ERROR),
    (sqlite3.Error, "The state cannot be used: {}.", Exit.ERROR),
    (OSError, "This machine refuses something: {}.", Exit.ERROR),
)
"""The sentence and exit code of each error; the first that fits."""


def run_command(arguments: list[str]) -> int:
    """Run a command; return its exit code."""
    logs.configure()
    try:
        return int(app(arguments, standalone_mode=False) or Exit.OK)
    except typer.TyperException as error:
        said = error.format_message()
        output.complain(f"{said} See `seatkeeper --help`." if said else "")
        return Exit.USAGE
    except typer.Abort:
        return Exit.ERROR
    except tuple(kind for kind, _, _ in _ERRORS) as error:
        sentence, code = next((s, c) for kind, s, c in _ERRORS if isinstance(error, kind))
        output.complain(sentence.format(error))
        return code
