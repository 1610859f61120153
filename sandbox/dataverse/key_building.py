"""Builds the index of an alternate key, which takes its time by the emulated clock."""

from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.dataverse.columns import AlternateKey, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.rows import Rows


def begin(key: AlternateKey, now: datetime, seconds: float) -> AlternateKey:
    """Return a key whose index is being built."""
    ends = now + timedelta(seconds=seconds)
    return replace(key, pending=(now.isoformat(), ends.isoformat()), failed=False)


def settle_keys(database: Database) -> None:
    """End the building of indexes whose time has come: Active, or Failed over duplicates."""
    now = database.world.clock.now()
    due = [rows for rows in database.tables.values() if _due(rows.table, now)]
    for rows in due:
        keys = tuple(_ended(key, rows, now, database) for key in rows.table.keys)
        with database.transaction():
            database.define(replace(rows.table, keys=keys))


def _due(table: Table, now: datetime) -> bool:
    return any(_ends(key, now) for key in table.keys)


def _ends(key: AlternateKey, now: datetime) -> bool:
    return key.pending is not None and datetime.fromisoformat(key.pending[1]) <= now


def _ended(key: AlternateKey, rows: Rows, now: datetime, database: Database) -> AlternateKey:
    if not _ends(key, now):
        return key
    nulls = database.world.settings.null_keys_take_part
    return replace(key, pending=None, failed=rows.has_duplicates(key, nulls=nulls))
