"""Query functions over dates that depend on today: `LastXDays`, `ThisMonth`, `OlderThanXDays`, ...

Days, weeks (from Sunday), months and years are those of UTC; so is the caller's time zone here.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from sandbox.dataverse.columns import Scalar
from sandbox.dataverse.errors import bad_query
from sandbox.dataverse.values import wire_instant

Span = tuple[str, str]
"""From, inclusive, and to, exclusive, as stored values sort."""

EVER, NEVER = "0000", "9999-99"
PARTS = re.compile(r"(Last|Next|OlderThan)X(Minutes|Hours|Days|Weeks|Months|Years)")


def midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def months_on(moment: datetime, months: int) -> datetime:
    """Return a moment some months later, at most the last day of that month."""
    number = moment.year * 12 + moment.month - 1 + months
    year, month = divmod(number, 12)
    for day in range(moment.day, 0, -1):
        try:
            return moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    raise ValueError(f"no day in {year}-{month + 1}")


def _later(moment: datetime, unit: str, number: int) -> datetime:
    if unit in {"Months", "Years"}:
        return months_on(moment, number * (12 if unit == "Years" else 1))
    return moment + timedelta(**{unit.lower(): number})


def _days(first: int, length: int) -> Callable[[datetime], tuple[datetime, datetime]]:
    def span(now: datetime) -> tuple[datetime, datetime]:
        start = midnight(now) + timedelta(days=first)
        return start, start + timedelta(days=length)

    return span


def _weeks(first: int) -> Callable[[datetime], tuple[datetime, datetime]]:
    def span(now: datetime) -> tuple[datetime, datetime]:
        start = midnight(now) - timedelta(days=(now.weekday() + 1) % 7) + timedelta(weeks=first)
        return start, start + timedelta(weeks=1)

    return span


def _months(first: int, length: int) -> Callable[[datetime], tuple[datetime, datetime]]:
    def span(now: datetime) -> tuple[datetime, datetime]:
        start = midnight(now).replace(day=1)
        if length > 1:
            start = start.replace(month=1)
        return months_on(start, first), months_on(start, first + length)

    return span


FIXED: dict[str, Callable[[datetime], tuple[datetime, datetime]]] = {
    "Today": _days(0, 1),
    "Yesterday": _days(-1, 1),
    "Tomorrow": _days(1, 1),
    "Last7Days": _days(-7, 8),
    "Next7Days": _days(0, 8),
    "ThisWeek": _weeks(0),
    "LastWeek": _weeks(-1),
    "NextWeek": _weeks(1),
    "ThisMonth": _months(0, 1),
    "LastMonth": _months(-1, 1),
    "NextMonth": _months(1, 1),
    "ThisYear": _months(0, 12),
    "LastYear": _months(-12, 12),
    "NextYear": _months(12, 12),
}


def span_of(name: str, number: Scalar, clock: Callable[[], datetime]) -> Span | None:
    """Return the time a function means, or None when it is none of these."""
    fixed = FIXED.get(name)
    if fixed is not None:
        start, end = fixed(clock())
        return wire_instant(start), wire_instant(end)
    found = PARTS.fullmatch(name)
    if found is None:
        return None
    if not str(number).isdigit():
        raise bad_query(f"'{name}' takes a whole number, not '{number}'.")
    count, unit, now = int(str(number)), found[2], clock()
    if found[1] == "OlderThan":
        return EVER, wire_instant(_later(now, unit, -count))
    moments = (
        (_later(now, unit, -count), now) if found[1] == "Last" else (now, _later(now, unit, count))
    )
    start, end = _whole_days(moments) if unit not in {"Minutes", "Hours"} else moments
    return wire_instant(start), wire_instant(end)


def _whole_days(moments: tuple[datetime, datetime]) -> tuple[datetime, datetime]:
    return midnight(moments[0]), midnight(moments[1]) + timedelta(days=1)


def within(value: Scalar, span: Span, *, date_only: bool) -> bool:
    """Tell whether a stored value lies in a span; a date alone counts as its whole day."""
    if value is None:
        return False
    start, end = (part[:10] for part in span) if date_only else span
    if date_only and not span[1].endswith("T00:00:00Z"):
        return start <= str(value) <= end
    return start <= str(value) < end
