"""A new state file that two processes open at the same moment."""

import sqlite3
import threading

from sqlite_utils import Database

from store.schema import migrations
from store.sqlite import SqliteStore


def test_a_new_file_can_be_opened_while_another_process_makes_its_tables(tmp_path):
    path = tmp_path / "state.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.row_factory = sqlite3.Row
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("BEGIN IMMEDIATE")
    migrations.apply(Database(other))
    finishing = threading.Timer(0.2, other.execute, ["COMMIT"])
    finishing.start()
    store = SqliteStore(path)
    finishing.join()
    store.tx(lambda tx: tx.set_meta("opened", "yes"))
    assert store.tx(lambda tx: tx.meta("opened")) == "yes"
    store.close()
    other.close()
