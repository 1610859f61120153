"""A refund that was deleted, and then the local state was lost: a person decides (rules.md 4.9)."""

from dataclasses import replace
from datetime import date

import pytest

from sync.edits import LINE_EDITED, refunds_untold
from tests.engine import cases
from tests.engine.stage import cash
from tests.invoices.rounds import chooses, issues, loses_its_state, plays

OFF = ("2025-06-16", {"status": "suspended"})
ON = ("2025-06-21", {"status": "active"})
REMOVED_BY_PERSON = 126310005


@pytest.fixture
def lost(stage):
    """Return a stage whose refund was deleted before the state was lost."""
    plays(stage, OFF)
    (line,) = stage.lines()
    stage.deletes("sk_invoiceline", line["sk_invoicelineid"])
    stage.on("2025-06-20")
    loses_its_state(stage)
    return stage


def test_rule_4_9_a_deleted_refund_is_not_given_again_after_the_state_is_lost(lost):
    issues(lost, "2025-07-01")
    assert lost.lines() == []
    parked = lost.parked()
    assert (parked.code, parked.reason) == (
        LINE_EDITED,
        "A change log of Microsoft 365 Business Premium says Refunded, but its refund line is not"
        " there, and the local state began later; what would be given waits: -58.33 USD"
        " (17-30 June 2025).",
    )
    assert "--accept" in parked.advice
    assert "Removed by Person" in parked.advice


def test_rule_4_9_a_refund_that_was_never_given_is_given_once_when_a_person_says_so(lost):
    issues(lost, "2025-07-01")
    chooses(lost, "accept", lost.subscription)
    lost.runs()
    issues(lost, "2025-08-01")
    assert lost.amounts() == cash("-58.33")
    assert lost.parked() is None


def test_rule_4_9_a_refund_that_a_person_marks_as_removed_is_never_given(lost):
    issues(lost, "2025-07-01")
    log = lost.log()["sk_changelogid"]
    lost.writes("sk_changelog", log, {"sk_refunddecision": REMOVED_BY_PERSON})
    lost.runs()
    issues(lost, "2025-08-01")
    assert lost.lines() == []
    assert lost.parked() is None


def test_rule_4_9_a_change_after_the_loss_goes_on_and_its_credit_waits(lost):
    plays(lost, ON)
    # Five days of ten seats were not used; whether they are given back is the person's to say.
    assert lost.lines() == []
    assert "-20.83 USD (17-21 June 2025)" in lost.parked().reason
    assert lost.licence()["status"] == "active"


def test_rule_1_4_a_refund_that_stands_keeps_nothing_waiting_after_the_state_is_lost(stage):
    plays(stage, OFF)
    loses_its_state(stage)
    plays(stage, ON, ("2025-06-25", {"status": "suspended"}))
    assert stage.amounts() == cash("-58.33", "37.50", "-20.84")
    assert stage.parked() is None


def test_rule_4_9_a_refund_whose_line_is_there_is_made_up_to_what_is_due_after_the_loss(stage):
    plays(stage, OFF)
    (line,) = stage.lines()
    less = {"sk_amount": "-50.00", "sk_calculatedamount": "-50.00"}
    stage.writes("sk_invoiceline", line["sk_invoicelineid"], less)
    loses_its_state(stage)
    issues(stage, "2025-07-01")
    assert stage.amounts() == cash("-50", "-8.33")


@pytest.mark.parametrize(
    ("columns", "is_untold"),
    [
        ({}, True),
        ({"effective_on": date(2025, 6, 20)}, True),
        ({"effective_on": date(2025, 6, 21)}, False),
        ({"id": "made"}, False),
        ({"change_key": ""}, False),
        ({"refund_decision": "declined_by_contract"}, False),
        ({"refund_decision": "nothing_to_refund"}, False),
    ],
)
def test_rule_4_9_a_refund_is_in_question_when_it_took_effect_before_the_state_began(
    columns, is_untold
):
    log = replace(
        cases.log(),
        **{
            "id": "found",
            "change_key": "key",
            "effective_on": date(2025, 6, 16),
            "refund_decision": "refunded",
            **columns,
        },
    )
    found = refunds_untold([log], {"made"}, date(2025, 6, 20))
    assert bool(found) is is_untold
