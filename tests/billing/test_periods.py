"""Cycles keep to their anchor; periods are half-open; an instant has a day in a zone."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.periods import (
    Frequency,
    Period,
    UnknownTimeZoneError,
    cycle_at,
    cycles,
    effective_date,
    next_cycle,
)
from billing.shares import share
from billing.terms import ProrateUnit

DAYS = st.dates(date(1999, 1, 1), date(2060, 12, 31))
MONTHLY = Frequency.MONTHLY


def starts(anchor: date, frequency: Frequency, count: int) -> list[str]:
    found, day = [], anchor
    for _ in range(count):
        found.append(day.isoformat())
        day = next_cycle(anchor, frequency, day).start
    return found


def test_anchor_31_is_clamped_per_month_and_comes_back() -> None:
    assert starts(date(2025, 1, 31), MONTHLY, 5) == [
        "2025-01-31",
        "2025-02-28",
        "2025-03-31",
        "2025-04-30",
        "2025-05-31",
    ]


def test_an_anchor_on_the_leap_day_returns_to_it() -> None:
    assert starts(date(2024, 2, 29), Frequency.ANNUAL, 5) == [
        "2024-02-29",
        "2025-02-28",
        "2026-02-28",
        "2027-02-28",
        "2028-02-29",
    ]


@pytest.mark.parametrize(
    ("frequency", "end"),
    [
        (Frequency.MONTHLY, date(2025, 2, 1)),
        (Frequency.QUARTERLY, date(2025, 4, 1)),
        (Frequency.ANNUAL, date(2026, 1, 1)),
        (Frequency.TRIENNIAL, date(2028, 1, 1)),
    ],
)
def test_a_cycle_is_as_long_as_its_frequency(frequency: Frequency, end: date) -> None:
    anchor = date(2025, 1, 1)

    assert cycle_at(anchor, frequency, anchor) == Period(anchor, end)
    assert cycle_at(anchor, frequency, anchor - timedelta(1)).end == anchor


def test_a_boundary_belongs_to_the_next_cycle() -> None:
    """A11: anchor day 30, event on 28 February."""
    cycle = cycle_at(date(2025, 1, 30), MONTHLY, date(2025, 2, 28))

    assert cycle == Period(date(2025, 2, 28), date(2025, 3, 30))


@given(anchor=DAYS, day=DAYS, frequency=st.sampled_from(Frequency))
def test_every_day_is_in_one_cycle_and_cycles_touch(
    anchor: date, day: date, frequency: Frequency
) -> None:
    cycle = cycle_at(anchor, frequency, day)
    following = next_cycle(anchor, frequency, day)

    assert cycle.contains(day)
    assert following.start == cycle.end
    assert list(cycles(anchor, frequency, day, cycle.end + timedelta(1))) == [cycle, following]
    assert cycle_at(anchor, frequency, cycle.start) == cycle


@given(
    anchor=DAYS,
    day=DAYS,
    frequency=st.sampled_from(Frequency),
    unit=st.sampled_from(ProrateUnit),
    cut=st.integers(0, 1100),
)
def test_rule_4_11_shares_of_the_parts_of_a_cycle_add_up_to_one(
    anchor: date, day: date, frequency: Frequency, unit: ProrateUnit, cut: int
) -> None:
    cycle = cycle_at(anchor, frequency, day)
    parts = cycle.split([cycle.start + timedelta(cut)])
    shares = [share(part, cycle, unit, anchor) for part in parts]

    assert sum(shares, Fraction(0)) == 1
    assert min(shares) >= 0


def test_rule_4_11_an_end_of_month_boundary_counts_as_day_30() -> None:
    """Rule 4.11: 31 January to 28 February is one 30-day month."""
    anchor = date(2025, 1, 31)
    cycle = cycle_at(anchor, MONTHLY, anchor)
    part = Period(date(2025, 2, 15), cycle.end)

    assert share(part, cycle, ProrateUnit.FIXED30, anchor) == Fraction(15, 30)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (date(2025, 6, 17), date(2025, 7, 1), "17-30 June 2025"),
        (date(2025, 6, 30), date(2025, 7, 1), "30 June 2025"),
        (date(2025, 6, 17), date(2025, 7, 5), "17 June-4 July 2025"),
        (date(2025, 12, 17), date(2026, 1, 5), "17 December 2025-4 January 2026"),
    ],
)
def test_people_read_both_ends_of_a_period(start: date, end: date, words: str) -> None:
    assert str(Period(start, end)) == words


def test_a_period_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="cannot end"):
        Period(date(2025, 6, 2), date(2025, 6, 1))


def test_clamping_to_a_period_elsewhere_leaves_nothing() -> None:
    may = Period(date(2025, 5, 1), date(2025, 6, 1))
    june = Period(may.end, date(2025, 7, 1))

    assert june.clamp(may).days == may.clamp(june).days == 0
    assert june.clamp(june) == june


@pytest.mark.parametrize(
    ("time_zone", "day"),
    [
        ("UTC", date(2025, 2, 1)),
        ("America/New_York", date(2025, 1, 31)),
        ("Asia/Tokyo", date(2025, 2, 1)),
    ],
)
def test_rule_4_4_an_instant_has_the_day_of_its_zone(time_zone: str, day: date) -> None:
    assert effective_date(datetime(2025, 2, 1, 4, 30, tzinfo=UTC), time_zone) == day


@pytest.mark.parametrize("time_zone", ["Mars/Olympus", "", "../etc", "America"])
def test_an_unknown_zone_is_named(time_zone: str) -> None:
    with pytest.raises(UnknownTimeZoneError, match="is no IANA time zone") as caught:
        effective_date(datetime(2025, 2, 1, tzinfo=UTC), time_zone)

    assert caught.value.time_zone == time_zone


def test_an_instant_without_an_offset_is_refused() -> None:
    naive = datetime(2025, 2, 1, tzinfo=UTC).replace(tzinfo=None)

    with pytest.raises(ValueError, match="has no offset"):
        effective_date(naive, "UTC")
