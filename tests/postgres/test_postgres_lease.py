"""Who may work on a state in PostgreSQL: one at a time, by the database's clock (rules.md 2.12)."""

import threading
import time

import pytest

from sandbox.journal import EntryType
from seatkeeper import holding
from seatkeeper.config_state import StateConfig
from seatkeeper.fenced import fenced_crm, fenced_providers
from seatkeeper.holding import hold_state
from seatkeeper.instance import AlreadyRunningError
from store.lease import Lease
from store.postgres import PostgresStore, open_connection
from sync.state import LeaseLostError, UnreachableStateError
from tests.engine.opening import open_stage
from tests.engine.stage import Setting


@pytest.fixture
def leases(place):
    made = []

    def make(holder="one", key="main"):
        made.append(Lease(place, None, holder=holder, key=key))
        return made[-1]

    yield make
    for one in made:
        one.release()


def _run_out(place):
    connection = open_connection(place, None)
    connection.execute("UPDATE leases SET until = clock_timestamp() - interval '1 second'")
    connection.psycopg.close()


def _bound(place, lease):
    store = PostgresStore(place)
    store.lease = lease
    return store


def test_rule_2_12_a_lease_is_had_by_one_and_its_holder_is_named(leases):
    first, second = leases("one"), leases("two")
    assert first.take() is None
    held = second.take()
    assert (held.holder, held.is_alive) == ("one", True)
    assert 0 < held.seconds <= first.place.lease_seconds


def test_rule_2_12_a_lease_that_is_given_back_can_be_taken_at_once_under_a_higher_fence(leases):
    first, second = leases("one"), leases("two")
    first.take()
    first.release()
    assert second.take() is None
    assert second.fence == first.fence + 1


def test_rule_2_12_a_holder_that_died_keeps_its_lease_until_it_runs_out(place, leases):
    first, second = leases("one"), leases("two")
    first.take()
    first._close()
    held = second.take()
    assert (held.holder, held.is_alive) == ("one", False)
    _run_out(place)
    assert second.take() is None


def test_rule_2_12_a_lease_is_renewed_and_its_end_moves(place, leases):
    lease = leases()
    lease.take()
    _run_out(place)
    with pytest.raises(LeaseLostError):
        lease.demand()
    assert lease.renew()
    lease.demand()


def test_rule_2_12_who_was_overtaken_can_neither_renew_nor_ask_nor_write(place, leases):
    first, second = leases("one"), leases("two")
    first.take()
    _run_out(place)
    second.take()
    store = _bound(place, first)
    assert not first.renew()
    with pytest.raises(LeaseLostError, match="another process has it"):
        first.demand()
    with pytest.raises(LeaseLostError):
        store.tx(lambda tx: tx.set_meta("k", "late"))
    assert store.look(lambda tx: tx.meta("k")) is None
    first.release()
    second.demand()
    store.close()


def test_rule_2_12_whose_lease_has_run_out_writes_nothing_until_it_is_renewed(place, leases):
    lease = leases()
    lease.take()
    store = _bound(place, lease)
    _run_out(place)
    with pytest.raises(LeaseLostError):
        store.tx(lambda tx: tx.set_meta("k", "late"))
    lease.renew()
    store.tx(lambda tx: tx.set_meta("k", "in time"))
    assert store.look(lambda tx: tx.meta("k")) == "in time"
    store.close()


def test_rule_2_12_nobody_takes_a_lease_while_its_holder_writes(place, leases):
    first, second = leases("one"), leases("two")
    first.take()
    store, done = _bound(place, first), []

    def overtakes():
        done.append(second.take())

    def writes(tx):
        _run_out(place)
        thread.start()
        time.sleep(0.1)
        tx.set_meta("taken before", str(len(done)))

    thread = threading.Thread(target=overtakes)
    store.tx(writes)
    thread.join()
    assert store.look(lambda tx: tx.meta("taken before")) == "0"
    assert done == [None]
    store.close()


def test_leases_of_different_keys_do_not_meet(leases):
    assert leases("one").take() is None
    assert leases("two", key="another part").take() is None


def test_a_store_without_a_lease_stores_wishes_but_lets_nothing_be_sent(store):
    store.tx(lambda tx: tx.set_meta("k", "v"))
    with pytest.raises(LeaseLostError, match="is not held"):
        store.demand_lease()


# --- holding --------------------------------------------------------------------------------------


def _config(place, seconds=1):
    return StateConfig(state=f"{place.address}&lease_seconds={seconds}")


def test_a_second_process_is_refused_at_once_and_told_who_works(place):
    with (
        hold_state(_config(place, 60)),
        pytest.raises(AlreadyRunningError, match=r"process \d+ works on .*schema seatkeeper"),
        hold_state(_config(place, 60)),
    ):
        pass
    with hold_state(_config(place, 60)):
        pass


def test_a_lease_whose_holder_died_is_waited_for(place):
    dead = Lease(place, None, holder="dead")
    dead.take()
    dead._close()
    connection = open_connection(place, None)
    sql = "UPDATE leases SET until = clock_timestamp() + interval '200 ms'"
    connection.execute(sql)
    connection.psycopg.close()
    with hold_state(_config(place)) as held:
        assert held.lease.fence == dead.fence + 1


def test_a_held_lease_outlives_its_length(place):
    with hold_state(_config(place)) as held:
        time.sleep(1.3)
        held.lease.demand()


def test_work_is_ended_when_another_has_the_lease(place):
    ended = threading.Event()
    store = PostgresStore(place)
    with pytest.raises(LeaseLostError):
        _overtaken(place, store, ended)
    store.close()


def _overtaken(place, store, ended):
    with hold_state(_config(place)) as held:
        held.bind(store, ended.set)
        connection = open_connection(place, None)
        connection.execute("UPDATE leases SET fence = fence + 1, holder = 'two'")
        connection.psycopg.close()
        assert ended.wait(5)


def test_a_database_that_is_down_at_the_start_is_waited_for(place, monkeypatch):
    tries = []
    opened = holding.open_store

    def opens(config):
        tries.append(1)
        if len(tries) < 3:
            raise UnreachableStateError("down")
        return opened(config)

    monkeypatch.setattr(holding, "open_store", opens)
    monkeypatch.setattr(holding, "_DOWN_SECONDS", 0.01)
    holding.await_state(_config(place))
    assert len(tries) == 3


# --- sending --------------------------------------------------------------------------------------


class Closed:
    """A store whose lease is lost, and services that would note what reaches them."""

    lease = None

    def __init__(self):
        self.reached = []

    def demand_lease(self):
        raise LeaseLostError("lost")

    def __getattr__(self, name):
        return lambda *_, **__: self.reached.append(name)


SENDS = {
    "write": lambda closed: fenced_crm(closed, closed).write([]),
    "write_sets": lambda closed: fenced_crm(closed, closed).write_sets([]),
    "send": lambda closed: fenced_providers({"p": closed}, closed)["p"].send(
        None, {}, request_id="", etag=""
    ),
}


@pytest.mark.parametrize("way", SENDS)
def test_rule_2_12_no_way_to_send_goes_past_the_fence(way):
    closed = Closed()
    with pytest.raises(LeaseLostError):
        SENDS[way](closed)
    assert closed.reached == []


def test_reading_needs_no_lease():
    closed = Closed()
    fenced_crm(closed, closed).read([])
    fenced_providers({"p": closed}, closed)["p"].read(None)
    assert closed.reached == ["read", "read"]


@pytest.fixture
def stage(place, leases):
    """Give a stage whose state is in PostgreSQL, held, with a change that waits to be done."""
    opened = open_stage(Setting())
    ports = opened.application.engine.ports
    store = _bound(place, leases())
    store.lease.take()
    object.__setattr__(ports, "store", store)
    object.__setattr__(ports, "crm", fenced_crm(ports.crm, store))
    object.__setattr__(ports, "providers", fenced_providers(ports.providers, store))
    opened.runs()
    opened.on("2025-06-16")
    opened.edits(status="suspended")
    yield opened
    store.close()


def _sent(stage, since):
    return [
        one
        for one in stage.world.journal.since(since)
        if one.type is EntryType.COMMIT or one.method == "PATCH"
    ]


def test_rule_2_12_who_holds_the_lease_does_the_work(stage):
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]


def test_rule_2_12_who_lost_the_lease_sends_nothing(stage, place):
    mark = stage.mark
    _run_out(place)
    with pytest.raises(LeaseLostError):
        stage.runs()
    assert _sent(stage, mark) == []


def test_rule_2_12_the_fence_is_asked_before_each_send(stage, place, monkeypatch):
    """The lease runs out after the intent is stored, and before anything is sent."""
    store = stage.application.engine.ports.store
    mark, asked = stage.mark, []
    demand = store.lease.demand

    def late():
        asked.append(1)
        _run_out(place)
        demand()

    monkeypatch.setattr(store.lease, "demand", late)
    with pytest.raises(LeaseLostError):
        stage.runs()
    monkeypatch.undo()
    assert asked == [1]
    assert _sent(stage, mark) == []
    store.lease.renew()
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]
