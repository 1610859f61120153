"""A subscription that was moved to another contract: its old lines stay with the old one."""

import pytest

from tests.engine.stage import ADVANCE, DO_NOTHING, MONTHLY, YES, cash
from tests.invoices.rounds import drafts, issues, plays

OFF = ("2025-06-21", {"status": "suspended"})


@pytest.fixture
def moved(opened):
    """June was invoiced by the contract that the subscription was on; it is on another now."""

    def open_moved(**columns):
        stage = opened(provider=DO_NOTHING)
        row = {
            "sk_name": "Fabrikam, new",
            "sk_accountid": stage.account,
            "sk_frequency": MONTHLY,
            "sk_billingpolicy": ADVANCE,
            "sk_processrefunds": YES,
            "sk_startdate": "2025-01-01",
            "sk_currencycode": "USD",
            "sk_timezone": "UTC",
            **columns,
        }
        contract = stage.makes("sk_billingcontract", row)
        stage.on("2025-06-20")
        stage.edits(sk_billingcontractid=contract)
        stage.runs()
        return stage, contract

    return open_moved


def on_drafts(stage, contract):
    return [
        line
        for draft in drafts(stage)
        if draft["_sk_billingcontractid_value"] == contract
        for line in stage.on_invoice(draft["sk_invoiceid"])
    ]


def test_rule_4_12_a_credit_goes_to_the_contract_and_currency_of_the_reversed_line(moved):
    stage, contract = moved(sk_currencycode="JPY")
    plays(stage, OFF)
    assert on_drafts(stage, stage.contract) == [("refund", *cash("-37.50"))]
    assert on_drafts(stage, contract) == []
    assert "-37.50 USD" in stage.log()["sk_message"]


def test_rule_4_12_the_other_contracts_open_invoice_is_made_when_it_is_missing(moved):
    stage, _ = moved()
    stage.deletes("sk_invoice", stage.july)
    plays(stage, OFF)
    assert on_drafts(stage, stage.contract) == [("refund", *cash("-37.50"))]


def test_rule_4_12_further_seats_are_charged_by_the_new_contract(moved):
    stage, contract = moved()
    plays(stage, ("2025-06-21", {"sk_quantity": 12}))
    assert on_drafts(stage, contract) == [("charge", *cash("7.50"))]
    assert on_drafts(stage, stage.contract) == []


def test_rule_4_12_an_invoice_run_of_the_new_contract_leaves_old_lines_alone(moved):
    stage, contract = moved(sk_enddate="2025-06-20")
    (made,) = [one for one in issues(stage, "2025-07-01") if one.contract_id == stage.contract]
    assert made.number == ""
    assert on_drafts(stage, contract) == []


def test_rule_4_6_another_anchor_charges_nothing_before_the_cycle_of_adoption(moved):
    stage, contract = moved(sk_startdate="2025-01-15")
    plays(stage, ("2025-06-21", {"sk_quantity": 12}))
    # 9 days of June for 2 seats; from 1 July, 14 days for 12. May was billed before adoption.
    assert on_drafts(stage, contract) == [("charge", *cash("7.50")), ("charge", *cash("70"))]
