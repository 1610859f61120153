"""`drift` tells every known difference: field, both values, since when, what becomes of it."""

import json
from dataclasses import replace

import pytest

from seatkeeper.commands import drift as command
from seatkeeper.commands.drift import age_words
from seatkeeper.commands.exits import Exit
from sync.drift import known_drift
from tests.drift.listening import changes_by_hand, hears, sweeps
from tests.store.values import NOON, after, difference, parked


@pytest.fixture
def told(stage, monkeypatch, capsys):
    """Run the command on the stage's state; return what it prints."""
    monkeypatch.setattr(command, "load_config", lambda _: None)
    monkeypatch.setattr(command, "look_at_store", lambda _: stage.application.store.copy())

    def run(**options):
        code = command.drift(**options)
        return code, capsys.readouterr().out

    return run


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        ("reported", "is only told: why"),
        ("conflict", "waits for a person: `seatkeeper parked show`: why"),
        ("to_crm", "comes to Dynamics: why"),
        ("to_partner_center", "goes to Partner Center: why"),
    ],
)
def test_a_difference_says_what_becomes_of_it(store, outcome, word):
    store.tx(lambda tx: tx.put_differences("a", [difference(outcome=outcome)]))
    (one,) = store.tx(lambda tx: known_drift(tx, after(90))).differences
    assert (one.subscription, one.field, one.crm, one.partner_center) == (
        "a",
        "quantity",
        "10",
        "12",
    )
    assert (one.age_seconds, one.what, one.parked) == (90, word, "")


def test_a_difference_of_a_parked_subscription_says_so(store):
    store.tx(lambda tx: tx.put_differences("a", [difference()]))
    store.tx(lambda tx: tx.park(parked("a", code="on-hold")))
    (one,) = store.tx(lambda tx: known_drift(tx, NOON)).differences
    assert (one.parked, one.what) == ("on-hold", "is parked (on-hold): why")


def test_the_oldest_difference_comes_first_and_none_is_younger_than_now(store):
    store.tx(lambda tx: tx.put_differences("a", [difference(since=after(60))]))
    store.tx(lambda tx: tx.put_differences("b", [replace(difference("b"), reason="")]))
    found = store.tx(lambda tx: known_drift(tx, after(30))).differences
    assert [(one.subscription, one.age_seconds) for one in found] == [("b", 30), ("a", 0)]
    assert found[0].what == "waits for a person: `seatkeeper parked show`"


def test_who_is_still_to_be_compared_is_told_as_well(store):
    store.tx(lambda tx: tx.suspect(["a"], "touched"))
    assert store.tx(lambda tx: known_drift(tx, NOON)).suspects == (("a", "touched"),)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (86400 * 3, "3 d")],
)
def test_an_age_is_said_in_its_largest_unit(seconds, words):
    assert age_words(seconds) == words


def test_without_differences_the_command_says_so_and_ends_with_0(told):
    assert told() == (Exit.OK, "No difference is known.\n")


def test_a_known_difference_ends_with_2_and_stands_in_the_table(stage, told):
    changes_by_hand(stage, quantity=12)
    sweeps(stage)
    code, said = told()
    assert code == Exit.CHANGES
    assert f"{stage.subscription}  quantity: Dynamics 10, Partner Center 12 (since" in said
    code, said = told(as_json=True)
    found = {one["field"]: one for one in json.loads(said)["differences"]}
    assert found["quantity"]["crm"] == "10"
    assert found["quantity"]["partner_center"] == "12"
    assert found["quantity"]["outcome"] == "reported"


def test_json_names_who_is_to_be_compared(stage, told):
    hears(stage)
    stage.on("2025-06-10", "12:10")
    changes_by_hand(stage, quantity=12)
    hears(stage)
    _, said = told(as_json=True)
    reason = "update_subscription at the provider"
    expected = [{"subscription": stage.subscription, "reason": reason}]
    assert json.loads(said)["to_compare"] == expected
    assert "1 is still to be compared." in told()[1]
