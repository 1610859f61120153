"""Which steps bring the provider from what it holds to what is wanted. Pure.

```
wanted       provider holds   steps
suspended    active           suspend (hold auto-renew and schedules first)
suspended    suspended        none
suspended    ended            none: it is stopped already
active       suspended        reactivate, set quantity if it differs, restore the hold
active       active           set quantity if it differs, restore the hold if there is one
active, fewer seats than the provider lets go: schedule for renewal, or fail after the rest
active       ended            fails: a new purchase is needed
cancelled    deleted          none
cancelled    active           cancel while the window is open, else fails with the choices
suspended, by a policy that cancels, while the window is open: cancel
cancelled, outside the window, and a person chose to suspend instead: suspend
```
(ended = expired, disabled or deleted at the provider; sheet partner-center.md 4.1 and 4.7)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lifecycle.consequences import FINAL, Terms, bill_sentence
from lifecycle.decisions import Standing
from lifecycle.states import Status
from sync.remote import Action, Json, Licence, Row

_ENDED = frozenset({"expired", "disabled", "deleted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The way to the wanted state, or why there is none."""

    actions: tuple[Action, ...] = ()
    failure: str = ""
    """A sentence for the CRM user: what the steps (if any) cannot do, and what to do about it."""
    code: str = ""
    note: str = ""
    """What the CRM user should know though all is well."""
    scheduled_on: date | None = None
    """A decrease that takes effect only at renewal (rules.md 5.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What policies, or a person, say about how a state is reached."""

    schedule_decreases: bool = False
    """Seats that the provider does not let go now are scheduled for renewal."""
    cancel_inside_window: bool = False
    """A deactivation cancels while the provider allows it."""
    suspend_outside_window: bool = False
    """A cancellation that comes too late suspends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Business time: the instant, and the day in the contract's zone."""

    now: datetime
    today: date


def steps(
    wanted: Standing, licence: Licence, hold: Row | None, moment: Moment, ways: Ways
) -> Steps:
    """Compare what is wanted with what the provider holds."""
    match wanted.status:
        case Status.ACTIVE:
            return _to_active(wanted.quantity, licence, hold, schedule=ways.schedule_decreases)
        case Status.SUSPENDED if ways.cancel_inside_window and _can_cancel(licence, moment):
            return Steps(actions=(Action.CANCEL,), note=FINAL)
        case Status.PAUSED | Status.SUSPENDED:
            return _to_suspended(licence, moment.today)
        case Status.CANCELLED:
            return _to_cancelled(licence, moment, ways)
        case Status.EXPIRED:
            return Steps()


def _can_cancel(licence: Licence, moment: Moment) -> bool:
    """Tell whether a New Commerce licence can be cancelled now; an older one is suspended."""
    in_use = licence.status in {"active", "suspended"}
    return in_use and licence.is_new_commerce and terms_of(licence).can_cancel(moment.now)


def terms_of(licence: Licence) -> Terms:
    """Return what decides the consequences of stopping a licence."""
    scheduled = [value for value in licence.held.values() if not isinstance(value, bool)]
    ends = any(
        isinstance(one, Mapping) and one.get("actionType") == "Cancel"
        for value in scheduled
        if isinstance(value, Sequence) and not isinstance(value, str)
        for one in value
    )
    return Terms(
        is_new_commerce=licence.is_new_commerce,
        ends_on=licence.term_ends_on,
        cancellable_until=licence.cancellable_until,
        renews=licence.auto_renew,
        has_schedule=any(map(bool, scheduled)),
        ends_by_itself=ends,
    )


def _to_suspended(licence: Licence, today: date) -> Steps:
    if licence.status == "suspended" or licence.status in _ENDED:
        return Steps(note=f"The provider already had it as {licence.status}.")
    if licence.status != "active":
        return _unready(licence)
    return Steps(actions=(Action.SUSPEND,), note=still_billed(licence, today))


def still_billed(licence: Licence, today: date) -> str:
    """Say what a suspend does not stop (sheet partner-center.md 4.2)."""
    return bill_sentence(terms_of(licence), today)


def _to_active(quantity: int, licence: Licence, hold: Row | None, *, schedule: bool) -> Steps:
    if licence.status in _ENDED:
        return Steps(
            failure=f"The provider has ended this subscription ({licence.status}); it cannot be"
            " reactivated. Buy a new one and enter its id, then set this log to Awaiting"
            " Provisioning.",
            code="provider-ended",
        )
    if licence.status not in {"active", "suspended"}:
        return _unready(licence)
    actions = [Action.REACTIVATE] if licence.status == "suspended" else []
    stuck = _stuck_seats(quantity, licence)
    if quantity != licence.quantity and not stuck:
        actions.append(Action.SET_QUANTITY)
    to_restore = hold if hold is not None else licence.held
    if worth_restoring(to_restore) and (actions or to_restore != licence.held):
        actions.append(Action.RESTORE)
    if stuck:
        return _decrease(tuple(actions), licence, stuck, schedule=schedule)
    return Steps(actions=tuple(actions))


def _stuck_seats(quantity: int, licence: Licence) -> int:
    """Count the seats that a New Commerce term does not let go (only the last 7 days' adds go)."""
    fewer = licence.quantity - quantity
    if fewer <= 0 or not licence.is_new_commerce:
        return 0
    return fewer if (licence.refundable_seats or 0) < fewer else 0


def _decrease(
    actions: tuple[Action, ...], licence: Licence, stuck: int, *, schedule: bool
) -> Steps:
    ends = licence.term_ends_on
    renewal = ends + timedelta(days=1) if ends else None
    if schedule and renewal and licence.auto_renew:
        note = f"The provider lets the seats go at renewal, on {renewal:%-d %B %Y}."
        return Steps(actions=(*actions, Action.SCHEDULE_QUANTITY), note=note, scheduled_on=renewal)
    at = f" on {renewal:%-d %B %Y}" if renewal else ""
    return Steps(
        actions=actions,
        failure=f"The provider lets only {licence.refundable_seats or 0} of {stuck} seats go now;"
        f" the others can go at renewal{at}. Set the quantity back, or reduce it at renewal.",
        code="decrease-refused",
    )


def _to_cancelled(licence: Licence, moment: Moment, ways: Ways) -> Steps:
    if licence.status in _ENDED:
        return Steps(note=f"The provider already had it as {licence.status}.")
    until = licence.cancellable_until
    if until is not None and moment.now <= until:
        return Steps(actions=(Action.CANCEL,))
    if ways.suspend_outside_window:
        return _to_suspended(licence, moment.today)
    closed = f"closed on {until:%-d %B %Y}" if until else "is closed"
    ends = f" until {licence.term_ends_on:%-d %B %Y}" if licence.term_ends_on else ""
    return Steps(
        failure=f"The provider allows no cancellation any more: the window {closed}, and it bills"
        f"{ends}. Choose: suspend it at the provider and turn auto-renew off, or leave it until"
        " the term ends; then set this log to Provisioned.",
        code="cancel-window-closed",
    )


def _unready(licence: Licence) -> Steps:
    return Steps(
        failure=f"The provider reports the status {licence.status!r}, which allows no change now."
        " Look at the subscription there, then set this log to Awaiting Provisioning.",
        code="provider-status",
    )


def worth_restoring(held: Row | None) -> bool:
    """Tell whether a suspend took something: auto-renew on, or a scheduled change."""
    return held is not None and any(_is_set(value) for value in held.values())


def _is_set(value: Json) -> bool:
    return bool(value) if not isinstance(value, Mapping) else True


def holds(licence: Licence, wanted: Standing) -> bool:
    """Tell whether the provider already holds the wanted state."""
    if wanted.status is Status.ACTIVE:
        return licence.status == "active" and licence.quantity == wanted.quantity
    if wanted.status is Status.CANCELLED:
        return licence.status in _ENDED
    return licence.status == "suspended" or licence.status in _ENDED
