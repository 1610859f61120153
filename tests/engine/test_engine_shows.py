"""Whether an unclear write was done: what the provider shows, and what Dataverse holds."""

import pytest

from sync.confirm import same_held, shows
from sync.remote import Action
from tests.engine.cases import licence

INSTRUCTIONS = "scheduledNextTermInstructions"


@pytest.mark.parametrize(
    ("action", "fields", "sent", "is_shown"),
    [
        (Action.SUSPEND, {"status": "suspended"}, {}, True),
        (Action.SUSPEND, {"status": "active"}, {}, False),
        (Action.REACTIVATE, {"status": "active"}, {}, True),
        (Action.REACTIVATE, {"status": "suspended"}, {}, False),
        (Action.CANCEL, {"status": "deleted"}, {}, True),
        (Action.CANCEL, {"status": "active"}, {}, False),
        (Action.SET_QUANTITY, {"quantity": 12}, {"quantity": 12}, True),
        (Action.SET_QUANTITY, {"quantity": 10}, {"quantity": 12}, False),
        (Action.RESTORE, {}, {"autoRenewEnabled": True, "quantity": 10}, True),
        (Action.RESTORE, {"held": {"autoRenewEnabled": False}}, {"autoRenewEnabled": True}, False),
        (Action.RESTORE, {}, {"quantity": 10}, False),
    ],
)
def test_rule_2_8_the_provider_shows_the_effect_of_a_write_or_does_not(
    action, fields, sent, is_shown
):
    assert shows(action, licence(**fields), sent) is is_shown


@pytest.mark.parametrize(
    ("held", "is_shown"),
    [
        ({INSTRUCTIONS: {"quantity": 8, "product": {"a": 1}}}, True),
        ({INSTRUCTIONS: {"quantity": 9}}, False),
        ({INSTRUCTIONS: None}, False),
        ({}, False),
    ],
)
def test_rule_2_8_a_scheduled_decrease_is_shown_by_its_seats(held, is_shown):
    sent = {"quantity": 10, INSTRUCTIONS: {"quantity": 8}}
    assert shows(Action.SCHEDULE_QUANTITY, licence(held=held), sent) is is_shown


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ({"a": None}, {}, True),
        ({}, {"a": None}, True),
        ({"a": {}}, {"a": None}, True),
        ({"a": False}, {}, True),
        ({"a": True}, {"a": True}, True),
        ({"a": True}, {"a": False}, False),
        ({"a": True}, {}, False),
        ({}, {"a": True}, False),
        ({"a": True, "b": {"c": 1}}, {"a": True, "b": {"c": 2}}, False),
    ],
)
def test_rule_2_10_a_hold_is_compared_by_value_and_nothing_is_as_good_as_empty(one, other, is_same):
    assert same_held(one, other) is is_same
