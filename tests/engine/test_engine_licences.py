"""The provider's part, end to end: hold and restore, request counts, New Commerce."""

import json
from pathlib import Path
from shutil import copytree

import pytest

from seatkeeper.mapping_folder import shipped
from tests.engine.stage import cash, outcome_of

NEXT_TERM = {
    "product": {
        "productId": "CFQ7TTC0LCHC",
        "skuId": "0002",
        "availabilityId": "CFQ7TTC0K971",
        "billingCycle": "monthly",
        "termDuration": "P1Y",
    },
    "quantity": 8,
}


@pytest.fixture
def scheduling(tmp_path: Path) -> Path:
    """Copy the mappings, with decreases scheduled for renewal."""
    folder = Path(copytree(shipped(), tmp_path / "mappings"))
    lifecycle = folder / "lifecycle.yaml"
    text = lifecycle.read_text()
    changed = text.replace("quantity_decrease: park", "quantity_decrease: schedule")
    assert changed != text
    lifecycle.write_text(changed)
    return folder


# --- hold and restore --------------------------------------------------------------------------


def test_rule_2_10_auto_renew_and_scheduled_changes_are_held_before_and_restored_after(opened):
    stage = opened(licence={"scheduledNextTermInstructions": NEXT_TERM})
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    licence = stage.licence()
    assert licence["status"] == "suspended"
    assert not licence["autoRenewEnabled"]
    assert not licence.get("scheduledNextTermInstructions")
    held = json.loads(stage.log()["sk_heldstate"])
    assert held["autoRenewEnabled"] is True
    assert held["scheduledNextTermInstructions"]["quantity"] == 8
    stage.on("2025-06-21")
    stage.edits(status="active")
    stage.runs()
    licence = stage.licence()
    assert (licence["status"], licence["autoRenewEnabled"]) == ("active", True)
    assert licence["scheduledNextTermInstructions"]["quantity"] == 8


def test_rule_2_10_a_pause_holds_and_a_resume_restores_as_well(opened):
    stage = opened(licence={"scheduledNextTermInstructions": NEXT_TERM})
    stage.on("2025-06-16")
    stage.edits(status="paused")
    stage.runs()
    assert not stage.licence()["autoRenewEnabled"]
    stage.edits(status="active")
    stage.runs()
    assert stage.licence()["scheduledNextTermInstructions"]["quantity"] == 8


def test_rule_2_10_the_hold_outlives_a_pause_that_becomes_a_deactivation(opened):
    stage = opened(licence={"scheduledNextTermInstructions": NEXT_TERM})
    for day, status in (("16", "paused"), ("18", "suspended"), ("21", "active")):
        stage.on(f"2025-06-{day}")
        stage.edits(status=status)
        stage.runs()
    assert stage.kinds() == [("pause", 0), ("deactivation", -10), ("activation", 10)]
    licence = stage.licence()
    assert (licence["status"], licence["autoRenewEnabled"]) == ("active", True)
    assert licence["scheduledNextTermInstructions"]["quantity"] == 8


def test_rule_2_10_auto_renew_that_was_off_stays_off(opened):
    stage = opened(licence={"autoRenewEnabled": False})
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    stage.edits(status="active")
    mark = stage.mark
    stage.runs()
    assert stage.licence()["status"] == "active"
    assert stage.licence()["autoRenewEnabled"] is False
    assert len(stage.sent_since(mark)) == 1


# --- request counts ----------------------------------------------------------------------------


def test_rule_2_4_requests_of_idle_deactivation_and_activation(stage):
    poll = [
        "dataverse GET /api/data/v9.2/sk_changelogs",
        "dataverse GET /api/data/v9.2/sk_subscriptions",
    ]
    stage.on("2025-06-16")
    mark = stage.mark
    stage.runs()
    assert stage.requests_since(mark) == poll
    for status, expected in (("suspended", 4), ("active", 5)):
        mark = stage.mark
        stage.edits(status=status)
        stage.runs()
        made = stage.requests_since(mark)
        assert made[:2] == poll
        assert len(made[2:]) == expected, made
        assert outcome_of(stage.log()) == "provisioned"
    mark = stage.mark
    stage.runs()
    assert stage.requests_since(mark) == poll


# --- New Commerce ------------------------------------------------------------------------------


def test_a_cancellation_inside_the_window_is_sent(opened):
    stage = opened(licence={"creationDate": "2025-06-14T00:00:00Z"})
    stage.on("2025-06-16")
    stage.edits(status="cancelled")
    stage.runs()
    assert stage.licence()["status"] == "deleted"
    assert outcome_of(stage.log()) == "provisioned"


def test_a_cancellation_outside_the_window_is_parked_with_the_choices(stage):
    stage.on("2025-06-16")
    mark = stage.mark
    stage.edits(status="cancelled")
    stage.runs()
    assert outcome_of(stage.log()) == "failed"
    assert stage.parked().code == "cancel-window-closed"
    for words in ("the window is closed", "31 December 2025", "suspend it at the provider"):
        assert words in stage.log()["sk_message"]
        assert words in stage.message
    assert stage.sent_since(mark) == []
    # Money follows the CRM change, not the provider's outcome (rules.md 2.11).
    assert stage.amounts() == cash("-58.33")
    stage.runs()
    assert stage.kinds() == [("cancellation", -10)]
    assert len(stage.lines()) == 1


def test_a_cancellation_that_a_person_provisioned_is_closed_and_solved(stage):
    stage.on("2025-06-16")
    stage.edits(status="cancelled")
    stage.runs()
    stage.writes(
        "sk_changelog", stage.log()["sk_changelogid"], {"sk_provisioningstatus": 126310002}
    )
    stage.runs()
    assert outcome_of(stage.log()) == "provisioned"
    assert stage.log()["sk_provisionedon"] is not None
    assert (stage.parked(), stage.message) == (None, "")


def test_a_decrease_outside_the_window_is_parked_by_default(stage):
    stage.on("2025-06-16")
    stage.edits(sk_quantity=7)
    stage.runs()
    assert outcome_of(stage.log()) == "failed"
    assert stage.parked().code == "decrease-refused"
    assert "only 0 of 3 seats" in stage.message
    assert stage.licence()["quantity"] == 10
    stage.runs()
    assert stage.kinds() == [("quantity change", -3)]


def test_a_parked_decrease_is_solved_when_the_quantity_is_set_back(stage):
    stage.on("2025-06-16")
    stage.edits(sk_quantity=7)
    stage.runs()
    mark = stage.mark
    stage.edits(sk_quantity=10)
    stage.runs()
    assert stage.kinds() == [("quantity change", -3), ("quantity change", 3)]
    assert (stage.parked(), stage.message) == (None, "")
    assert "awaiting" not in [outcome_of(log) for log in stage.logs()]
    assert "failed" not in [outcome_of(log) for log in stage.logs()]
    assert stage.sent_since(mark) == []
    assert sum(stage.amounts()) == 0


def test_rule_5_4_a_decrease_is_scheduled_for_renewal_by_policy(opened, scheduling):
    stage = opened(mappings=scheduling)
    stage.on("2025-06-16")
    stage.edits(sk_quantity=7)
    stage.runs()
    assert stage.log()["sk_effectiveon"] == "2026-01-01"
    assert outcome_of(stage.log()) == "provisioned"
    assert "at renewal, on 1 January 2026" in stage.log()["sk_message"]
    assert stage.lines() == []
    assert stage.licence()["quantity"] == 10
    assert stage.licence()["scheduledNextTermInstructions"]["quantity"] == 7
    assert (stage.parked(), stage.message) == (None, "")


def test_rule_5_4_seats_scheduled_to_leave_are_billed_until_renewal(opened, scheduling):
    stage = opened(mappings=scheduling)
    stage.on("2025-06-16")
    stage.edits(sk_quantity=7)
    stage.runs()
    stage.on("2025-07-01")
    (issued,) = stage.invoices_on("2025-07-01")
    assert issued.net == 125
