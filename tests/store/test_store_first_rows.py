"""What the engine relies on when it stores the rows of a first read by column."""

from dataclasses import replace
from datetime import date

import pytest

from lifecycle.decisions import Standing
from lifecycle.states import Status
from store.sqlite import SqliteStore
from sync.first_rows import AlreadyKnownError, FirstRows, Stand
from sync.state import Point
from tests.store.values import ACTIVE, NOON, after, baseline, link, log, seen

HERE = Stand(point=ACTIVE, accepted=Standing(status=Status.ACTIVE, quantity=10))
NOWHERE = Stand(point=Point((0, None), 0), accepted=None)
ENDS = date(2025, 7, 1)


def rows(**columns):
    given = {
        "ids": ["a", "b", "c"],
        "versions": [1, 2, 3],
        "stands": [HERE, NOWHERE, HERE],
        "contracts": ["contract", None, "contract"],
        "modified_at": [NOON, after(1.5), NOON],
        "deactivate_on": [None, ENDS, None],
        "licences": ["l1", "", "l1"],
        "customers": ["customer", "", "customer"],
        "providers": ["provider", "", "provider"],
        "seen_on": date(2025, 6, 10),
    }
    return FirstRows(**{**given, **columns})


def put(store, given):
    store.tx(lambda tx: tx.put_first(given))


def test_rows_stored_by_column_are_those_stored_one_by_one(store):
    put(store, rows())
    expected = {
        "a": seen("a"),
        "b": seen(
            "b",
            version=2,
            point=NOWHERE.point,
            accepted=None,
            contract_id=None,
            modified_at=after(1.5),
            deactivate_on=ENDS,
        ),
        "c": seen("c", version=3),
    }
    assert store.tx(lambda tx: tx.seen("abc")) == expected
    named = replace(link("a", "l1"), customer_id="customer", provider_id="provider")
    assert store.tx(lambda tx: tx.linked(["l1", ""])) == {
        "l1": [named, replace(named, subscription_id="c")]
    }


def test_rows_that_name_no_licence_are_stored_too(store):
    put(store, rows(licences=["", "", ""]))
    assert store.tx(lambda tx: sorted(tx.seen("abc"))) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(lambda tx: tx.put_seen([seen("b")]), id="a snapshot"),
        pytest.param(lambda tx: tx.put_links([link("a", "l9")]), id="a link"),
        pytest.param(lambda tx: tx.put_logs([log("log", "z")]), id="a change log"),
        pytest.param(lambda tx: tx.put_baselines([baseline("z")]), id="a baseline"),
    ],
)
def test_rule_1_4_nothing_is_stored_unseen_when_something_is_known(store, known):
    store.tx(known)
    before = store.tx(lambda tx: (tx.seen("abc"), tx.linked(["l1", "l9"])))
    with pytest.raises(AlreadyKnownError):
        put(store, rows())
    assert store.tx(lambda tx: (tx.seen("abc"), tx.linked(["l1", "l9"]))) == before


def test_the_end_of_a_first_read_brings_the_index_back_that_it_put_off(tmp_path):
    store = SqliteStore(tmp_path / "state.db")
    put(store, rows())
    store.tx(lambda tx: (tx.end_first(), tx.end_first()))
    found = store.tx(lambda tx: [tuple(one) for one in tx._all(PLAN, "l1")])
    store.close()
    assert "links_licence" in str(found)


PLAN = "EXPLAIN QUERY PLAN SELECT * FROM links WHERE licence_id = ?"
