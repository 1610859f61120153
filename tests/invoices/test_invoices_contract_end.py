"""The end of a contract whose days were invoiced already: the gates decide, once (rules.md 4.5)."""

import pytest

from tests.engine.stage import (
    APPLY_REFUND,
    DO_NOT_REFUND,
    DO_NOTHING,
    NO,
    USE_CONTRACT,
    USE_GLOBAL,
    YES,
    cash,
)
from tests.invoices.rounds import drafts, issues, loses_its_state, plays

JULY_BACK = cash("125", "-84.68")
"""July as it was invoiced, and 21 of its 31 days."""
JULY_KEPT = cash("125")


def ends(stage, day="2025-07-10"):
    stage.writes("sk_billingcontract", stage.contract, {"sk_enddate": day})


@pytest.fixture
def ended(opened):
    """Open a stage on which July was invoiced before the contract was ended on 10 July."""

    def open_ended(choice=USE_CONTRACT, contract=YES, **money):
        stage = opened(
            provider=DO_NOTHING,
            subscription={"sk_refundchoice": choice},
            contract={"sk_processrefunds": contract},
            money=money,
        )
        issues(stage, "2025-07-01")
        ends(stage)
        return stage

    return open_ended


@pytest.mark.parametrize(
    ("choice", "contract", "setting", "amounts"),
    [
        pytest.param(USE_CONTRACT, YES, False, JULY_BACK, id="contract yes"),
        pytest.param(USE_CONTRACT, NO, True, JULY_KEPT, id="contract no"),
        pytest.param(USE_CONTRACT, USE_GLOBAL, False, JULY_KEPT, id="global off"),
        pytest.param(DO_NOT_REFUND, YES, True, JULY_KEPT, id="do not refund"),
        pytest.param(APPLY_REFUND, NO, False, JULY_BACK, id="apply refund"),
    ],
)
def test_rule_4_5_the_end_of_a_contract_asks_the_gates(ended, choice, contract, setting, amounts):
    stage = ended(choice, contract, process_refunds=setting)
    issues(stage, "2025-08-01")
    assert stage.amounts() == amounts


def test_rule_4_5_what_a_contracts_end_was_answered_is_told_once_with_its_reason(ended):
    stage = ended(contract=NO)
    issues(stage, "2025-08-01")
    issues(stage, "2025-09-01")
    entries = stage.application.store.tx(lambda tx: tx.read_trail())
    (told,) = [one for one in entries if one.event == "contract ended"]
    assert (told.subject, told.facts) == (
        stage.subscription,
        {
            "day": "2025-07-10",
            "decision": "declined_by_contract",
            "reason": "the billing contract does not process refunds",
        },
    )


def test_rule_4_3_a_setting_that_is_changed_later_gives_back_nothing_that_was_declined(ended):
    stage = ended(contract=NO)
    issues(stage, "2025-08-01")
    stage.writes("sk_billingcontract", stage.contract, {"sk_processrefunds": YES})
    issues(stage, "2025-09-01")
    assert stage.amounts() == JULY_KEPT


def test_rule_4_5_a_setting_that_is_changed_later_charges_back_nothing_that_was_given(ended):
    stage = ended()
    issues(stage, "2025-08-01")
    stage.edits(sk_refundchoice=DO_NOT_REFUND)
    loses_its_state(stage)
    issues(stage, "2025-08-02")
    assert stage.amounts() == JULY_BACK


def test_rule_4_5_another_end_date_asks_the_gates_anew(ended):
    stage = ended(contract=NO)
    issues(stage, "2025-08-01")
    stage.writes(
        "sk_billingcontract",
        stage.contract,
        {"sk_processrefunds": YES, "sk_enddate": "2025-07-15"},
    )
    issues(stage, "2025-08-02")
    assert stage.amounts() == cash("125", "-64.52")


def test_rule_4_6_a_lost_state_does_not_charge_back_what_the_end_of_a_contract_gave(ended):
    stage = ended()
    issues(stage, "2025-08-01")
    stage.on("2025-09-05")
    loses_its_state(stage)
    issues(stage, "2025-09-06")
    assert stage.amounts() == JULY_BACK


def test_rule_4_12_a_credit_for_days_after_the_end_says_so(ended):
    stage = ended()
    issues(stage, "2025-08-01")
    assert stage.lines()[-1]["sk_explanation"] == (
        "125.00 x 21/31 days (11-31 July 2025) of INV-2025-0001 line 1;"
        " the contract ends on 10 July 2025"
    )


def test_rule_4_12_a_contract_that_goes_on_after_all_is_charged_what_its_end_gave_back(ended):
    stage = ended()
    issues(stage, "2025-08-01")
    ends(stage, None)
    issues(stage, "2025-09-01")
    assert stage.amounts() == cash("125", "-84.68", "84.68", "125", "125")


def test_rule_4_5_a_change_of_its_own_is_refunded_though_the_end_is_declined(ended):
    stage = ended(contract=NO)
    stage.edits(sk_refundchoice=APPLY_REFUND)
    plays(stage, ("2025-07-05", {"status": "suspended"}))
    # 26 of 31 days: what the deactivation gives back does not end with the contract.
    assert stage.amounts() == cash("125", "-104.84")
    issues(stage, "2025-08-01")
    assert stage.amounts() == cash("125", "-104.84")


def test_rule_4_5_a_change_of_seats_leaves_the_days_after_the_end_to_the_invoice_run(ended):
    stage = ended(contract=NO)
    stage.edits(sk_refundchoice=APPLY_REFUND)
    plays(stage, ("2025-07-05", {"sk_quantity": 8}))
    # 2 of 10 seats for 26 of 31 days.
    assert stage.amounts() == cash("125", "-20.97")
    stage.edits(sk_refundchoice=USE_CONTRACT)
    issues(stage, "2025-08-01")
    assert stage.amounts() == cash("125", "-20.97")
    assert len(drafts(stage)) == 1
