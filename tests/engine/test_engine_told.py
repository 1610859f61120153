"""What a person reads of the engine's own steps: the trail, the log, the parked reason."""

from dataclasses import replace

import pytest

from sync.engine import LONGEST_PAUSE
from sync.guarding import accept_plan
from sync.guards import Limits
from sync.paused import EVERYTHING
from tests.engine.desk import Told
from tests.engine.stage import MANUAL, NO, Stage, decision_of


@pytest.fixture
def told(stage) -> Told:
    log = Told()
    engine = stage.application.engine
    engine.ports = replace(engine.ports, log=log)
    return log


def trail(stage: Stage, subject: str) -> list[tuple[str, dict[str, str]]]:
    entries = stage.application.store.tx(lambda tx: tx.read_trail(subject))
    return [(one.event, dict(one.facts)) for one in entries]


# --- observe -------------------------------------------------------------------------------------


def test_rule_6_observe_mode_tells_once_what_it_would_write(stage, told):
    stage.application.engine.observe = True
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    stage.runs()
    (would,) = told.named("would write")
    assert (would["subject"], would["rule"]) == (stage.subscription, "deactivate")
    stage.on("2025-06-17")
    stage.edits(status="active")
    stage.runs()
    again = told.named("would write")
    assert [one["rule"] for one in again] == ["deactivate", "activate"]
    assert len({one["change"] for one in again}) == 2
    assert str(would["change"]).startswith(stage.subscription)


def test_rule_6_what_woke_a_subscription_rests_while_observing(stage):
    store, subject = stage.application.store, stage.subscription
    stage.edits(status="suspended")
    stage.fails(service="partner_center", path=".", times=50, status=503)
    stage.runs()
    assert store.tx(lambda tx: tx.wakes(subject)) is not None
    stage.fails()
    stage.application.engine.observe = True
    stage.on("2025-06-17")
    stage.runs()
    wake = store.tx(lambda tx: tx.wakes(subject))
    assert wake is not None
    assert wake.reason == "observed"
    assert wake.not_before == stage.application.engine.now() + LONGEST_PAUSE


def test_rule_6_nothing_is_woken_by_observing(stage):
    stage.application.engine.observe = True
    stage.edits(status="suspended")
    stage.runs()
    assert stage.application.store.tx(lambda tx: tx.wakes(stage.subscription)) is None


# --- guards --------------------------------------------------------------------------------------


def test_rule_6_a_guard_tells_when_it_trips_and_when_it_clears(stage, told):
    engine = stage.application.engine
    engine.limits = Limits(max_changes=0)
    stage.edits(status="suspended")
    stage.runs()
    stage.runs()
    engine.limits = Limits()
    stage.runs()
    tripped, cleared = trail(stage, EVERYTHING)
    assert tripped[0] == "guard tripped"
    assert tripped[1]["code"] == "too-many-changes"
    assert tripped[1]["reason"].startswith("1 changes within 1 hour; guards.max_changes allows 0.")
    assert cleared == ("guard cleared", {"code": "too-many-changes"})
    assert told.named("guard tripped") == [tripped[1]]
    assert told.named("guard cleared") == [{"code": "too-many-changes", "reason": ""}]


def test_rule_6_all_guards_that_trip_are_told_together(stage):
    stage.application.engine.limits = Limits(max_changes=0, percent_from=1)
    stage.edits(status="suspended")
    stage.runs()
    [(_, facts)] = trail(stage, EVERYTHING)
    assert facts["code"] == "too-many-changes, too-large-a-share"
    assert "guards.max_changes allows 0." in facts["reason"]
    assert "guards.max_percent allows 30 %." in facts["reason"]


def test_rule_6_an_accepted_plan_is_in_the_trail_by_its_hash(stage):
    accept_plan(stage.application.engine, ["k"], "f" * 64)
    assert trail(stage, EVERYTHING) == [("plan accepted", {"plan": "f" * 64})]


# --- the story of a subscription -----------------------------------------------------------------


def test_the_trail_tells_what_was_decided_owed_and_written(stage):
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    log, (line,) = stage.log(), stage.lines()
    facts = dict(trail(stage, stage.subscription))
    assert facts["decided"] == {
        "change": log["sk_changekey"],
        "log": log["sk_changelogid"],
        "was": "active",
        "was_quantity": "10",
        "rule": "deactivate",
        "reason": "rule deactivate: Deactivation, -10 seats",
        "effective_on": "2025-06-16",
        "refund": "refunded",
        "refund_reason": "the billing contract processes refunds",
        "provisioning": "awaiting",
        "consequences": "It can no longer be cancelled: the cancellation window is closed."
        " Auto-renew is saved, and restored by an activation."
        " Margin effect: -58.33 USD, because no cost is avoided.",
    }
    assert facts["owed"] == {"amount": "-58.33", "explanation": line["sk_explanation"]}
    written = '["invoice line", "log deactivation", "open invoice"]'
    assert facts["written"] == {"operations": written}
    assert facts["provider answered"]["action"] == "suspend"
    assert facts["provider answered"]["outcome"] == "done"
    assert facts["dataverse answered"]["operations"] == "3"


def test_the_trail_tells_what_was_refused_and_that_it_was_solved(stage):
    stage.edits(status="suspended")
    stage.runs()
    stage.edits(sk_quantity=12)
    stage.runs()
    reason = stage.parked().reason
    stage.edits(sk_quantity=10)
    stage.runs()
    told = trail(stage, stage.subscription)
    assert ("refused", {"reason": reason}) in told
    assert ("parked", {"code": "refused", "reason": reason}) in told
    assert ("solved", {"code": "refused", "reason": reason}) in told


# --- what is decided beside the money ------------------------------------------------------------


def test_a_line_takes_the_number_after_the_last_on_its_invoice(opened):
    stage = opened()
    stage.edits(status="suspended")
    stage.runs()
    assert [line["sk_linenumber"] for line in stage.lines()] == [1]
    stage.on("2025-06-21")
    stage.edits(status="active")
    stage.runs()
    assert [line["sk_linenumber"] for line in stage.lines()] == [1, 2]


def test_rule_4_5_the_gates_judge_only_seats_that_leave(opened):
    stage = opened(contract={"sk_processrefunds": NO}, provider=MANUAL)
    stage.edits(status="suspended")
    stage.runs()
    assert decision_of(stage.log()) == "by contract"
    stage.edits(status="cancelled")
    stage.runs()
    assert (stage.kinds()[-1], decision_of(stage.log())) == (("cancellation", 0), "nothing")
