"""What the pages of a person rely on in a `Store`: the same contract for every backend."""

import pytest

from lifecycle.decisions import Standing
from lifecycle.states import Status
from sync.browsing import TrailQuery
from sync.state import FactState, TrailEntry
from tests.store.values import after, difference, fact, operation, parked, seen


def entry(number, event="seen", subject="a", **facts):
    return TrailEntry(at=after(number), subject=subject, event=event, facts=facts)


def leaf(store, **query):
    """Return the pages of a query until the end, as the numbers in their facts."""
    place, pages = None, []
    while True:
        wanted = TrailQuery(after=place, **query)
        page = store.look(lambda tx, wanted=wanted: tx.page_trail(wanted))
        pages.append([one.facts["n"] for one in page.entries])
        place = page.after
        if place is None:
            return pages


@pytest.fixture
def trail(store):
    entries = [
        entry(n, event="seen" if n % 2 else "decided", subject="ab"[n % 3 == 0], n=str(n))
        for n in range(6)
    ]
    store.tx(lambda tx: tx.trail(entries))
    return store


def test_the_trail_is_leafed_through_newest_first_without_gap_or_overlap(trail):
    assert leaf(trail, limit=4) == [["5", "4", "3", "2"], ["1", "0"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"subject": "b"}, ["3", "0"]),
        ({"event": "decided"}, ["4", "2", "0"]),
        ({"subject": "a", "event": "seen"}, ["5", "1"]),
        ({"since": after(2), "until": after(4)}, ["3", "2"]),
        ({"text": '"N": "4'}, ["4"]),
        ({"text": "nowhere"}, []),
    ],
    ids=["subject", "event", "both", "days", "text in any case", "nothing"],
)
def test_the_trail_is_searched(trail, query, found):
    assert leaf(trail, **query) == [found]


def test_a_search_stops_after_what_it_may_look_at_and_goes_on_from_there(trail):
    assert leaf(trail, text='"n": "0"', look_at=4) == [[], ["0"]]


def test_entries_of_one_instant_keep_their_order(store):
    store.tx(lambda tx: tx.trail([entry(0, n=str(n)) for n in range(3)]))
    assert leaf(store, limit=2) == [["2", "1"], ["0"]]


def test_the_trail_is_followed_in_the_order_of_writing_whatever_the_clock_said(store):
    assert store.look(lambda tx: (tx.trail_end(), tx.trail_after(0))) == (0, [])
    store.tx(lambda tx: tx.trail([entry(9), entry(5), entry(7)]))
    assert store.look(lambda tx: tx.trail_end()) == 3
    found = store.look(lambda tx: tx.trail_after(1, limit=1))
    assert [one.at for one in found] == [after(5)]
    assert [one.at for one in store.look(lambda tx: tx.trail_after(1))] == [after(5), after(7)]


def test_the_events_of_the_trail_are_named_once(trail):
    assert trail.look(lambda tx: tx.trail_events()) == ["decided", "seen"]


def test_an_empty_trail_has_no_events_and_one_empty_page(store):
    assert store.look(lambda tx: tx.trail_events()) == []
    assert leaf(store) == [[]]


def test_changes_are_leafed_through_newest_first(store):
    done = {"state": FactState.DONE}
    store.tx(lambda tx: tx.add_facts([fact("1"), fact("2", **done), fact("3"), fact("4")]))
    first = store.look(lambda tx: tx.page_facts(limit=2))
    assert [one.key for one in first] == ["4", "3"]
    rest = store.look(lambda tx: tx.page_facts(before=first[-1].ordinal))
    assert [one.key for one in rest] == ["2", "1"]
    waiting = store.look(lambda tx: tx.page_facts(state=FactState.WAITING, limit=2))
    assert [one.key for one in waiting] == ["4", "3"]


def test_subscriptions_are_leafed_through_by_id_and_status(store):
    gone = Standing(status=Status.SUSPENDED, quantity=10)
    rows = [seen("c"), seen("a"), seen("b", accepted=gone), seen("d", accepted=None)]
    store.tx(lambda tx: tx.put_seen(rows))
    assert [one.id for one in store.look(lambda tx: tx.page_seen(limit=3))] == ["a", "b", "c"]
    assert [one.id for one in store.look(lambda tx: tx.page_seen(after="c"))] == ["d"]
    assert [one.id for one in store.look(lambda tx: tx.page_seen(status="suspended"))] == ["b"]


def test_parked_work_is_leafed_through_oldest_first_and_counted_by_code(store):
    def put(tx):
        for one in (
            parked("c", code="x"),
            parked("a", since=after(9)),
            parked("b"),
            parked("d", code="x", since=after(5)),
        ):
            tx.park(one)

    store.tx(put)
    first = store.look(lambda tx: tx.page_parked(limit=2))
    assert [one.subject for one in first] == ["b", "c"]
    place = (first[-1].since.isoformat(), first[-1].subject)
    assert [one.subject for one in store.look(lambda tx: tx.page_parked(after=place))] == ["d", "a"]
    assert [one.subject for one in store.look(lambda tx: tx.page_parked(code="x"))] == ["c", "d"]
    assert dict(store.look(lambda tx: tx.parked_codes())) == {"refused": 2, "x": 2}


def test_the_oldest_change_that_waits_is_found(store):
    assert store.look(lambda tx: tx.oldest_waiting()) is None
    done = fact("1", at=after(1), state=FactState.DONE)
    store.tx(lambda tx: tx.add_facts([done, fact("2", at=after(9)), fact("3", at=after(5))]))
    assert store.look(lambda tx: tx.oldest_waiting()) == after(5)


def test_changes_and_sent_operations_are_counted_between_instants(store):
    at = (0, 60, 3600, 90000)
    store.tx(lambda tx: tx.add_facts([fact(str(n), at=after(n)) for n in at]))
    sent = [operation(str(n), sent_at=after(n)) for n in at]
    store.tx(lambda tx: tx.add_operations([operation("unsent"), *sent]))
    edges = [after(n) for n in (60, 3600, 7200, 90001)]
    for counted in ("changes_between", "sent_between"):
        assert store.look(lambda tx, name=counted: getattr(tx, name)(edges)) == [1, 1, 1]


def test_differences_are_leafed_through_oldest_first_and_counted(store):
    for number, row in enumerate("cab"):
        found = [difference(row, since=after(number)), difference(row, field="x", since=after(9))]
        store.tx(lambda tx, row=row, found=found: tx.put_differences(row, found))
    store.tx(lambda tx: tx.suspect(["a"], "why"))
    assert store.look(lambda tx: (tx.count_differences(), tx.count_suspects())) == (6, 1)
    first = store.look(lambda tx: tx.page_differences(limit=4))
    assert [(one.subscription_id, one.field) for one in first] == [
        ("c", "quantity"),
        ("a", "quantity"),
        ("b", "quantity"),
        ("a", "x"),
    ]
    place = (first[-1].since.isoformat(), "a", "x")
    rest = store.look(lambda tx: tx.page_differences(after=place))
    assert [one.subscription_id for one in rest] == ["b", "c"]
