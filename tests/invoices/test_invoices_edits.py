"""What people do to lines: respected, reported, never overwritten (rules.md 4.9)."""

import pytest

from sync.edits import LINE_EDITED
from tests.engine.stage import DO_NOTHING, cash, decision_of, outcome_of
from tests.invoices.rounds import chooses, goes_round, issues, plays

OFF = ("2025-06-16", {"status": "suspended"})
ON = ("2025-06-21", {"status": "active"})


def edits_line(stage, line, amount):
    stage.writes("sk_invoiceline", line, {"sk_amount": amount})


def test_rule_4_9_a_change_that_touches_an_edited_line_waits_with_the_proposed_amount(stage):
    edits_line(stage, stage.june_line, "100.00")
    plays(stage, OFF)
    assert stage.lines() == []
    parked = stage.parked()
    assert parked.code == LINE_EDITED
    assert "-58.33 USD" in parked.reason
    assert "-58.33 USD" in stage.message


def test_rule_4_9_status_and_provider_go_on_meanwhile(stage):
    edits_line(stage, stage.june_line, "100.00")
    plays(stage, OFF)
    assert stage.licence()["status"] == "suspended"
    assert (outcome_of(stage.log()), decision_of(stage.log())) == ("provisioned", "refunded")


def test_rule_4_9_the_line_follows_when_the_person_says_what_counts(stage):
    edits_line(stage, stage.june_line, "100.00")
    plays(stage, OFF)
    stage.writes("sk_invoiceline", stage.june_line, {"sk_calculatedamount": "100.00"})
    stage.runs()
    assert stage.amounts() == cash("-46.67")
    assert stage.parked() is None


def test_rule_4_9_an_edited_line_stays_parked_while_nothing_is_said(stage):
    edits_line(stage, stage.june_line, "100.00")
    plays(stage, OFF)
    stage.runs()
    assert stage.parked().code == LINE_EDITED
    assert stage.message


def test_rule_4_9_an_invoice_run_leaves_an_edited_line_alone_and_bills_the_rest(stage):
    edits_line(stage, stage.june_line, "100.00")
    plays(stage, OFF)
    plays(stage, ("2025-06-25", {"status": "active"}))
    (issued,) = issues(stage, "2025-07-01")
    assert [issued.net] == cash("125")
    assert stage.parked().code == LINE_EDITED


def test_rule_4_9_an_edit_of_the_open_invoice_is_issued_as_it_stands(stage):
    plays(stage, OFF)
    plays(stage, ON)
    refund = stage.lines()[0]["sk_invoicelineid"]
    edits_line(stage, refund, "-60.00")
    (issued,) = issues(stage, "2025-07-01")
    assert [issued.net] == cash("102.50")


def test_rule_4_9_a_deleted_refund_line_is_do_not_refund_and_is_written_on_the_log(stage):
    plays(stage, OFF)
    stage.deletes("sk_invoiceline", stage.lines()[0]["sk_invoicelineid"])
    plays(stage, ON)
    assert stage.lines() == []
    assert decision_of(stage.logs()[0]) == "removed"


def test_rule_4_9_an_invoice_run_does_not_give_a_deleted_refund_again(stage):
    plays(stage, OFF)
    stage.deletes("sk_invoiceline", stage.lines()[0]["sk_invoicelineid"])
    issues(stage, "2025-07-01")
    assert stage.lines() == []
    assert decision_of(stage.log()) == "removed"
    assert stage.parked() is None


def test_rule_4_9_a_deleted_charge_is_not_put_back(opened):
    stage = opened(provider=DO_NOTHING)
    plays(stage, ("2025-06-10", {"sk_quantity": 13}))
    assert stage.amounts() == cash("25")
    stage.deletes("sk_invoiceline", stage.lines()[0]["sk_invoicelineid"])
    (issued,) = issues(stage, "2025-07-01")
    assert [issued.net] == cash("162.50")
    assert stage.parked().code == LINE_EDITED
    assert "25.00 USD" in stage.parked().reason


def test_rule_4_9_the_proposed_amount_is_put_on_the_invoice_when_a_person_accepts_it(stage):
    edits_line(stage, stage.june_line, "100.00")
    plays(stage, OFF)
    assert "--accept" in stage.parked().advice
    chooses(stage, "accept", stage.subscription)
    stage.runs()
    assert stage.amounts() == cash("-58.33")
    assert (stage.parked(), stage.message) == (None, "")
    # It was accepted once: what comes later is asked anew.
    plays(stage, ON)
    assert stage.amounts() == cash("-58.33")
    assert "37.50 USD" in stage.parked().reason


def test_rule_4_9_another_amount_than_the_accepted_one_is_asked_anew(stage):
    edits_line(stage, stage.june_line, "100.00")
    plays(stage, OFF)
    chooses(stage, "accept", stage.subscription)
    plays(stage, ON)  # both are taken up together: 5 of 30 days
    assert stage.lines() == []
    assert "-20.83 USD" in stage.parked().reason


def test_rule_4_9_a_deleted_charge_is_put_back_when_a_person_accepts_it(opened):
    stage = opened(provider=DO_NOTHING)
    plays(stage, ("2025-06-10", {"sk_quantity": 13}))
    stage.deletes("sk_invoiceline", stage.lines()[0]["sk_invoicelineid"])
    issues(stage, "2025-07-01")
    chooses(stage, "accept", stage.subscription)
    stage.runs()
    assert sorted(stage.amounts()) == cash("25", "162.50")


@pytest.mark.parametrize("columns", [{"sk_quantity": 1}, {"sk_periodend": "2025-06-20"}])
def test_rule_4_9_a_line_of_which_seats_or_days_were_edited_is_not_charged_beside(opened, columns):
    stage = opened(provider=DO_NOTHING)
    plays(stage, ("2025-06-10", {"sk_quantity": 13}))
    stage.writes("sk_invoiceline", stage.lines()[0]["sk_invoicelineid"], columns)
    (issued,) = issues(stage, "2025-07-01")
    assert [issued.net] == cash("187.50")  # 25.00 and July
    assert stage.parked().code == LINE_EDITED


def test_rule_4_9_a_refund_that_was_taken_off_its_line_is_not_given_again(opened):
    stage = opened(provider=DO_NOTHING)
    plays(stage, OFF)
    stage.writes("sk_invoiceline", stage.lines()[0]["sk_invoicelineid"], {"sk_reversesid": None})
    plays(stage, ON)
    assert stage.amounts() == cash("-58.33")
    assert stage.parked().code == LINE_EDITED


def test_rule_4_9_a_later_change_waits_for_the_days_of_an_edited_line(stage):
    edits_line(stage, stage.june_line, "100.00")
    plays(stage, ("2025-06-11", {"sk_quantity": 13}))
    assert stage.lines() == []
    assert "23.75 USD" in stage.parked().reason


def test_rule_4_9_a_recurring_line_that_was_deleted_is_not_charged_again_by_a_change(opened):
    stage = opened(provider=DO_NOTHING)
    issues(stage, "2025-07-01")
    stage.deletes("sk_invoiceline", stage.lines()[0]["sk_invoicelineid"])
    plays(stage, ("2025-07-11", {"sk_quantity": 13}))
    assert stage.lines() == []
    assert stage.parked().code == LINE_EDITED


def test_rule_4_17_a_log_whose_refund_was_removed_is_archived(stage):
    goes_round(stage)
    plays(stage, OFF)
    stage.deletes("sk_invoiceline", stage.lines()[0]["sk_invoicelineid"])
    issues(stage, "2025-07-01")
    goes_round(stage)
    assert [log["statuscode"] for log in stage.logs()] == [2]
