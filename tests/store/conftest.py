"""Every store that the contract holds: SQLite in memory and in a file, PostgreSQL, and the twin."""

import pytest

from store.memory import MemoryStore
from store.postgres import PostgresStore
from store.sqlite import SqliteStore
from tests.postgres.server import running_server

STORES = {
    "sqlite in memory": lambda folder: SqliteStore(":memory:"),
    "sqlite file": lambda folder: SqliteStore(folder / "state.db"),
    "postgresql": lambda folder: PostgresStore(running_server().emptied()),
    "twin": lambda folder: MemoryStore(),
    "twin that runs everything twice": lambda folder: MemoryStore(twice=True),
}


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    opened = STORES[request.param](tmp_path)
    yield opened
    opened.close()
