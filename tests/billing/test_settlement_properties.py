"""What holds for every history: nothing is credited or charged twice."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.invoice import recurring
from billing.lines import BilledLine, NewLine
from billing.money import minor_unit
from billing.periods import Period
from billing.settlement import settle
from billing.terms import ChangeDay, ProrateUnit, RefundDecision, Terms
from billing.timeline import LoggedChange, Price, Timeline
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

FAST = settings(max_examples=100, deadline=None, derandomize=True)
DAYS = st.dates(JUNE.start, JULY.end - timedelta(2))
DECISIONS = st.sampled_from([RefundDecision.REFUNDED, RefundDecision.DECLINED_BY_CONTRACT])
UNITS = st.sampled_from(ProrateUnit)
PRICES = st.builds(
    Price,
    unit_price=st.decimals(1, 99, places=2),
    discount_percent=st.sampled_from([Decimal(0), Decimal("12.5")]),
    discount_amount=st.sampled_from([Decimal(0), Decimal("5.00")]),
    tax_percent=st.sampled_from([Decimal(0), Decimal(19)]),
)


@st.composite
def histories(
    draw: st.DrawFn,
    *,
    decisions: st.SearchStrategy[RefundDecision] = DECISIONS,
    units: st.SearchStrategy[ProrateUnit] = UNITS,
    prices: st.SearchStrategy[Price] = PRICES,
) -> list[LoggedChange]:
    """Write up to five logs, back-dated ones among them."""
    quantity, logs = 10, []
    for sequence in range(1, draw(st.integers(1, 5)) + 1):
        after = draw(st.integers(0, 15)) if quantity else draw(st.integers(1, 15))
        logs.append(
            change(
                sequence,
                draw(DAYS),
                quantity,
                after,
                day=draw(st.sampled_from(ChangeDay)),
                decision=draw(decisions),
                price=draw(prices),
                unit=draw(units),
            )
        )
        quantity = after
    return logs


def june_and_july() -> list[BilledLine]:
    return [line("125.00", tax="23.75"), line("125.00", JULY, name="july", number="INV-8")]


def lived(
    logs: Sequence[LoggedChange], billed: list[BilledLine], terms: Terms = TERMS
) -> list[BilledLine]:
    """Settle after every log, as the daemon does."""
    for count in range(1, len(logs) + 1):
        owed = due(timeline(*logs[:count]), billed, terms)
        billed = booked(billed, owed, number=f"INV-{count + 10}")
    return billed


def due(told: Timeline, billed: Sequence[BilledLine], terms: Terms = TERMS) -> list[NewLine]:
    return settle(told, terms, billed, through=JULY.end, uncovered_until=JULY.end)


def standing(billed: Sequence[BilledLine], period: Period) -> Fraction:
    lines = [one for one in billed if period.contains(one.period.start)]
    return sum((Fraction(one.amount) for one in lines), Fraction(0))


@FAST
@given(logs=histories(), unit=UNITS, currency=st.sampled_from(["USD", "JPY", "KWD"]))
def test_rule_4_2_settling_again_owes_nothing(
    logs: list[LoggedChange], unit: ProrateUnit, currency: str
) -> None:
    terms = replace(TERMS, prorate_unit=unit, currency=currency)

    billed = lived(logs, june_and_july(), terms)

    assert due(timeline(*logs), billed, terms) == []


@FAST
@given(logs=histories(), foreign=st.decimals(-125, 0, places=2))
def test_rule_4_8_refunds_never_exceed_what_was_charged_for_a_line(
    logs: list[LoggedChange], foreign: Decimal
) -> None:
    other = line(str(foreign), name="other", reverses="root", calculated=None)

    billed = lived(logs, [*june_and_july(), other])

    for root in billed:
        if root.is_root:
            own = [one for one in billed if root.id in (one.id, one.reverses)]
            assert sum(one.amount for one in own) >= 0
            if root.tax_amount >= 0:
                assert sum(one.tax_amount for one in own) >= 0


@FAST
@given(
    logs=histories(
        decisions=st.just(RefundDecision.REFUNDED),
        units=st.just(ProrateUnit.DAYS),
        prices=st.just(PRICE),
    )
)
def test_rule_4_2_what_stands_is_the_seats_of_every_day(logs: list[LoggedChange]) -> None:
    """The oracle knows no lines: seats of each day x price / days of its month.

    The days under the opening state keep all that was billed, which is the same 10 seats.
    """
    told = timeline(*logs)

    billed = lived(logs, june_and_july())

    for month in (JUNE, JULY):
        days = [month.start + timedelta(n) for n in range(month.days)]
        desired = sum(told.seats_on(day) for day in days) * Fraction("12.50") / month.days
        assert abs(standing(billed, month) - desired) <= Fraction(minor_unit("USD")) / 2


@FAST
@given(logs=histories(), data=st.data())
def test_rule_4_2_the_order_of_facts_is_irrelevant(
    logs: list[LoggedChange], data: st.DataObject
) -> None:
    billed = lived(logs[:-1], june_and_july())

    shuffled = timeline(*data.draw(st.permutations(logs)))

    assert due(shuffled, data.draw(st.permutations(billed))) == due(timeline(*logs), billed)


@FAST
@given(day=DAYS, quantity=st.integers(1, 15), convention=st.sampled_from(ChangeDay))
def test_rule_4_2_off_and_on_again_on_one_day_costs_nothing(
    day: date, quantity: int, convention: ChangeDay
) -> None:
    off = change(1, day, quantity, 0, day=convention)
    on = change(2, day, 0, quantity, day=convention)
    billed = [line("125.00", quantity=quantity), line("125.00", JULY, name="july")]

    assert (
        due(
            timeline(off, on, opening=quantity), [replace(one, quantity=quantity) for one in billed]
        )
        == []
    )


@FAST
@given(days=st.lists(DAYS, min_size=3, max_size=3, unique=True).map(sorted))
def test_rule_4_2_splitting_a_hold_changes_nothing(days: list[date]) -> None:
    first, middle, last = days
    whole = timeline(change(1, first, 10, 0), change(2, last, 0, 10))
    split = timeline(
        change(1, first, 10, 0),
        change(2, middle, 0, 10),
        change(3, middle, 10, 0),
        change(4, last, 0, 10),
    )

    assert amounts(due(whole, june_and_july())) == amounts(due(split, june_and_july()))


@FAST
@given(logs=histories())
def test_an_invoice_run_bills_the_rest_of_a_cycle_once(logs: list[LoggedChange]) -> None:
    billed = lived(logs, june_and_july()[:1])

    told = timeline(*logs)
    billed = booked(billed, recurring(told, TERMS, billed, JULY), number="INV-99")

    assert recurring(told, TERMS, billed, JULY) == []


@FAST
@given(logs=UNITS.flatmap(lambda unit: histories(units=st.just(unit))))
def test_rule_4_5_a_declined_last_change_never_credits(logs: list[LoggedChange]) -> None:
    billed = lived(logs[:-1], june_and_july())
    last = replace(logs[-1], refund_decision=RefundDecision.DECLINED_BY_SETTING)

    owed = due(timeline(*logs[:-1], last), billed)

    assert all(one.amount >= 0 for one in owed)


@FAST
@given(logs=histories())
def test_every_line_explains_itself(logs: list[LoggedChange]) -> None:
    billed = june_and_july()
    for owed in due(timeline(*logs), billed):
        assert owed.explanation
        assert owed.amount or owed.reverses is None  # 0.00 holds the place of free seats
        assert (owed.amount < 0) is (owed.kind == "refund")
        assert (owed.root == "") is (owed.reverses is None)


def test_a_remainder_is_not_given_back_by_a_later_change_of_another_line() -> None:
    """Found by the property above: a declined change credited 0.01 of an untouched line."""
    cheap = replace(PRICE, unit_price=Decimal("1.00"))
    declined = RefundDecision.DECLINED_BY_CONTRACT
    first = date(2025, 6, 1)
    logs = [
        change(1, first, 10, 0, price=cheap),
        change(2, date(2025, 6, 2), 0, 11, price=cheap),
        change(3, first, 11, 0, price=cheap, decision=declined),
        change(4, first, 0, 1, price=cheap, decision=declined),
    ]

    owed = due(timeline(*logs), lived(logs[:-1], june_and_july()))

    assert amounts(owed) == ["0.41"]


def test_a_replay_of_the_story_owes_nothing() -> None:
    logs = [change(1, date(2025, 6, 16), 10, 0), change(2, date(2025, 6, 21), 0, 10)]

    assert settled(timeline(*logs), lived(logs, june_and_july())) == []
