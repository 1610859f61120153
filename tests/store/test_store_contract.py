"""What the engine relies on in a `Store`: the contract that every backend keeps."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from lifecycle.decisions import Standing
from lifecycle.states import Status
from sync.state import (
    FactState,
    InvoiceWork,
    KnownInvoice,
    OperationState,
    Point,
    Request,
    Service,
    Source,
    TrailEntry,
    Wake,
)
from tests.store.values import (
    ACTIVE,
    NOON,
    SUSPENDED,
    after,
    fact,
    log,
    operation,
    parked,
    seen,
    wake,
)


class Killed(BaseException):
    """The process died."""


# --- transactions --------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [ValueError, Killed])
def test_a_transaction_that_fails_leaves_nothing(store, error):
    store.tx(lambda tx: tx.set_cursor("t", "before"))

    def fails(tx):
        tx.set_cursor("t", "after")
        tx.put_seen([seen()])
        tx.add_facts([fact("k")])
        raise error

    with pytest.raises(error):
        store.tx(fails)
    told = store.tx(lambda tx: (tx.cursor("t"), tx.seen(["a"]), tx.facts("a")))
    assert told == ("before", {}, [])


def test_a_transaction_returns_what_its_function_returns(store):
    assert store.tx(lambda tx: 7) == 7


def test_a_store_works_on_after_a_failed_transaction(store):
    with pytest.raises(ZeroDivisionError):
        store.tx(lambda tx: 1 / 0)
    store.tx(lambda tx: tx.set_meta("k", "v"))
    assert store.tx(lambda tx: tx.meta("k")) == "v"


# --- snapshots -----------------------------------------------------------------------------------


def test_a_snapshot_comes_back_as_it_was(store):
    kept = seen(
        point=Point((1, None), 10),
        planned=Standing(status=Status.SUSPENDED, quantity=10),
        deactivate_on=date(2025, 7, 1),
        audit_id="audit",
        claims=((ACTIVE, SUSPENDED), (SUSPENDED, ACTIVE)),
        differs_since=NOON,
    )
    bare = seen("b", accepted=None, contract_id=None)
    store.tx(lambda tx: tx.put_seen([kept, bare]))
    assert store.tx(lambda tx: tx.seen(["a", "b", "c"])) == {"a": kept, "b": bare}


def test_more_snapshots_are_asked_for_than_a_statement_takes_values(store):
    store.tx(lambda tx: tx.put_seen([seen("7"), seen("39999")]))
    found = store.tx(lambda tx: tx.seen(f"{number}" for number in range(260_000)))
    assert set(found) == {"7", "39999"}


def test_a_snapshot_is_replaced_and_dropped(store):
    store.tx(lambda tx: tx.put_seen([seen()]))
    store.tx(lambda tx: tx.put_seen([seen(version=2)]))
    assert store.tx(lambda tx: tx.seen(["a"])["a"].version) == 2
    store.tx(lambda tx: tx.drop_seen("a"))
    assert store.tx(lambda tx: tx.seen(["a"])) == {}


def test_reached_deactivate_on_dates_are_found_for_seats_that_are_held(store):
    day = date(2025, 6, 16)
    suspended = Standing(status=Status.SUSPENDED, quantity=10)
    paused = Standing(status=Status.PAUSED, quantity=10)
    rows = [
        seen("due", deactivate_on=day),
        seen("paused", deactivate_on=day, accepted=paused),
        seen("later", deactivate_on=day + timedelta(days=1)),
        seen("done", deactivate_on=day, accepted=suspended),
        seen("none"),
    ]
    store.tx(lambda tx: tx.put_seen(rows))
    assert {one.id for one in store.tx(lambda tx: tx.scheduled(day))} == {"due", "paused"}


def test_rows_that_wait_for_their_history_come_oldest_first(store):
    rows = [seen("b", differs_since=after(5)), seen("a", differs_since=after(9)), seen("c")]
    store.tx(lambda tx: tx.put_seen(rows))
    assert [one.id for one in store.tx(lambda tx: tx.waits())] == ["b", "a"]


def test_revisits_are_kept_until_they_are_cleared(store):
    store.tx(lambda tx: tx.revisit(["b", "a"]))
    store.tx(lambda tx: tx.revisit(["a"]))
    assert store.tx(lambda tx: tx.revisits()) == ["a", "b"]
    store.tx(lambda tx: tx.clear_revisits(["a", "unknown"]))
    assert store.tx(lambda tx: tx.revisits()) == ["b"]


def test_a_cursor_is_kept_per_table_and_can_be_forgotten(store):
    store.tx(lambda tx: tx.set_cursor("one", "link"))
    assert store.tx(lambda tx: (tx.cursor("one"), tx.cursor("two"))) == ("link", None)
    store.tx(lambda tx: tx.set_cursor("one", None))
    assert store.tx(lambda tx: tx.cursor("one")) is None


# --- facts ---------------------------------------------------------------------------------------


def test_a_fact_is_stored_once_and_keeps_its_state(store):
    assert store.tx(lambda tx: tx.add_facts([fact("k")])) == 1
    store.tx(lambda tx: tx.set_fact_state(["k"], FactState.DONE))
    again = store.tx(lambda tx: tx.add_facts([fact("k", at=after(9)), fact("new")]))
    (first, second) = store.tx(lambda tx: tx.facts("a"))
    assert again == 1
    assert (first.state, first.at) == (FactState.DONE, NOON)
    assert second.key == "new"


def test_facts_come_in_the_order_in_which_they_were_stored(store):
    store.tx(lambda tx: tx.add_facts([fact("z"), fact("y"), fact("x", "b")]))
    store.tx(lambda tx: tx.add_facts([fact("a")]))
    assert [one.key for one in store.tx(lambda tx: tx.facts("a"))] == ["z", "y", "a"]


def test_facts_are_found_by_their_states(store):
    store.tx(lambda tx: tx.add_facts([fact("one"), fact("two"), fact("three")]))
    store.tx(lambda tx: tx.set_fact_state(["one"], FactState.PLANNED))
    store.tx(lambda tx: tx.set_fact_state(["two"], FactState.REFUSED))
    wanted = store.tx(lambda tx: tx.facts("a", FactState.PLANNED, FactState.REFUSED))
    assert [one.key for one in wanted] == ["one", "two"]


def test_a_fact_comes_back_as_it_was(store):
    told = fact(
        "k", source=Source.OBSERVED, by="Alex", effective_on=date(2025, 6, 1), quantity_changed=True
    )
    store.tx(lambda tx: tx.add_facts([told]))
    (found,) = store.tx(lambda tx: tx.facts("a"))
    assert found == replace(told, ordinal=found.ordinal)


# --- what is due ---------------------------------------------------------------------------------


def _due(store, now=NOON):
    return [subject for subject, _ in store.tx(lambda tx: tx.due(now))]


def test_waiting_facts_wakes_and_open_operations_are_due_with_their_contract(store):
    def fill(tx):
        tx.put_seen([seen("a"), seen("b", contract_id=None)])
        tx.add_facts([fact("k", "a")])
        tx.wake(wake("b"))
        tx.add_operations([operation("o", "unseen")])

    store.tx(fill)
    due = store.tx(lambda tx: tx.due(NOON))
    assert sorted(due) == [("a", "contract"), ("b", ""), ("unseen", "")]


@pytest.mark.parametrize("state", [one for one in FactState if one is not FactState.WAITING])
def test_a_fact_that_waits_no_more_is_not_due(store, state):
    store.tx(lambda tx: tx.add_facts([fact("k", state=state)]))
    assert _due(store) == []


@pytest.mark.parametrize("state", list(OperationState))
def test_only_open_operations_are_due(store, state):
    store.tx(lambda tx: tx.add_operations([operation("o", state=state)]))
    assert _due(store) == (["a"] if state.is_open else [])
    assert bool(store.tx(lambda tx: tx.open_operations("a"))) == state.is_open


def test_the_oldest_fact_is_due_first_and_begun_work_before_it(store):
    def fill(tx):
        tx.add_facts([fact("1", "old"), fact("2", "new"), fact("3", "old")])
        tx.wake(wake("woken"))

    store.tx(fill)
    assert _due(store) == ["woken", "old", "new"]


def test_a_pause_delays_until_it_has_passed(store):
    store.tx(lambda tx: tx.add_operations([operation("o", not_before=after(10))]))
    assert [_due(store, now=after(at)) for at in (0, 9, 10)] == [[], [], ["a"]]


def test_a_paused_operation_delays_its_whole_subject(store):
    def fill(tx):
        tx.add_facts([fact("k")])
        tx.add_operations([operation("o", not_before=after(10))])

    store.tx(fill)
    assert _due(store) == []


def test_a_paused_wake_delays_and_a_new_wake_replaces_it(store):
    store.tx(lambda tx: tx.wake(wake(not_before=after(10), attempts=3)))
    assert _due(store) == []
    assert store.tx(lambda tx: tx.wakes("a").attempts) == 3
    store.tx(lambda tx: tx.wake(wake()))
    assert _due(store) == ["a"]
    store.tx(lambda tx: tx.unwake("a"))
    assert (_due(store), store.tx(lambda tx: tx.wakes("a"))) == ([], None)


def test_run_once_ignores_every_pause(store):
    store.tx(lambda tx: tx.add_operations([operation("o", not_before=after(10))]))
    assert _due(store, now=None) == ["a"]


def test_a_pause_that_ends_far_away_was_set_before_the_clock_stepped_back(store):
    store.tx(lambda tx: tx.add_operations([operation("o", not_before=after(7_200))]))
    assert _due(store) == ["a"]


def test_waiting_facts_of_a_parked_subject_are_not_due_but_a_wake_is(store):
    def fill(tx):
        tx.add_facts([fact("k")])
        tx.park(parked())

    store.tx(fill)
    assert _due(store) == []
    store.tx(lambda tx: tx.wake(wake()))
    assert _due(store) == ["a"]


# --- operations ----------------------------------------------------------------------------------


def test_an_operation_comes_back_as_it_was_with_exact_amounts(store):
    told = operation(
        "o",
        service=Service.PROVIDER,
        action="suspend",
        set="partner-center",
        body={"amount": Decimal("-58.330"), "deep": [{"$": None, "n": 1, "t": True}]},
        precondition='W/"1"',
        quantity=10,
        change_keys=("k1", "k2"),
        state=OperationState.SENT,
        attempts=2,
        request_id="request",
        not_before=after(5),
        sent_at=NOON,
        message="told",
        carried={"friendlyName": "Fabrikam"},
    )
    store.tx(lambda tx: tx.add_operations([told]))
    (found,) = store.tx(lambda tx: tx.operations("a"))
    assert found == replace(told, ordinal=found.ordinal)
    assert str(found.body["amount"]) == "-58.330"


def test_operations_keep_their_order_when_one_is_changed(store):
    store.tx(lambda tx: tx.add_operations([operation("2"), operation("1")]))
    store.tx(lambda tx: tx.put_operation(operation("2", state=OperationState.SENT)))
    assert [one.id for one in store.tx(lambda tx: tx.open_operations("a"))] == ["2", "1"]


def test_what_may_ever_have_been_created_is_remembered_as_emitted(store):
    """A failed or superseded create was never committed; its id is free."""
    states = list(OperationState)
    made = [operation(f"{one}", state=one, precondition="create") for one in states]
    others = [
        operation("update", precondition="update"),
        operation("provider", precondition="create", service=Service.PROVIDER),
        operation("b", "b", precondition="create"),
    ]
    store.tx(lambda tx: tx.add_operations([*made, *others]))
    assert store.tx(lambda tx: tx.emitted("a")) == {"ready", "sent", "done"}


# --- logs, holds, parked -------------------------------------------------------------------------


def test_logs_that_are_unknown_or_were_set_are_told(store):
    first = log("1")
    assert store.tx(lambda tx: tx.put_logs([first])) == [first]
    assert store.tx(lambda tx: tx.put_logs([replace(first, version=2)])) == []
    set_by_hand = replace(first, version=3, provisioning="provisioned")
    assert store.tx(lambda tx: tx.put_logs([set_by_hand])) == [set_by_hand]
    assert store.tx(lambda tx: tx.known_logs("a")) == [set_by_hand]


def test_logs_come_by_sequence_and_can_be_dropped(store):
    store.tx(lambda tx: tx.put_logs([log("x", sequence=2), log("y", sequence=1), log("z", "b")]))
    assert [one.id for one in store.tx(lambda tx: tx.known_logs("a"))] == ["y", "x"]
    store.tx(lambda tx: tx.drop_log("y"))
    assert [one.id for one in store.tx(lambda tx: tx.known_logs("a"))] == ["x"]


def test_a_hold_is_kept_until_it_is_given_back(store):
    held = {"autoRenewEnabled": True, "scheduledNextTermInstructions": {"quantity": 8}}
    store.tx(lambda tx: tx.set_hold("a", held))
    assert store.tx(lambda tx: (tx.hold("a"), tx.hold("b"))) == (held, None)
    store.tx(lambda tx: tx.set_hold("a", None))
    assert store.tx(lambda tx: tx.hold("a")) is None


def test_an_empty_hold_is_a_hold(store):
    store.tx(lambda tx: tx.set_hold("a", {}))
    assert store.tx(lambda tx: tx.hold("a")) == {}


def test_a_subject_is_parked_once_and_the_newest_reason_counts(store):
    store.tx(lambda tx: tx.park(parked(reason="first")))
    second = parked(reason="second", change_key="k")
    store.tx(lambda tx: tx.park(second))
    store.tx(lambda tx: tx.park(parked("b", since=after(-9))))
    assert [one.subject for one in store.tx(lambda tx: tx.parked())] == ["b", "a"]
    assert store.tx(lambda tx: tx.parked("a")) == [second]
    assert store.tx(lambda tx: tx.unpark("a")) == second
    assert store.tx(lambda tx: tx.unpark("a")) is None


# --- the trail, requests, search, counts ---------------------------------------------------------


def _entry(subject, event):
    return TrailEntry(at=NOON, subject=subject, event=event, facts={"why": "so"})


def test_the_trail_is_read_in_order_by_subject_or_whole(store):
    store.tx(lambda tx: tx.trail([_entry("a", "1"), _entry("b", "2"), _entry("a", "3")]))
    mine = store.tx(lambda tx: tx.read_trail("a"))
    assert [(one.event, dict(one.facts)) for one in mine] == [
        ("1", {"why": "so"}),
        ("3", {"why": "so"}),
    ]
    assert [one.sequence for one in store.tx(lambda tx: tx.read_trail())] == [1, 2, 3]


def test_a_request_is_asked_answered_and_taken_once(store):
    for number in ("2", "1"):
        store.tx(lambda tx, number=number: tx.ask(Request(number, "invoice run", "{}")))
    assert [one.id for one in store.tx(lambda tx: tx.asked())] == ["2", "1"]
    assert store.tx(lambda tx: tx.take_answer("2")) is None
    store.tx(lambda tx: tx.answer("2", "done"))
    assert [one.id for one in store.tx(lambda tx: tx.asked())] == ["1"]
    assert store.tx(lambda tx: tx.take_answer("2")) == "done"
    assert store.tx(lambda tx: tx.take_answer("2")) is None


@pytest.mark.parametrize("text", ["a", "row", "op", "log", "a|log", "key"])
def test_a_subject_is_found_by_anything_that_belongs_to_it(store, text):
    def fill(tx):
        tx.put_seen([seen("a"), seen("b")])
        tx.add_operations([operation("op", target="row"), operation("other", "b")])
        tx.put_logs([log("log")])
        tx.add_facts([fact("key")])

    store.tx(fill)
    assert store.tx(lambda tx: tx.find_subject(text)) == "a"
    assert store.tx(lambda tx: tx.find_subject("nothing")) is None


def test_the_figures_of_status_count_what_is_open(store):
    def fill(tx):
        tx.put_seen([seen("a"), seen("b")])
        tx.add_facts([fact("1"), fact("2", state=FactState.DONE)])
        tx.add_operations([operation("o"), operation("p", state=OperationState.DONE)])
        tx.park(parked())

    store.tx(fill)
    counts = store.tx(lambda tx: tx.counts())
    figures = (counts.subscriptions, counts.waiting, counts.open_operations, counts.parked)
    assert figures == (2, 1, 1, 1)


def test_a_subscription_that_is_taken_up_again_waits_once(store):
    def fill(tx):
        tx.put_seen([seen("a"), seen("b")])
        tx.add_facts([fact("1")])
        for one in ("a", "b"):
            tx.wake(Wake(subscription_id=one, reason="the provider is down"))

    store.tx(fill)
    assert store.tx(lambda tx: tx.counts()).waiting == 2


# --- invoices ------------------------------------------------------------------------------------


def invoice(row_id, **fields):
    given = {"contract_id": "contract", "version": 1, "status": "issued", **fields}
    return KnownInvoice(id=row_id, **given)


def test_an_invoice_is_known_as_it_was_last_put(store):
    store.tx(lambda tx: tx.put_invoices([invoice("i"), invoice("j")]))
    paid = invoice("i", version=2, status="paid", work=InvoiceWork.ARCHIVE)
    store.tx(lambda tx: tx.put_invoices([paid]))
    assert store.tx(lambda tx: tx.known_invoice("i")) == paid
    assert store.tx(lambda tx: tx.known_invoice("k")) is None


def test_invoices_are_found_by_what_is_still_to_be_done(store):
    rows = [
        invoice("j", work=InvoiceWork.ARCHIVE),
        invoice("i", work=InvoiceWork.ARCHIVE),
        invoice("k", work=InvoiceWork.CHOOSE),
    ]
    store.tx(lambda tx: tx.put_invoices(rows))
    found = store.tx(lambda tx: tx.invoices_with(InvoiceWork.ARCHIVE))
    assert [one.id for one in found] == ["i", "j"]
    store.tx(lambda tx: tx.drop_invoice("i"))
    found = store.tx(lambda tx: tx.invoices_with(InvoiceWork.ARCHIVE))
    assert [one.id for one in found] == ["j"]
