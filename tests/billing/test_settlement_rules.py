"""The judged numbers of rules.md 4, and what settlement promises around them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.invoice import bill, recurring, totals
from billing.lines import InvoiceState, LineKind
from billing.periods import Frequency, Period
from billing.settlement import due_until, settle
from billing.terms import BillingPolicy, ChangeDay, ProrateUnit, RefundDecision
from billing.timeline import AfterEnd, Timeline
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

NEW_STATE = ChangeDay.NEW_STATE
DECLINED = RefundDecision.DECLINED_BY_SUBSCRIPTION
OFF = change(1, date(2025, 6, 16), 10, 0)
ON = change(2, date(2025, 6, 21), 0, 10)
ARREARS = replace(TERMS, policy=BillingPolicy.ARREARS)


def test_rule_4_1_the_day_of_deactivation_is_used_and_the_rest_of_june_goes_back() -> None:
    (refund,) = settled(timeline(OFF), [line("125.00")])

    assert (refund.kind, refund.amount, refund.reverses) == (
        LineKind.REFUND,
        Decimal("-58.33"),
        "root",
    )
    assert refund.period == Period(date(2025, 6, 17), date(2025, 7, 1))
    assert refund.explanation == (
        "125.00 x 14/30 days (17-30 June 2025) of INV-7 line 3; day of change: used"
    )
    assert (refund.period_key, refund.root, refund.change_key) == (JUNE.start, "root", "key-1")


def test_rule_4_7_an_activation_charges_only_the_days_that_were_credited() -> None:
    billed = [line("125.00")]
    billed = booked(billed, settled(timeline(OFF), billed))

    (charge,) = settled(timeline(OFF, ON), billed)

    assert (charge.kind, charge.amount, charge.reverses) == (
        LineKind.PRORATED_CHARGE,
        Decimal("37.50"),
        "root",
    )
    assert charge.explanation == (
        "10 x 12.50 x 9/30 days (22-30 June 2025), credited before on INV-8 line 2; "
        "day of change: old state"
    )


def test_rule_4_1_new_state_gives_the_day_of_deactivation_back() -> None:
    off, on = replace(OFF, change_day=NEW_STATE), replace(ON, change_day=NEW_STATE)
    billed = [line("125.00")]

    refund = settled(timeline(off), billed)
    charge = settled(timeline(off, on), booked(billed, refund))

    assert amounts(refund) == ["-62.50"]
    # rules.md 4.1 prints +41.66 here, against its own formula in 4.2: desired is 25/30 of 125.00
    # = 104.1667 and 62.50 stands, so 41.6667 is due. 41.66 belongs to P01, deactivated 11 June.
    assert amounts(charge) == ["41.67"]


def test_rule_4_2_the_second_line_takes_the_remainder_of_the_period() -> None:
    """P01 by rule 4.2: 20 of 30 days are kept, so 125.00 - 83.33 + 41.66 = 83.33."""
    off = change(1, date(2025, 6, 11), 10, 0, day=NEW_STATE)
    on = change(2, date(2025, 6, 21), 0, 10, day=NEW_STATE)
    billed = [line("125.00")]

    refund = settled(timeline(off), billed)
    charge = settled(timeline(off, on), booked(billed, refund))

    assert amounts(refund) + amounts(charge) == ["-83.33", "41.66"]
    assert "; 41.66, so that the lines of the period add up" in charge[0].explanation


def test_rule_4_2_a_year_is_charged_to_its_original_end() -> None:
    """P07 and P07b by rule 4.2."""
    year = Period(date(2025, 1, 1), date(2026, 1, 1))
    terms = replace(TERMS, frequency=Frequency.ANNUAL)
    off = change(1, date(2025, 5, 12), 25, 0, day=NEW_STATE)
    on = change(2, date(2025, 6, 4), 0, 25, day=NEW_STATE)
    billed = [line("6000.00", year, quantity=25, price=replace(PRICE, unit_price=Decimal(240)))]

    refund = settled(timeline(off, opening=25), billed, terms)
    charge = settled(timeline(off, on, opening=25), booked(billed, refund), terms)

    assert amounts(refund) + amounts(charge) == ["-3846.58", "3468.50"]
    assert charge[0].period.end == year.end


def test_the_july_invoice_after_the_story_is_104_17() -> None:
    billed = [line("125.00")]
    refund = settled(timeline(OFF), billed)
    charge = settled(timeline(OFF, ON), booked(billed, refund))
    july = recurring(timeline(OFF, ON), TERMS, booked(billed, [*refund, *charge]), JULY)

    assert [one.kind for one in july] == [LineKind.RECURRING]
    assert totals([*july, *refund, *charge]).total == Decimal("104.17")
    assert totals([*july, *charge]).total == Decimal("162.50")  # the refund was paid on 18 June


def test_rule_4_10_arrears_bill_used_days_at_once_and_the_rest_at_the_end() -> None:
    until = due_until(timeline(OFF), ARREARS, today=date(2025, 6, 16), invoiced_until=JUNE.start)
    used = settled(timeline(OFF), [], ARREARS, until=until)
    rest = recurring(timeline(OFF, ON), ARREARS, booked([], used), JUNE)

    assert amounts(used) + amounts(rest) == ["66.67", "37.50"]
    assert [one.kind for one in (*used, *rest)] == [LineKind.PRORATED_CHARGE] * 2


def test_rule_4_2_in_arrears_the_last_line_of_the_cycle_takes_the_remainder() -> None:
    price = replace(PRICE, unit_price=Decimal("10.00"))
    off = change(1, date(2025, 6, 2), 1, 0, price=price)
    told = timeline(off, change(2, date(2025, 6, 28), 0, 1, price=price), opening=1, price=price)
    used = settled(timeline(off, opening=1, price=price), [], ARREARS, until=date(2025, 6, 3))
    rest = bill(told, ARREARS, booked([], used), through=JUNE.end, cycle=JUNE)

    assert amounts(used) + amounts(rest) == ["0.67", "0.66"]  # 4/30 of 10.00 are 1.33
    lines = booked(booked([], used), rest)
    assert bill(told, ARREARS, lines, through=JUNE.end, cycle=JUNE) == []


def test_rule_4_2_a_remainder_and_days_below_half_a_unit_are_no_line() -> None:
    price = replace(PRICE, unit_price=Decimal("0.17"))
    off = change(1, date(2025, 6, 1), 1, 0, price=price)
    told = timeline(off, change(2, date(2025, 6, 29), 0, 1, price=price), opening=1, price=price)
    used = settled(timeline(off, opening=1, price=price), [], ARREARS, until=date(2025, 6, 2))
    rest = bill(told, ARREARS, booked([], used), through=JUNE.end, cycle=JUNE)

    assert amounts(used) == ["0.01"]  # 0.0057
    assert rest == []  # 0.0113 are 0.01, and that stands


def test_rule_4_2_days_after_a_change_still_to_come_are_not_charged_before_it() -> None:
    """A decrease is put off to the renewal in mid-cycle (rules.md 5.4), and July is invoiced."""
    fewer = change(1, date(2025, 7, 15), 10, 7, decision=DECLINED)
    told = timeline(fewer)
    billed = booked([line("125.00")], recurring(told, TERMS, [line("125.00")], JULY))

    for day in (date(2025, 7, 5), date(2025, 7, 15), date(2025, 8, 1)):
        assert settled(told, billed, through=day, until=JULY.end) == []


def test_rule_4_10_arrears_other_changes_wait_for_the_end_of_the_cycle() -> None:
    more = timeline(change(1, date(2025, 6, 16), 10, 15))
    until = due_until(more, ARREARS, today=date(2025, 6, 16), invoiced_until=JUNE.start)

    assert until == JUNE.start
    assert settled(more, [], ARREARS, until=until) == []
    assert amounts(recurring(more, ARREARS, [], JUNE)) == ["66.67", "87.50"]


def test_rule_4_10_arrears_refund_invoiced_days_found_unused() -> None:
    until = due_until(timeline(OFF), ARREARS, today=date(2025, 7, 5), invoiced_until=JUNE.end)
    found = settled(timeline(OFF), [line("125.00")], ARREARS, through=date(2025, 7, 5), until=until)

    assert until == JULY.start
    assert amounts(found) == ["-58.33"]


def test_rule_4_5_a_declined_decrease_is_not_credited_and_not_charged_again() -> None:
    fewer = change(1, date(2025, 6, 11), 10, 7, decision=DECLINED)
    more = change(2, date(2025, 6, 21), 7, 12)
    billed = [line("125.00")]

    assert settled(timeline(fewer), billed) == []
    (charge,) = settled(timeline(fewer, more), billed)
    assert (charge.amount, charge.quantity) == (Decimal("7.50"), 2)
    assert charge.explanation == (
        "2 x 12.50 x 9/30 days (22-30 June 2025); day of change: old state"
    )


def test_rule_4_5_a_declined_deactivation_is_free_to_undo_in_the_same_period() -> None:
    """P08: nothing was credited, so nothing is charged."""
    off = replace(OFF, refund_decision=DECLINED)

    assert settled(timeline(off, ON), [line("125.00")]) == []


def test_rule_4_5_declined_days_that_were_never_invoiced_are_not_charged() -> None:
    """P09: off since June without a refund, back on 10 July; July was not invoiced."""
    off = replace(OFF, refund_decision=DECLINED)
    on = change(2, date(2025, 7, 10), 0, 10)

    found = settled(timeline(off, on), [line("125.00")], until=JULY.end)

    assert amounts(found) == ["84.68"]
    assert found[0].period == Period(date(2025, 7, 11), date(2025, 8, 1))


def test_rule_4_9_a_refund_line_removed_by_a_person_is_declined() -> None:
    off = replace(OFF, refund_decision=RefundDecision.REMOVED_BY_PERSON)

    assert settled(timeline(off), [line("125.00")]) == []


def test_a_back_dated_deactivation_refunds_every_billed_period() -> None:
    billed = [line("125.00"), line("125.00", JULY, name="july", number="INV-9")]

    found = settled(timeline(OFF), billed, through=date(2025, 7, 5))

    assert [(one.reverses, str(one.amount)) for one in found] == [
        ("root", "-58.33"),
        ("july", "-125.00"),
    ]


def test_a_back_dated_deactivation_outlives_a_later_quantity_change() -> None:
    more = change(1, date(2025, 6, 21), 10, 12)
    off = change(2, date(2025, 6, 16), 12, 0)
    billed = booked([line("125.00")], settled(timeline(more), [line("125.00")]))

    found = settled(timeline(more, off), billed, through=date(2025, 7, 5))

    assert amounts(found) == ["-58.33", "-7.50"]


def test_rule_4_4_a_change_waits_for_its_day() -> None:
    assert settled(timeline(OFF), [line("125.00")], through=date(2025, 6, 15)) == []


def test_rule_4_7_added_seats_are_the_first_to_leave() -> None:
    more = change(1, date(2025, 6, 10), 10, 15)
    fewer = change(2, date(2025, 6, 20), 15, 12)
    billed = [line("125.00")]

    added = settled(timeline(more), billed)
    left = settled(timeline(more, fewer), booked(billed, added))

    assert (amounts(added), added[0].reverses, added[0].quantity) == (["41.67"], None, 5)
    assert (amounts(left), left[0].reverses, left[0].quantity) == (["-12.50"], "INV-8-2", 3)
    assert left[0].explanation == (
        "3 x 12.50 x 10/30 days (21-30 June 2025) of INV-8 line 2; day of change: used"
    )


def test_some_seats_of_a_line_are_named_in_the_refund() -> None:
    (refund,) = settled(timeline(change(1, date(2025, 6, 20), 10, 7)), [line("125.00")])

    assert str(refund.amount) == "-12.50"
    assert refund.explanation.startswith("125.00 x 3/10 seats x 10/30 days (21-30 June 2025)")


def test_rule_4_7_further_seats_cost_what_their_log_says() -> None:
    dearer = replace(PRICE, unit_price=Decimal("15.00"))
    more = change(1, date(2025, 6, 10), 10, 12, price=dearer)

    assert amounts(settled(timeline(more), [line("125.00")])) == ["20.00"]


def test_rule_4_7_days_given_back_return_at_the_rate_of_their_line() -> None:
    dearer = replace(PRICE, unit_price=Decimal("20.00"))
    billed = [line("125.00")]
    billed = booked(billed, settled(timeline(OFF), billed))
    on = change(2, date(2025, 6, 21), 0, 10, price=dearer)

    assert amounts(settled(timeline(OFF, on, price=dearer), billed)) == ["37.50"]


def test_rule_4_7_never_invoiced_days_cost_todays_price() -> None:
    dearer = replace(PRICE, unit_price=Decimal("20.00"))

    assert amounts(recurring(timeline(OFF, ON, price=dearer), TERMS, [], JULY)) == ["200.00"]


@pytest.mark.parametrize(
    ("foreign", "refund"),
    [("-100.00", "-25.00"), ("-125.00", None), ("-30.00", "-58.33")],
)
def test_rule_4_8_lines_of_others_reduce_the_cap_only(foreign: str, refund: str | None) -> None:
    other = line(foreign, name="other", kind=LineKind.REFUND, reverses="root", calculated=None)

    found = settled(timeline(OFF), [line("125.00"), other])

    assert amounts(found) == ([refund] if refund else [])


def test_rule_4_8_a_one_off_of_ours_reduces_the_cap_only() -> None:
    one_off = line("-100.00", name="other", kind=LineKind.ONE_OFF, reverses="root")

    (refund,) = settled(timeline(OFF), [line("125.00"), one_off])

    assert str(refund.amount) == "-25.00"
    assert "no more than 25.00 is left of it" in refund.explanation


def test_rule_4_9_an_edited_amount_is_never_compensated() -> None:
    edited = line("100.00", calculated="125.00")

    assert settled(timeline(), [edited]) == []
    assert edited.edited
    assert amounts(settled(timeline(OFF), [edited])) == ["-58.33"]


def test_rule_4_14_lines_on_a_void_invoice_count_for_nothing() -> None:
    void = line("125.00", state=InvoiceState.VOID)

    found = settled(timeline(), [void], until=JUNE.end)

    assert [(one.reverses, str(one.amount)) for one in found] == [(None, "125.00")]


def test_rule_4_7_the_base_is_what_was_billed_not_the_price_list() -> None:
    """X14: 6.38 was billed for 2 x 3.1875."""
    price = replace(PRICE, unit_price=Decimal("3.1875"))
    off = change(1, date(2025, 6, 2), 2, 0, day=NEW_STATE)

    found = settled(timeline(off, opening=2), [line("6.38", quantity=2, price=price)])

    assert amounts(found) == ["-6.17"]


def test_rule_4_13_tax_goes_back_in_the_same_proportion_and_to_the_cent() -> None:
    """Rule 4.13: 23.75 back in two halves."""
    taxed = replace(PRICE, tax_percent=Decimal(19))
    half = change(1, date(2025, 6, 16), 10, 0, day=NEW_STATE)
    all_of_it = change(2, date(2025, 6, 1), 10, 0, day=NEW_STATE)
    billed = [line("125.00", price=taxed, tax="23.75")]

    first = settled(timeline(half), billed)
    second = settled(timeline(half, all_of_it), booked(billed, first))

    assert [str(one.tax_amount) for one in (*first, *second)] == ["-11.88", "-11.87"]
    assert amounts([*first, *second]) == ["-62.50", "-62.50"]


def test_rule_4_6_nothing_before_adoption_is_charged() -> None:
    """Rule 4.6: June is the cycle of adoption, and was invoiced with fewer seats."""
    adopted = replace(timeline(), bill_from=JUNE.start)
    may = line("100.00", Period(date(2025, 5, 1), JUNE.start), quantity=8, calculated=None)

    found = settled(adopted, [may, line("150.00", name="june", quantity=12, calculated=None)])

    assert found == []


def test_rule_4_6_only_refunds_from_before_adoption_count_as_credited() -> None:
    """Rule 4.6: suspended and refunded by others before adoption, activated after it."""
    adopted = replace(timeline(ON, opening=0), bill_from=JUNE.start)
    root = line("125.00", calculated=None)
    days = Period(date(2025, 6, 17), JUNE.end)
    refund = line(
        "-58.33", days, name="old", kind=LineKind.REFUND, reverses="root", calculated=None
    )

    assert amounts(settled(adopted, [root, refund])) == ["37.50"]
    assert settled(adopted, [root, replace(refund, kind=LineKind.ONE_OFF)]) == []


def test_rule_4_6_credits_in_a_period_before_adoption_are_not_charged_back() -> None:
    on = change(1, date(2025, 6, 20), 0, 10)
    adopted = replace(timeline(on, opening=0), bill_from=JULY.start)
    root = line("125.00", calculated=None)
    refund = line("-125.00", name="old", kind=LineKind.REFUND, reverses="root", calculated=None)

    assert settled(adopted, [root, refund]) == []


def test_rule_4_12_the_contracts_end_is_billed_and_prorates_the_last_cycle() -> None:
    ending = replace(TERMS, ends_on=date(2025, 6, 16))

    assert amounts(recurring(timeline(), ending, [], JUNE)) == ["66.67"]
    assert amounts(settled(timeline(), [line("125.00")], ending)) == ["-58.33"]
    assert recurring(timeline(), ending, [], JULY) == []


def test_rule_4_1_the_start_is_a_billed_day_in_both_conventions() -> None:
    for day in ChangeDay:
        new = change(1, date(2025, 6, 22), 0, 10, kind="new", day=day)
        told = replace(timeline(new, opening=0), starts_on=date(2025, 6, 22))

        assert amounts(settled(told, [])) == ["37.50"]


def test_a_start_moved_later_gives_no_credit() -> None:
    told = replace(timeline(), starts_on=date(2025, 6, 20))

    assert settled(told, [line("125.00")]) == []


def test_rule_4_12_pause_and_resume_cost_nothing() -> None:
    pause = change(1, date(2025, 6, 10), 10, 10, kind="pause")
    resume = change(2, date(2025, 6, 12), 10, 10, kind="resume")

    assert settled(timeline(pause, resume), [line("150.00", quantity=12)]) == []


def test_a_pause_does_not_end_a_declined_change() -> None:
    fewer = change(1, date(2025, 6, 11), 10, 7, decision=DECLINED)
    pause = change(2, date(2025, 6, 15), 7, 7, kind="pause")

    assert settled(timeline(fewer, pause), [line("125.00")]) == []


def test_rule_4_2_two_seats_lines_in_one_period_add_up() -> None:
    """Each alone would be -8.33; together 16.6667 are due, and the last takes the remainder."""
    price = replace(PRICE, unit_price=Decimal("12.50"))
    off = change(2, date(2025, 6, 10), 2, 0)
    billed = [
        line("12.50", quantity=1, price=price),
        line("12.50", quantity=1, price=price, name="second", line_number=4),
    ]

    found = settled(timeline(off, opening=2), billed)

    assert amounts(found) == ["-8.33", "-8.34"]
    assert settled(timeline(off, opening=2), booked(billed, found)) == []


@pytest.mark.parametrize(
    ("unit", "refund"),
    [
        pytest.param(ProrateUnit.DAYS, "-2794.52", id="170 of 365 days"),
        pytest.param(ProrateUnit.MONTHS, "-2500.00", id="5 whole months of 12"),
        pytest.param(ProrateUnit.NONE, None, id="the cycle was begun"),
        pytest.param(ProrateUnit.FIXED30, "-2766.67", id="166 of 360 days"),
    ],
)
def test_rule_4_3_the_prorate_unit_of_the_log_decides(
    unit: ProrateUnit, refund: str | None
) -> None:
    year = Period(date(2025, 1, 1), date(2026, 1, 1))
    terms = replace(TERMS, frequency=Frequency.ANNUAL)
    off = change(1, date(2025, 7, 14), 25, 0, unit=unit)
    billed = [line("6000.00", year, quantity=25, price=replace(PRICE, unit_price=Decimal(240)))]

    found = settled(timeline(off, opening=25), billed, terms)

    assert amounts(found) == ([refund] if refund else [])


def test_rule_4_3_a_changed_setting_never_bills_history_again() -> None:
    billed = [line("125.00")]
    billed = booked(billed, settled(timeline(OFF), billed))

    for unit in ProrateUnit:
        assert settled(timeline(OFF), billed, replace(TERMS, prorate_unit=unit)) == []


def test_a_fixed_discount_is_prorated_and_given_once() -> None:
    less = replace(PRICE, discount_amount=Decimal("5.00"))
    new = change(1, date(2025, 6, 16), 0, 10, kind="new", price=less)
    told = timeline(new, opening=0, price=less)

    charged = settled(told, [])
    off = change(2, date(2025, 6, 20), 10, 0, price=less)
    back = settled(replace(told, changes=(new, off)), booked([], charged))

    assert amounts(charged) == ["60.00"]
    assert "(10 x 12.50 less 5.00) x 15/30 days" in charged[0].explanation
    assert amounts(back) == ["-40.00"]


def test_lines_that_no_history_explains_say_what_is_due() -> None:
    odd = line("-10.00", name="odd", kind=LineKind.REFUND, reverses="root")

    (found,) = settled(timeline(OFF), [line("125.00"), odd])

    assert str(found.amount) == "-48.33"
    assert found.explanation.startswith(
        "66.67 is due for INV-7 line 3 (1-30 June 2025), 115.00 stands"
    )


def test_settling_with_nothing_billed_and_nothing_active_owes_nothing() -> None:
    assert settle(timeline(opening=0), TERMS, [], through=JUNE.end, uncovered_until=JUNE.end) == []


def test_in_advance_the_cycle_of_the_change_and_all_invoiced_cycles_are_charged() -> None:
    today = date(2025, 6, 20)

    assert due_until(timeline(), TERMS, today=today, invoiced_until=JUNE.start) == JUNE.end
    assert due_until(timeline(), TERMS, today=today, invoiced_until=JULY.end) == JULY.end


def test_rule_4_10_in_arrears_a_cycle_that_ended_waits_for_its_invoice_run() -> None:
    until = due_until(timeline(), ARREARS, today=JULY.start, invoiced_until=JUNE.start)

    assert until == JUNE.start


def test_an_increase_is_charged_in_every_cycle_that_is_invoiced() -> None:
    billed = [line("125.00"), line("125.00", JULY, name="july", number="INV-8")]

    found = settled(timeline(change(1, date(2025, 6, 20), 10, 12)), billed)

    assert [(str(one.amount), one.period_key) for one in found] == [
        ("8.33", JUNE.start),
        ("25.00", JULY.start),
    ]


def test_rule_4_7_a_price_change_is_for_days_that_were_not_invoiced() -> None:
    dearer = replace(PRICE, unit_price=Decimal("20.00"))
    told = timeline(
        change(1, date(2025, 6, 15), 10, 10, kind="price_change", price=dearer), price=dearer
    )

    assert settled(told, [line("125.00")]) == []
    assert amounts(recurring(told, ARREARS, [], JUNE)) == ["200.00"]


def test_a_price_change_within_a_cycle_starts_with_its_day() -> None:
    dearer = replace(PRICE, unit_price=Decimal("20.00"))
    new = change(1, JUNE.start, 0, 10, kind="new")
    told = timeline(
        new,
        change(2, date(2025, 6, 15), 10, 10, kind="price_change", price=dearer),
        opening=0,
        price=dearer,
    )

    assert amounts(recurring(told, ARREARS, [], JUNE)) == ["62.50", "100.00"]


def test_a_free_line_covers_its_seats() -> None:
    free = line("0.00", price=replace(PRICE, unit_price=Decimal(0)))

    assert settled(timeline(OFF), [free]) == []


def test_a_prorated_line_of_others_is_refunded_from_its_amount() -> None:
    days = Period(date(2025, 6, 11), JUNE.end)
    odd = line("100.00", days, kind=LineKind.PRORATED_CHARGE, calculated=None)

    assert amounts(settled(timeline(OFF), [odd], until=JUNE.start)) == ["-70.00"]


def test_a_prorated_line_that_its_price_does_not_explain_is_taken_as_it_stands() -> None:
    days = Period(date(2025, 6, 11), JUNE.end)
    odd = line("100.00", days, kind=LineKind.PRORATED_CHARGE)

    assert amounts(settled(timeline(OFF), [odd], until=JUNE.start)) == ["-70.00"]


def test_a_line_that_reverses_a_reversal_belongs_to_the_same_root() -> None:
    refund = line("-58.33", name="refund", kind=LineKind.REFUND, reverses="root")
    undone = line("58.33", name="undone", kind=LineKind.PRORATED_CHARGE, reverses="refund")

    assert amounts(settled(timeline(OFF), [line("125.00"), refund, undone])) == ["-58.33"]


def test_free_seats_below_paid_ones_are_covered_once() -> None:
    """A line of 0.00 holds the place of the free seats; else the paid ones are charged twice."""
    free = replace(PRICE, unit_price=Decimal(0))
    told = timeline(
        change(1, date(2025, 6, 10), 10, 15, price=free), change(2, date(2025, 6, 10), 15, 18)
    )
    billed = [line("125.00")]

    found = settled(told, billed)

    assert [(one.quantity, str(one.amount)) for one in found] == [(5, "0.00"), (3, "25.00")]
    assert settled(told, booked(billed, found)) == []
    assert settled(timeline(told.changes[0]), billed) == []


@pytest.mark.parametrize("now", ["0.00", "4.90", "5.00", "8.00", "50.00"])
def test_rule_4_3_a_fixed_discount_that_is_changed_later_leaves_billed_lines_alone(
    now: str,
) -> None:
    told = replace(
        timeline(change(1, date(2025, 6, 11), 0, 10, kind="new"), opening=0),
        starts_on=date(2025, 6, 11),
    )
    billed = booked([], settled(_less(told, "5.00"), []))
    off = change(2, date(2025, 6, 20), 10, 0)
    later = replace(told, changes=(*told.changes, off))

    assert [one.amount for one in billed] == [Decimal("80.00")]
    assert settled(_less(told, now), billed) == []
    assert amounts(settled(_less(later, now), billed)) == ["-40.00"]


def _less(told: Timeline, fixed: str) -> Timeline:
    """Let a fixed discount hold: it has no column on the change logs, so it is today's on all."""
    price = replace(told.price, discount_amount=Decimal(fixed))
    changes = (replace(one, discount_amount=Decimal(fixed)) for one in told.changes)
    return replace(told, price=price, changes=tuple(changes))


@pytest.mark.parametrize(
    ("after", "credited", "given"),
    [
        (AfterEnd.DECLINED, "0.00", ["-58.33"]),
        (AfterEnd.DECLINED, "-58.33", []),
        (AfterEnd.EVERYTHING, "0.00", []),
        (AfterEnd.EVERYTHING, "-30.00", []),
        (AfterEnd.EVERYTHING, "-58.33", []),
        (AfterEnd.EVERYTHING, "-70.00", ["11.67"]),
        (AfterEnd.NOTHING, "0.00", ["-58.33"]),
    ],
)
def test_rule_4_5_days_after_the_contracts_end_are_never_charged_back(
    after: AfterEnd, credited: str, given: list[str]
) -> None:
    ending = replace(TERMS, ends_on=date(2025, 6, 16))
    refund = line(credited, name="back", kind=LineKind.REFUND, reverses="root")
    billed = [line("125.00"), *([refund] if Decimal(credited) else [])]

    assert amounts(settled(timeline().giving_back(after), billed, ending)) == given
