"""The judged numbers of rules.md 4, from the person's save to the line on the invoice."""

from itertools import product

import pytest

from tests.engine.opening import INVOICE_STATUS, lay_invoice, lay_line
from tests.engine.stage import (
    APPLY_REFUND,
    ARREARS,
    DO_NOT_REFUND,
    DO_NOTHING,
    NO,
    USE_CONTRACT,
    USE_GLOBAL,
    YES,
    cash,
    decision_of,
)

IN_ARREARS = {"sk_billingpolicy": ARREARS}
WORDS = {
    "by subscription": "No refund: the subscription says Do Not Refund",
    "by contract": "No refund: the billing contract does not process refunds",
    "by setting": "No refund: the global setting does not process refunds",
}


def plays(stage, *steps):
    """Save one change a day, and let the daemon run after each."""
    for day, changes in steps:
        stage.on(day)
        stage.edits(**changes)
        stage.runs()


STORY = (("2025-06-16", {"status": "suspended"}), ("2025-06-21", {"status": "active"}))


def test_rule_4_1_the_june_story(stage):
    plays(stage, *STORY)
    assert stage.amounts() == cash("-58.33", "37.50")
    assert {line["_sk_invoiceid_value"] for line in stage.lines()} == {stage.july}
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    assert [issued.net] == cash("104.17")


def test_rule_4_1_new_state_refunds_the_day_of_the_change(opened):
    # The sheet says +41.66; its own formula, 125.00 x 10/30, is 41.67.
    stage = opened(money={"change_day": "new_state"})
    plays(stage, *STORY)
    assert stage.amounts() == cash("-62.50", "41.67")
    assert [log["sk_changeday"] for log in stage.logs()] == [126310001, 126310001]


def test_a_draft_paid_on_18_june_leaves_the_charge_to_the_next_one(stage):
    plays(stage, STORY[0])
    stage.on("2025-06-18")
    stage.writes("sk_invoice", stage.july, INVOICE_STATUS["paid"] | {"sk_paidon": "2025-06-18"})
    plays(stage, STORY[1])
    assert stage.amounts() == cash("-58.33", "37.50")
    refund, charge = stage.lines()
    assert refund["_sk_invoiceid_value"] == stage.july
    assert charge["_sk_invoiceid_value"] not in {stage.july, stage.june}
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    assert [issued.net] == cash("162.50")


def test_rule_4_10_in_arrears_used_days_come_at_once_and_the_rest_at_the_end_of_the_cycle(opened):
    stage = opened(contract=IN_ARREARS, amount="")
    plays(stage, *STORY)
    assert stage.amounts() == cash("66.67")
    assert list(stage.invoices()) == ["2025-06-01"]
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    assert stage.amounts() == cash("66.67", "37.50")
    assert [issued.net] == cash("104.17")


def test_rule_4_10_in_arrears_a_quantity_change_waits_for_the_end_of_the_cycle(opened):
    stage = opened(contract=IN_ARREARS, amount="", provider=DO_NOTHING)
    plays(stage, ("2025-06-16", {"sk_quantity": 13}))
    assert stage.lines() == []
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    assert [issued.net] == cash("142.50")


def test_rule_4_10_in_arrears_invoiced_days_found_unused_are_refunded(opened):
    stage = opened(contract=IN_ARREARS, amount="")
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    assert [issued.net] == cash("125")
    plays(stage, ("2025-07-05", {"status": "suspended", "sk_changeeffectiveon": "2025-06-16"}))
    assert stage.amounts()[1:] == cash("-58.33")
    assert stage.log()["sk_effectiveon"] == "2025-06-16"


def test_a_back_dated_deactivation_refunds_every_invoiced_period(stage):
    stage.on("2025-07-01")
    stage.invoices_on("2025-07-01")
    plays(stage, ("2025-07-05", {"status": "suspended", "sk_changeeffectiveon": "2025-06-16"}))
    assert stage.amounts() == cash("125", "-58.33", "-125")
    june, july = stage.lines()[1:]
    assert june["_sk_reversesid_value"] == stage.june_line
    assert july["_sk_reversesid_value"] == stage.lines()[0]["sk_invoicelineid"]


def test_rule_4_5_declined_days_stay_paid_until_the_next_change(opened):
    stage = opened(provider=DO_NOTHING, subscription={"sk_refundchoice": DO_NOT_REFUND})
    plays(stage, ("2025-06-11", {"sk_quantity": 7}), ("2025-06-21", {"sk_quantity": 12}))
    assert stage.kinds() == [("quantity change", -3), ("quantity change", 5)]
    assert stage.amounts() == cash("7.50")


GATES = list(
    product((USE_CONTRACT, APPLY_REFUND, DO_NOT_REFUND), (USE_GLOBAL, YES, NO), (True, False))
)


@pytest.mark.parametrize(("choice", "contract", "globally"), GATES)
def test_rule_4_5_the_three_gates(opened, choice, contract, globally):
    stage = opened(
        provider=DO_NOTHING,
        subscription={"sk_refundchoice": choice},
        contract={"sk_processrefunds": contract},
        money={"process_refunds": globally},
    )
    plays(stage, STORY[0])
    if choice == DO_NOT_REFUND:
        expected = "by subscription"
    elif choice == APPLY_REFUND or contract == YES:
        expected = "refunded"
    elif contract == NO:
        expected = "by contract"
    else:
        expected = "refunded" if globally else "by setting"
    assert decision_of(stage.log()) == expected
    assert stage.amounts() == (cash("-58.33") if expected == "refunded" else [])
    if expected != "refunded":
        assert WORDS[expected] in stage.log()["sk_message"]


def test_rule_4_5_the_gates_never_stop_a_charge(opened):
    stage = opened(
        provider=DO_NOTHING,
        subscription={"sk_refundchoice": DO_NOT_REFUND},
        contract={"sk_processrefunds": NO},
        money={"process_refunds": False},
    )
    plays(stage, ("2025-06-16", {"sk_quantity": 12}))
    assert stage.amounts() == cash("11.67")


def test_rule_4_5_after_a_declined_deactivation_the_return_is_free_in_the_paid_period(opened):
    stage = opened(subscription={"sk_refundchoice": DO_NOT_REFUND})
    plays(stage, *STORY)
    assert stage.kinds() == [("deactivation", -10), ("activation", 10)]
    assert stage.lines() == []


def test_rule_4_3_a_setting_that_changes_never_bills_history_again(opened):
    stage = opened(provider=DO_NOTHING, subscription={"sk_refundchoice": DO_NOT_REFUND})
    plays(
        stage,
        ("2025-06-11", {"sk_quantity": 7}),
        ("2025-06-12", {"sk_refundchoice": APPLY_REFUND}),
        ("2025-06-21", {"sk_quantity": 6}),
    )
    assert [decision_of(log) for log in stage.logs()] == ["by subscription", "refunded"]
    # Declined seats stay paid to the next change; from then on the decision is that change's.
    assert stage.amounts() == cash("-15.00")


def test_rule_4_2_running_again_owes_nothing(stage):
    plays(stage, *STORY)
    mark = stage.mark
    stage.edits(sk_name="Renamed")
    stage.runs()
    stage.runs()
    assert stage.amounts() == cash("-58.33", "37.50")
    assert stage.commits_since(mark, "sk_invoiceline") == 0


def test_rule_4_2_a_flip_on_the_same_day_adds_up_to_nothing(stage):
    plays(stage, ("2025-06-16", {"status": "suspended"}), ("2025-06-16", {"status": "active"}))
    assert stage.amounts() == cash("-58.33", "58.33")


@pytest.mark.parametrize(
    ("money", "first", "second"),
    [
        (
            "old_state",
            "125.00 x 14/30 days (17-30 June 2025) of INV-1 line 1; day of change: used",
            "10 x 12.50 x 9/30 days (22-30 June 2025), credited before on the draft line 1;"
            " day of change: old state",
        ),
        (
            "new_state",
            "125.00 x 15/30 days (16-30 June 2025) of INV-1 line 1; day of change: not used",
            "10 x 12.50 x 10/30 days (21-30 June 2025), credited before on the draft line 1;"
            " day of change: new state",
        ),
    ],
)
def test_every_line_says_how_it_came_about(opened, money, first, second):
    stage = opened(money={"change_day": money})
    plays(stage, *STORY)
    assert [line["sk_explanation"] for line in stage.lines()] == [first, second]


def test_a_line_names_its_log_and_the_line_that_it_corrects(stage):
    plays(stage, *STORY)
    for line, log in zip(stage.lines(), stage.logs(), strict=True):
        assert line["_sk_changelogid_value"] == log["sk_changelogid"]
        assert line["sk_changekey"] == log["sk_changekey"]
        assert line["_sk_reversesid_value"] == stage.june_line
        assert line["sk_calculatedamount"] == line["sk_amount"]
    assert [line["sk_linenumber"] for line in stage.lines()] == [1, 2]
    assert "Refund -58.33 USD on the open invoice" in stage.logs()[0]["sk_message"]


@pytest.mark.parametrize(
    ("currency", "price", "amount", "expected"),
    [
        ("JPY", "1250", "12500", ("-5833", "3750")),
        ("KWD", "12.500", "125.000", ("-58.333", "37.5")),
    ],
)
def test_rule_4_19_amounts_have_the_minor_units_of_iso_4217(
    opened, currency, price, amount, expected
):
    stage = opened(contract={"sk_currencycode": currency}, price=price, amount=amount)
    plays(stage, *STORY)
    assert stage.amounts() == cash(*expected)


def test_rule_4_13_tax_goes_back_with_the_net(opened):
    stage = opened(subscription={"sk_taxpercent": 19}, amount="")
    june = lay_invoice(
        stage, "2025-06-01", "2025-07-01", "issued", number="INV-1", issued_on="2025-06-01"
    )
    stage.june_line = lay_line(
        stage,
        june,
        stage.subscription,
        sk_taxpercent=19,
        sk_taxamount="23.75",
    )
    plays(stage, STORY[0])
    assert stage.amounts() == cash("-58.33")
    assert [line["sk_taxamount"] for line in stage.lines()] == cash("-11.08")


def test_rule_2_5_a_missing_draft_is_made_and_takes_the_line(opened):
    stage = opened(amount="")
    june = lay_invoice(
        stage, "2025-06-01", "2025-07-01", "issued", number="INV-1", issued_on="2025-06-01"
    )
    stage.june_line = lay_line(stage, june, stage.subscription)
    plays(stage, STORY[0])
    draft = stage.invoices()["2025-07-01"]
    assert (draft["sk_cycleend"], draft["statuscode"]) == ("2025-08-01", 1)
    assert stage.amounts() == cash("-58.33")
    assert stage.lines()[0]["_sk_invoiceid_value"] == draft["sk_invoiceid"]


def test_rule_2_5_of_several_drafts_the_earliest_cycle_serves(stage):
    lay_invoice(stage, "2025-08-01", "2025-09-01", "draft")
    plays(stage, STORY[0])
    assert stage.lines()[0]["_sk_invoiceid_value"] == stage.july


def test_rule_4_16_a_subscription_that_was_never_invoiced_has_nothing_to_refund(opened):
    stage = opened(amount="", contract={"sk_billingpolicy": 126310000})
    plays(stage, ("2025-06-16", {"status": "suspended"}))
    # The 16 days that were used are owed: nobody invoiced them.
    assert stage.amounts() == cash("66.67")
    assert decision_of(stage.log()) == "nothing"
    assert "Nothing to refund" in stage.log()["sk_message"]


def test_rule_4_9_a_refund_line_that_a_person_deleted_is_not_made_again(stage):
    plays(stage, STORY[0])
    stage.deletes("sk_invoiceline", stage.lines()[0]["sk_invoicelineid"])
    stage.edits(sk_name="Renamed")
    stage.runs()
    assert stage.lines() == []


def test_changes_of_several_subscriptions_share_the_draft_of_their_contract(stage):
    second = stage.subscribes(provider=DO_NOTHING)
    stage.runs()
    lay_line(stage, stage.june, second, sk_linenumber=2)
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.edits(row=second, status="suspended")
    stage.runs()
    lines = stage.on_invoice(stage.july)
    assert [amount for _, amount in lines] == cash("-58.33", "-58.33")
    numbers = [
        line["sk_linenumber"]
        for line in stage.table("sk_invoiceline")
        if line["_sk_invoiceid_value"] == stage.july
    ]
    assert sorted(numbers) == [1, 2]


def test_rule_4_1_a_deactivation_of_a_later_day_is_refunded_when_the_day_has_come(stage):
    other = stage.subscribes(provider=DO_NOTHING, sk_startdate="2025-07-01")
    plays(stage, ("2025-06-16", {"status": "suspended", "sk_changeeffectiveon": "2025-06-20"}))
    assert (stage.lines(), decision_of(stage.log())) == ([], "refunded")
    assert "What is invoiced beyond 2025-06-20 is refunded then" in stage.log()["sk_message"]
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    assert stage.amounts() == cash("-41.67")
    assert stage.amounts(other) == cash("125")
    assert [issued.net] == cash("83.33")
