"""Every store that the contract holds: SQLite in memory and in a file, and the twin in memory."""

import pytest

from store.memory import MemoryStore
from store.sqlite import SqliteStore

STORES = {
    "sqlite in memory": lambda folder: SqliteStore(":memory:"),
    "sqlite file": lambda folder: SqliteStore(folder / "state.db"),
    "twin": lambda folder: MemoryStore(),
    "twin that runs everything twice": lambda folder: MemoryStore(twice=True),
}


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    opened = STORES[request.param](tmp_path)
    yield opened
    opened.close()
