"""Invoice runs, totals, and credits that go on (rule 4.16)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from billing.invoice import close, has_charges, opening, recurring, totals
from billing.lines import LineKind
from billing.periods import Period
from tests.billing.story import (
    JULY,
    JUNE,
    PRICE,
    TERMS,
    amounts,
    booked,
    change,
    line,
    timeline,
)


def test_a_full_cycle_of_equal_seats_is_one_recurring_line() -> None:
    (found,) = recurring(timeline(), TERMS, [], JULY)

    assert (found.kind, found.quantity, str(found.amount)) == (LineKind.RECURRING, 10, "125.00")
    assert found.explanation == "10 x 12.50 (1-31 July 2025)"


def test_a_suspended_subscription_is_not_billed() -> None:
    assert recurring(timeline(change(1, date(2025, 6, 16), 10, 0)), TERMS, [], JULY) == []


def test_a_cycle_is_billed_once() -> None:
    billed = booked([], recurring(timeline(), TERMS, [], JULY))

    assert recurring(timeline(), TERMS, billed, JULY) == []


def test_rule_4_7_a_cycle_bills_only_uncovered_days_and_seats() -> None:
    covered = line("33.33", Period(JULY.start, date(2025, 7, 11)), quantity=8, calculated=None)

    found = recurring(timeline(), TERMS, [covered], JULY)

    assert [(one.quantity, str(one.amount), one.kind) for one in found] == [
        (2, "8.06", LineKind.PRORATED_CHARGE),
        (10, "84.68", LineKind.PRORATED_CHARGE),
    ]


def test_discount_and_tax_are_on_the_line() -> None:
    price = replace(PRICE, discount_percent=Decimal("12.5"), tax_percent=Decimal(19))

    (found,) = recurring(timeline(price=price), TERMS, [], JULY)

    assert (str(found.amount), str(found.tax_amount)) == ("109.38", "20.78")
    assert found.explanation == "10 x 12.50 less 12.5 % (1-31 July 2025)"


def test_rule_4_6_nothing_is_billed_before_adoption() -> None:
    assert recurring(replace(timeline(), bill_from=JULY.start), TERMS, [], JUNE) == []


def test_totals_are_net_tax_and_gross() -> None:
    sums = totals([line("100.00", tax="19.00"), line("-40.00", tax="-7.60")])

    assert (str(sums.net), str(sums.tax), str(sums.total)) == ("60.00", "11.40", "71.40")


def test_rule_4_16_a_negative_invoice_is_issued_as_zero_and_the_credit_goes_on() -> None:
    lines = [line("40.00"), line("-58.33", kind=LineKind.REFUND)]

    extra, carried = close(lines, "USD")

    assert extra is not None
    assert totals([*lines, extra]).total == Decimal("0.00")
    assert (extra.kind, str(extra.amount), str(carried)) == (
        LineKind.CREDIT_CARRIED_FORWARD,
        "18.33",
        "-18.33",
    )
    assert amounts([opening(extra, JULY.start)]) == ["-18.33"]


def test_rule_4_16_carried_tax_goes_on_with_its_net() -> None:
    lines = [line("40.00", tax="8.00"), line("-100.00", tax="-19.00", kind=LineKind.REFUND)]

    extra, carried = close(lines, "USD")

    assert extra is not None
    assert totals([*lines, extra]).total == 0
    assert totals([opening(extra, JULY.start)]).total == carried == Decimal("-71.00")


def test_rule_4_16_a_draft_with_only_credits_stays() -> None:
    lines = [line("-58.33", kind=LineKind.REFUND)]

    assert not has_charges(lines)
    assert close(lines, "USD") == (None, Decimal("-58.33"))


def test_rule_4_16_an_invoice_of_zero_or_more_closes_as_it_stands() -> None:
    assert close([line("58.33"), line("-58.33")], "USD") == (None, 0)
    assert close([], "USD") == (None, 0)
