"""The invoice run, end to end: recurring lines, waiting lines, totals, the next draft."""

from datetime import date

import pytest

from sync.invoicing import Bill, read_bill
from tests.engine.opening import INVOICE_STATUS, lay_invoice, lay_line
from tests.engine.stage import (
    ARREARS,
    DO_NOTHING,
    INVOICE,
    QUARTERLY,
    STATUS,
    cash,
)


def status_of(invoice):
    return INVOICE[invoice["statuscode"]]


def test_a_run_issues_the_recurring_and_the_waiting_lines(stage):
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    stage.on("2025-06-21")
    stage.edits(status="active")
    stage.runs()
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    assert (issued.number, issued.lines) == ("INV-2025-0001", 3)
    assert stage.on_invoice(stage.july) == [
        ("refund", *cash("-58.33")),
        ("charge", *cash("37.50")),
        ("recurring", *cash("125")),
    ]
    july = stage.invoices()["2025-07-01"]
    assert status_of(july) == "issued"
    assert july["sk_number"] == "INV-2025-0001"
    assert july["sk_issuedon"] == "2025-07-01"
    assert july["sk_duedate"] == "2025-07-15"
    assert [july["sk_nettotal"], july["sk_taxtotal"], july["sk_total"]] == cash(
        "104.17", "0", "104.17"
    )


def test_a_run_opens_the_next_draft_and_moves_the_contract_on(stage):
    stage.on("2025-07-01")
    stage.invoices_on("2025-07-01")
    august = stage.invoices()["2025-08-01"]
    assert (status_of(august), august["sk_cycleend"]) == ("draft", "2025-09-01")
    contract = stage.row("sk_billingcontract", stage.contract)
    assert contract["sk_nextinvoiceon"] == "2025-08-01"


def test_the_recurring_line_covers_the_cycle_and_explains_itself(stage):
    stage.on("2025-07-01")
    stage.invoices_on("2025-07-01")
    (line,) = stage.lines()
    assert (line["sk_periodstart"], line["sk_periodend"]) == ("2025-07-01", "2025-08-01")
    assert (line["sk_quantity"], line["_sk_reversesid_value"]) == (10, None)
    assert [line["sk_unitprice"], line["sk_amount"]] == cash("12.50", "125")
    assert line["sk_explanation"] == "10 x 12.50 (1-31 July 2025)"


def test_a_second_run_on_the_same_day_does_nothing(stage):
    stage.on("2025-07-01")
    assert len(stage.invoices_on("2025-07-01")) == 1
    mark = stage.mark
    assert stage.invoices_on("2025-07-01") == []
    assert [stage.commits_since(mark, name) for name in ("sk_invoice", "sk_invoiceline")] == [0, 0]


def test_a_run_before_the_cycle_begins_does_nothing(stage):
    stage.on("2025-06-30")
    assert stage.invoices_on("2025-06-30") == []
    assert stage.on_invoice(stage.july) == []


def test_a_run_catches_up_over_two_cycles(stage):
    stage.on("2025-08-02")
    issued = stage.invoices_on("2025-08-02")
    assert [str(one.cycle_start) for one in issued] == ["2025-07-01", "2025-08-01"]
    assert [one.number for one in issued] == ["INV-2025-0001", "INV-2025-0002"]
    assert [one.net for one in issued] == cash("125", "125")
    assert [status_of(one) for one in stage.invoices().values()].count("draft") == 1
    assert stage.invoices()["2025-09-01"]["statuscode"] == 1


def test_a_suspended_subscription_is_not_invoiced(stage):
    stage.on("2025-06-30")
    stage.edits(status="suspended")
    stage.runs()
    stage.on("2025-07-01")
    assert [one.number for one in stage.invoices_on("2025-07-01")] == [""]
    assert stage.lines() == []
    assert "2025-08-01" in stage.invoices()
    assert stage.row("sk_billingcontract", stage.contract)["sk_nextinvoiceon"] == "2025-08-01"


def test_rule_4_12_a_paused_subscription_is_invoiced(stage):
    stage.on("2025-06-16")
    stage.edits(status="paused")
    stage.runs()
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    assert [issued.net] == cash("125")


def test_totals_add_the_tax_of_every_line(opened):
    stage = opened(subscription={"sk_taxpercent": 19})
    stage.on("2025-07-01")
    stage.invoices_on("2025-07-01")
    july = stage.invoices()["2025-07-01"]
    assert [july["sk_nettotal"], july["sk_taxtotal"], july["sk_total"]] == cash(
        "125", "23.75", "148.75"
    )


def test_a_discount_is_taken_off_the_recurring_line(opened):
    stage = opened(subscription={"sk_discountpercent": 10})
    stage.on("2025-07-01")
    stage.invoices_on("2025-07-01")
    assert stage.amounts() == cash("112.50")


def test_rule_4_14_numbers_go_on_from_the_highest_of_the_year(stage):
    lay_invoice(
        stage, "2025-05-01", "2025-06-01", "paid", number="INV-2025-0041", issued_on="2025-05-01"
    )
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    assert issued.number == "INV-2025-0042"


def test_rule_4_16_a_credit_above_the_charges_is_carried_forward(opened):
    # Recurring 40.00 of one subscription, a refund of 58.33 of another: 0.00, then -18.33.
    stage = opened(provider=DO_NOTHING)
    other = stage.subscribes(provider=DO_NOTHING, sk_unitprice="4.00")
    stage.runs()
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    lay_line(
        stage,
        stage.june,
        other,
        sk_linenumber=2,
        sk_unitprice="4.00",
        sk_amount="40.00",
        sk_calculatedamount="40.00",
    )
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    assert [issued.net, issued.total] == cash("0", "0")
    assert stage.on_invoice(stage.july) == [
        ("refund", *cash("-58.33")),
        ("recurring", *cash("40")),
        ("carried", *cash("18.33")),
    ]
    august = stage.invoices()["2025-08-01"]
    assert stage.on_invoice(august["sk_invoiceid"]) == [("carried", *cash("-18.33"))]
    stage.on("2025-08-01")
    (issued,) = stage.invoices_on("2025-08-01")
    assert [issued.net] == cash("21.67")


def test_rule_4_16_a_draft_with_only_credits_rolls_on(stage):
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    stage.on("2025-07-01")
    (rolled,) = stage.invoices_on("2025-07-01")
    assert rolled.number == ""
    draft = stage.row("sk_invoice", stage.july)
    assert (status_of(draft), draft["sk_cyclestart"]) == ("draft", "2025-08-01")
    assert stage.on_invoice(stage.july) == [("refund", *cash("-58.33"))]
    stage.on("2025-07-20")
    stage.edits(status="active")
    stage.runs()
    # July from the 21st, which nobody had billed: 11 of 31 days.
    assert stage.amounts() == cash("-58.33", "44.35")
    stage.on("2025-08-01")
    (issued,) = stage.invoices_on("2025-08-01")
    assert [issued.net] == cash("111.02")


def test_a_preview_is_what_the_run_then_does(stage):
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    stage.on("2025-06-21")
    stage.edits(status="active")
    stage.runs()
    stage.on("2025-07-01")
    mark = stage.mark
    bill = read_bill(stage.application.engine, stage.contract, date(2025, 7, 1))
    assert isinstance(bill, Bill)
    assert stage.commits_since(mark, "sk_invoice") == 0
    (issued,) = stage.invoices_on("2025-07-01")
    assert (bill.sums.net, bill.sums.tax, bill.sums.total) == (issued.net, issued.tax, issued.total)
    shown = [*(line.amount for line in bill.waiting), *(line.amount for line in bill.new_lines)]
    assert sorted(shown) == sorted(amount for _, amount in stage.on_invoice(stage.july))


def test_rule_4_10_in_arrears_a_cycle_is_issued_at_its_end(opened):
    stage = opened(contract={"sk_billingpolicy": ARREARS}, amount="")
    stage.on("2025-06-30")
    assert stage.invoices_on("2025-06-30") == []
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    assert (str(issued.cycle_start), issued.net) == ("2025-06-01", *cash("125"))
    assert stage.row("sk_billingcontract", stage.contract)["sk_nextinvoiceon"] == "2025-08-01"


def test_rule_4_12_a_price_per_seat_is_for_the_cycle_of_the_contract(opened):
    quarterly = {"sk_frequency": QUARTERLY, "sk_nextinvoiceon": "2025-07-01"}
    stage = opened(
        contract=quarterly, price="36.00", amount="", subscription={"sk_billfrom": "2025-07-01"}
    )
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    assert [issued.net] == cash("360")
    (line,) = stage.lines()
    assert (line["sk_periodstart"], line["sk_periodend"]) == ("2025-07-01", "2025-10-01")


def test_rule_4_12_the_end_of_the_contract_is_billed_and_prorates_the_last_cycle(opened):
    stage = opened(contract={"sk_enddate": "2025-07-10"})
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    assert [issued.net] == cash("40.32")
    assert stage.lines()[0]["sk_periodend"] == "2025-07-11"
    stage.on("2025-08-01")
    assert stage.invoices_on("2025-08-01") == []


def test_a_contract_in_trouble_is_parked_and_the_others_are_invoiced(stage):
    broken = stage.makes(
        "sk_billingcontract",
        {"sk_name": "Broken", "sk_accountid": stage.account, "sk_nextinvoiceon": "2025-07-01"},
    )
    stage.on("2025-07-01")
    issued = stage.invoices_on("2025-07-01")
    assert [one.contract_id for one in issued] == [stage.contract]
    assert stage.parked(broken).code == "contract-incomplete"
    changes = {"sk_frequency": 126310000, "sk_startdate": "2025-07-01", "sk_currencycode": "EUR"}
    stage.writes("sk_billingcontract", broken, changes)
    stage.invoices_on("2025-07-01")
    assert stage.parked(broken) is None


def test_rule_2_5_a_line_never_lands_on_an_invoice_that_was_issued_meanwhile(stage):
    stage.on("2025-07-01")
    stage.invoices_on("2025-07-01")
    stage.edits(status="suspended")
    stage.runs()
    assert [kind for kind, _ in stage.on_invoice(stage.july)] == ["recurring"]
    august = stage.invoices()["2025-08-01"]["sk_invoiceid"]
    # July had been paid for 30 days more than the day of the change.
    assert stage.on_invoice(august) == [("refund", *cash("-120.97"))]


def test_a_draft_that_a_person_closed_by_hand_counts_as_billed(stage):
    stage.on("2025-07-01")
    stage.invoices_on("2025-07-01")
    stage.writes("sk_invoice", stage.july, INVOICE_STATUS["paid"] | {"sk_paidon": "2025-07-02"})
    stage.on("2025-08-01")
    (issued,) = stage.invoices_on("2025-08-01")
    assert (str(issued.cycle_start), issued.net) == ("2025-08-01", *cash("125"))


def test_a_subscription_that_is_new_on_the_contract_is_billed_from_its_start(stage):
    stage.on("2025-06-16")
    fresh = stage.subscribes(provider=DO_NOTHING, sk_startdate="2025-06-16", sk_quantity=4)
    stage.runs()
    stage.on("2025-07-01")
    stage.invoices_on("2025-07-01")
    # 15 of 30 days of June at 4 x 12.50, then July.
    assert stage.amounts(fresh) == cash("25", "50")


@pytest.mark.parametrize("status", ["cancelled", "expired"])
def test_a_subscription_that_has_ended_is_not_invoiced(opened, status):
    stage = opened(subscription=STATUS[status])
    stage.on("2025-07-01")
    stage.invoices_on("2025-07-01")
    assert stage.lines() == []
