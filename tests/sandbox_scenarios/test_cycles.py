"""Cycles keep their anchor day, clamped to the months that lack it."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.scenarios.cycles import anchor_before, cycle, months_after, number_of_cycle

DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        pytest.param(1, date(2023, 2, 28), id="clamped to the end of February"),
        pytest.param(2, date(2023, 3, 31), id="back on the anchor day afterwards"),
        pytest.param(13, date(2024, 2, 29), id="clamped to a leap day"),
        pytest.param(-2, date(2022, 11, 30), id="backwards"),
    ],
)
def test_a_month_without_the_anchor_day_ends_the_cycle_on_its_last_day(months: int, expected: date):
    assert months_after(date(2023, 1, 31), months) == expected


@given(anchor=DAYS, months=st.sampled_from([1, 3, 12]), day=DAYS)
def test_every_day_is_in_the_cycle_of_its_number(anchor: date, months: int, day: date):
    found = cycle(anchor, months, number_of_cycle(anchor, months, day))
    assert found.start <= day < found.end


@given(anchor=DAYS, months=st.sampled_from([1, 3, 12]))
def test_cycles_touch(anchor: date, months: int):
    for earlier, later in pairwise(cycle(anchor, months, number) for number in range(-3, 20)):
        assert earlier.end == later.start


@given(today=DAYS, months=st.integers(0, 40), day=st.integers(1, 31))
def test_an_anchor_is_never_a_clamped_day(today: date, months: int, day: int):
    anchor = anchor_before(today, months, day)
    assert anchor.day == day
    assert anchor <= today or months == 0
