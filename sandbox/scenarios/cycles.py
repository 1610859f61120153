"""Billing cycles from an anchor day. Half-open: a cycle ends on the day the next one starts."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

LAST_COMMON_DAY = 28  # every month has it, so no cycle is clamped
STORY_DAYS_BEFORE = 15  # on the 16th the hero's cycle is exactly the calendar month


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    start: date
    end: date


def months_after(anchor: date, months: int) -> date:
    """Move a date by whole months; a day the month lacks becomes its last day."""
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def cycle(anchor: date, months: int, number: int) -> Cycle:
    """Return the cycle with this number; number 0 starts on the anchor."""
    start = months_after(anchor, months * number)
    return Cycle(start=start, end=months_after(anchor, months * (number + 1)))


def number_of_cycle(anchor: date, months: int, day: date) -> int:
    """Return the number of the cycle that holds the day."""
    whole = (day.year - anchor.year) * 12 + day.month - anchor.month
    number = whole // months
    return number - 1 if cycle(anchor, months, number).start > day else number


def start_of_mid_cycle(today: date) -> date:
    """Return a cycle start which puts today near the middle of a monthly cycle."""
    start = today - timedelta(days=STORY_DAYS_BEFORE)
    return start.replace(day=min(start.day, LAST_COMMON_DAY))


def anchor_before(today: date, months: int, day_of_month: int) -> date:
    """Return the day of the month in the month that lies so many months back, or one before.

    A month without that day is passed over: the anchor itself is never a clamped day.
    """
    month = months_after(today.replace(day=1), -months)
    while monthrange(month.year, month.month)[1] < day_of_month:
        month = months_after(month, -1)
    return month.replace(day=day_of_month)
