"""Which share of a cycle a part of it is, by prorate unit (rule 4.11).

unit      share of a part                          seats that count
days      its days / days of the frame             those of each day
fixed30   the same, by 30/360                      those of each day
months    its part of each month / months in it    the highest in the month
none      its days / days of the frame             the highest in the frame

A frame is the period that a price is for: a cycle, or the period of a billed line.
"""

from calendar import monthrange
from datetime import date
from fractions import Fraction

from billing.periods import Frequency, Period, cycle_at, cycles
from billing.terms import ProrateUnit

_THIRTY = 30
_CLAMPED_ANCHOR = 29


def share(part: Period, frame: Period, unit: ProrateUnit, anchor: date) -> Fraction:
    """Return the share of the frame that a part of it is, from 0 to 1; parts add up."""
    match unit:
        case ProrateUnit.MONTHS:
            return _share_by_months(part, frame, anchor)
        case ProrateUnit.FIXED30:
            return _share_by_thirty(part, frame, anchor)
        case ProrateUnit.DAYS | ProrateUnit.NONE:
            return Fraction(part.days, frame.days) if frame.days else Fraction(0)


def unit_at(day: date, frame: Period, unit: ProrateUnit, anchor: date) -> Period | None:
    """Return the days over which the highest quantity counts; None when each day has its own."""
    match unit:
        case ProrateUnit.MONTHS:
            return cycle_at(anchor, Frequency.MONTHLY, day).clamp(frame)
        case ProrateUnit.NONE:
            return frame
        case ProrateUnit.DAYS | ProrateUnit.FIXED30:
            return None


def in_words(part: Period, frame: Period, unit: ProrateUnit, anchor: date) -> str:
    """Write a share the way it is worked out: `14/30 days`, `5/12 months`."""
    match unit:
        case ProrateUnit.DAYS:
            return f"{part.days}/{frame.days} days"
        case ProrateUnit.FIXED30:
            days, whole = _thirties(part, anchor), _thirties(frame, anchor)
            return f"{days}/{whole} days of 30-day months"
        case ProrateUnit.MONTHS:
            months = len(_months(frame, anchor))
            return f"{share(part, frame, unit, anchor) * months}/{months} months"
        case ProrateUnit.NONE:
            return f"{share(part, frame, unit, anchor)} of the cycle"


def _months(frame: Period, anchor: date) -> list[Period]:
    whole = cycles(anchor, Frequency.MONTHLY, frame.start, frame.end)
    return [month.clamp(frame) for month in whole]


def _share_by_months(part: Period, frame: Period, anchor: date) -> Fraction:
    months = _months(frame, anchor)
    parts = (Fraction(month.clamp(part).days, month.days) for month in months)
    return sum(parts, Fraction(0)) / len(months) if months else Fraction(0)


def _share_by_thirty(part: Period, frame: Period, anchor: date) -> Fraction:
    whole = _thirties(frame, anchor)
    return Fraction(_thirties(part, anchor), whole) if whole else Fraction(0)


def _thirties(period: Period, anchor: date) -> int:
    return _thirty_index(period.end, anchor) - _thirty_index(period.start, anchor)


def _thirty_index(day: date, anchor: date) -> int:
    """Count days in 30-day months; the end of a month counts as 30 for anchors 29 to 31."""
    at_end = day.day == monthrange(day.year, day.month)[1]
    in_month = _THIRTY if at_end and anchor.day >= _CLAMPED_ANCHOR else min(day.day, _THIRTY)
    return (day.year * 12 + day.month) * _THIRTY + in_month
