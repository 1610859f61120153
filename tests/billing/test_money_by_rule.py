"""Rules 4.1 to 4.13 where the other files say nothing: modes, zones, discounts, next periods."""

import ast
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.invoice import bill, recurring
from billing.lines import LineKind
from billing.money import minor_unit
from billing.periods import Frequency, Period, cycle_at, effective_date
from billing.settlement import due_until, settle
from billing.shares import share
from billing.terms import BillingPolicy, ChangeDay, ProrateUnit, RefundDecision
from tests.billing.story import (
    JULY,
    JUNE,
    PRICE,
    TERMS,
    amounts,
    booked,
    change,
    line,
    settled,
    timeline,
)
from tests.billing.test_money import floats_in

OFF = change(1, date(2025, 6, 16), 10, 0)
LESS = replace(PRICE, discount_amount=Decimal("5.00"))
TRIENNIAL = replace(TERMS, frequency=Frequency.TRIENNIAL)


# --- 4.2 and 4.7: several changes, several periods -----------------------------------------------


def test_rule_4_2_several_quantity_changes_of_a_day_are_one():
    """M03: 10 to 20 to 12 in one day is two seats more."""
    day = date(2025, 6, 16)
    told = timeline(
        change(1, day, 10, 20, day=ChangeDay.NEW_STATE),
        change(2, day, 20, 12, day=ChangeDay.NEW_STATE),
    )

    (found,) = settled(told, [line("125.00")])

    assert (str(found.amount), found.quantity) == ("12.50", 2)


def test_rule_4_7_a_next_period_that_was_invoiced_already_goes_back_as_a_whole():
    billed = [line("125.00"), line("150.00", JULY, name="july", number="INV-8")]

    found = settled(timeline(OFF), billed)

    assert [(one.reverses, str(one.amount)) for one in found] == [
        ("root", "-58.33"),
        ("july", "-150.00"),
    ]
    assert found[1].explanation == (
        "150.00 x 31/31 days (1-31 July 2025) of INV-8 line 3; day of change: used"
    )


def test_rule_4_7_after_a_price_change_days_go_back_at_the_billed_price():
    dearer = replace(PRICE, unit_price=Decimal("20.00"))
    told = timeline(replace(OFF, unit_price=Decimal("20.00")), price=dearer)

    assert amounts(settled(told, [line("125.00")])) == ["-58.33"]


def test_rule_4_8_one_off_items_and_usage_are_never_prorated():
    for kind in (LineKind.ONE_OFF, LineKind.USAGE):
        extra = line("500.00", kind=kind, name="extra")

        assert amounts(settled(timeline(OFF), [line("125.00"), extra])) == ["-58.33"]


def test_rule_4_10_half_invoiced_gives_a_refund_and_a_charge():
    """Days 1 to 10 were invoiced with 12 seats; deactivated on 5 June of a cycle else unbilled."""
    days = Period(JUNE.start, date(2025, 6, 11))
    arrears = replace(TERMS, policy=BillingPolicy.ARREARS)
    fewer = change(1, date(2025, 6, 4), 12, 10)
    off = change(2, date(2025, 6, 20), 10, 0)
    told = timeline(fewer, off, opening=12)
    billed = [line("50.00", days, quantity=12, calculated=None)]
    until = due_until(told, arrears, today=date(2025, 6, 20), invoiced_until=JUNE.start)

    found = settled(told, billed, arrears, until=until)

    assert until == date(2025, 6, 21)
    assert [(str(one.amount), one.kind) for one in found] == [
        ("-5.00", LineKind.REFUND),
        ("41.67", LineKind.PRORATED_CHARGE),
    ]


# --- 4.3: what was frozen ------------------------------------------------------------------------


@pytest.mark.parametrize("setting", ["change_day", "refund", "price", "tax", "unit"])
def test_rule_4_3_settings_changed_later_owe_nothing(setting: str):
    billed = [line("125.00", tax="23.75")]
    billed = booked(billed, settled(timeline(OFF), billed))
    now = {
        "price": replace(PRICE, unit_price=Decimal(99)),
        "tax": replace(PRICE, tax_percent=Decimal(7)),
    }.get(setting, PRICE)
    terms = replace(TERMS, prorate_unit=ProrateUnit.NONE) if setting == "unit" else TERMS
    other = change(2, date(2025, 8, 1), 0, 0, day=ChangeDay.NEW_STATE, kind="pause")
    later = (other,) if setting == "change_day" else ()
    declined = RefundDecision.DECLINED_BY_SETTING
    later = (replace(other, refund_decision=declined),) if setting == "refund" else later

    assert settled(timeline(OFF, *later, price=now), billed, terms) == []


# --- 4.4: the day of an instant ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        pytest.param("2025-03-30T00:59:59", "Europe/Berlin", "2025-03-30", id="before the jump"),
        pytest.param("2025-03-30T22:00:00", "Europe/Berlin", "2025-03-31", id="23-hour day"),
        pytest.param("2025-03-30T21:59:59", "Europe/Berlin", "2025-03-30", id="its last second"),
        pytest.param("2025-10-26T22:59:59", "Europe/Berlin", "2025-10-26", id="25-hour day"),
        pytest.param("2025-10-26T23:00:00", "Europe/Berlin", "2025-10-27", id="after it"),
        pytest.param("2025-11-02T04:00:00", "America/New_York", "2025-11-02", id="midnight there"),
        pytest.param("2025-06-15T15:00:00", "Asia/Tokyo", "2025-06-16", id="ahead of UTC"),
    ],
)
def test_rule_4_4_the_day_of_a_change_is_that_of_the_contract_also_when_clocks_move(
    instant: str, zone: str, day: str
):
    at = datetime.fromisoformat(instant).replace(tzinfo=UTC)

    assert effective_date(at, zone) == date.fromisoformat(day)


def test_rule_4_4_a_month_in_which_clocks_move_has_its_calendar_days():
    """Z03: by the second it would be -142.13."""
    march = Period(date(2025, 3, 1), date(2025, 4, 1))
    off = change(1, date(2025, 3, 10), 10, 0, day=ChangeDay.NEW_STATE)

    assert amounts(settled(timeline(off), [line("200.00", march)])) == ["-141.94"]


# --- 4.11: units of proration --------------------------------------------------------------------


def _year(unit: ProrateUnit, off: date, anchor: date = date(2025, 1, 1)) -> list[str]:
    terms = replace(TERMS, frequency=Frequency.ANNUAL, anchor=anchor, prorate_unit=unit)
    cycle = terms.cycle_at(anchor)
    price = replace(PRICE, unit_price=Decimal("120.00"))
    told = timeline(change(1, off, 10, 0, unit=unit, price=price), price=price)
    return amounts(settled(told, [line("1200.00", cycle, price=price)], terms))


@pytest.mark.parametrize(
    ("off", "refund"),
    [
        pytest.param(date(2025, 3, 31), "-900.00", id="on the last day of a month"),
        pytest.param(date(2025, 4, 1), "-800.00", id="a month that was begun counts"),
        pytest.param(date(2025, 12, 1), None, id="in the last month"),
    ],
)
def test_rule_4_11_months_give_back_only_months_that_were_not_begun(off: date, refund: str | None):
    assert _year(ProrateUnit.MONTHS, off) == ([refund] if refund else [])


def test_rule_4_11_months_run_from_the_anchor_and_clamp_with_it():
    anchor = date(2025, 1, 31)

    assert _year(ProrateUnit.MONTHS, date(2025, 2, 27), anchor) == ["-1100.00"]
    assert _year(ProrateUnit.MONTHS, date(2025, 2, 28), anchor) == ["-1000.00"]


def test_rule_4_11_a_month_is_charged_at_its_highest_quantity():
    terms = replace(TERMS, frequency=Frequency.ANNUAL, prorate_unit=ProrateUnit.MONTHS)
    price = replace(PRICE, unit_price=Decimal("120.00"))
    unit = ProrateUnit.MONTHS
    told = timeline(
        change(1, date(2025, 6, 9), 10, 15, unit=unit, price=price),
        change(2, date(2025, 6, 19), 15, 12, unit=unit, price=price),
        price=price,
    )
    year = terms.cycle_at(JUNE.start)
    root = line("1200.00", year, price=price)

    # Five seats in June, two from July on: (5 + 2 x 6) x 10.00.
    assert sum(one.amount for one in settled(told, [root], terms)) == Decimal("170.00")


def test_rule_4_11_without_proration_a_cycle_is_charged_at_its_highest_quantity():
    unit = ProrateUnit.NONE
    terms = replace(TERMS, prorate_unit=unit)
    told = timeline(
        change(1, date(2025, 6, 10), 10, 15, unit=unit),
        change(2, date(2025, 6, 20), 15, 3, unit=unit),
    )

    assert amounts(settled(told, [line("125.00")], terms)) == ["62.50"]


@pytest.mark.parametrize(
    ("anchor", "day", "whole"),
    [
        pytest.param(
            29, date(2025, 2, 28), 29, id="29: from the end of February, which is its 30th"
        ),
        pytest.param(30, date(2025, 1, 30), 30, id="30: January to the end of February"),
        pytest.param(31, date(2025, 4, 30), 30, id="31: from a clamped boundary"),
        pytest.param(15, date(2025, 2, 15), 30, id="15: February has 30 days too"),
    ],
)
def test_rule_4_11_by_30_360_every_day_is_whole_days_of_its_cycle(
    anchor: int, day: date, whole: int
):
    start = date(2025, 1, anchor)
    cycle = cycle_at(start, Frequency.MONTHLY, day)
    shares = [
        share(Period(one, one + timedelta(1)), cycle, ProrateUnit.FIXED30, start) * whole
        for one in _days(cycle)
    ]

    assert (cycle.start, sum(shares)) == (day, whole)
    assert all(one >= 0 and one.denominator == 1 for one in shares)


def test_rule_4_11_the_31st_is_free_and_the_end_of_february_counts_for_three():
    january = cycle_at(TERMS.anchor, Frequency.MONTHLY, date(2025, 1, 1))
    last = Period(date(2025, 1, 31), date(2025, 2, 1))
    anchor = date(2025, 1, 30)
    february = cycle_at(anchor, Frequency.MONTHLY, date(2025, 2, 1))

    assert share(last, january, ProrateUnit.FIXED30, TERMS.anchor) == Fraction(1, 30)
    thirtieth = Period(date(2025, 1, 30), date(2025, 1, 31))
    assert share(thirtieth, january, ProrateUnit.FIXED30, TERMS.anchor) == 0
    end = Period(date(2025, 2, 27), date(2025, 2, 28))
    assert share(end, february, ProrateUnit.FIXED30, anchor) == Fraction(3, 30)


def _days(period: Period) -> list[date]:
    return [period.start + timedelta(n) for n in range(period.days)]


# --- 4.12: terms of three years, and prices per cycle --------------------------------------------


def test_rule_4_12_a_price_is_per_seat_and_cycle():
    """12.00 a month is 36.00 on a quarterly contract, and 432.00 for three years."""
    for frequency, price in ((Frequency.QUARTERLY, "36.00"), (Frequency.TRIENNIAL, "432.00")):
        terms = replace(TERMS, frequency=frequency)
        told = timeline(price=replace(PRICE, unit_price=Decimal(price)))

        (found,) = recurring(told, terms, [], terms.cycle_at(JUNE.start))

        assert (found.kind, found.amount) == (LineKind.RECURRING, 10 * Decimal(price))


def test_rule_4_12_a_term_of_three_years_goes_back_by_its_days():
    """Y04 in both conventions: 730 and 729 of 1096 days, for 2028 is a leap year."""
    cycle = cycle_at(date(2026, 1, 1), Frequency.TRIENNIAL, date(2026, 1, 1))
    price = replace(PRICE, unit_price=Decimal("108.00"))
    terms = replace(TRIENNIAL, anchor=cycle.start)
    refunds = []
    for day in (ChangeDay.NEW_STATE, ChangeDay.OLD_STATE):
        off = change(1, date(2027, 1, 2), 10, 0, day=day, price=price)
        refunds += amounts(settled(timeline(off), [line("1080.00", cycle, price=price)], terms))

    assert cycle.days == 1096
    assert refunds == ["-719.34", "-718.36"]  # 1080 x 730/1096, 1080 x 729/1096


# --- fixed discounts -----------------------------------------------------------------------------


def test_rule_4_3_a_fixed_discount_of_a_short_piece_is_recognised_on_its_line():
    """A day of three years is 5 cents with or without it; the lowest seats had it."""
    price = replace(PRICE, unit_price=Decimal("10.00"), discount_amount=Decimal("1.00"))
    start = date(2025, 5, 15)
    told = timeline(change(1, start, 0, 6, kind="new", price=price), opening=0, price=price)
    told = replace(told, starts_on=start)
    lines = []
    for number in range(9):
        day = start + timedelta(2 * number)
        paid = Period(day, day + timedelta(1))
        made = recurring(replace(told, starts_on=day), TRIENNIAL, lines, paid)
        lines = booked(lines, made)
    days = sum(one.period.days for one in lines)
    owed = settle(told, TRIENNIAL, lines, through=start, uncovered_until=start)

    exact = Fraction(59) * days / 1096
    assert abs(sum(Fraction(one.amount) for one in (*lines, *owed)) - exact) <= Fraction(1, 200)


def test_rule_4_7_a_fixed_discount_is_in_the_rate_of_the_billed_line():
    """X05: 120.00 were billed, so 3 of 10 seats for 10 of 30 days are 12.00."""
    fewer = change(1, date(2025, 6, 20), 10, 7, price=LESS)

    assert amounts(settled(timeline(fewer, price=LESS), [line("120.00", price=LESS)])) == ["-12.00"]


# --- found by breaking the code on purpose -------------------------------------------------------


def test_rule_4_7_some_of_the_seats_that_left_come_back_with_plain_arithmetic():
    billed = booked([line("125.00")], settled(timeline(OFF), [line("125.00")]))
    some = change(2, date(2025, 6, 21), 0, 4)

    (charge,) = settled(timeline(OFF, some), [line("125.00"), *billed[1:]])

    assert str(charge.amount) == "15.00"
    assert charge.explanation == (
        "4 x 12.50 x 9/30 days (22-30 June 2025), credited before on INV-8 line 2;"
        " day of change: old state"
    )


def test_rule_4_11_a_refund_by_months_says_so():
    terms = replace(TERMS, frequency=Frequency.ANNUAL, prorate_unit=ProrateUnit.MONTHS)
    off = replace(OFF, prorate_unit=ProrateUnit.MONTHS)
    year = terms.cycle_at(JUNE.start)

    (refund,) = settled(timeline(off), [line("1200.00", year)], terms)

    assert str(refund.amount) == "-600.00"
    assert refund.explanation.startswith("1200.00 x 6/12 months (1 July-31 December 2025)")


def test_rule_4_9_only_a_line_of_ours_can_have_been_edited():
    assert line("100.00", calculated="125.00").edited
    assert not line("125.00").edited
    assert not line("125.00", calculated=None).edited


def test_rule_4_1_the_days_before_the_start_are_not_billed():
    told = replace(timeline(), starts_on=date(2025, 6, 22))

    assert amounts(recurring(told, TERMS, [], JUNE)) == ["37.50"]


def test_rule_4_12_a_pause_does_not_freeze_another_price():
    dearer = replace(PRICE, unit_price=Decimal("20.00"))
    pause = change(1, date(2025, 6, 16), 10, 10, kind="pause", price=dearer)
    arrears = replace(TERMS, policy=BillingPolicy.ARREARS)

    assert amounts(recurring(timeline(pause), arrears, [], JUNE)) == ["125.00"]


# --- the sum of any year -------------------------------------------------------------------------

YEAR = Period(date(2025, 1, 1), date(2026, 1, 1))


@st.composite
def years(draw: st.DrawFn) -> list[tuple[date, int]]:
    """Draw up to a dozen changes of quantity over a year, in order of their days."""
    days = st.dates(YEAR.start, YEAR.end - timedelta(1))
    return [(day, draw(st.integers(0, 15))) for day in sorted(draw(st.lists(days, max_size=12)))]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(moves=years(), currency=st.sampled_from(["USD", "JPY", "KWD"]))
def test_rule_4_2_a_year_of_changes_is_exact_daily_billing_to_a_minor_unit_a_month(
    moves: list[tuple[date, int]], currency: str
):
    """Bill day by day beside it: seats of the day x price / days of the month, in fractions."""
    price = replace(PRICE, unit_price=Decimal("12.00"))
    terms = replace(TERMS, currency=currency)
    logs, lines, seats = [], [], 10
    for number in range(12):
        cycle = terms.cycle_at(date(2025, number + 1, 1))
        told = timeline(*logs, price=price)
        lines = booked(lines, recurring(told, terms, lines, cycle))
        for day, after in [one for one in moves if cycle.contains(one[0])]:
            logs.append(change(len(logs) + 1, day, seats, after, price=price))
            seats = after
            owed = settle(
                timeline(*logs, price=price), terms, lines, through=day, uncovered_until=cycle.end
            )
            lines = booked(lines, owed)
    unit = Fraction(minor_unit(currency))
    for number in range(12):
        cycle = terms.cycle_at(date(2025, number + 1, 1))
        exact = sum(_seats(moves, day) for day in _days(cycle)) * Fraction(12, cycle.days)
        stands = sum(Fraction(one.amount) for one in lines if cycle.contains(one.period.start))
        assert abs(stands - exact) <= unit / 2


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    days=st.sets(st.integers(0, 58), min_size=2, max_size=8),
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
)
def test_rule_4_2_months_in_arrears_are_exact_daily_billing_to_half_a_minor_unit(
    days: set[int], currency: str
):
    """Off and on again: an end charges its used days at once, the invoice of the month the rest."""
    price = replace(PRICE, unit_price=Decimal("12.34"))
    terms = replace(TERMS, currency=currency, policy=BillingPolicy.ARREARS)
    months = [terms.cycle_at(date(2025, number, 1)) for number in (1, 2)]
    moves = [
        (months[0].start + timedelta(days=at), 10 * (number % 2))
        for number, at in enumerate(sorted(days))
    ]
    logs, lines = [], []
    for cycle in months:
        for day, after in [one for one in moves if cycle.contains(one[0])]:
            logs.append(change(len(logs) + 1, day, 10 - after, after, price=price))
            told = replace(timeline(*logs, price=price), bill_from=months[0].start)
            until = due_until(told, terms, today=day, invoiced_until=cycle.start)
            owed = settle(told, terms, lines, through=day, uncovered_until=until)
            lines = booked(lines, owed)
        told = replace(timeline(*logs, price=price), bill_from=months[0].start)
        lines = booked(lines, bill(told, terms, lines, through=cycle.end, cycle=cycle))
    for cycle in months:
        seats = sum(_seats(moves, day) for day in _days(cycle))
        exact = seats * Fraction("12.34") / cycle.days
        stands = sum(Fraction(one.amount) for one in lines if cycle.contains(one.period.start))
        assert abs(stands - exact) <= Fraction(minor_unit(currency)) / 2


def _seats(moves: list[tuple[date, int]], day: date) -> int:
    return ([10, *(after for on, after in moves if on < day)])[-1]


# --- no float ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    ["x = 1.5", "x = float(y)", "from math import floor", "import statistics", "x = 1e3", "x = 2j"],
)
def test_the_check_for_floats_sees_literals_names_and_modules(source: str):
    assert len(floats_in(ast.parse(source))) == 1
