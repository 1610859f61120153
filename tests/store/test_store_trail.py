"""The hash chain of the trail: sealed once per cycle, and what finds a row that does not fit."""

import sqlite3

import pytest
from sqlite_utils import Database

from store.chain import SEALED_AT_ONCE
from store.schema import migrations
from store.sqlite import SqliteStore
from sync.state import TrailEntry
from tests.store.values import NOON


def _entry(event, subject="a"):
    return TrailEntry(at=NOON, subject=subject, event=event, facts={"why": "so", "no": "nö"})


def _write(store, *events):
    store.tx(lambda tx: tx.trail([_entry(event) for event in events]))


def _seal(store):
    return store.tx(lambda tx: tx.seal())


def _fault(store):
    return store.look(lambda tx: tx.verify_trail())


# --- the contract ---------------------------------------------------------------------------------


def test_rule_7_2_rows_are_sealed_once_and_in_order(store):
    _write(store, "1", "2")
    assert [_seal(store), _seal(store)] == [2, 0]
    _write(store, "3")
    assert [_seal(store), _seal(store)] == [1, 0]
    assert _fault(store) is None


def test_rule_7_2_what_is_not_sealed_yet_is_no_fault(store):
    _write(store, "1")
    _seal(store)
    _write(store, "2")
    assert _fault(store) is None


def test_rule_7_2_a_limited_number_of_rows_is_sealed_at_once(store):
    store.tx(lambda tx: tx.trail(_entry(str(number)) for number in range(SEALED_AT_ONCE + 3)))
    assert [_seal(store), _seal(store), _seal(store)] == [SEALED_AT_ONCE, 3, 0]
    assert _fault(store) is None


def test_rule_7_2_a_row_of_a_transaction_that_failed_leaves_no_gap(store):
    _write(store, "1")

    def fails(tx):
        tx.trail([_entry("2")])
        tx.seal()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.tx(fails)
    _write(store, "3")
    _seal(store)
    assert [one.sequence for one in store.tx(lambda tx: tx.read_trail())] == [1, 2]
    assert _fault(store) is None


def test_an_empty_trail_has_no_fault(store):
    assert (_seal(store), _fault(store)) == (0, None)


# --- a row that another hand touched --------------------------------------------------------------

TAMPERED = {
    "a word changed": ("UPDATE trail SET event = 'other' WHERE sequence = 3", 3),
    "a time changed": ("UPDATE trail SET at = '2025-01-01T00:00:00+00:00' WHERE sequence = 1", 1),
    "facts changed": ("UPDATE trail SET facts = '{}' WHERE sequence = 5", 5),
    "a subject changed": ("UPDATE trail SET subject = 'b' WHERE sequence = 4", 4),
    "unsealed": ("UPDATE trail SET chain = '' WHERE sequence = 2", 2),
    "deleted first": ("DELETE FROM trail WHERE sequence = 1", 1),
    "deleted in the middle": ("DELETE FROM trail WHERE sequence = 3", 3),
    "deleted last sealed": ("DELETE FROM trail WHERE sequence >= 5", 5),
    "deleted after the seal": ("DELETE FROM trail WHERE sequence = 6", 6),
    "deleted at the end": ("DELETE FROM trail WHERE sequence = 7", 7),
    "changed after the seal": ("UPDATE trail SET facts = '{}' WHERE sequence = 6", 6),
    "put in before": (
        "INSERT INTO trail SELECT 0, at, subject, event, facts, digest, chain FROM trail"
        " WHERE sequence = 1",
        0,
    ),
    "put in at the end": (
        "INSERT INTO trail (at, subject, event, facts) VALUES ('2025-06-16', 'a', 'made up', '{}')",
        8,
    ),
    "sealed by hand": ("UPDATE trail SET chain = 'x' WHERE sequence = 7", 7),
    "swapped": (
        "UPDATE trail SET sequence = -2 WHERE sequence = 2;"
        "UPDATE trail SET sequence = 2 WHERE sequence = 3;"
        "UPDATE trail SET sequence = 3 WHERE sequence = -2",
        2,
    ),
    "all taken away": ("DELETE FROM trail", 1),
    "the head forgotten": ("DELETE FROM meta WHERE key = 'trail_head'", 1),
}


@pytest.mark.parametrize("way", TAMPERED)
def test_rule_7_2_a_row_that_another_hand_touched_is_named(tmp_path, way):
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    _write(store, "1", "2", "3", "4", "5")
    _seal(store)
    _write(store, "6", "7")
    assert _fault(store) is None
    statement, sequence = TAMPERED[way]
    other = sqlite3.connect(path)
    other.executescript(statement)
    other.close()
    assert _fault(store).sequence == sequence
    store.close()


def test_rule_7_2_a_false_row_stays_found_after_the_next_seal(tmp_path):
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    _write(store, "1")
    other = sqlite3.connect(path)
    other.execute(TAMPERED["put in at the end"][0])
    other.commit()
    other.close()
    _write(store, "3")
    _seal(store)
    assert _fault(store).sequence == 2
    store.close()


def test_a_trail_of_the_first_version_is_chained_after_the_upgrade(tmp_path):
    path = tmp_path / "state.db"
    _old_file(path)
    store = SqliteStore(path)
    assert _fault(store) is None
    assert _seal(store) == 2
    _write(store, "3")
    assert _fault(store) is None
    assert [one.event for one in store.tx(lambda tx: tx.read_trail())] == ["1", "2", "3"]
    store.tx(lambda tx: tx.seal())
    other = sqlite3.connect(path)
    other.execute("UPDATE trail SET event = 'other' WHERE sequence = 2")
    other.commit()
    other.close()
    assert _fault(store).sequence == 2
    store.close()


def _old_file(path):
    database = Database(path)
    migrations.apply(database, stop_before=["0002_met", "0003_trail_chain"])
    for event in ("1", "2"):
        sql = "INSERT INTO trail (at, subject, event, facts) VALUES (?, 'a', ?, '{\"k\": \"v\"}')"
        database.conn.execute(sql, [NOON.isoformat(), event])
    database.conn.commit()
    database.close()
