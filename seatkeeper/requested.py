"""Commands of a person that change something: run under the lock, alone or by the daemon.

The command line and the daemon run the same function (rules.md 2.14). A command answers with a
list of results, as JSON; what cannot be done raises RequestRefusedError.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TypeAlias

from sync import guard_memory
from sync.accepting import accept
from sync.by_hand import RefusedByHandError
from sync.cycle import look_at_parked
from sync.engine import Engine
from sync.importing import Wanted, plan_import, run_import
from sync.invoice_run import run_invoices
from sync.paused import EVERYTHING, paused_since, send_again, stop_sending
from sync.paying import pay_invoice
from sync.ports import Tx
from sync.remote import Read, RemoteError
from sync.resolving import Choice, resolve
from sync.reverting import revert
from sync.state import TrailEntry
from sync.sweep_state import ask_sweep
from sync.taking import take
from sync.unlisted import ask_all, unlisted

Asked: TypeAlias = Mapping[str, str | None]
Results: TypeAlias = list[dict[str, object]]

NEEDS_NOBODY = frozenset({"pause", "resume"})
"""Commands that work while no service answers."""


class RequestRefusedError(Exception):
    """A command of a person cannot be carried out; the text says why."""


def run_request(engine: Engine, verb: str, argument: str) -> str:
    """Run a command of a person; return its result as JSON. Raise RequestRefusedError."""
    command = _COMMANDS.get(verb)
    if command is None:
        raise RequestRefusedError(f"unknown command {verb!r}")
    asked: Asked = json.loads(argument)
    _note_person(engine, verb, asked)
    try:
        return json.dumps(command(engine, asked), default=str)
    except RefusedByHandError as error:
        raise RequestRefusedError(str(error)) from error


def _note_person(engine: Engine, verb: str, asked: Asked) -> None:
    """Write into the trail who asked, before it is done: a command of the console names them."""
    if not (by := asked.get("by")):
        return
    subject = asked.get("subject") or asked.get("contract") or EVERYTHING
    facts = {"verb": verb, "by": by, "choice": asked.get("choice") or ""}
    told = {name: text for name, text in facts.items() if text}
    entry = TrailEntry(at=_moment(engine), subject=subject, event="command", facts=told)
    engine.ports.store.tx(lambda tx: tx.trail([entry]))


def _invoice_run(engine: Engine, asked: Asked) -> Results:
    on, contract = asked["on"], asked["contract"]
    if engine.observe:
        raise RequestRefusedError("mode is observe; invoices are issued in mode apply only")
    if since := engine.ports.store.tx(paused_since):
        raise RequestRefusedError(
            f"paused since {since}, nothing is sent; `seatkeeper resume` lets it go on"
        )
    if contract is not None:
        entity = engine.mappings.entity("contract")
        read = Read(set=entity.set, columns=(entity.id_column,), id=contract)
        if not engine.ports.crm.read([read])[0].rows:
            raise RequestRefusedError(f"there is no billing contract {contract}")
    if alarms := engine.ports.store.tx(guard_memory.alarms):
        raise RequestRefusedError(f"a guard tripped, nothing is sent: {alarms[0].sentence}")
    day = date.fromisoformat(on) if on else engine.now().date()
    return [asdict(one) for one in run_invoices(engine, day, contract)]


def _invoice_paid(engine: Engine, asked: Asked) -> Results:
    if engine.observe:
        raise RequestRefusedError("mode is observe; nothing is written outside")
    on = asked["on"]
    day = date.fromisoformat(on) if on else None
    return [asdict(pay_invoice(engine, str(asked["invoice"]), day))]


def _parked_retry(engine: Engine, asked: Asked) -> Results:
    subject = asked.get("subject")
    found = look_at_parked(engine, subject)
    if subject and not found:
        raise RequestRefusedError(f"no subscription {subject} is parked for another look")
    return [{"looked_at": found}]


def _parked_resolve(engine: Engine, asked: Asked) -> Results:
    subject, choice = str(asked["subject"]), Choice(str(asked["choice"]))
    if choice is Choice.TAKE:
        value, field = str(asked["take"]), str(asked.get("field") or "")
        return [{"said": take(engine, subject, value, field)}]
    return [{"said": resolve(engine, subject, choice)}]


def _pause(engine: Engine, _: Asked) -> Results:
    return [{"paused_since": stop_sending(engine, _moment(engine))}]


def _resume(engine: Engine, _: Asked) -> Results:
    return [{"was_paused": send_again(engine, _moment(engine))}]


def _moment(engine: Engine) -> datetime:
    """Return business time, or the machine's own while Dataverse does not answer."""
    try:
        return engine.now()
    except RemoteError:
        return datetime.now(UTC)  # noqa: TID251  # pausing must not need a service


def _revert(engine: Engine, asked: Asked) -> Results:
    if engine.observe:
        raise RequestRefusedError("mode is observe; nothing is written outside")
    return [asdict(revert(engine, str(asked["change"])))]


def _resync(engine: Engine, _: Asked) -> Results:
    """Forget how far the tables were read; the next cycle reads all rows and compares them."""
    names = ("change_log", "subscription", "invoice")
    tables = [engine.mappings.entity(name).table for name in names]
    entry = engine.trail(EVERYTHING, "resync", tables=", ".join(tables))

    def tx_clear(tx: Tx) -> None:
        for table in tables:
            tx.set_cursor(table, None)
        tx.trail([entry])

    engine.ports.store.tx(tx_clear)
    return [{"table": table} for table in tables]


def _apply(engine: Engine, asked: Asked) -> Results:
    if engine.observe:
        raise RequestRefusedError("mode is observe; nothing is written outside")
    plan = accept(engine, str(asked["plan"]))
    return [{"hash": plan["hash"]}]


def _drift_sweep(engine: Engine, _: Asked) -> Results:
    """Have everything listed; whoever holds the lock does it."""
    names, others = list(engine.ports.feeds), unlisted(engine)
    if not (names or others):
        raise RequestRefusedError("no connection under providers: can be asked for its licences")

    def tx_ask(tx: Tx) -> None:
        ask_sweep(tx, names)
        ask_all(engine, tx)

    engine.ports.store.tx(tx_ask)
    return [{"service": name} for name in (*names, *others)]


def _import_plan(engine: Engine, asked: Asked) -> Results:
    return [asdict(one) for one in plan_import(engine, _wanted(asked))]


def _import(engine: Engine, asked: Asked) -> Results:
    if engine.observe:
        raise RequestRefusedError("mode is observe; nothing is written outside (see --dry-run)")
    return [asdict(one) for one in run_import(engine, _wanted(asked))]


def _wanted(asked: Asked) -> Wanted:
    day = asked["bill_from"]
    return Wanted(
        licences=tuple(filter(None, str(asked["licences"] or "").split(","))),
        customer=asked["customer"] or "",
        contract=asked["contract"] or "",
        bill_from=date.fromisoformat(day) if day else None,
    )


_COMMANDS: Mapping[str, Callable[[Engine, Asked], Results]] = {
    "invoice run": _invoice_run,
    "invoice paid": _invoice_paid,
    "parked retry": _parked_retry,
    "parked resolve": _parked_resolve,
    "pause": _pause,
    "resume": _resume,
    "revert": _revert,
    "resync": _resync,
    "apply": _apply,
    "drift sweep": _drift_sweep,
    "import plan": _import_plan,
    "import": _import,
}
