"""Interim invoices: what waits on a long cycle is issued monthly (rules.md 4.15)."""

import pytest

from tests.engine.stage import ARREARS, DO_NOTHING, QUARTERLY, cash
from tests.invoices.rounds import goes_round, issues, status_of

QUARTER = {
    "sk_frequency": QUARTERLY,
    "sk_nextinvoiceon": "2025-07-01",
    "sk_startdate": "2025-01-01",
}


@pytest.fixture
def quarterly(opened):
    """Issue a quarter of 10 seats at 36.00 on 1 July: 360.00."""
    stage = opened(
        contract=QUARTER,
        price="36.00",
        amount="",
        provider=DO_NOTHING,
        subscription={"sk_billfrom": "2025-07-01"},
    )
    issues(stage, "2025-07-01")
    return stage


def adds_seats(stage, day, seats):
    stage.on(day)
    stage.edits(sk_quantity=seats)
    stage.runs()


def test_rule_4_15_waiting_lines_are_issued_on_the_anchor_day_of_the_month(quarterly):
    # 2 more seats from 17 July to 30 September: 76 of 92 days of 72.00.
    adds_seats(quarterly, "2025-07-16", 12)
    assert issues(quarterly, "2025-07-31") == []
    (interim,) = issues(quarterly, "2025-08-01")
    assert [interim.net] == cash("59.48")
    invoice = next(
        one for one in quarterly.table("sk_invoice") if one["sk_number"] == interim.number
    )
    assert (invoice["sk_cyclestart"], invoice["sk_cycleend"]) == ("2025-07-01", "2025-08-01")
    assert (
        quarterly.row("sk_billingcontract", quarterly.contract)["sk_nextinvoiceon"] == "2025-09-01"
    )


def test_rule_4_15_a_line_that_comes_later_waits_for_the_next_month(quarterly):
    adds_seats(quarterly, "2025-07-16", 12)
    issues(quarterly, "2025-08-01")
    # One more seat from 11 August, 51 of 92 days of 36.00: 79.43 together with the 59.48.
    adds_seats(quarterly, "2025-08-10", 13)
    assert issues(quarterly, "2025-08-20") == []
    (interim,) = issues(quarterly, "2025-09-01")
    assert [interim.net] == cash("19.95")


def test_rule_4_15_the_cycle_goes_on_after_interim_invoices(quarterly):
    adds_seats(quarterly, "2025-07-16", 12)
    issues(quarterly, "2025-08-01")
    (cycle,) = issues(quarterly, "2025-10-01")
    assert (str(cycle.cycle_start), cycle.net) == ("2025-10-01", *cash("432"))


def test_rule_4_15_without_waiting_lines_only_the_date_moves(quarterly):
    assert issues(quarterly, "2025-08-01") == []
    assert (
        quarterly.row("sk_billingcontract", quarterly.contract)["sk_nextinvoiceon"] == "2025-09-01"
    )
    assert len(quarterly.table("sk_invoice")) == 2


def test_rule_4_15_off_everything_waits_for_the_cycle(opened):
    stage = opened(
        contract=QUARTER,
        price="36.00",
        amount="",
        provider=DO_NOTHING,
        subscription={"sk_billfrom": "2025-07-01"},
        money={"interim_invoices": "off"},
    )
    issues(stage, "2025-07-01")
    adds_seats(stage, "2025-07-16", 12)
    assert issues(stage, "2025-08-01") == []
    (cycle,) = issues(stage, "2025-10-01")
    assert [cycle.net] == cash("491.48")


def test_rule_4_15_in_arrears_used_days_of_a_deactivation_are_issued_monthly(opened):
    stage = opened(
        contract=QUARTER | {"sk_billingpolicy": ARREARS},
        price="36.00",
        amount="",
        provider=DO_NOTHING,
        subscription={"sk_billfrom": "2025-07-01"},
    )
    goes_round(stage)
    goes_round(stage)
    stage.on("2025-07-16")
    stage.edits(status="suspended")
    stage.runs()
    # 16 of 92 days of 360.00.
    (interim,) = issues(stage, "2025-08-01")
    assert [interim.net] == cash("62.61")
    stage.on("2025-10-01")
    assert [one.number for one in stage.invoices_on("2025-10-01")] == [""]


def test_rule_4_15_a_contract_whose_date_is_far_off_gets_its_interim_days(opened):
    far = QUARTER | {"sk_nextinvoiceon": "2025-10-01"}
    stage = opened(contract=far, price="36.00", amount="", provider=DO_NOTHING)
    goes_round(stage)
    goes_round(stage)
    contract = stage.row("sk_billingcontract", stage.contract)
    assert contract["sk_nextinvoiceon"] == "2025-07-01"


def test_rule_4_15_a_monthly_contract_has_no_interim_invoices(stage):
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    assert stage.invoices_on("2025-06-20") == []
    assert status_of(stage.row("sk_invoice", stage.july)) == "draft"
