"""What can happen in a run, as plain values, and how each of them is carried out.

An act is a value, so that a failing sequence can be printed, read, shortened and kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from seatkeeper.instance import AlreadyRunningError
from sync.remote import RemoteError
from tests.durability.site import Killed
from tests.simulation.town import Town

STATUS: dict[str, dict[str, Any]] = {
    "active": {"statecode": 0, "statuscode": 1},
    "paused": {"statecode": 0, "statuscode": 126310000},
    "suspended": {"statecode": 1, "statuscode": 2},
    "cancelled": {"statecode": 1, "statuscode": 126310001},
}
NAMES = {1: "active", 126310000: "paused", 2: "suspended", 126310001: "cancelled"}
TROUBLES: dict[str, dict[str, Any]] = {
    "lost before commit": {"drop": "before_commit"},
    "lost after commit": {"drop": "after_commit"},
    "429": {"status": 429, "retry_after": 2},
    "429 for long": {"status": 429, "retry_after": 100},
    "429 without a time": {"status": 429},
    "500": {"status": 500},
    "502": {"status": 502},
    "503": {"status": 503},
    "504": {"status": 504},
    "timed out": {"delay_seconds": 200},
    "412": {"status": 412},
    "409": {"status": 409},
    "401": {"status": 401},
}
SETTINGS: dict[str, dict[str, Any]] = {
    "202": {"accepted_seconds": 20},
    "not ready": {"not_ready_seconds": 30},
    "few requests a minute": {"partner_center_per_minute": 6},
}


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happens."""

    verb: str
    who: int = 0
    value: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """The daemon works; at one of its points something may happen."""

    how: str = "cycle"
    point: str = ""
    """`store` or `wire` (it dies there), a trouble, `person`, or a second daemon on the same state
    (`second`) or on a copy of it (`rival`), which works while this one waits for an answer."""
    at: int = 0
    times: int = 1
    act: Act | None = None
    """What a person does just before the request."""


Happening = Act | Work


def happen(town: Town, what: Happening) -> None:
    """Carry out what happens."""
    match what:
        case Act():
            _ACTS[what.verb](town, what)
        case Work():
            _work(town, what)


# --- people at Dynamics ------------------------------------------------------------------------


def _who(town: Town, act: Act) -> str:
    return town.subscriptions[act.who % len(town.subscriptions)]


def _row(town: Town, act: Act) -> dict[str, Any] | None:
    wanted = _who(town, act)
    rows = [r for r in town.rows("sk_subscription") if r["sk_subscriptionid"] == wanted]
    return rows[0] if rows else None


def _edit(town: Town, act: Act, **columns: Any) -> None:
    """Save a subscription; a row that is gone cannot be saved."""
    if _row(town, act) is not None:
        town.edit(_who(town, act), **columns)


def _status(town: Town, act: Act) -> None:
    _edit(town, act, **STATUS[act.detail], sk_changeeffectiveon=None)


def _back_dated(town: Town, act: Act) -> None:
    day = town.today() - timedelta(days=act.value)
    _edit(town, act, **STATUS[act.detail], sk_changeeffectiveon=day.isoformat())


def _both(town: Town, act: Act) -> None:
    _edit(town, act, **STATUS[act.detail], sk_quantity=act.value, sk_changeeffectiveon=None)


def _quantity(town: Town, act: Act) -> None:
    _edit(town, act, sk_quantity=act.value, sk_changeeffectiveon=None)


def _schedule(town: Town, act: Act) -> None:
    day = town.today() + timedelta(days=act.value)
    _edit(town, act, sk_deactivateon=day.isoformat())


def _delete_row(town: Town, act: Act) -> None:
    if _row(town, act) is not None:
        town.delete("sk_subscription", _who(town, act))


def _ours(town: Town, table: str, act: Act) -> list[dict[str, Any]]:
    rows = town.lines(_who(town, act)) if table == "sk_invoiceline" else town.logs(_who(town, act))
    return sorted(rows, key=lambda row: row[f"{table}id"])


def _delete_line(town: Town, act: Act) -> None:
    for row in _ours(town, "sk_invoiceline", act)[:1]:
        town.delete("sk_invoiceline", row["sk_invoicelineid"])


def _edit_line(town: Town, act: Act) -> None:
    for row in _ours(town, "sk_invoiceline", act)[:1]:
        town.write("sk_invoiceline", row["sk_invoicelineid"], {"sk_amount": act.value})


def _note_log(town: Town, act: Act) -> None:
    for row in _ours(town, "sk_changelog", act)[-1:]:
        town.write("sk_changelog", row["sk_changelogid"], {"sk_name": "seen by Alex"})


def _provision(town: Town, act: Act) -> None:
    """Set what waits for a person to Provisioned, or what failed to Awaiting Provisioning."""
    for row in town.logs(_who(town, act)):
        held = row["sk_provisioningstatus"]
        if held == 126310003:
            wanted = 126310000
        elif held == 126310000 and _who(town, act) not in town.licences:
            wanted = 126310002
        else:
            continue
        town.write("sk_changelog", row["sk_changelogid"], {"sk_provisioningstatus": wanted})


def _touch_contract(town: Town, act: Act) -> None:
    name = sorted(town.contracts)[act.who % len(town.contracts)]
    town.write("sk_billingcontract", town.contracts[name], {"sk_name": f"Fabrikam {name} again"})


def _touch_draft(town: Town, act: Act) -> None:
    for row in town.rows("sk_invoice"):
        if row["statuscode"] == 1:
            town.write("sk_invoice", row["sk_invoiceid"], {"sk_name": "looked at"})


def _pay(town: Town, act: Act) -> None:
    issued = [row for row in town.rows("sk_invoice") if row["statuscode"] == 126310000]
    for row in sorted(issued, key=lambda one: one["sk_cyclestart"])[:1]:
        changes = {"statecode": 1, "statuscode": 126310001}
        town.write("sk_invoice", row["sk_invoiceid"], changes)


# --- people at Partner Center ------------------------------------------------------------------


def _by_hand(town: Town, act: Act) -> None:
    licence = town.licences.get(_who(town, act))
    changes: dict[str, dict[str, Any]] = {
        "suspend": {"status": "suspended"},
        "reactivate": {"status": "active"},
        "seats": {"quantity": act.value},
        "auto-renew": {"autoRenewEnabled": False},
        "name": {"friendlyName": "Fabrikam's own"},
    }
    if licence:
        with town.world.acting(town.world.identity.person_id):
            town.world.partner_center.change_by_hand(licence, changes[act.detail])


# --- the world ---------------------------------------------------------------------------------


def _wait(town: Town, act: Act) -> None:
    town.advance(act.value)


def _clock(town: Town, act: Act) -> None:
    """Move business time; going back, it cannot be told any more which audit rows are new."""
    town.went_back = town.went_back or act.value < 0
    with town.world.lock:
        town.world.clock.advance(act.value)


def _settings(town: Town, act: Act) -> None:
    town.world.settings.change(SETTINGS[act.detail])


def _configure(town: Town, act: Act) -> None:
    """Change the configuration; a daemon reads it when it starts."""
    choices: dict[str, Any] = {
        "refunds": {"process_refunds": bool(act.value % 2)},
        "change day": {"change_day": ("old_state", "new_state")[act.value % 2]},
    }
    town.configured |= choices[act.detail]
    town.stop()


# --- the operator ------------------------------------------------------------------------------


def _stop(town: Town, act: Act) -> None:
    town.stop()


def _second(town: Town, act: Act) -> None:
    """Start a second daemon on the same state: the lock refuses it, before it asks anything."""
    town.alive()
    _refused_by_the_lock(town)


def _refused_by_the_lock(town: Town) -> None:
    try:
        town.second()
    except AlreadyRunningError:
        return
    town.watch.log.info("two daemons")


def _back_up(town: Town, act: Act) -> None:
    town.back_up()


def _restore(town: Town, act: Act) -> None:
    if town.backups:
        town.restore(act.value)
        town.watch.forget()


def _lose(town: Town, act: Act) -> None:
    """Lose the state: at rest (value 1), so that nothing falls between, or at any moment."""
    if act.value:
        town.settle_down()
    is_refused = bool(town.look(lambda tx: tx.parked()))  # a row that stands where it may not
    town.lossy = town.lossy or not act.value or is_refused
    town.lose_state()
    town.watch.forget()
    town.lost_on = town.today()
    if act.value:
        town.settle_down()


_ACTS: dict[str, Callable[[Town, Act], None]] = {
    "status": _status,
    "back-dated": _back_dated,
    "both": _both,
    "quantity": _quantity,
    "price": lambda town, act: _edit(town, act, sk_unitprice=act.value),
    "refund choice": lambda town, act: _edit(town, act, sk_refundchoice=126310000 + act.value),
    "hold": lambda town, act: _edit(town, act, sk_hold=bool(act.value)),
    "schedule": _schedule,
    "unschedule": lambda town, act: _edit(town, act, sk_deactivateon=None),
    "auto-renew": lambda town, act: _edit(town, act, sk_autorenew=bool(act.value)),
    "touch": lambda town, act: _edit(town, act, sk_name=f"Premium {act.value}"),
    "delete row": _delete_row,
    "delete line": _delete_line,
    "edit line": _edit_line,
    "note on log": _note_log,
    "provision": _provision,
    "touch contract": _touch_contract,
    "touch draft": _touch_draft,
    "pay": _pay,
    "by hand": _by_hand,
    "wait": _wait,
    "clock": _clock,
    "settings": _settings,
    "configure": _configure,
    "sweep": lambda town, act: town.sweep(),
    "stop": _stop,
    "second daemon": _second,
    "back up": _back_up,
    "restore": _restore,
    "lose": _lose,
}
VERBS = frozenset(_ACTS)


# --- the daemon at work ------------------------------------------------------------------------


def _work(town: Town, work: Work) -> None:
    """Let the daemon work once; whatever happens to it, the world is whole again afterwards."""
    _arm(town, work)
    works: dict[str, Callable[[], object]] = {
        "cycle": town.cycle,
        "hear": town.hear_now,
        "once": town.once,
        "invoice": town.issue,
    }
    try:
        works[work.how]()
    except Killed:
        town.stop()
    except RemoteError as error:
        town.watch.log.info("service down", why=str(error))
    finally:
        town.wire.before = lambda _: None
        town.store_tally.deadly = town.wire.tally.deadly = 0
        town.fault()


def _arm(town: Town, work: Work) -> None:
    town.store_tally.arm(work.at if work.point == "store" else 0)
    town.wire.tally.arm(work.at if work.point == "wire" else 0)
    left = [work.at]

    def before(_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            _interfere(town, work)

    if work.point in TROUBLES or work.point in {"person", "second", "rival"}:
        town.wire.before = before


def _interfere(town: Town, work: Work) -> None:
    if work.point in TROUBLES:
        town.fault(times=work.times, **TROUBLES[work.point])
    elif work.act is not None:
        happen(town, work.act)
    elif work.point == "second":
        _refused_by_the_lock(town)
    elif work.point == "rival":
        town.wire.before = lambda _: None
        town.rival()
