"""What a person has to decide: a voided invoice, a changed frequency."""

import pytest

from seatkeeper.verify import verify_rows
from sync.by_hand import RefusedByHandError
from tests.engine.stage import DO_NOTHING, QUARTERLY, cash
from tests.invoices.rounds import chooses, goes_round, issues, plays, voids


@pytest.fixture
def voided(opened):
    """July was issued and then voided."""
    stage = opened(provider=DO_NOTHING)
    goes_round(stage)
    issues(stage, "2025-07-01")
    goes_round(stage)
    voids(stage, stage.july)
    goes_round(stage)
    return stage


def test_rule_4_14_voiding_parks_the_contract_with_the_choice(voided):
    parked = voided.parked(voided.contract)
    assert parked.code == "invoice-voided"
    assert "--rebill" in parked.advice
    assert "--forget" in parked.advice


def test_rule_4_14_nothing_of_the_contract_is_issued_until_it_is_chosen(voided):
    assert issues(voided, "2025-08-01") == []
    assert voided.parked(voided.contract).code == "invoice-voided"


def test_rule_4_14_meanwhile_changes_are_logged_and_their_lines_wait(voided):
    voided.on("2025-07-10")
    voided.edits(status="suspended")
    voided.runs()
    assert voided.kinds() == [("deactivation", -10)]
    assert voided.amounts() == cash("125")


def test_rule_4_14_rebill_bills_the_days_again_on_the_next_invoice(voided):
    chooses(voided, "rebill")
    (issued,) = issues(voided, "2025-08-01")
    assert [issued.net] == cash("250")


def test_rule_4_14_forget_never_bills_the_days_again(voided):
    chooses(voided, "forget")
    assert voided.now_row["sk_billfrom"] == "2025-08-01"
    (issued,) = issues(voided, "2025-08-01")
    assert [issued.net] == cash("125")
    assert voided.parked(voided.contract) is None


@pytest.fixture
def voided_after_a_refund(opened):
    """July was issued, 20 of its 31 days were given back on the next draft, then it was voided."""
    stage = opened(provider=DO_NOTHING)
    goes_round(stage)
    issues(stage, "2025-07-01")
    plays(stage, ("2025-07-11", {"status": "suspended"}))
    voids(stage, stage.july)
    goes_round(stage)
    plays(stage, ("2025-07-21", {"status": "active"}))
    return stage


def test_rule_4_14_a_refund_of_a_void_line_is_taken_back_when_its_days_are_billed_again(
    voided_after_a_refund,
):
    stage = voided_after_a_refund
    chooses(stage, "rebill")
    issues(stage, "2025-08-01")
    # July: 11 and 10 of 31 days are used, 84.68; -80.65 was given back of what nobody paid.
    assert stage.amounts() == cash("125", "-80.65", "80.65", "44.35", "40.33", "125")
    assert "is void" in stage.lines()[2]["sk_explanation"]
    assert not any(one.broken for one in verify_rows(stage.application.engine))


def test_rule_4_14_a_refund_of_a_void_line_is_taken_back_when_its_days_are_forgotten(
    voided_after_a_refund,
):
    stage = voided_after_a_refund
    chooses(stage, "forget")
    (issued,) = issues(stage, "2025-08-01")
    assert [issued.net] == cash("125")
    assert issues(stage, "2025-08-01") == []


def test_rule_4_14_a_choice_is_asked_once(voided):
    chooses(voided, "rebill")
    voided.writes("sk_invoice", voided.july, {"sk_name": "looked at"})
    goes_round(voided)
    assert voided.parked(voided.contract) is None
    with pytest.raises(RefusedByHandError, match="not parked"):
        chooses(voided, "rebill")


def test_rule_4_14_another_choice_is_refused(voided):
    with pytest.raises(RefusedByHandError, match="--rebill"):
        chooses(voided, "accept")


def test_rule_4_12_a_changed_frequency_parks_the_contract_until_prices_are_confirmed(opened):
    stage = opened(provider=DO_NOTHING)
    issues(stage, "2025-07-01")
    stage.writes("sk_billingcontract", stage.contract, {"sk_frequency": QUARTERLY})
    assert issues(stage, "2025-10-01") == []
    parked = stage.parked(stage.contract)
    assert (parked.code, "was monthly" in parked.reason) == ("frequency-changed", True)
    stage.edits(sk_unitprice="37.50")
    chooses(stage, "accept")
    (issued, *_) = issues(stage, "2025-10-01")
    assert stage.parked(stage.contract) is None
    assert issued.net > 0


def test_rule_4_12_a_frequency_that_is_set_back_is_solved(opened):
    stage = opened(provider=DO_NOTHING)
    issues(stage, "2025-07-01")
    stage.writes("sk_billingcontract", stage.contract, {"sk_frequency": QUARTERLY})
    issues(stage, "2025-08-01")
    stage.writes("sk_billingcontract", stage.contract, {"sk_frequency": 126310000})
    (issued,) = issues(stage, "2025-08-01")
    assert [issued.net] == cash("125")
