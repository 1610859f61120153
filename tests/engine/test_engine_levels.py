"""Provider work is level-triggered: only what is last wanted is sent (rules.md 2.9)."""

from seatkeeper.figures import read_figures
from tests.engine.stage import DO_NOTHING, cash, outcome_of

PROVIDER_DOWN = {"service": "partner_center", "status": 503}
WRITES_FAIL = {"service": "partner_center", "method": "PATCH", "status": 503}
AWAITING = {"sk_provisioningstatus": 126310000}


def test_rule_2_9_only_what_is_last_wanted_is_sent_when_the_provider_is_back(stage):
    stage.on("2025-06-16")
    stage.fails(**PROVIDER_DOWN)
    mark = stage.mark
    stage.edits(status="suspended")
    stage.runs()
    assert outcome_of(stage.log()) == "awaiting"
    assert "did not answer yet" in stage.log()["sk_message"]
    assert stage.amounts() == cash("-58.33")
    stage.on("2025-06-21")
    stage.edits(status="active")
    stage.runs()
    stage.fails()
    stage.runs()
    first, second = stage.logs()
    assert outcome_of(first) == "not applicable"
    assert "Superseded by Activation of 2025-06-21" in first["sk_message"]
    assert outcome_of(second) == "provisioned"
    assert stage.sent_since(mark) == []
    assert stage.licence()["status"] == "active"
    assert stage.licence()["autoRenewEnabled"] is True
    assert stage.amounts() == cash("-58.33", "37.50")


def test_a_change_whose_provider_is_down_is_counted_and_grows_old_until_it_is_provisioned(stage):
    stage.on("2025-06-16")
    stage.fails(**PROVIDER_DOWN)
    stage.edits(status="suspended")
    stage.runs()
    figures = stage.application.store.look(read_figures)
    assert figures.counts.waiting == 1
    assert figures.oldest is not None
    assert figures.oldest.date().isoformat() == "2025-06-16"
    stage.fails()
    stage.runs()
    figures = stage.application.store.look(read_figures)
    assert (figures.counts.waiting, figures.oldest) == (0, None)


def test_rule_2_9_what_the_provider_refused_for_the_moment_is_sent_once_it_takes_it(stage):
    stage.on("2025-06-16")
    stage.fails(**WRITES_FAIL)
    stage.edits(status="suspended")
    stage.runs()
    assert outcome_of(stage.log()) == "awaiting"
    stage.fails()
    stage.on("2025-06-16", "12:10")
    stage.runs()
    assert outcome_of(stage.log()) == "provisioned"
    assert stage.licence()["status"] == "suspended"
    assert stage.kinds() == [("deactivation", -10)]
    assert len(stage.lines()) == 1


def test_rule_2_9_a_failed_log_holds_back_later_ones_until_it_is_set_to_awaiting(stage):
    stage.on("2025-06-16")
    stage.fails(service="partner_center", method="PATCH", status=400)
    stage.edits(status="suspended")
    stage.runs()
    assert outcome_of(stage.log()) == "failed"
    assert stage.message
    stage.fails()
    mark = stage.mark
    stage.edits(status="cancelled")
    stage.runs()
    failed, held = stage.logs()
    assert (outcome_of(failed), outcome_of(held)) == ("failed", "awaiting")
    assert "Held back: the Deactivation of 2025-06-16 failed" in held["sk_message"]
    assert stage.sent_since(mark) == []
    stage.edits(status="cancelled", sk_name="Looked at")
    stage.runs()
    assert stage.sent_since(mark) == []
    stage.writes("sk_changelog", failed["sk_changelogid"], AWAITING)
    stage.runs()
    failed, held = stage.logs()
    assert outcome_of(failed) == "not applicable"
    assert "Superseded by Cancellation" in failed["sk_message"]
    # The window closed in January, so the provider's own no is now on the log that is last wanted.
    assert outcome_of(held) == "failed"
    assert stage.parked().code == "cancel-window-closed"


def test_rule_2_9_a_failed_deactivation_set_to_awaiting_is_sent_again(stage):
    stage.on("2025-06-16")
    stage.fails(service="partner_center", method="PATCH", status=400)
    stage.edits(status="suspended")
    stage.runs()
    assert stage.parked().code == "provisioning-failed"
    stage.fails()
    stage.runs()
    assert outcome_of(stage.log()) == "failed"
    stage.writes("sk_changelog", stage.log()["sk_changelogid"], AWAITING)
    stage.runs()
    assert outcome_of(stage.log()) == "provisioned"
    assert stage.licence()["status"] == "suspended"
    assert (stage.parked(), stage.message) == (None, "")
    assert len(stage.lines()) == 1


def test_rule_2_9_failed_and_held_logs_close_together_when_the_provider_holds_what_is_wanted(stage):
    stage.on("2025-06-16")
    stage.fails(service="partner_center", method="PATCH", status=400)
    stage.edits(status="suspended")
    stage.runs()
    stage.fails()
    mark = stage.mark
    stage.edits(status="active")
    stage.runs()
    first, second = stage.logs()
    assert outcome_of(first) == "not applicable"
    assert outcome_of(second) == "provisioned"
    assert (stage.parked(), stage.message) == (None, "")
    assert stage.sent_since(mark) == []


def test_what_the_provider_holds_already_is_not_sent(stage):
    stage.on("2025-06-16")
    stage.world.partner_center.change_by_hand(stage.licence_id, {"status": "suspended"})
    mark = stage.mark
    stage.edits(status="suspended")
    stage.runs()
    assert outcome_of(stage.log()) == "provisioned"
    assert "already had it as suspended" in stage.log()["sk_message"]
    assert stage.sent_since(mark) == []


def test_new_commerce_is_told_to_bill_on_until_the_term_ends(stage):
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    assert "keeps billing until the term ends on 31 December 2025" in stage.log()["sk_message"]


def test_a_legacy_licence_is_suspended_without_a_word_on_terms(opened):
    stage = opened(licence={"productType": None, "offerId": "031c9e47"})
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    assert stage.licence()["status"] == "suspended"
    assert "keeps billing" not in stage.log()["sk_message"]


def test_a_log_that_waits_is_closed_when_its_provider_becomes_one_that_does_nothing(stage):
    stage.on("2025-06-16")
    stage.fails(**PROVIDER_DOWN)
    stage.edits(status="suspended")
    stage.runs()
    assert outcome_of(stage.log()) == "awaiting"
    stage.fails()
    mark = stage.mark
    stage.edits(sk_providerid=stage.providers[DO_NOTHING])
    stage.runs()
    assert outcome_of(stage.log()) == "not applicable"
    assert "did not answer yet" not in stage.log()["sk_message"]
    assert stage.sent_since(mark) == []
