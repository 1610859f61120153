"""What the engine relies on in a `Store` about the two sides of a subscription (rules.md 5)."""

from decimal import Decimal

import pytest

from sync.sides import Suspicion
from tests.store.values import NOON, after, baseline, difference


def test_suspects_come_oldest_first_and_stay_until_they_are_cleared(store):
    store.tx(lambda tx: tx.suspect(["b", "a"], "seen in the audit"))
    store.tx(lambda tx: tx.suspect(["b", "c"], "seen in the sweep"))
    expected = [("b", "seen in the audit"), ("a", "seen in the audit"), ("c", "seen in the sweep")]
    assert store.tx(lambda tx: tx.suspects()) == expected
    store.tx(lambda tx: tx.clear_suspects(["a", "c", "unknown"]))
    assert store.tx(lambda tx: tx.suspects()) == expected[:1]


@pytest.mark.parametrize(
    ("at", "by", "expected"),
    [
        (after(5), "Ada", (after(5), "Ada")),
        (NOON, "Ada", (after(1), "Bob")),
        (None, "Ada", (after(1), "Bob")),
    ],
    ids=["later", "earlier", "without an instant"],
)
def test_the_latest_change_at_the_provider_dates_a_suspicion(store, at, by, expected):
    store.tx(lambda tx: tx.suspect(["a"], "first", at=after(1), by="Bob"))
    store.tx(lambda tx: tx.suspect(["a"], "second", at=at, by=by))
    at, by = expected
    kept = Suspicion(subscription_id="a", reason="first", at=at, by=by, marks=2)
    assert store.tx(lambda tx: tx.suspicion("a")) == kept


def test_an_instant_is_added_to_a_suspicion_that_had_none(store):
    store.tx(lambda tx: tx.suspect(["a"], "first"))
    store.tx(lambda tx: tx.suspect(["a"], "second", at=NOON, by="Ada"))
    kept = Suspicion(subscription_id="a", reason="first", at=NOON, by="Ada", marks=2)
    assert store.tx(lambda tx: (tx.suspicion("a"), tx.suspicion("b"))) == (kept, None)


def test_a_suspicion_that_was_said_again_meanwhile_is_not_cleared(store):
    store.tx(lambda tx: tx.suspect(["a", "b"], "first"))
    followed = [store.tx(lambda tx, one=one: tx.suspicion(one)) for one in ("a", "b")]
    store.tx(lambda tx: tx.suspect(["a"], "second"))
    for one in followed:
        store.tx(lambda tx, one=one: tx.clear_suspicion(one))
    assert store.tx(lambda tx: tx.suspects()) == [("a", "first")]


def test_a_baseline_comes_back_as_it_was_until_it_is_dropped(store):
    sides = {"crm": {"price": Decimal("12.50"), "name": None}, "partner": {"status": "active"}}
    kept = baseline(**sides)
    store.tx(lambda tx: tx.put_baselines([baseline(), baseline("b")]))
    store.tx(lambda tx: tx.put_baselines([kept]))
    assert store.tx(lambda tx: (tx.baseline("a"), tx.baseline("b"))) == (kept, baseline("b"))
    store.tx(lambda tx: tx.drop_baseline("a"))
    assert store.tx(lambda tx: (tx.baseline("a"), tx.baseline("b"))) == (None, baseline("b"))


def test_differences_are_replaced_and_keep_the_instant_at_which_they_began(store):
    store.tx(lambda tx: tx.put_differences("b", [difference("b")]))
    store.tx(lambda tx: tx.put_differences("a", [difference(), difference(field="status")]))
    found = [difference(crm="11", since=after(9)), difference(field="term_end", since=after(9))]
    store.tx(lambda tx: tx.put_differences("a", found))
    kept = [difference(crm="11", since=NOON), found[1]]
    assert store.tx(lambda tx: tx.differences("a")) == kept
    assert store.tx(lambda tx: tx.differences()) == [*kept, difference("b")]
    store.tx(lambda tx: tx.put_differences("a", []))
    assert store.tx(lambda tx: tx.differences("a")) == []
