"""Commands on a state in PostgreSQL: only `state` differs. And the way there from SQLite."""

import sqlite3

import pytest

from seatkeeper.cli import run_command
from seatkeeper.holding import Holding, hold_state
from seatkeeper.verify import verify_store
from store.carrying import compare, counted, walk_postgres, walk_sqlite
from store.postgres import READING, PostgresStore, is_state, open_connection
from store.postgres_address import read_address
from store.sqlite import SqliteStore
from sync.state import DamagedStateError, Operation, OperationState, Request, TrailEntry
from tests.store.values import (
    NOON,
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
from tests.wiring.written import VALID, write


def fill(store):
    """Put something in nearly every table."""

    def fills(tx):
        tx.set_meta("organisation", "o")
        tx.put_seen([seen("a"), seen("b", contract_id=None)])
        tx.put_logs([log("l")])
        tx.add_facts([fact("k1"), fact("k2", by="Zoë \U0001f600")])
        tx.add_operations([operation("o1", body={"n": 1}), operation("o2", state=SENT)])
        tx.wake(wake())
        tx.park(parked())
        tx.set_hold("a", {"autoRenew": True})
        tx.suspect(["b", "a"], "why")
        tx.put_baselines([baseline()])
        tx.put_differences("a", [difference()])
        tx.put_links([link("a", "licence")])
        tx.put_licences([listed("licence")])
        tx.queue_listings("partner-center", ["t2", "t1"])
        tx.put_told([told()])
        for number in ("2", "1"):
            tx.ask(Request(number, "pause", "{}"))
        tx.trail(TrailEntry(at=NOON, subject="a", event=f"{n}", facts={}) for n in range(5))

    store.tx(fills)
    store.tx(lambda tx: tx.seal())
    store.tx(lambda tx: tx.trail([TrailEntry(at=NOON, subject="a", event="last", facts={})]))


SENT = OperationState.SENT
PARKED = 4
"""The exit code of `status` for what `fill` stores."""


def told_by(store):
    """Return what a state says, through the port."""
    return store.look(
        lambda tx: (
            tx.seen(["a", "b"]),
            tx.facts("a"),
            tx.operations("a"),
            tx.suspects(),
            tx.listings("partner-center", 9),
            [one.id for one in tx.asked()],
            tx.read_trail(),
            tx.verify_trail(),
        )
    )


def _counted(place):
    connection = open_connection(place, None)
    connection.psycopg.execute(READING, prepare=False)
    found = counted(walk_postgres(connection))
    connection.psycopg.close()
    return found


@pytest.fixture
def config(tmp_path, server):
    """Return a configuration file whose state is in PostgreSQL."""
    address = server.address(server.database(), lease_seconds="1")
    return write(tmp_path, VALID.replace("sqlite:///state.db", address), "postgres.yaml"), address


def run(config, *words):
    return run_command([*words, "--config", str(config)])


# --- the same commands ----------------------------------------------------------------------------


def test_commands_that_need_no_service_work_and_looking_makes_nothing(config, capsys):
    file, address = config
    assert run(file, "status") == 0
    assert run(file, "log") == 0
    assert not is_state(read_address(address))
    assert run(file, "pause") == 0
    assert is_state(read_address(address))
    assert run(file, "resume") == 0
    assert "schema seatkeeper" in _shown(file, capsys)


def _shown(file, capsys):
    capsys.readouterr()
    run(file, "status", "--json")
    return capsys.readouterr().out


def test_a_whole_state_is_verified_and_a_changed_trail_is_found(config):
    store = PostgresStore(read_address(config[1]))
    fill(store)
    whole = [one for one in verify_store(store) if one.what in {"state file", "trail"}]
    store._connection.execute("UPDATE trail SET event = 'other' WHERE sequence = 2")
    (found,) = [one for one in verify_store(store) if one.what == "trail"]
    store.close()
    assert whole == []
    assert "2" in found.subject + found.told


def test_a_backup_is_taken_while_another_holds_the_state_and_is_put_back_as_it_was(
    config, tmp_path, capsys
):
    file, address = config
    place = read_address(address)
    store = PostgresStore(place)
    fill(store)
    before = told_by(store)
    with hold_state_of(address):
        assert run(file, "backup", str(tmp_path / "b.db")) == 0
        assert run(file, "restore", str(tmp_path / "b.db")) == 75
    store.tx(lambda tx: (tx.drop_seen("a"), tx.add_facts([fact("later")])))
    assert run(file, "restore", str(tmp_path / "b.db")) == 0
    assert "kept as schema seatkeeper_before_" in capsys.readouterr().out
    assert _fence(store) == 2, "a new holder must not get the fence of an older one"
    after = told_by(store)
    assert after[0] == before[0]
    assert [one.key for one in after[1]] == ["k1", "k2"]
    assert [one.event for one in after[6]][:6] == [one.event for one in before[6]]
    assert after[7] is None
    store.tx(lambda tx: tx.add_facts([fact("new")]))
    assert [one.key for one in store.look(lambda tx: tx.facts("a"))] == ["k1", "k2", "new"]
    store.close()


def _fence(store):
    return store._connection.execute("SELECT fence FROM leases").fetchone()["fence"]


def hold_state_of(address):
    from seatkeeper.config_state import StateConfig  # noqa: PLC0415  # beside its only use

    return hold_state(StateConfig(state=address))


def test_rule_2_13_what_was_sent_is_unclear_after_a_restore(config, tmp_path):
    file, address = config
    store = PostgresStore(read_address(address))
    fill(store)
    run(file, "backup", str(tmp_path / "b.db"))
    run(file, "restore", str(tmp_path / "b.db"))
    found = _restored(store.look(lambda tx: tx.operations("a")))
    assert found == [("o1", SENT, 0), ("o2", SENT, 0)]
    assert found == _restored_on_sqlite(tmp_path)
    assert store.look(lambda tx: tx.asked()) == []
    store.close()


def _restored(operations: list[Operation]):
    return [(one.id, one.state, one.attempts) for one in operations]


def _restored_on_sqlite(tmp_path):
    file = write(tmp_path, VALID)
    run(file, "restore", str(tmp_path / "b.db"))
    store = SqliteStore(tmp_path / "state.db")
    found = _restored(store.look(lambda tx: tx.operations("a")))
    store.close()
    return found


def test_a_damaged_backup_is_refused_and_the_state_stays(config, tmp_path):
    file, address = config
    store = PostgresStore(read_address(address))
    fill(store)
    (tmp_path / "b.db").write_bytes(b"this is no backup" * 400)
    before = _counted(store.place)
    assert run(file, "restore", str(tmp_path / "b.db")) == 1
    assert _counted(store.place) == before
    store.close()


# --- from SQLite ----------------------------------------------------------------------------------


@pytest.fixture
def old(tmp_path):
    """Return a configuration whose state is a file with something of everything."""
    store = SqliteStore(tmp_path / "state.db")
    fill(store)
    before = told_by(store)
    store.close()
    return write(tmp_path, VALID), before


def test_a_state_is_moved_compared_and_numbered_on(old, server, tmp_path, capsys):
    file, before = old
    address = server.address(server.database())
    assert run(file, "store", "copy", "--to", address) == 0
    assert "every table and the chain of the trail were compared" in capsys.readouterr().out
    store = PostgresStore(read_address(address))
    assert told_by(store) == before
    fresh = TrailEntry(at=NOON, subject="a", event="new", facts={})
    store.tx(lambda tx: (tx.add_facts([fact("k3")]), tx.trail([fresh])))
    assert store.look(lambda tx: tx.facts("a"))[-1].key == "k3"
    assert store.look(lambda tx: (tx.read_trail()[-1].sequence, tx.verify_trail())) == (7, None)
    store.close()


def test_the_old_file_is_kept_under_another_name_and_refused_with_where_it_went(
    old, server, tmp_path, capsys
):
    file, _ = old
    address = server.address(server.database())
    run(file, "store", "copy", "--to", address)
    (kept,) = tmp_path.glob("state.db.moved-*")
    capsys.readouterr()
    for path in (tmp_path / "state.db", kept):
        text = VALID.replace("sqlite:///state.db", f"sqlite:///{path}")
        for words in (("status",), ("run", "--once"), ("store", "copy", "--to", address)):
            assert run(write(tmp_path, text, "other.yaml"), *words) == 78
            assert "it was moved to database" in capsys.readouterr().err
    connection = sqlite3.connect(kept)
    assert connection.execute("SELECT count(*) FROM facts").fetchone() == (2,)
    connection.close()


def test_a_state_is_not_moved_over_another(old, server, tmp_path, capsys):
    file, _ = old
    address = server.address(server.database())
    store = PostgresStore(read_address(address))
    store.tx(lambda tx: tx.set_meta("organisation", "other"))
    assert run(file, "store", "copy", "--to", address) == 78
    assert "holds a state already (table meta)" in capsys.readouterr().err
    assert store.look(lambda tx: tx.counts()).subscriptions == 0
    assert run(file, "status") == PARKED
    store.close()


def test_a_state_that_is_in_use_is_not_moved(old, server, tmp_path):
    from seatkeeper.instance import single_instance  # noqa: PLC0415  # beside its only use

    with single_instance(tmp_path / "state.db"):
        address = server.address(server.database())
        assert run(old[0], "store", "copy", "--to", address) == 75


@pytest.mark.parametrize("to", ["sqlite:///x.db", "postgresql://a:secret@db/x"])
def test_a_place_that_cannot_serve_is_a_usage_error(old, to):
    assert run(old[0], "store", "copy", "--to", to) == 64


def test_a_state_that_is_in_postgresql_is_not_copied_there(config, capsys):
    file, address = config
    assert run(file, "store", "copy", "--to", address) == 1
    assert "is in PostgreSQL already" in capsys.readouterr().err


def test_a_trail_that_does_not_fit_is_not_moved(old, server, tmp_path):
    connection = sqlite3.connect(tmp_path / "state.db")
    connection.execute("UPDATE trail SET event = 'other' WHERE sequence = 2")
    connection.commit()
    connection.close()
    address = server.address(server.database())
    assert run(old[0], "store", "copy", "--to", address) == 1
    assert not is_state(read_address(address))
    assert run(old[0], "status") == PARKED


def test_a_table_that_did_not_arrive_as_it_was_is_named(place):
    source = SqliteStore(":memory:")
    source.tx(lambda tx: tx.set_meta("k", "v"))
    there, here = counted(walk_sqlite(source._connection)), _counted(place)
    source.close()
    with pytest.raises(DamagedStateError, match=r"table meta did not arrive .*1 rows, then 0"):
        compare(there, here)


def test_a_state_in_a_file_needs_no_lease():
    assert Holding().lease is None
