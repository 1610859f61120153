"""What a deactivation would give back, worked out by these pages alone; knows no tables.

An estimate: it knows billing in advance by calendar days, with the day of the change used. What
is booked is decided by Seatkeeper, which works it out on its own.

    billed      |====================|      a line for 1-30 June, 125.00
    effective   .............16..........
    given back                |======|      17-30 June, 14 of 30 days: 58.33
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """A line of an invoice: what was charged or given back, for the days [start, end)."""

    start: date
    end: date
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What would come back, for the days [start, end) out of `cycle_days`."""

    amount: Decimal
    start: date
    end: date
    cycle_days: int

    @property
    def days(self) -> int:
        return (self.end - self.start).days


def credit(lines: Iterable[Billed], effective_on: date, minor_unit: Decimal) -> Estimate | None:
    """Return what the lines give back after a day; None when that is nothing."""
    start = effective_on + ONE_DAY
    open_lines = [line for line in lines if line.end > max(line.start, start)]
    exact = sum((_unused(line, start) for line in open_lines), Decimal(0))
    amount = exact.quantize(minor_unit, ROUND_HALF_UP)
    if amount <= 0:
        return None
    longest = max(open_lines, key=lambda line: line.end - line.start)
    return Estimate(
        amount=amount,
        start=max(start, min(line.start for line in open_lines)),
        end=max(line.end for line in open_lines),
        cycle_days=(longest.end - longest.start).days,
    )


def _unused(line: Billed, start: date) -> Decimal:
    unused = (line.end - max(line.start, start)).days
    return line.amount * unused / (line.end - line.start).days
