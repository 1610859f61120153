"""Calendar periods, half-open: billing cycles from their anchor, and the day of an instant.

Decides nothing about money.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from billing.money import MoneyError

ONE_DAY = timedelta(days=1)
_MONTHS_A_YEAR = 12
_IN_EVERY_MONTH = 28

# Not from `calendar`: its names follow the locale of the process.
_MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


class UnknownTimeZoneError(MoneyError):
    """The name is no IANA time zone."""

    def __init__(self, time_zone: str) -> None:
        super().__init__(
            f"{time_zone!r} is no IANA time zone; correct sk_timezone on the billing contract"
        )
        self.time_zone = time_zone


class Frequency(StrEnum):
    """How long a billing cycle of a contract is."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    ANNUAL = "annual"
    TRIENNIAL = "triennial"

    @property
    def months(self) -> int:
        return _MONTHS[self]


_MONTHS = {
    Frequency.MONTHLY: 1,
    Frequency.QUARTERLY: 3,
    Frequency.ANNUAL: 12,
    Frequency.TRIENNIAL: 36,
}


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Calendar days from `start` up to, and not with, `end`; two dates read in order."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a period cannot end ({self.end}) before it starts ({self.start})")

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def contains(self, day: date) -> bool:
        return self.start <= day < self.end

    def clamp(self, bounds: "Period") -> "Period":
        """Return the part of this period within the bounds; empty when they do not meet."""
        start = min(max(self.start, bounds.start), bounds.end)
        return Period(start, max(start, min(self.end, bounds.end)))

    def split(self, cuts: Iterable[date]) -> list["Period"]:
        """Cut the period at the dates that lie within it; an empty period has no parts."""
        inner = sorted({cut for cut in cuts if self.start < cut < self.end})
        bounds = [self.start, *inner, self.end]
        parts = (Period(start, end) for start, end in pairwise(bounds))
        return [part for part in parts if part.days]

    def __str__(self) -> str:
        """Write the days as people do, both ends included: `17-30 June 2025`."""
        first, last = self.start, self.end - ONE_DAY
        if last <= first:
            return _day(first)
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day}-{_day(last)}"
        if first.year == last.year:
            return f"{first.day} {_MONTH_NAMES[first.month - 1]}-{_day(last)}"
        return f"{_day(first)}-{_day(last)}"


def _day(day: date) -> str:
    return f"{day.day} {_MONTH_NAMES[day.month - 1]} {day.year}"


def _boundary(anchor: date, months: int) -> date:
    """Move the original anchor by months; its day is clamped to the month, never chained."""
    year, month = divmod(anchor.year * _MONTHS_A_YEAR + anchor.month - 1 + months, _MONTHS_A_YEAR)
    last = monthrange(year, month + 1)[1] if anchor.day > _IN_EVERY_MONTH else anchor.day
    return date(year, month + 1, min(anchor.day, last))


def _cycle(anchor: date, frequency: Frequency, number: int) -> Period:
    step = _MONTHS[frequency]
    return Period(_boundary(anchor, number * step), _boundary(anchor, (number + 1) * step))


def _number_at(anchor: date, frequency: Frequency, day: date) -> int:
    months = (day.year - anchor.year) * _MONTHS_A_YEAR + day.month - anchor.month
    number = months // _MONTHS[frequency]
    return number if _boundary(anchor, number * _MONTHS[frequency]) <= day else number - 1


def cycle_at(anchor: date, frequency: Frequency, day: date) -> Period:
    """Return the cycle that contains a day, also for days before the anchor."""
    return _cycle(anchor, frequency, _number_at(anchor, frequency, day))


def next_cycle(anchor: date, frequency: Frequency, day: date) -> Period:
    """Return the cycle after the one that contains a day."""
    return _cycle(anchor, frequency, _number_at(anchor, frequency, day) + 1)


def cycles(anchor: date, frequency: Frequency, start: date, end: date) -> Iterator[Period]:
    """Yield, whole and in order, every cycle that has a day in [start, end)."""
    number = _number_at(anchor, frequency, start)
    while (cycle := _cycle(anchor, frequency, number)).start < end:
        yield cycle
        number += 1


def effective_date(instant: datetime, time_zone: str) -> date:
    """Return the calendar day of an aware instant in a contract's zone (rule 4.4).

    Raises UnknownTimeZoneError, and ValueError when the instant has no offset.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no offset, so its day is not known")
    try:
        zone = ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise UnknownTimeZoneError(time_zone) from error
    return instant.astimezone(zone).date()
