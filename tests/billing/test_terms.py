"""Whether a credit is given (rule 4.5)."""

import pytest

from billing.terms import ProcessRefunds, RefundChoice, RefundDecision, decide_refund

CHOICE, CONTRACT, DECISION = RefundChoice, ProcessRefunds, RefundDecision


@pytest.mark.parametrize("contract", ProcessRefunds)
@pytest.mark.parametrize("setting", [True, False])
def test_rule_4_5_the_subscription_overrules_contract_and_setting(
    contract: ProcessRefunds, *, setting: bool
) -> None:
    given = decide_refund(CHOICE.APPLY, contract, global_setting=setting)
    refused = decide_refund(CHOICE.DO_NOT_REFUND, contract, global_setting=setting)

    assert given.decision is DECISION.REFUNDED
    assert refused.decision is DECISION.DECLINED_BY_SUBSCRIPTION


@pytest.mark.parametrize(
    ("contract", "setting", "decision", "reason"),
    [
        (CONTRACT.YES, False, DECISION.REFUNDED, "contract processes"),
        (CONTRACT.NO, True, DECISION.DECLINED_BY_CONTRACT, "contract does not"),
        (CONTRACT.USE_GLOBAL, True, DECISION.REFUNDED, "global setting processes"),
        (CONTRACT.USE_GLOBAL, False, DECISION.DECLINED_BY_SETTING, "global setting does not"),
    ],
)
def test_rule_4_5_the_contract_decides_before_the_setting(
    contract: ProcessRefunds, decision: RefundDecision, reason: str, *, setting: bool
) -> None:
    ruling = decide_refund(CHOICE.USE_CONTRACT, contract, global_setting=setting)

    assert ruling.decision is decision
    assert reason in ruling.reason


def test_rule_4_5_only_declined_days_stay_desired() -> None:
    kept = {decision for decision in RefundDecision if decision.declined}

    assert kept == set(RefundDecision) - {DECISION.REFUNDED, DECISION.NOTHING_TO_REFUND}
