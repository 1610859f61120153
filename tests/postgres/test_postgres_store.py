"""What PostgreSQL adds to the contract: several processes, lost connections, its own trail."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from store.postgres import PostgresStore, open_connection
from sync.state import (
    DamagedStateError,
    TrailEntry,
    UnreachableStateError,
    UnwritableStateError,
)
from tests.store.test_store_trail import TAMPERED
from tests.store.values import NOON, fact, operation, parked, seen

ROOT = Path(__file__).parents[2]
ROUNDS = 40
CODE = """
import os, signal, sys
from store.postgres import PostgresStore
from store.postgres_address import read_address
from tests.postgres.test_postgres_store import count
store = PostgresStore(read_address(sys.argv[1]))
"""


def count(store, rounds):
    """Read, then write: what two writers lose when both read first."""

    def add(tx):
        tx.set_meta("count", str(int(tx.meta("count") or 0) + 1))

    for _ in range(rounds):
        store.tx(add)


def _spawn(place, code):
    command = [sys.executable, "-W", "error", "-c", CODE + code, place.address]
    return subprocess.Popen(command, cwd=ROOT)  # noqa: S603  # our own code


def _entry(event):
    return TrailEntry(at=NOON, subject="a", event=event, facts={"why": "so"})


# --- several at once ------------------------------------------------------------------------------


def test_two_processes_that_read_and_write_lose_no_update(place, store):
    running = [_spawn(place, f"count(store, {ROUNDS})\n") for _ in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    assert store.tx(lambda tx: tx.meta("count")) == str(2 * ROUNDS)


def test_a_process_that_is_killed_inside_a_transaction_leaves_the_state_before_it(place, store):
    code = (
        "store.tx(lambda tx: tx.set_meta('count', '1'))\n"
        "def dies(tx):\n"
        "    tx.set_meta('count', '2'); os.kill(os.getpid(), signal.SIGKILL)\n"
        "store.tx(dies)\n"
    )
    assert _spawn(place, code).wait(timeout=60) == -9
    assert store.tx(lambda tx: tx.meta("count")) == "1"


def test_threads_of_one_store_and_of_others_take_turns(place, store):
    other = PostgresStore(place)
    threads = [threading.Thread(target=count, args=(one, ROUNDS)) for one in (store, store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert store.tx(lambda tx: tx.meta("count")) == str(3 * ROUNDS)


def test_looking_waits_for_no_writer_and_no_writer_for_it(place, store):
    other = PostgresStore(place)
    store.tx(lambda tx: tx.set_meta("k", "old"))

    def writes(tx):
        tx.set_meta("k", "new")
        return other.look(lambda seen: seen.meta("k"))

    def looks(tx):
        before = tx.meta("k")
        other.tx(lambda writer: writer.set_meta("k", "newer"))
        return before, tx.meta("k")

    assert store.tx(writes) == "old"
    assert store.look(looks) == ("new", "new")
    other.close()


def test_looking_cannot_write(store):
    with pytest.raises(UnwritableStateError):
        store.look(lambda tx: tx.set_meta("k", "v"))
    store.tx(lambda tx: tx.set_meta("k", "written"))
    assert store.look(lambda tx: tx.meta("k")) == "written"


def test_a_copy_and_its_original_do_not_see_each_other(store):
    store.tx(lambda tx: tx.set_meta("k", "original"))
    twin = store.copy()
    twin.tx(lambda tx: tx.set_meta("k", "copy"))
    assert store.tx(lambda tx: tx.meta("k")) == "original"
    twin.close()


def test_a_writer_that_another_keeps_waiting_too_long_says_so(place, store):
    store._connection.psycopg.execute("SET lock_timeout = '50ms'")
    other = open_connection(place, None)
    other.psycopg.execute("BEGIN; LOCK TABLE writers IN EXCLUSIVE MODE", prepare=False)
    with pytest.raises(UnwritableStateError, match="another program holds"):
        store.tx(lambda tx: tx.set_meta("k", "v"))
    other.psycopg.close()
    store.tx(lambda tx: tx.set_meta("k", "v"))


# --- what is taken back, and what is lost ---------------------------------------------------------


def _backend(store):
    return store._connection.psycopg.info.backend_pid


def _end(server, pid):
    server.execute(f"SELECT pg_terminate_backend({pid})")


def test_rule_7_2_a_transaction_that_the_database_takes_back_is_run_again(store):
    runs = []

    def fails_first(tx):
        runs.append(1)
        tx.add_facts([fact(f"k{len(runs)}")])
        if len(runs) == 1:
            raise psycopg.errors.SerializationFailure("could not serialize access")

    store.tx(fails_first)
    assert [one.key for one in store.tx(lambda tx: tx.facts("a"))] == ["k2"]


def test_rule_7_2_a_connection_that_is_lost_before_the_commit_costs_nothing(server, store):
    runs = []

    def loses(tx):
        runs.append(1)
        if len(runs) == 1:
            _end(server, _backend(store))
        tx.add_facts([fact(f"k{len(runs)}")])

    store.tx(loses)
    assert [one.key for one in store.look(lambda tx: tx.facts("a"))] == ["k2"]
    _end(server, _backend(store))
    assert len(store.look(lambda tx: tx.facts("a"))) == 1


def test_a_transaction_that_stands_still_is_ended_so_that_it_holds_nobody_up(store):
    idle = store._connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()[0]
    assert idle == f"{store.place.lease_seconds:.0f}s"
    store._connection.psycopg.execute("SET idle_in_transaction_session_timeout = '50ms'")
    runs = []

    def stands_still(tx):
        runs.append(1)
        time.sleep(0.2 if len(runs) == 1 else 0)
        tx.add_facts([fact(f"k{len(runs)}")])

    store.tx(stands_still)
    assert [one.key for one in store.look(lambda tx: tx.facts("a"))] == ["k2"]


def test_rule_7_2_a_commit_whose_answer_is_lost_is_not_run_again(store, monkeypatch):
    runs = []
    commit = PostgresStore._commit

    def deaf(self, connection):
        connection.psycopg.execute("COMMIT")
        connection.psycopg.close()
        commit(self, connection)

    monkeypatch.setattr(PostgresStore, "_commit", deaf)
    with pytest.raises(UnreachableStateError, match="lost while it committed"):
        store.tx(lambda tx: (runs.append(1), tx.set_meta("k", "v")))
    monkeypatch.undo()
    assert runs == [1]
    assert store.look(lambda tx: tx.meta("k")) == "v"


def test_what_a_transaction_that_failed_put_in_order_leaves_the_order(store):
    def fails(tx):
        tx.add_facts([fact("lost")])
        tx.add_operations([operation("lost")])
        raise ZeroDivisionError

    store.tx(lambda tx: tx.add_facts([fact("z")]))
    with pytest.raises(ZeroDivisionError):
        store.tx(fails)
    store.tx(lambda tx: tx.add_facts([fact("a")]))
    assert [one.key for one in store.tx(lambda tx: tx.facts("a"))] == ["z", "a"]


def test_a_text_with_a_nul_is_kept_without_it_and_found_by_it(store):
    store.tx(lambda tx: tx.park(parked("a\0b", reason="why\0not")))
    (found,) = store.tx(lambda tx: tx.parked("a\0b"))
    assert found.reason == "why\ufffdnot"


def test_a_value_of_the_wrong_kind_is_refused(store):
    sql = "INSERT INTO logs VALUES ('i', 's', 1, 'k', 1, 'kind', 0, 'awaiting', 2)"
    with pytest.raises(psycopg.errors.CheckViolation):
        store.tx(lambda tx: tx._connection.execute(sql))


# --- the trail ------------------------------------------------------------------------------------

_NUMBERED = {
    "put in at the end": (
        "INSERT INTO trail (sequence, at, subject, event, facts)"
        " VALUES (8, '2025-06-16', 'a', 'made up', '{}')",
        8,
    ),
}


@pytest.mark.parametrize("way", TAMPERED)
def test_rule_7_2_a_row_of_the_trail_that_another_hand_touched_is_named(place, store, way):
    store.tx(lambda tx: tx.trail([_entry(f"{number}") for number in range(1, 6)]))
    store.tx(lambda tx: tx.seal())
    store.tx(lambda tx: tx.trail([_entry("6"), _entry("7")]))
    assert store.look(lambda tx: tx.verify_trail()) is None
    statement, sequence = {**TAMPERED, **_NUMBERED}[way]
    other = open_connection(place, None)
    other.psycopg.execute(statement, prepare=False)
    other.psycopg.close()
    assert store.look(lambda tx: tx.verify_trail()).sequence == sequence


def test_a_whole_database_has_no_damage(store):
    store.tx(lambda tx: tx.put_seen([seen()]))
    assert store.damage() == []


def test_an_error_of_damaged_storage_says_what_to_do(store):
    def breaks(tx):
        raise psycopg.errors.DataCorrupted("invalid page in block 0")

    with pytest.raises(DamagedStateError, match=r"is damaged .*restore a backup"):
        store.tx(breaks)
