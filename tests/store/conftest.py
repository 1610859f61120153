"""Every store that the contract holds: SQLite in memory and in a file."""

import pytest

from store.sqlite import SqliteStore


@pytest.fixture(params=["memory", "file"])
def store(request, tmp_path):
    place = ":memory:" if request.param == "memory" else tmp_path / "state.db"
    opened = SqliteStore(place)
    yield opened
    opened.close()
