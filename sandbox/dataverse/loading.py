"""Takes back what was committed and saved: definitions first, then what depends on them."""

from collections.abc import Iterable
from typing import Any

from sandbox.dataverse.audit import from_document
from sandbox.dataverse.choices import read_choice
from sandbox.dataverse.database import AUDIT, CHOICE, SCHEMA, STATE, TOMBSTONE, Database

Saved = tuple[str, str, dict[str, Any]]


def load(database: Database, documents: Iterable[Saved]) -> None:
    """Load documents in whatever order they come."""
    waiting = [saved for saved in documents if not _loaded(database, saved)]
    for name, row_id, document in waiting:
        if name == SCHEMA:
            database.redefined(row_id, document)
    for name, row_id, document in waiting:
        if name != SCHEMA:
            _row(database, name, row_id, document)
    database.audit.sort()


def _loaded(database: Database, saved: Saved) -> bool:
    """Load what depends on no definition that a client made; tell whether it was such."""
    name, row_id, document = saved
    if name == AUDIT:
        database.audit.add(from_document(row_id, document))
    elif name == STATE:
        database.oldest_version = document["value"]
    elif name == CHOICE:
        database.choices[row_id] = read_choice(document)
    elif _fits(database, name, document):
        _row(database, name, row_id, document)
    else:
        return False
    return True


def _fits(database: Database, name: str, document: dict[str, Any]) -> bool:
    """Tell whether a row has only columns that its table has already."""
    rows = database.tables.get(name)
    return rows is not None and rows.table.position.keys() >= document.keys()


def _row(database: Database, name: str, row_id: str, document: dict[str, Any]) -> None:
    rows = database.tables.get(name.removesuffix(TOMBSTONE))
    if rows is None:
        return
    if name.endswith(TOMBSTONE):
        rows.set_deleted(row_id, document["version"])
        database.high_version = max(database.high_version, document["version"])
    else:
        database.loaded(rows.table, tuple(document.get(wire) for wire in rows.table.position))
