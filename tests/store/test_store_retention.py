"""The trail is cut off at its beginning, and what is left is verified as before."""

import sqlite3
from datetime import timedelta

import pytest

from store import chain
from store.sqlite import SqliteStore
from sync.retention import EVENT, cut_trail
from sync.state import TrailEntry
from tests.store.values import NOON

DAY = timedelta(days=1)


def write(store, *days):
    """Write an entry for each day before noon, and seal them all."""
    entries = [
        TrailEntry(at=NOON - days_ago * DAY, subject="a", event=f"{days_ago}", facts={"n": "1"})
        for days_ago in days
    ]
    store.tx(lambda tx: tx.trail(entries))
    store.tx(lambda tx: tx.seal())


def events(store):
    return [one.event for one in store.tx(lambda tx: tx.read_trail())]


def fault(store):
    return store.look(lambda tx: tx.verify_trail())


def cut(store, days):
    return cut_trail(store, NOON - days * DAY, NOON)


def test_the_event_is_the_one_that_the_chain_looks_for():
    assert EVENT == chain.CUT


def test_what_is_older_goes_and_the_rest_can_still_be_verified(store):
    write(store, 5, 4, 3, 2, 1)
    assert cut(store, 3) == 2
    assert events(store) == ["3", "2", "1", EVENT]
    assert fault(store) is None
    store.tx(lambda tx: tx.seal())
    write(store, 0)
    assert fault(store) is None


def test_the_cut_is_told_with_its_place_in_the_chain(store):
    write(store, 5, 1)
    cut(store, 3)
    told = store.tx(lambda tx: tx.read_trail())[-1]
    assert (told.subject, told.facts["rows"], told.facts["up_to"]) == (
        "seatkeeper",
        "1",
        "1",
    )
    assert len(told.facts["chain"]) == 64


def test_nothing_is_cut_when_nothing_is_so_old(store):
    write(store, 2, 1)
    assert (cut(store, 3), events(store)) == (0, ["2", "1"])
    assert fault(store) is None


def test_a_row_that_is_not_sealed_yet_stays(store):
    write(store, 5)
    entry = TrailEntry(at=NOON - 4 * DAY, subject="a", event="4", facts={})
    store.tx(lambda tx: tx.trail([entry]))
    assert cut(store, 3) == 1
    assert events(store) == ["4", EVENT]
    assert fault(store) is None


def test_an_older_row_behind_a_newer_one_stays_with_it(store):
    write(store, 5, 1, 4)
    assert cut(store, 3) == 1
    assert events(store) == ["1", "4", EVENT]


def test_a_long_trail_is_cut_in_parts(store, monkeypatch):
    monkeypatch.setattr(chain, "CUT_AT_ONCE", 2)
    write(store, 9, 8, 7, 6, 5)
    assert cut(store, 3) == 5
    assert events(store) == [EVENT] * 3
    assert fault(store) is None


def test_it_can_be_cut_again_and_the_first_cut_need_not_be_told_any_more(store):
    write(store, 9, 5, 1)
    cut(store, 8)
    store.tx(lambda tx: tx.seal())
    assert cut_trail(store, NOON + DAY, NOON + 2 * DAY) == 3
    assert events(store) == [EVENT]
    assert fault(store) is None


def test_a_transaction_that_fails_cuts_nothing(store):
    write(store, 5, 1)

    def fails(tx):
        tx.cut_trail(NOON)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.tx(fails)
    assert events(store) == ["5", "1"]
    assert fault(store) is None


# --- another hand ---------------------------------------------------------------------------------

TAMPERED = {
    "cut without a word": ("DELETE FROM trail WHERE event = 'trail cut'", 5),
    "a row behind the cut": ("UPDATE trail SET event = 'x' WHERE sequence = 3", 3),
    "the row behind the cut taken away": ("DELETE FROM trail WHERE sequence = 3", 3),
    "the anchor moved": ("UPDATE meta SET value = '[3, \"x\"]' WHERE key = 'trail_anchor'", 3),
    "the anchor forgotten": ("DELETE FROM meta WHERE key = 'trail_anchor'", 1),
    "cut by hand": ("DELETE FROM trail WHERE sequence <= 4", 3),
}


@pytest.mark.parametrize("way", TAMPERED)
def test_a_trail_that_another_hand_cut_is_found(tmp_path, way):
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    write(store, 5, 4, 3, 2)
    cut(store, 3.5)
    assert fault(store) is None
    statement, sequence = TAMPERED[way]
    with sqlite3.connect(path) as other:
        other.execute(statement)
    other.close()
    assert fault(store).sequence == sequence
    store.close()


def test_an_anchor_that_no_row_tells_is_found(tmp_path):
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    write(store, 5, 4, 3)
    (second,) = sqlite_rows(path, "SELECT sequence, chain FROM trail WHERE sequence = 2")
    with sqlite3.connect(path) as other:
        other.execute("DELETE FROM trail WHERE sequence <= 2")
        value = chain.write_head(chain.Head(sequence=second[0], chain=second[1]))
        other.execute("INSERT INTO meta VALUES ('trail_anchor', ?)", (value,))
    other.close()
    found = fault(store)
    assert (found.sequence, found.told) == (2, "was cut off unsaid")
    store.close()


def sqlite_rows(path, sql):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


# --- the file -------------------------------------------------------------------------------------


def filled(path, rows=3_000):
    store = SqliteStore(path)
    facts = {"why": "x" * 2_000}
    entries = [TrailEntry(at=NOON - 9 * DAY, subject="a", event="e", facts=facts)] * rows
    store.tx(lambda tx: tx.trail(entries))
    store.tx(lambda tx: tx.seal())
    return store


def test_a_file_that_is_mostly_empty_gives_its_space_back(tmp_path):
    store = filled(tmp_path / "state.db")
    assert store.compact() == 0
    cut(store, 3)
    before = (tmp_path / "state.db").stat().st_size
    saved = store.compact()
    assert (saved > 4_000_000, fault(store)) == (True, None)
    assert (tmp_path / "state.db").stat().st_size <= before - saved
    store.close()


def test_a_disk_without_room_for_a_second_copy_is_left_alone(tmp_path, monkeypatch):
    store = filled(tmp_path / "state.db")
    cut(store, 3)
    monkeypatch.setattr("store.compacting._ROOM", 1 << 60)
    assert store.compact() == 0
    store.close()
