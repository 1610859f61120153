"""Every known difference between the two sides, for a person. Asks no service."""

from dataclasses import dataclass
from datetime import datetime

from sync.ports import Tx
from sync.sides import Difference

_WILL: dict[str, str] = {
    "conflict": "waits for a person: `seatkeeper parked show`",
    "to_crm": "comes to Dynamics",
    "to_partner_center": "goes to Partner Center",
    "reported": "is only told",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One field that the sides do not hold alike."""

    subscription: str
    field: str
    base: str
    crm: str
    partner_center: str
    since: datetime
    age_seconds: int
    outcome: str
    """`reported`, `conflict`, `to_crm` or `to_partner_center`."""
    parked: str
    """The code under which the subscription is set aside; empty when it is not."""
    what: str
    """What becomes of it, and why, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """What is known to differ, and who is still to be compared."""

    differences: tuple[Drift, ...]
    suspects: tuple[tuple[str, str], ...]
    """Subscriptions whose licence was touched and is not compared yet, and why."""


def known_drift(tx: Tx, now: datetime) -> DriftReport:
    """Return every known difference, oldest first."""
    parked = {one.subject: one.code for one in tx.parked()}
    found = (drift_of(one, parked.get(one.subscription_id, ""), now) for one in tx.differences())
    ordered = sorted(found, key=lambda one: (one.since, one.subscription, one.field))
    return DriftReport(differences=tuple(ordered), suspects=tuple(tx.suspects()))


def drift_of(one: Difference, parked: str, now: datetime) -> Drift:
    """Tell a difference in words; `parked` is the code under which its subscription is, if any."""
    will = f"is parked ({parked})" if parked else _WILL.get(one.outcome, one.outcome)
    return Drift(
        subscription=one.subscription_id,
        field=one.field,
        base=one.base,
        crm=one.crm,
        partner_center=one.partner,
        since=one.since,
        age_seconds=max(int((now - one.since).total_seconds()), 0),
        outcome=one.outcome,
        parked=parked,
        what=f"{will}: {one.reason}" if one.reason else will,
    )
