"""Both sides changed, and no owner: a person decides; nothing is written before."""

import pytest

from sync.by_hand import RefusedByHandError
from sync.taking import take
from tests.reconcile.sides import mapped

NAMES = {"owner": "manual", "direction": "both"}


@pytest.fixture
def clash(sides, tmp_path):
    """Open a stage on which the name was changed on both sides."""
    at = sides(mappings=mapped(tmp_path, name=NAMES))
    at.stage.edits(sk_name="Ours")
    at.at_partner_center(friendlyName="Theirs")
    mark = at.stage.mark
    at.looks()
    assert at.stage.sent_since(mark) == []
    return at


def names(at):
    return at.stage.now_row["sk_name"], at.stage.licence()["friendlyName"]


def test_rule_5_1_a_conflict_is_parked_with_all_three_values(clash):
    assert names(clash) == ("Ours", "Theirs")
    assert clash.stage.parked_codes() == ["conflict"]
    told = clash.store.tx(lambda tx: tx.differences(clash.stage.subscription))
    assert [(one.field, one.base, one.crm, one.partner, one.outcome) for one in told] == [
        ("name", "Microsoft 365 Business Premium", "Ours", "Theirs", "conflict")
    ]
    reason = clash.stage.parked().reason
    assert all(word in reason for word in ("Business Premium", "Ours", "Theirs"))
    assert reason in clash.stage.message


@pytest.mark.parametrize(
    ("value", "expected"), [("crm", "Ours"), ("partner_center", "Theirs"), ("Agreed", "Agreed")]
)
def test_a_person_says_which_value_counts_and_both_hold_it(clash, value, expected):
    take(clash.stage.application.engine, clash.stage.subscription, value)
    clash.stage.runs()
    clash.stage.runs()
    assert names(clash) == (expected, expected)
    assert (clash.stage.parked_codes(), clash.differences, clash.left) == ([], {}, [])
    assert clash.stage.message == ""


def test_a_conflict_is_solved_by_itself_when_both_hold_the_same(clash):
    clash.stage.edits(sk_name="Theirs")
    clash.stage.runs()
    assert (clash.stage.parked_codes(), clash.differences) == ([], {})
    assert clash.stage.message == ""


def test_a_conflict_delays_no_other_change_of_the_subscription(clash):
    clash.stage.edits(status="suspended")
    clash.stage.runs()
    assert clash.stage.licence()["status"] == "suspended"
    assert clash.stage.parked_codes() == ["conflict"]


def test_a_conflict_that_moved_since_it_was_told_is_looked_at_again(clash):
    clash.at_partner_center(friendlyName="Theirs again")
    with pytest.raises(RefusedByHandError, match="moved since it was told"):
        take(clash.stage.application.engine, clash.stage.subscription, "crm")
    clash.stage.runs()
    told = clash.store.tx(lambda tx: tx.differences(clash.stage.subscription))
    assert [one.partner for one in told] == ["Theirs again"]


@pytest.mark.parametrize(
    ("value", "field", "said"),
    [("Ours", "", "say --take crm"), ("crm", "quantity", "quantity is in no conflict")],
)
def test_a_choice_that_means_nothing_is_refused(clash, value, field, said):
    with pytest.raises(RefusedByHandError, match=said):
        take(clash.stage.application.engine, clash.stage.subscription, value, field)
    assert names(clash) == ("Ours", "Theirs")


def test_what_is_in_no_conflict_cannot_be_taken(sides):
    at = sides()
    with pytest.raises(RefusedByHandError, match="is in no conflict"):
        take(at.stage.application.engine, at.stage.subscription, "crm")
