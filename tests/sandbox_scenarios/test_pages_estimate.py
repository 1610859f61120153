"""The estimate of the Deactivate dialog, and days as the pages write them; pure."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.pages.commands import COMMANDS, InvalidForm, Verb, changes
from sandbox.pages.days import age, span, today
from sandbox.pages.estimate import Billed, credit
from sandbox.pages.money import minor_unit

CENT = Decimal("0.01")
JUNE = Billed(start=date(2026, 6, 1), end=date(2026, 7, 1), amount=Decimal("125.00"))
TODAY = date(2026, 6, 16)


@pytest.mark.parametrize(
    ("on", "amount", "days"),
    [
        pytest.param(date(2026, 6, 16), "58.33", 14, id="the middle, this day used"),
        pytest.param(date(2026, 5, 31), "125.00", 30, id="the day before, all of it"),
        pytest.param(date(2026, 6, 29), "4.17", 1, id="the last day but one"),
    ],
)
def test_rule_4_1_the_day_of_a_change_is_used(on: date, amount: str, days: int):
    found = credit([JUNE], on, CENT)
    assert found is not None
    assert (found.amount, found.days, found.cycle_days) == (Decimal(amount), days, 30)
    assert found.end == JUNE.end


@pytest.mark.parametrize("on", [date(2026, 6, 30), date(2026, 8, 1)])
def test_after_the_last_billed_day_nothing_comes_back(on: date):
    assert credit([JUNE], on, CENT) is None


def test_what_came_back_before_does_not_come_back_again():
    refund = Billed(start=date(2026, 6, 17), end=date(2026, 7, 1), amount=Decimal("-58.33"))
    charge = Billed(start=date(2026, 6, 22), end=date(2026, 7, 1), amount=Decimal("37.50"))
    assert credit([JUNE, refund], TODAY, CENT) is None
    again = credit([JUNE, refund, charge], date(2026, 6, 25), CENT)
    assert again is not None
    assert again.amount == Decimal("20.83")


@given(
    on=st.dates(date(2026, 5, 1), date(2026, 8, 1)),
    amounts=st.lists(st.decimals(-1000, 1000, places=2), max_size=5),
)
def test_never_more_comes_back_than_was_billed(on: date, amounts: list[Decimal]):
    lines = [Billed(start=JUNE.start, end=JUNE.end, amount=amount) for amount in amounts]
    found = credit(lines, on, CENT)
    assert found is None or 0 <= found.amount <= sum(amounts)


@pytest.mark.parametrize(
    ("currency", "unit"), [("USD", "0.01"), ("JPY", "1"), ("KWD", "0.001"), (None, "0.01")]
)
def test_amounts_have_the_digits_of_their_currency(currency: str | None, unit: str):
    assert minor_unit(currency) == Decimal(unit)


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2026-06-01", "2026-07-01", "1\N{EN DASH}30 June 2026"),
        ("2026-06-30", "2026-07-01", "30 June 2026"),
        ("2026-06-17", "2026-08-01", "17 June \N{EN DASH} 31 July 2026"),
        ("2026-12-17", "2027-01-02", "17 December 2026 \N{EN DASH} 1 January 2027"),
        (None, "2026-07-01", ""),
    ],
)
def test_a_period_is_written_with_both_its_days(start: str | None, end: str, text: str):
    assert span(start, end) == text


def test_today_is_a_day_of_the_contracts_zone():
    late = datetime(2026, 6, 17, 1, 0, tzinfo=UTC)
    assert today(late, {"sk_timezone": "America/New_York"}) == TODAY
    assert today(late, None) == TODAY + timedelta(days=1)


def test_the_age_of_a_log_is_in_whole_days():
    now = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
    assert age("2026-06-16T13:00:00Z", now) == 1


def test_a_deactivation_on_a_day_to_come_changes_no_status():
    form = {"effective_on": "2026-06-20", "refund": "126310001"}
    written = changes(COMMANDS[Verb.DEACTIVATE], form, TODAY)
    assert written == {"sk_deactivateon": "2026-06-20", "sk_refundchoice": 126310001}


@pytest.mark.parametrize("on", ["", "2026-06-16", "2026-06-01"])
def test_a_deactivation_now_drops_what_was_planned(on: str):
    form = {"effective_on": on, "refund": "126310002"}
    written = changes(COMMANDS[Verb.DEACTIVATE], form, TODAY)
    assert written == {
        "statecode": 1,
        "statuscode": 2,
        "sk_changeeffectiveon": on or None,
        "sk_deactivateon": None,
        "sk_refundchoice": 126310002,
    }


@pytest.mark.parametrize("verb", [Verb.CANCEL, Verb.PAUSE, Verb.ACTIVATE, Verb.RESUME])
def test_only_a_deactivation_can_be_planned(verb: Verb):
    form = {"effective_on": "2026-06-17", "refund": "126310002"}
    with pytest.raises(InvalidForm, match="cannot be planned"):
        changes(COMMANDS[verb], form, TODAY)
