"""The twin in memory: it takes everything back, and may run a transaction twice."""

from copy import deepcopy
from dataclasses import replace
from decimal import Decimal

import pytest

from seatkeeper.bootstrap import meet
from store.memory import MemoryStore
from sync.state import FactState, Request, TrailEntry
from tests.engine.opening import unseen_stage
from tests.engine.stage import Setting
from tests.store.values import (
    NOON,
    after,
    baseline,
    difference,
    fact,
    link,
    listed,
    log,
    operation,
    parked,
    seen,
    told,
    wake,
)


def _touch_everything(tx):
    tx.set_meta("k", "new")
    tx.set_cursor("t", "new")
    tx.meet("t", "walk", ["x"])
    tx.put_seen([seen("a", version=2), seen("new")])
    tx.drop_seen("b")
    tx.revisit(["new"])
    tx.clear_revisits(["a"])
    tx.put_logs([log("log", provisioning="provisioned"), log("new")])
    tx.drop_log("other")
    tx.add_facts([fact("new")])
    tx.set_fact_state(["k"], FactState.DONE)
    tx.wake(wake("new"))
    tx.unwake("a")
    tx.add_operations([operation("o", attempts=9), operation("new")])
    tx.set_hold("a", None)
    tx.set_hold("new", {})
    tx.park(parked("new"))
    tx.unpark("a")
    tx.trail([TrailEntry(at=NOON, subject="a", event="new", facts={})])
    tx.seal()
    tx.ask(Request("new", "verb", "{}"))
    tx.answer("request", "done")
    tx.suspect(["new"], "why")
    tx.clear_suspects(["a"])
    tx.put_baselines([baseline("new")])
    tx.drop_baseline("a")
    tx.put_differences("a", [difference(field="status")])
    _touch_the_feed(tx)
    tx.put_told([told("new")])
    tx.drop_told(["a"])


def _touch_the_feed(tx):
    tx.put_links([link("a", ""), link("new", "l")])
    tx.drop_licences(["l1"])
    tx.put_licences([listed("new")])
    tx.end_listing("p", "c")
    tx.queue_listings("p", ["new"])
    tx.forget_heard(after(1))
    tx.hear(["new"], after(1))


def _fill(tx):
    tx.set_meta("k", "old")
    tx.set_cursor("t", "old")
    tx.put_seen([seen("a"), seen("b")])
    tx.revisit(["a"])
    tx.put_logs([log("log"), log("other")])
    tx.add_facts([fact("k")])
    tx.wake(wake("a"))
    tx.add_operations([operation("o")])
    tx.set_hold("a", {"held": True})
    tx.park(parked("a"))
    tx.trail([TrailEntry(at=NOON, subject="a", event="old", facts={})])
    tx.ask(Request("request", "verb", "{}"))
    tx.suspect(["a"], "why")
    tx.put_baselines([baseline("a")])
    tx.put_differences("a", [difference()])
    tx.put_links([link("a", "l1")])
    tx.put_licences([listed("l1")])
    tx.queue_listings("p", ["c"])
    tx.hear(["k"], NOON)
    tx.put_told([told("a")])


def _content(store):
    names = store._tables.__slots__
    return {name: deepcopy(getattr(store._tables, name).rows) for name in names}


class Killed(BaseException):
    """The process died."""


@pytest.mark.parametrize("error", [ValueError, Killed])
def test_every_table_is_taken_back_when_a_transaction_fails(error):
    store = MemoryStore()
    store.tx(_fill)
    before = _content(store)

    def fails(tx):
        _touch_everything(tx)
        raise error

    with pytest.raises(error):
        store.tx(fails)
    assert _content(store) == before
    store.tx(_touch_everything)
    after = _content(store)
    same = [name for name in before if before[name] == after[name]]
    assert [name for name in same if before[name] or after[name]] == []


def test_looking_takes_back_what_was_written():
    store = MemoryStore()
    store.tx(_fill)
    before = _content(store)
    store.look(_touch_everything)
    assert _content(store) == before


def test_rule_7_2_a_twin_that_runs_everything_twice_shows_what_touches_more_than_the_store():
    calls = []
    store = MemoryStore(twice=True)
    store.tx(lambda tx: calls.append(tx.add_facts([fact("k")])))
    assert calls == [1, 1]
    assert len(store.tx(lambda tx: tx.facts("a"))) == 1


def test_rule_7_2_the_engine_does_the_same_when_every_transaction_runs_twice():
    told = [_story(twice) for twice in (False, True)]
    assert told[0] == told[1]
    logs, lines, _, fault = told[1]
    assert [kind for kind, *_ in logs] == [126310002, 126310003]
    assert (lines, fault) == ([Decimal("-58.33"), Decimal("37.50")], None)


def _story(twice):
    """Deactivate on 16 June, activate on 21 June; return what the logs and lines say."""
    stage = unseen_stage(Setting())
    engine = stage.application.engine
    engine.ports = replace(engine.ports, store=MemoryStore(twice=twice))
    meet(stage.application)
    stage.runs()
    for day, status in (("2025-06-16", "suspended"), ("2025-06-21", "active")):
        stage.on(day)
        stage.edits(status=status)
        stage.runs()
    trail = engine.ports.store.look(lambda tx: tx.read_trail())
    return (
        [(row["sk_kind"], row["sk_provisioningstatus"], row["sk_message"]) for row in stage.logs()],
        stage.amounts(),
        [entry.event for entry in trail],
        engine.ports.store.look(lambda tx: tx.verify_trail()),
    )


def test_a_copy_and_its_original_do_not_see_each_other():
    store = MemoryStore()
    store.tx(lambda tx: tx.set_meta("k", "original"))
    twin = store.copy()
    twin.tx(lambda tx: tx.set_meta("k", "copy"))
    assert store.tx(lambda tx: tx.meta("k")) == "original"
