"""The seats of a day (rule 4.1)."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.terms import ChangeDay, RefundDecision
from tests.billing.story import change, timeline

SIXTEENTH = date(2025, 6, 16)
NEXT = SIXTEENTH + timedelta(1)


@pytest.mark.parametrize(
    ("day", "seats"), [(ChangeDay.OLD_STATE, (10, 0)), (ChangeDay.NEW_STATE, (0, 0))]
)
def test_rule_4_1_the_day_of_a_change_has_the_frozen_state(
    day: ChangeDay, seats: tuple[int, int]
) -> None:
    told = timeline(change(1, SIXTEENTH, 10, 0, day=day))

    assert (told.seats_on(SIXTEENTH), told.seats_on(NEXT)) == seats


def test_before_any_change_the_opening_quantity_stands() -> None:
    told = timeline(change(1, SIXTEENTH, 10, 0))

    assert told.seats_on(date(2020, 1, 1)) == 10
    assert told.governing(date(2020, 1, 1)) is None


def test_rule_4_1_there_are_no_seats_before_the_start_and_after_the_end() -> None:
    told = replace(timeline(), starts_on=SIXTEENTH, ends_on=NEXT)

    days = [SIXTEENTH - timedelta(1), SIXTEENTH, NEXT, NEXT + timedelta(1)]
    assert [told.seats_on(day) for day in days] == [0, 10, 10, 0]


def test_the_last_of_several_changes_on_one_day_counts() -> None:
    told = timeline(change(1, SIXTEENTH, 10, 20), change(2, SIXTEENTH, 20, 12))

    assert told.seats_on(NEXT) == 12
    governing = told.governing(NEXT)
    assert governing is not None
    assert governing.change_key == "key-2"


def test_rule_4_5_a_declined_change_governs_until_the_next() -> None:
    declined = RefundDecision.DECLINED_BY_CONTRACT
    told = timeline(
        change(1, SIXTEENTH, 10, 7, decision=declined), change(2, date(2025, 6, 20), 7, 12)
    )

    days = [SIXTEENTH, NEXT, date(2025, 6, 20), date(2025, 6, 21)]
    assert [told.is_declined(day) for day in days] == [False, True, True, False]


def test_a_back_dated_reactivation_stands_against_an_older_log_of_a_later_day() -> None:
    told = timeline(change(1, date(2025, 6, 20), 10, 0), change(2, SIXTEENTH, 0, 10))

    assert told.seats_on(date(2025, 6, 25)) == 10


def test_a_back_dated_quantity_change_does_not_switch_a_suspended_time_on() -> None:
    told = timeline(
        change(1, date(2025, 6, 11), 10, 0),
        change(2, date(2025, 6, 21), 0, 10),
        change(3, date(2025, 6, 5), 10, 12),
    )

    days = [date(2025, 6, 6), date(2025, 6, 15), date(2025, 6, 22)]
    assert [told.seats_on(day) for day in days] == [12, 0, 12]


@given(order=st.permutations(range(3)))
def test_the_order_in_which_logs_are_read_is_irrelevant(order: list[int]) -> None:
    logs = [
        change(1, SIXTEENTH, 10, 0),
        change(2, SIXTEENTH, 0, 8),
        change(3, date(2025, 6, 12), 8, 9),
    ]

    assert timeline(*(logs[at] for at in order)) == timeline(*logs)
