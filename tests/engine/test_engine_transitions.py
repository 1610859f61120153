"""Every row of the table of architecture.md 3 that starts in Dynamics, and every refused pair."""

from itertools import permutations

import pytest

from tests.engine.stage import (
    AUTOMATIC,
    DO_NOTHING,
    MANUAL,
    STATUS,
    cash,
    decision_of,
    outcome_of,
)

IN_WINDOW = {"creationDate": "2025-06-14T00:00:00Z"}
SUSPENDED = {"status": "suspended", "suspensionReasons": ["CustomerCancellation"]}
AT_PROVIDER = {
    "active": {},
    "paused": SUSPENDED,
    "suspended": SUSPENDED,
    "cancelled": {"status": "deleted"},
    "expired": {"status": "expired"},
}
ALLOWED = {
    ("active", "suspended"): ("deactivation", -10, "suspended"),
    ("paused", "suspended"): ("deactivation", -10, "suspended"),
    ("suspended", "active"): ("activation", 10, "active"),
    ("active", "paused"): ("pause", 0, "suspended"),
    ("paused", "active"): ("resume", 0, "active"),
    ("active", "cancelled"): ("cancellation", -10, "deleted"),
    ("paused", "cancelled"): ("cancellation", -10, "deleted"),
    ("suspended", "cancelled"): ("cancellation", 0, "deleted"),
}
REFUSED = {
    ("suspended", "paused"): "A suspended subscription cannot be paused.",
    ("cancelled", "active"): "A cancelled subscription cannot be used again.",
    ("cancelled", "paused"): "A cancelled subscription cannot be used again.",
    ("cancelled", "suspended"): "A cancelled subscription cannot be used again.",
    ("expired", "active"): "An expired subscription cannot be used again.",
    ("expired", "paused"): "An expired subscription cannot be used again.",
    ("expired", "suspended"): "An expired subscription cannot be used again.",
    ("expired", "cancelled"): "An expired subscription has ended already.",
    ("active", "expired"): "Expired is set when the provider ends the term",
    ("paused", "expired"): "Expired is set when the provider ends the term",
    ("suspended", "expired"): "Expired is set when the provider ends the term",
    ("cancelled", "expired"): "Expired is set when the provider ends the term",
}


def standing(opened, was, provider=AUTOMATIC, **more):
    """Open a stage whose subscription was adopted in a state."""
    return opened(
        provider=provider,
        subscription=STATUS[was] | more,
        licence=IN_WINDOW | AT_PROVIDER[was],
    )


def test_rule_3_every_ordered_pair_is_either_allowed_or_refused():
    assert {*ALLOWED} | {*REFUSED} == set(permutations(STATUS, 2))
    assert not {*ALLOWED} & {*REFUSED}


@pytest.mark.parametrize("pair", ALLOWED, ids="-".join)
def test_rule_3_an_allowed_change_is_logged_and_provisioned_by_the_automatic_provider(opened, pair):
    kind, moved, at_provider = ALLOWED[pair]
    stage = standing(opened, pair[0])
    stage.on("2025-06-16")
    stage.edits(status=pair[1])
    report = stage.runs()
    assert not report.failures
    assert stage.kinds() == [(kind, moved)]
    assert outcome_of(stage.log()) == "provisioned"
    assert stage.log()["sk_provisionedon"] is not None
    assert stage.log()["sk_requestedby"] == "Alex Wilber"
    assert stage.licence()["status"] == at_provider
    assert stage.message == ""
    assert stage.parked_codes() == []


@pytest.mark.parametrize("pair", ALLOWED, ids="-".join)
def test_rule_3_an_allowed_change_waits_for_a_person_at_a_manual_provider(opened, pair):
    kind, moved, _ = ALLOWED[pair]
    stage = standing(opened, pair[0], MANUAL)
    stage.on("2025-06-16")
    mark = stage.mark
    stage.edits(status=pair[1])
    stage.runs()
    assert stage.kinds() == [(kind, moved)]
    assert outcome_of(stage.log()) == "awaiting"
    assert "Provision this by hand" in stage.log()["sk_message"]
    stage.runs()
    assert stage.log()["sk_provisionedon"] is None
    stage.writes(
        "sk_changelog", stage.log()["sk_changelogid"], {"sk_provisioningstatus": 126310002}
    )
    stage.runs()
    assert stage.log()["sk_provisionedon"] == "2025-06-16T12:00:00Z"
    assert "Provision this by hand" not in (stage.log()["sk_message"] or "")
    assert not [one for one in stage.requests_since(mark) if one.startswith("partner_center")]
    written = stage.commits_since(mark, "sk_changelog")
    stage.runs()
    assert stage.commits_since(mark, "sk_changelog") == written


@pytest.mark.parametrize("pair", ALLOWED, ids="-".join)
def test_rule_3_an_allowed_change_is_not_applicable_at_a_provider_that_does_nothing(opened, pair):
    kind, moved, _ = ALLOWED[pair]
    stage = standing(opened, pair[0], DO_NOTHING)
    stage.on("2025-06-16")
    mark = stage.mark
    stage.edits(status=pair[1])
    stage.runs()
    assert stage.kinds() == [(kind, moved)]
    assert outcome_of(stage.log()) == "not applicable"
    assert not [one for one in stage.requests_since(mark) if one.startswith("partner_center")]


@pytest.mark.parametrize("provider", [AUTOMATIC, MANUAL, DO_NOTHING])
@pytest.mark.parametrize("now", ["suspended", "cancelled"])
@pytest.mark.parametrize("was", ["active", "paused"])
def test_rule_3_leaving_seats_are_refunded_whoever_provisions(opened, was, now, provider):
    stage = standing(opened, was, provider)
    stage.on("2025-06-16")
    stage.edits(status=now)
    stage.runs()
    assert stage.amounts() == cash("-58.33")
    assert decision_of(stage.log()) == "refunded"


@pytest.mark.parametrize("pair", [("active", "paused"), ("paused", "active")], ids="-".join)
def test_rule_3_pausing_and_resuming_move_no_money(opened, pair):
    stage = standing(opened, pair[0])
    stage.on("2025-06-16")
    stage.edits(status=pair[1])
    stage.runs()
    assert stage.lines() == []
    assert decision_of(stage.log()) == "nothing"


@pytest.mark.parametrize("pair", REFUSED, ids="-".join)
def test_rule_3_a_refused_change_is_explained_left_alone_and_solved_when_set_back(opened, pair):
    was, now = pair
    stage = standing(opened, was)
    stage.on("2025-06-16")
    mark = stage.mark
    stage.edits(status=now)
    stage.runs()
    assert stage.message.startswith(REFUSED[pair])
    assert stage.parked().code == "refused"
    assert {name: stage.now_row[name] for name in STATUS[now]} == STATUS[now]
    stage.runs()
    assert stage.parked().code == "refused"
    stage.edits(status=was)
    stage.runs()
    assert stage.message == ""
    assert stage.parked() is None
    assert stage.logs() == []
    assert stage.lines() == []
    assert stage.sent_since(mark) == []


def test_rule_3_a_refused_change_is_solved_when_it_is_made_legal(opened):
    stage = standing(opened, "suspended")
    stage.on("2025-06-16")
    stage.edits(status="paused")
    stage.runs()
    assert stage.parked() is not None
    stage.edits(status="active")
    stage.runs()
    assert stage.kinds() == [("activation", 10)]
    assert stage.message == ""
    assert stage.parked() is None


def test_rule_3_the_same_status_again_is_nothing(stage):
    stage.on("2025-06-16")
    stage.edits(sk_name="Renamed", status="active")
    report = stage.runs()
    assert (report.changes, stage.logs(), stage.lines()) == (0, [], [])


# --- quantity ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("quantity", "amount"), [(12, "11.67"), (7, "-17.50")])
def test_rule_3_a_quantity_change_is_logged_settled_and_provisioned(opened, quantity, amount):
    stage = opened(licence=IN_WINDOW)
    stage.on("2025-06-16")
    stage.edits(sk_quantity=quantity)
    stage.runs()
    assert stage.kinds() == [("quantity change", quantity - 10)]
    log = stage.log()
    assert (log["sk_quantitybefore"], log["sk_quantityafter"]) == (10, quantity)
    assert outcome_of(log) == "provisioned"
    assert stage.licence()["quantity"] == quantity
    assert stage.amounts() == cash(amount)


def test_rule_3_quantity_0_is_refused_with_a_word_on_deactivate(stage):
    stage.on("2025-06-16")
    stage.edits(sk_quantity=0)
    stage.runs()
    assert "Use Deactivate" in stage.message
    stage.edits(sk_quantity=10)
    stage.runs()
    assert (stage.message, stage.logs(), stage.parked()) == ("", [], None)
    assert stage.licence()["quantity"] == 10


@pytest.mark.parametrize("was", ["paused", "suspended"])
def test_rule_3_a_quantity_is_refused_while_the_subscription_is_not_active(opened, was):
    stage = standing(opened, was)
    stage.on("2025-06-16")
    stage.edits(sk_quantity=12)
    stage.runs()
    assert f"while the subscription is {was.title()}" in stage.message
    assert stage.logs() == []
    stage.edits(sk_quantity=10)
    stage.runs()
    assert (stage.message, stage.logs(), stage.parked()) == ("", [], None)


def test_rule_3_an_activation_uses_the_quantity_it_finds(opened):
    stage = standing(opened, "suspended")
    stage.on("2025-06-16")
    stage.edits(sk_quantity=12)
    stage.runs()
    stage.edits(status="active")
    stage.runs()
    assert stage.kinds() == [("activation", 12)]
    assert (stage.message, stage.parked()) == ("", None)
    assert (stage.licence()["status"], stage.licence()["quantity"]) == ("active", 12)


def test_rule_3_an_activation_with_quantity_0_is_refused(opened):
    stage = standing(opened, "suspended")
    stage.on("2025-06-16")
    stage.edits(status="active", sk_quantity=0)
    stage.runs()
    assert "quantity of 0" in stage.message
    assert stage.licence()["status"] == "suspended"
    stage.edits(sk_quantity=10)
    stage.runs()
    assert stage.kinds() == [("activation", 10)]
    assert stage.message == ""


def test_rule_3_status_is_handled_before_quantity_when_both_changed(opened):
    stage = standing(opened, "suspended")
    stage.on("2025-06-16")
    stage.edits(status="active", sk_quantity=12)
    stage.runs()
    assert stage.kinds() == [("activation", 12)]


def test_rule_3_a_deactivation_is_done_though_the_quantity_beside_it_is_refused(stage):
    stage.on("2025-06-16")
    stage.edits(status="suspended", sk_quantity=12)
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]
    for _ in range(2):
        assert "quantity cannot change" in stage.message
        assert stage.parked().code == "refused"
        stage.runs()
    assert stage.licence()["status"] == "suspended"
    stage.edits(sk_quantity=10)
    stage.runs()
    assert (stage.message, stage.parked()) == ("", None)
    assert stage.kinds() == [("deactivation", -10)]
