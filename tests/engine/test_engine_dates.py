"""When a change was made, and how many there were: audit history, modifiedon, dates of people."""

import pytest

from tests.engine.stage import cash, kind_of, outcome_of

UNCERTAIN = "the time and steps in between are uncertain"


@pytest.mark.parametrize("audit", [True, False])
def test_rule_4_4_a_change_has_the_day_on_which_it_was_made(opened, audit):
    stage = opened(audit=audit)
    stage.on("2025-06-16", "23:59")
    stage.edits(status="suspended")
    stage.on("2025-06-19", "08:00")
    stage.runs()
    assert stage.log()["sk_effectiveon"] == "2025-06-16"
    assert stage.log()["sk_requestedon"] == "2025-06-16T23:59:00Z"
    assert stage.amounts() == cash("-58.33")


@pytest.mark.parametrize("audit", [True, False])
@pytest.mark.parametrize(
    ("zone", "day", "amount"),
    [("Pacific/Auckland", "2025-06-17", "-54.17"), ("America/Los_Angeles", "2025-06-16", "-58.33")],
)
def test_rule_4_4_the_day_is_the_one_in_the_zone_of_the_contract(opened, audit, zone, day, amount):
    stage = opened(audit=audit, contract={"sk_timezone": zone})
    stage.on("2025-06-16", "20:00")
    stage.edits(status="suspended")
    stage.on("2025-06-19")
    stage.runs()
    assert stage.log()["sk_effectiveon"] == day
    assert stage.amounts() == cash(amount)


def test_rule_4_4_the_day_is_not_that_of_our_own_machine(stage):
    # The real clock says today; Dataverse says June 2025.
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    assert stage.log()["sk_effectiveon"] == "2025-06-16"
    assert stage.log()["sk_provisionedon"].startswith("2025-06-16T12:00")


@pytest.mark.parametrize("audit", [True, False])
def test_rule_4_4_a_date_that_the_person_set_counts(opened, audit):
    stage = opened(audit=audit)
    stage.on("2025-06-20")
    stage.edits(status="suspended", sk_changeeffectiveon="2025-06-16")
    stage.runs()
    assert stage.log()["sk_effectiveon"] == "2025-06-16"
    assert stage.log()["sk_requestedon"] == "2025-06-20T12:00:00Z"
    assert stage.amounts() == cash("-58.33")


@pytest.mark.parametrize("audit", [True, False])
def test_rule_4_4_a_date_saved_before_the_change_counts(opened, audit):
    stage = opened(audit=audit)
    stage.on("2025-06-19")
    stage.edits(sk_changeeffectiveon="2025-06-16")
    stage.runs()
    stage.on("2025-06-20")
    stage.edits(status="suspended")
    stage.runs()
    assert stage.log()["sk_effectiveon"] == "2025-06-16"


@pytest.mark.parametrize("audit", [True, False])
def test_rule_4_4_a_date_that_was_used_is_not_used_for_the_next_change(opened, audit):
    stage = opened(audit=audit)
    stage.on("2025-06-20")
    stage.edits(status="suspended", sk_changeeffectiveon="2025-06-16")
    stage.runs()
    stage.on("2025-06-21")
    stage.edits(status="active")
    stage.runs()
    assert [log["sk_effectiveon"] for log in stage.logs()] == ["2025-06-16", "2025-06-21"]
    assert stage.amounts() == cash("-58.33", "37.50")


@pytest.mark.parametrize("audit", [True, False])
def test_rule_4_4_back_dating_beyond_the_limit_is_parked(opened, audit):
    stage = opened(audit=audit)
    stage.on("2025-06-16")
    mark = stage.mark
    stage.edits(status="suspended", sk_changeeffectiveon="2025-03-01")
    stage.runs()
    assert stage.parked().code == "back-dated"
    assert "more than 90 days before" in stage.message
    assert "2025-03-18" in stage.message
    assert (stage.logs(), stage.lines(), stage.sent_since(mark)) == ([], [], [])


@pytest.mark.parametrize("audit", [True, False])
def test_rule_4_4_a_back_dated_change_is_solved_by_a_later_date(opened, audit):
    stage = opened(audit=audit)
    stage.on("2025-06-16")
    stage.edits(status="suspended", sk_changeeffectiveon="2025-03-01")
    stage.runs()
    stage.on("2025-06-18")
    stage.edits(sk_changeeffectiveon="2025-06-16")
    stage.runs()
    assert (stage.parked(), stage.message) == (None, "")
    assert stage.kinds() == [("deactivation", -10)]
    assert stage.log()["sk_effectiveon"] == "2025-06-16"
    assert stage.log()["sk_requestedon"] == "2025-06-16T12:00:00Z"
    assert stage.amounts() == cash("-58.33")


@pytest.mark.parametrize("audit", [True, False])
def test_rule_4_4_a_back_dated_change_is_solved_by_taking_the_date_away(opened, audit):
    stage = opened(audit=audit)
    stage.on("2025-06-16")
    stage.edits(status="suspended", sk_changeeffectiveon="2025-03-01")
    stage.runs()
    stage.on("2025-06-18")
    stage.edits(sk_changeeffectiveon=None)
    stage.runs()
    assert stage.parked() is None
    assert stage.log()["sk_effectiveon"] == "2025-06-16"


# --- several changes between two polls ---------------------------------------------------------


def test_rule_1_5_a_to_b_to_c_between_two_polls_is_two_logs_with_their_times_and_people(stage):
    stage.on("2025-06-16")
    stage.edits(status="paused")
    stage.on("2025-06-18", "09:00")
    stage.edits(status="suspended")
    stage.on("2025-06-20")
    stage.runs()
    assert stage.kinds() == [("pause", 0), ("deactivation", -10)]
    first, second = stage.logs()
    assert (first["sk_effectiveon"], second["sk_effectiveon"]) == ("2025-06-16", "2025-06-18")
    assert second["sk_requestedon"] == "2025-06-18T09:00:00Z"
    assert {log["sk_requestedby"] for log in stage.logs()} == {"Alex Wilber"}
    assert outcome_of(first) == "not applicable"
    assert outcome_of(second) == "provisioned"
    assert stage.amounts() == cash("-50.00")


def test_rule_1_5_a_to_b_to_a_between_two_polls_is_two_logs(stage):
    stage.on("2025-06-16")
    mark = stage.mark
    stage.edits(status="suspended")
    stage.on("2025-06-18")
    stage.edits(status="active")
    stage.on("2025-06-20")
    stage.runs()
    assert stage.kinds() == [("deactivation", -10), ("activation", 10)]
    assert [log["sk_effectiveon"] for log in stage.logs()] == ["2025-06-16", "2025-06-18"]
    assert stage.amounts() == cash("-8.33")
    assert stage.sent_since(mark) == []
    assert stage.licence()["status"] == "active"


def test_rule_1_6_without_audit_a_to_b_to_c_is_one_uncertain_change(opened):
    stage = opened(audit=False)
    stage.on("2025-06-16")
    stage.edits(status="paused")
    stage.on("2025-06-18")
    stage.edits(status="suspended")
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]
    assert stage.log()["sk_effectiveon"] == "2025-06-18"
    assert UNCERTAIN in stage.log()["sk_message"]
    assert stage.log()["sk_requestedby"] is None
    assert stage.application.store.tx(lambda tx: tx.counts()).uncertain == 1


def test_rule_1_6_without_audit_a_to_b_to_a_is_no_change(opened):
    stage = opened(audit=False)
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.edits(status="active")
    stage.runs()
    assert (stage.logs(), stage.lines()) == ([], [])


def test_rule_1_5_late_audit_rows_are_waited_for_and_give_every_step(stage):
    stage.world.settings.change({"audit_delay_seconds": 30})
    stage.on("2025-06-16")
    stage.edits(status="paused")
    stage.edits(status="suspended")
    stage.runs()
    assert stage.logs() == []
    stage.on("2025-06-16", "12:00:45")
    stage.runs()
    assert stage.kinds() == [("pause", 0), ("deactivation", -10)]
    assert UNCERTAIN not in stage.log()["sk_message"]


def test_rule_1_5_an_observed_change_claims_its_late_audit_row(stage):
    stage.world.settings.change({"audit_delay_seconds": 3600})
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    stage.on("2025-06-16", "12:02")
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]
    assert UNCERTAIN in stage.log()["sk_message"]
    assert stage.log()["sk_effectiveon"] == "2025-06-16"
    stage.on("2025-06-17")
    stage.edits(sk_name="Touched")
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]


def test_rule_1_5_after_a_claimed_row_the_same_change_again_is_a_change(stage):
    stage.world.settings.change({"audit_delay_seconds": 120})
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    stage.on("2025-06-16", "12:01:30")
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]
    stage.world.settings.change({"audit_delay_seconds": 0})
    for day, status in (("18", "active"), ("20", "suspended")):
        stage.on(f"2025-06-{day}")
        stage.edits(status=status)
        stage.runs()
    assert [kind_of(log) for log in stage.logs()] == ["deactivation", "activation", "deactivation"]
    assert stage.log()["sk_effectiveon"] == "2025-06-20"
    assert stage.log()["sk_requestedby"] == "Alex Wilber"


def test_rule_1_5_after_our_own_status_write_the_same_change_by_a_person_is_a_change(stage):
    stage.edits(sk_deactivateon="2025-06-16")
    stage.on("2025-06-16")
    stage.runs()
    for day, status in (("18", "active"), ("20", "suspended")):
        stage.on(f"2025-06-{day}")
        stage.edits(status=status)
        stage.runs()
    assert [kind_of(log) for log in stage.logs()] == ["deactivation", "activation", "deactivation"]
    assert stage.log()["sk_requestedby"] == "Alex Wilber"


def test_rule_1_5_the_creation_of_a_row_that_was_adopted_is_no_change(opened):
    # Created with its date and never touched again: the snapshot is as old as the creation.
    stage = opened(subscription={"sk_deactivateon": "2025-06-16"})
    stage.on("2025-06-16")
    stage.runs()
    stage.on("2025-06-21")
    stage.edits(status="active")
    stage.runs()
    assert stage.kinds() == [("deactivation", -10), ("activation", 10)]
    assert stage.log()["sk_effectiveon"] == "2025-06-21"


def test_rule_1_8_who_wrote_does_not_matter(stage):
    stage.on("2025-06-16")
    with stage.world.acting(stage.world.client_id):
        stage.world.dataverse.update(
            "sk_subscription",
            stage.subscription,
            {"statecode": 1, "statuscode": 2},
            by=stage.world.application_user_id,
        )
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]
    assert stage.licence()["status"] == "suspended"


def test_rule_1_5_a_claim_that_no_row_fits_swallows_no_later_change(stage):
    # Seen as one step, Active to Suspended; its two late rows are others. The claim is left over.
    stage.world.settings.change({"audit_delay_seconds": 120})
    stage.on("2025-06-16")
    stage.edits(status="paused")
    stage.edits(status="suspended")
    stage.runs()
    stage.on("2025-06-16", "12:01:30")
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]
    stage.world.settings.change({"audit_delay_seconds": 0})
    for day, status in (("18", "active"), ("20", "suspended")):
        stage.on(f"2025-06-{day}")
        stage.edits(status=status)
        stage.runs()
    assert [kind_of(log) for log in stage.logs()] == ["deactivation", "activation", "deactivation"]
    assert stage.log()["sk_requestedby"] == "Alex Wilber"
