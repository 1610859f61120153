"""`run`: the daemon, or one cycle of it."""

from pathlib import Path
from typing import Annotated

import typer

from seatkeeper import output
from seatkeeper.bootstrap import Application, meet
from seatkeeper.commands.exits import Exit
from seatkeeper.commands.options import DEFAULT_CONFIG, ConfigFile
from seatkeeper.commands.sessions import application_of, run_and_go_on
from seatkeeper.config import load_config
from seatkeeper.daemon import Daemon, catch_signals, note_success
from seatkeeper.holding import await_state, hold_state
from seatkeeper.mapping_folder import open_mappings
from seatkeeper.mapping_reload import Reloader
from seatkeeper.set_aside import for_a_person
from seatkeeper.tidying import tidy_if_due
from sync import guard_memory
from sync.cycle import Report, run_once, work_is_left
from sync.invoice_round import run_round
from sync.partner_round import run_partner_round
from sync.paused import paused_since


def run(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    once: Annotated[bool, typer.Option("--once", help="Poll once, work, and end.")] = False,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="With --once: list all licences and compare them.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Read the mappings again when a file changes.")
    ] = False,
) -> int:
    """Run the daemon, or one cycle of it."""
    if sweep and not once:
        raise typer.BadParameter("--sweep goes with --once; a daemon is asked by drift --sweep.")
    settings = load_config(config)
    open_mappings(settings.mappings)
    if not once:
        await_state(settings)
    with hold_state(settings) as holding, application_of(settings) as application:
        holding.bind(application.store, application.halt)
        if once:
            return one_cycle(application, sweep=sweep)
        catch_signals(application)
        reloader = Reloader(application, watch=watch)
        reloader.catch_signal()
        Daemon(application, renew=reloader.look).run()
    return Exit.OK


def apply(
    config: ConfigFile = DEFAULT_CONFIG,
    *,
    plan: Annotated[
        Path,
        typer.Option(
            "--plan", exists=True, dir_okay=False, help="The output of `seatkeeper plan --json`."
        ),
    ],
) -> int:
    """Accept a plan that you have looked at, and do exactly that; the guards let it through."""
    argument = {"plan": plan.read_text(encoding="utf-8")}
    (done,), code = run_and_go_on(load_config(config), "apply", argument, one_cycle)
    output.say(f"The plan {str(done['hash'])[:12]} is accepted.")
    return code


def one_cycle(application: Application, *, sweep: bool = False) -> int:
    """Poll once, work until nothing can be done now, and say what is left."""
    meet(application)
    report = _worked(application, sweep=sweep)
    for failure in report.failures:
        output.complain(str(failure))
    if not report.failures:
        note_success(application)
        tidy_if_due(application)
    counts, parked, since = application.store.tx(
        lambda tx: (tx.counts(), for_a_person(tx.parked()), paused_since(tx))
    )
    output.say(
        f"{report.changes} rows read, {counts.waiting + counts.open_operations} pieces of work"
        f" left, {len(parked)} parked."
    )
    if report.sign_in is not None:
        return Exit.SIGN_IN
    if report.stopped:
        for alarm in application.store.tx(guard_memory.alarms):
            output.complain(f"A guard tripped, nothing was sent: {alarm.sentence}")
        return Exit.GUARD
    if since:
        output.complain(f"Paused since {since}: nothing is sent until `seatkeeper resume`.")
        return Exit.TEMPORARY
    if report.failures or work_is_left(application.engine):
        return Exit.TEMPORARY
    return Exit.PARKED if parked else Exit.OK


def _worked(application: Application, *, sweep: bool) -> Report:
    """Run a cycle, the providers' round and what follows from it, and the invoices' round.

    A provider that is down keeps no invoice from being issued.
    """
    engine = application.engine
    report = run_once(engine)
    if report.failures or report.stopped:
        return report
    found = run_partner_round(engine, whole=sweep)
    if engine.ports.store.tx(lambda tx: tx.suspects()):
        report.failures += run_once(engine).failures
    if not report.failures:
        report.failures += run_round(engine).failures
    report.failures += found.failures.values()
    return report
