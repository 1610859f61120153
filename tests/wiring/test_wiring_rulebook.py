"""lifecycle.yaml: the table of transitions has no gap, no double and no slip."""

from itertools import permutations

import pytest

from lifecycle.rules import read_rulebook
from lifecycle.states import Status
from seatkeeper.mapping_folder import open_mappings
from tests.wiring.written import change, findings, own_mappings


@pytest.fixture
def mine(tmp_path):
    return own_mappings(tmp_path)


def edit(mine, function):
    change(mine, "lifecycle.yaml", function)
    found = findings(mine)
    assert {file for file, _, _ in found} == {"lifecycle.yaml"}
    return [(field, sentence) for _, field, sentence in found]


def test_rule_3_the_shipped_table_names_every_ordered_pair():
    book = open_mappings(None).rulebook
    assert set(book.transitions) == set(permutations(Status, 2))


@pytest.mark.parametrize(
    ("pair", "consequences"),
    [
        (("active", "suspended"), ("deactivation", "-all", "suspend", "refund")),
        (("paused", "suspended"), ("deactivation", "-all", "suspend", "refund")),
        (("suspended", "active"), ("activation", "+all", "reactivate", "recharge")),
        (("active", "paused"), ("pause", "0", "suspend", "nothing")),
        (("paused", "active"), ("resume", "0", "reactivate", "nothing")),
        (("active", "cancelled"), ("cancellation", "-all", "cancel", "refund")),
        (("paused", "cancelled"), ("cancellation", "-all", "cancel", "refund")),
        (("suspended", "cancelled"), ("cancellation", "-all", "cancel", "refund")),
    ],
)
def test_rule_3_an_allowed_transition_has_these_consequences(pair, consequences):
    rule = open_mappings(None).rulebook.rule(*map(Status, pair))
    assert (rule.kind, rule.seats, rule.provider, rule.money) == consequences
    assert rule.refuse == ""


@pytest.mark.parametrize(
    ("was", "now"),
    [("suspended", "paused")]
    + [(was, now) for was in ("cancelled", "expired") for now in ("active", "paused", "suspended")]
    + [("expired", "cancelled")]
    + [(was, "expired") for was in ("active", "paused", "suspended", "cancelled")],
)
def test_rule_3_a_refused_transition_has_a_sentence_for_the_person(was, now):
    rule = open_mappings(None).rulebook.rule(Status(was), Status(now))
    assert rule.refuse.endswith(".")


def test_rule_3_a_gap_in_the_table_is_found(mine):
    found = edit(mine, lambda d: d["transitions"].pop(1))
    assert found == [("transitions", "suspended -> active is not named. Allow it or refuse it.")]


def test_rule_3_a_double_in_the_table_is_found(mine):
    again = {"name": "again", "from": "active", "to": "paused", "refuse": "No."}
    found = edit(mine, lambda d: d["transitions"].append(again))
    assert found == [("transitions.10", "active -> paused is already 'pause'. Name it once.")]


@pytest.mark.parametrize(
    ("slip", "field", "told"),
    [
        ({"form": "active"}, "form", "Did you mean 'from'?"),
        ({"name": ""}, "name", "a name is missing"),
        ({"provider": "stop"}, "provider", "Use one of: nothing, suspend"),
        ({"money": "back"}, "money", "Use one of: nothing, refund"),
        ({"change_log": {"kind": "pausing"}}, "change_log.kind", "'pausing' is not known"),
        ({"change_log": {"kind": "pause", "quantity": 5}}, "change_log.quantity", "Use one of"),
        ({"change_log": {"kind": "pause", "quantty": 0}}, "change_log.quantty", "'quantity'?"),
        ({"change_log": None}, "change_log", "this must be a mapping"),
        ({"refuse": ""}, "refuse", "a sentence is missing"),
        ({"refuse": ["no"]}, "refuse", "a sentence is missing"),
    ],
)
def test_a_slip_in_a_rule_is_found(mine, slip, field, told):
    found = dict(edit(mine, lambda d: d["transitions"][2].update(slip)))
    assert told in found[f"transitions.2.{field}"]


@pytest.mark.parametrize(
    ("slip", "told"), [("halted", "'halted' is not known"), ("paused", "is no change")]
)
def test_an_unknown_state_or_no_change_is_found(mine, slip, told):
    found = edit(mine, lambda d: d["transitions"][2].update({"from": [slip]}))
    assert any(told in sentence for _, sentence in found)


@pytest.mark.parametrize("decrease", ["later", ["park"], None])
def test_an_unknown_policy_is_found(mine, decrease):
    found = edit(mine, lambda d: d["policies"].update(quantity_decrease=decrease))
    assert found == [
        ("policies.quantity_decrease", f"{decrease!r} is not known. Use park or schedule.")
    ]


@pytest.mark.parametrize("sentence", ["", "It is {state}.", "It is {status", "{0}", ["no"]])
def test_a_refusal_that_could_not_be_said_is_found(mine, sentence):
    found = edit(mine, lambda d: d["refusals"].update(quantity_inactive=sentence))
    assert [field for field, _ in found] == ["refusals.quantity_inactive"]


@pytest.mark.parametrize("document", [None, [], {1: 2, "x": 3}, {"transitions": [3]}])
def test_any_document_gives_findings_and_never_an_exception(document):
    book, found = read_rulebook(document)
    assert book is None
    assert found
