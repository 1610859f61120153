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
```
(ended = expired, disabled or deleted at the provider; sheet partner-center.md 4.1 and 4.7)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

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
class Moment:
    """Business time: the instant, and the day in the contract's zone."""

    now: datetime
    today: date


def steps(
    wanted: Standing, licence: Licence, hold: Row | None, moment: Moment, *, schedule: bool
) -> Steps:
    """Compare what is wanted with what the provider holds."""
    match wanted.status:
        case Status.ACTIVE:
            return _to_active(wanted.quantity, licence, hold, schedule=schedule)
        case Status.PAUSED | Status.SUSPENDED:
            return _to_suspended(licence, moment.today)
        case Status.CANCELLED:
            return _to_cancelled(licence, moment.now)
        case Status.EXPIRED:
            return Steps()


def _to_suspended(licence: Licence, today: date) -> Steps:
    if licence.status == "suspended" or licence.status in _ENDED:
        return Steps(note=f"The provider already had it as {licence.status}.")
    if licence.status != "active":
        return _unready(licence)
    return Steps(actions=(Action.SUSPEND,), note=still_billed(licence, today))


def still_billed(licence: Licence, today: date) -> str:
    """Say what a suspend does not stop (sheet partner-center.md 4.2)."""
    ends = licence.term_ends_on
    if not licence.is_new_commerce or ends is None or ends < today:
        return ""
    return f"Microsoft keeps billing until the term ends on {ends:%-d %B %Y}."


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
    if schedule and ends is not None and licence.auto_renew:
        renewal = ends + timedelta(days=1)
        note = f"The provider lets the seats go at renewal, on {renewal:%-d %B %Y}."
        return Steps(actions=(*actions, Action.SCHEDULE_QUANTITY), note=note, scheduled_on=renewal)
    at = f" on {ends:%-d %B %Y}" if ends else ""
    return Steps(
        actions=actions,
        failure=f"The provider lets only {licence.refundable_seats or 0} of {stuck} seats go now;"
        f" the others can go at renewal{at}. Set the quantity back, or reduce it at renewal.",
        code="decrease-refused",
    )


def _to_cancelled(licence: Licence, now: datetime) -> Steps:
    if licence.status in _ENDED:
        return Steps(note=f"The provider already had it as {licence.status}.")
    until = licence.cancellable_until
    if until is not None and now <= until:
        return Steps(actions=(Action.CANCEL,))
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
