"""What each billed cycle of a subscription is worth, day by day: rules.md 4 told once more.

Shares no code with billing/. Reads the logs as they stand at Dataverse and the recurring lines;
a seat of the recurring line is worth its amount / (seats x days), a further one the price on a log.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.simulation.evidence import Commit, Evidence, Row

FIRST_CYCLE = date(2025, 6, 1)
RECURRING, DRAFT = 126310000, 1
DECLINED = frozenset({126310001, 126310002, 126310003})
NEW_STATE = 126310001
OPENING_SEATS = 10
HALF_A_CENT = Decimal("0.005")


@dataclass(frozen=True, slots=True)
class Cycle:
    """A billed month, and when its invoice was issued (a number of the journal)."""

    start: date
    end: date
    issued_at: int
    charged_at: int | None = None
    """When a charge of its own was first written for a subscription, on a draft perhaps."""

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def __iter__(self) -> Iterator[date]:
        return (self.start + timedelta(days=number) for number in range(self.days))


@dataclass(frozen=True, slots=True)
class Worth:
    """The least and the most that a cycle may add up to; they differ when prices do."""

    least: Decimal
    most: Decimal

    def allows(self, total: Decimal) -> bool:
        return self.least - HALF_A_CENT <= total <= self.most + HALF_A_CENT


def billed_cycles(evidence: Evidence, contract: str) -> list[Cycle]:
    """Return the months whose invoice was issued, or found to be empty."""
    cycles = []
    start = FIRST_CYCLE
    for _ in range(24):
        end = _next_month(start)
        issued = _issued_at(evidence, contract, start, end)
        if issued is None:
            break
        cycles.append(Cycle(start, end, issued))
        start = end
    return cycles


def _issued_at(evidence: Evidence, contract: str, start: date, end: date) -> int | None:
    """Return when the next draft came to be: the cycle before it is billed then."""
    for one in evidence.of("sk_invoice"):
        row = one.after
        if row is None or row["_sk_billingcontractid_value"] != contract:
            continue
        opened = row["sk_cyclestart"]
        if opened and date.fromisoformat(opened) >= end:
            return one.seq
        is_closed = row["statuscode"] != DRAFT
        if opened and is_closed and date.fromisoformat(opened) == start:
            return one.seq
    return None


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def total(evidence: Evidence, subscription: str, cycle: Cycle) -> Decimal:
    """Add up everything that stands on invoices for a cycle."""
    amounts = (
        Decimal(str(row["sk_amount"]))
        for row in _lines(evidence, subscription)
        if _is_in(row, cycle)
    )
    return sum(amounts, Decimal(0))


def worth(evidence: Evidence, subscription: str, cycle: Cycle) -> Worth:
    """Work out what a cycle is worth by the logs."""
    logs = evidence.logs(subscription)
    prices = [Decimal(str((log.after or {})["sk_unitprice"] or 0)) for log in logs]
    least = most = Decimal(0)
    cycle = replace(cycle, charged_at=_charged_at(evidence, subscription, cycle))
    base = _base(evidence, subscription, cycle)
    for day in cycle:
        fewest, seats = seats_on(day, logs, cycle, base[0], is_lossy=evidence.is_lossy)
        least += _day(fewest, base, min(prices, default=Decimal(0)), cycle)
        most += _day(seats, base, max(prices, default=Decimal(0)), cycle)
    return Worth(least, most)


def _charged_at(evidence: Evidence, subscription: str, cycle: Cycle) -> int | None:
    """Return when a charge for a cycle was first written; a change may come too late for it."""
    return min(
        (
            one.seq
            for one in evidence.of("sk_invoiceline")
            if one.is_created and one.after and Decimal(str(one.after.get("sk_amount") or 0)) > 0
            if one.after.get("_sk_subscriptionid_value") == subscription
            and _is_in(one.after, cycle)
        ),
        default=None,
    )


def _day(seats: int, base: tuple[int, Decimal], price: Decimal, cycle: Cycle) -> Decimal:
    kept = min(seats, base[0])
    return kept * base[1] + Decimal(seats - kept) * price / cycle.days


def _base(evidence: Evidence, subscription: str, cycle: Cycle) -> tuple[int, Decimal]:
    """Return the seats of the recurring line, and what a seat is worth a day."""
    for row in _lines(evidence, subscription):
        if row["sk_kind"] == RECURRING and _is_in(row, cycle):
            seats: int = row["sk_quantity"]
            return seats, Decimal(str(row["sk_amount"])) / (seats * cycle.days)
    return 0, Decimal(0)


def seats_on(
    day: date, logs: list[Commit], cycle: Cycle, base: int, *, is_lossy: bool = False
) -> tuple[int, int]:
    """Return the fewest and the most seats that may be billed on a day.

    A declined change takes nothing back from a cycle that was billed before it. Seats that came
    and went before anything was charged for them may, or may not, have been on a line. When a
    change was lost with the state, what was billed before the new adoption may stand as it is.
    """
    opening: int = (logs[0].after or {})["sk_quantitybefore"] if logs else OPENING_SEATS
    state = opening
    fewest = billed = max(opening, base)  # what was billed stays until a change governs the day
    if is_lossy and base:
        fewest = min(opening, base)
    for one in logs:
        log: Row = one.after or {}
        before, after = log["sk_quantitybefore"], log["sk_quantityafter"]
        if before == after or first_day(log) > day or (not state and before and after):
            continue
        is_declined = log["sk_refunddecision"] in DECLINED
        is_kept = is_declined and one.seq > cycle.issued_at
        may_be_kept = is_declined and one.seq > (cycle.charged_at or one.seq)
        fewest = max(min(billed, base), after) if is_kept else after
        billed = max(billed, after) if is_kept or may_be_kept else after
        state = after
    return fewest, billed


def first_day(log: Row) -> date:
    """Return the first day of the new state."""
    day = date.fromisoformat(log["sk_effectiveon"])
    return day if log["sk_changeday"] == NEW_STATE else day + timedelta(days=1)


def _lines(evidence: Evidence, subscription: str) -> Iterator[dict[str, Any]]:
    ids = {one.id for one in evidence.of("sk_invoiceline")}
    for line in sorted(ids):
        row = evidence.last("sk_invoiceline", line)
        if row and row["_sk_subscriptionid_value"] == subscription:
            yield row


def _is_in(row: Row, cycle: Cycle) -> bool:
    start = row["sk_periodstart"]
    return bool(start) and cycle.start <= date.fromisoformat(start) < cycle.end
