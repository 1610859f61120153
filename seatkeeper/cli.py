"""The command line: verbs, options and exit codes. Each verb is thin; the work is elsewhere.

Exit codes: 0 ok, 1 error, 2 plan has changes, 3 guard tripped, 4 something is parked, 64 usage,
75 temporary (work is left), 77 sign-in, 78 configuration.
"""

import json
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from pathlib import Path
from typing import Annotated, NoReturn
from uuid import UUID

import typer

from sandbox.server import Options, serve
from seatkeeper import checks, logs, output
from seatkeeper.bootstrap import Application, build, look_at_store, meet
from seatkeeper.config import Config, load_config
from seatkeeper.daemon import Daemon, RequestRefusedError, catch_signals, note_success, run_request
from seatkeeper.demo import run_demo
from seatkeeper.explain import find_story, tell
from seatkeeper.instance import AlreadyRunningError, single_instance
from seatkeeper.mapping_folder import open_mappings, shipped
from seatkeeper.yaml_files import ConfigurationError
from sync.cycle import look_at_parked, run_once, work_is_left
from sync.invoicing import Bill, read_bill
from sync.preview import preview
from sync.remote import RemoteError, SignInFailed, Unavailable
from sync.settling import Trouble
from sync.state import IncompatibleStateError, Parked, Request
from sync.wording import money_words


class Exit(IntEnum):
    """What a command's exit code says."""

    OK = 0
    ERROR = 1
    CHANGES = 2
    GUARD = 3
    PARKED = 4
    USAGE = 64
    TEMPORARY = 75
    SIGN_IN = 77
    CONFIGURATION = 78


app = typer.Typer(
    help="Keeps subscriptions in Dynamics 365 and Microsoft Partner Center in step.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
invoice_app = typer.Typer(
    help="Preview and issue invoices, mark them as paid.", no_args_is_help=True
)
parked_app = typer.Typer(help="What is set aside for a person.", no_args_is_help=True)
mapping_app = typer.Typer(help="Check the mappings.", no_args_is_help=True)
app.add_typer(invoice_app, name="invoice")
app.add_typer(parked_app, name="parked")
app.add_typer(mapping_app, name="mapping")

ConfigFile = Annotated[
    Path, typer.Option("--config", help="The configuration file.", show_default=True)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT_CONFIG = Path("config.yaml")
_REQUEST_SECONDS = 60


def main() -> NoReturn:
    """Run a command and end with its exit code, one sentence for every error."""
    sys.exit(run_command(sys.argv[1:]))


_ERRORS: tuple[tuple[type[Exception], str, Exit], ...] = (
    (ConfigurationError, "The configuration cannot be used:\n{}", Exit.CONFIGURATION),
    (IncompatibleStateError, "The state cannot be used: {}", Exit.CONFIGURATION),
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


# --- the daemon --------------------------------------------------------------------------------


@app.command()
def run(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    once: Annotated[bool, typer.Option("--once", help="Poll once, work, and end.")] = False,
) -> int:
    """Run the daemon, or one cycle of it."""
    settings = load_config(config)
    open_mappings(settings.mappings)
    with single_instance(settings.state_file), _application(settings) as application:
        if once:
            return _once(application)
        catch_signals(application)
        Daemon(application).run()
    return Exit.OK


def _once(application: Application) -> int:
    meet(application)
    report = run_once(application.engine)
    for failure in report.failures:
        output.complain(str(failure))
    if not report.failures:
        note_success(application)
    counts = application.store.tx(lambda tx: tx.counts())
    output.say(
        f"{report.changes} rows read, {counts.waiting + counts.open_operations} pieces of work"
        f" left, {counts.parked} parked."
    )
    if report.sign_in is not None:
        return Exit.SIGN_IN
    if report.failures or work_is_left(application.engine):
        return Exit.TEMPORARY
    return Exit.PARKED if counts.parked else Exit.OK


@contextmanager
def _application(settings: Config, *, inline: bool = False) -> Iterator[Application]:
    application = build(settings, inline=inline)
    try:
        yield application
    finally:
        application.close()


@contextmanager
def _on_a_copy(settings: Config) -> Iterator[Application]:
    """Build an application on a copy of the state in memory: nothing it does is kept."""
    store = look_at_store(settings)
    twin = store.copy()
    store.close()
    application = build(settings, store=twin, inline=True)
    try:
        yield application
    finally:
        application.close()


# --- looking -----------------------------------------------------------------------------------


@app.command()
def plan(config: ConfigFile = DEFAULT_CONFIG, *, as_json: AsJson = False) -> int:
    """Print what would be done; change nothing. Exit code 2 when there is something."""
    with _on_a_copy(load_config(config)) as application:
        meet(application)
        document = preview(application.engine)
    changes = document["changes"]
    if as_json:
        output.print_json(document)
    else:
        _print_plan(document)
    return Exit.CHANGES if changes else Exit.OK


def _print_plan(document: dict[str, object]) -> None:
    changes = document["changes"]
    if not isinstance(changes, list) or not changes:
        output.say("Nothing to do.")
        return
    for change in changes:
        output.say(
            f"{change['subscription']}  {change['transition'] or '-'}"
            f"  effective {change['effective_on'] or '-'}"
        )
        for word in ("reason", "refused"):
            if change[word]:
                output.say(f"  {word}: {change[word]}")
        for one in change["operations"]:
            output.say(f"  {one['service']}: {one['action']} {one['target']}")
        for line in change["lines"]:
            output.say(f"  {line['kind']} {line['amount']}: {line['explanation']}")
    output.say(f"plan {document['hash']}")


@app.command()
def status(config: ConfigFile = DEFAULT_CONFIG, *, as_json: AsJson = False) -> int:
    """Tell on one screen how things stand; 4 when something is parked. Needs no service."""
    settings = load_config(config)
    mappings = open_mappings(settings.mappings)
    store = look_at_store(settings)
    counts, parked, organisation, success = store.tx(
        lambda tx: (tx.counts(), tx.parked(), tx.meta("organisation"), tx.meta("last_success"))
    )
    store.close()
    facts: dict[str, object] = {
        "mode": settings.mode,
        "organisation": organisation,
        "last_success": success,
        **asdict(counts),
        "mapping_hash": mappings.hash,
    }
    if as_json:
        output.print_json({**facts, "parked_subjects": [asdict(one) for one in parked]})
    else:
        output.print_table("Seatkeeper", ("what", "value"), facts.items())
        _print_parked(parked)
    return Exit.PARKED if parked else Exit.OK


def _print_parked(parked: Sequence[Parked]) -> None:
    if parked:
        rows = ((one.subject, one.code, f"{one.reason} {one.advice}") for one in parked)
        output.print_table("Parked", ("subject", "code", "why, and what to do"), rows)


@app.command()
def explain(
    subject: Annotated[
        str, typer.Argument(metavar="ID", help="A subscription, log, line or change.")
    ],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    as_json: AsJson = False,
) -> int:
    """Tell the whole story of a subscription, change log, invoice line or operation."""
    store = look_at_store(load_config(config))
    story = find_story(store, subject)
    store.close()
    if story is None:
        output.complain(f"Nothing is known of {subject}; give the id of a row or a change key.")
        return Exit.ERROR
    if as_json:
        output.print_json(story.document())
    else:
        for line in tell(story):
            output.say(line)
    return Exit.OK


@app.command()
def check(config: ConfigFile = DEFAULT_CONFIG, *, as_json: AsJson = False) -> int:
    """Check configuration, sign-in, tables and columns; all findings at once."""
    with _on_a_copy(load_config(config)) as application:
        results = checks.check(application)
    if as_json:
        output.print_json([asdict(one) for one in results])
    else:
        rows = (("ok" if one.ok else "WRONG", one.what, one.told) for one in results)
        output.print_table("Check", ("", "what", "found"), rows)
    if any(one.sign_in for one in results):
        return Exit.SIGN_IN
    return Exit.OK if all(one.ok for one in results) else Exit.CONFIGURATION


# --- parked, mapping ---------------------------------------------------------------------------


@parked_app.command("list")
def parked_list(config: ConfigFile = DEFAULT_CONFIG, *, as_json: AsJson = False) -> int:
    """List what is set aside, with the reason and what to do."""
    store = look_at_store(load_config(config))
    parked = store.tx(lambda tx: tx.parked())
    store.close()
    if as_json:
        output.print_json([asdict(one) for one in parked])
    elif parked:
        _print_parked(parked)
    else:
        output.say("Nothing is parked.")
    return Exit.PARKED if parked else Exit.OK


@parked_app.command("retry")
def parked_retry(config: ConfigFile = DEFAULT_CONFIG) -> int:
    """Look at everything parked again, now."""
    settings = load_config(config)
    with _application(settings, inline=True) as application:
        try:
            with single_instance(settings.state_file):
                meet(application)
                look_at_parked(application.engine)
                return _once(application)
        except AlreadyRunningError:
            _ask(application, "parked retry", "{}")
    return Exit.OK


@mapping_app.command("validate")
def mapping_validate(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    folder: Annotated[Path | None, typer.Option("--mappings", help="A folder of mappings.")] = None,
) -> int:
    """Check the mapping files: all findings at once, with file, line and field."""
    mappings = open_mappings(folder or load_config(config).mappings)
    output.say(f"The mappings are valid: {len(mappings.entities)} entities, hash {mappings.hash}.")
    return Exit.OK


# --- invoices ----------------------------------------------------------------------------------


def _row_id(text: str | None) -> str | None:
    """Check the id of a row; anything else is a slip of the keyboard."""
    try:
        return str(UUID(text)) if text else None
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no id of a row.") from None


@invoice_app.command("run")
def invoice_run(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Issue what is due then.")
    ] = None,
    contract: Annotated[
        str | None, typer.Option("--contract", callback=_row_id, help="Only this contract.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Issue the invoices that are due on a day, and open the next drafts."""
    settings = load_config(config)
    with _application(settings, inline=True) as application:
        argument: dict[str, object] = {"on": _day(on), "contract": contract}
        issued = _run_or_ask(application, "invoice run", argument)
    if as_json:
        output.print_json(issued)
    else:
        rows = (
            (one["contract_name"], one["cycle_start"], one["number"] or "rolled on", _total(one))
            for one in issued
        )
        output.print_table("Invoices", ("contract", "cycle from", "number", "total"), rows)
    return Exit.OK


def _total(issued: Mapping[str, object]) -> str:
    return money_words(str(issued["currency"]), Decimal(str(issued["total"])))


def _day(on: datetime | None) -> str | None:
    # A typed date has no zone, and is the contract's own day; without --on Dataverse says.
    return on.date().isoformat() if on else None


def _run_or_ask(
    application: Application, verb: str, argument: dict[str, object]
) -> list[dict[str, object]]:
    """Run a command under the lock, or have the running daemon do it."""
    text = json.dumps(argument)
    try:
        with single_instance(application.config.state_file):
            meet(application)
            result = run_request(application.engine, verb, text)
    except AlreadyRunningError:
        result = _ask(application, verb, text)
    found: list[dict[str, object]] | dict[str, object] = json.loads(result)
    if isinstance(found, dict):
        raise RequestRefusedError(str(found["error"]))
    return found


def _ask(application: Application, verb: str, argument: str) -> str:
    """Queue a command for the daemon and wait for its answer."""
    effects, store = application.engine.ports.effects, application.store
    request = Request(effects.new_id(), verb, argument)
    store.tx(lambda tx: tx.ask(request))
    for _ in range(_REQUEST_SECONDS * 5):
        answer = store.tx(lambda tx: tx.take_answer(request.id))
        if answer is not None:
            return answer
        effects.sleep(0.2)
    raise AlreadyRunningError(f"the daemon did not answer within {_REQUEST_SECONDS} s")


@invoice_app.command("preview")
def invoice_preview(
    contract: Annotated[
        str, typer.Argument(callback=_row_id, help="The id of a billing contract.")
    ],
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    on: Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"])] = None,
    as_json: AsJson = False,
) -> int:
    """Show the next invoice of a contract as `invoice run` would issue it; change nothing."""
    with _on_a_copy(load_config(config)) as application:
        meet(application)
        day = (on or application.engine.now()).date()
        bill = read_bill(application.engine, contract, day)
    if isinstance(bill, Trouble):
        output.complain(bill.sentence)
        return Exit.ERROR
    if bill is None:
        output.say("No invoice is due for this contract on that day.")
        return Exit.OK
    _print_bill(bill, as_json=as_json)
    return Exit.OK


def _print_bill(bill: Bill, *, as_json: bool) -> None:
    currency, sums = bill.contract.currency, bill.sums
    rows = [("waiting", line.kind, money_words(currency, line.amount)) for line in bill.waiting]
    rows += [
        ("new", line.kind.value, money_words(currency, line.amount)) for line in bill.new_lines
    ]
    if as_json:
        lines = [dict(zip(("state", "kind", "amount"), row, strict=True)) for row in rows]
        output.print_json(
            {
                "contract": bill.contract.id,
                "cycle_start": bill.cycle.start,
                "lines": lines,
                **asdict(sums),
                "carried": bill.carried,
                "currency": currency,
            }
        )
        return
    title = f"{bill.contract.name}, cycle from {bill.cycle.start}"
    output.print_table(title, ("", "kind", "net"), rows)
    net, tax, total = (money_words(currency, one) for one in (sums.net, sums.tax, sums.total))
    output.say(f"net {net}, tax {tax}, total {total}")


# --- sandbox and demo --------------------------------------------------------------------------


@app.command()
def sandbox(
    *,
    port: Annotated[int, typer.Option("--port", help="0 takes any free port.")] = 8443,
    data: Annotated[
        Path | None, typer.Option("--data", help="Keep the state in this folder.")
    ] = None,
    ready_file: Annotated[
        Path | None, typer.Option("--ready-file", help="Written when it answers.")
    ] = None,
    name: Annotated[list[str] | None, typer.Option("--name", help="A further host name.")] = None,
) -> int:
    """Serve Dataverse, Partner Center and sign-in, emulated over HTTPS."""
    options = Options(
        mappings=shipped(),
        port=port,
        data_dir=data,
        ready_file=ready_file,
        names=tuple(name or ()),
    )
    serve(options, announce=_announce)
    return Exit.OK


def _announce(ready: Mapping[str, object]) -> None:
    origin = ready["dataverse_url"]
    output.say(f"The sandbox answers at {origin} (CRM pages: {origin}/app/).")
    output.say(f"Try: seatkeeper run --once --config {ready['config_file']}")


@app.command()
def demo(
    *,
    leave: Annotated[bool, typer.Option("--exit", help="End after the story.")] = False,
    port: Annotated[int, typer.Option("--port", help="0 takes any free port.")] = 0,
) -> int:
    """Play the story of a deactivation and activation once, against the sandbox."""
    return run_demo(leave=leave, port=port)
