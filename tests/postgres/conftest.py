"""A place for a state on the server of this process."""

from collections.abc import Iterator

import pytest

from store.postgres import PostgresStore
from store.postgres_address import PostgresAddress
from tests.postgres.server import Server, running_server


@pytest.fixture
def server() -> Server:
    return running_server()


@pytest.fixture
def place(server: Server) -> PostgresAddress:
    """Return a database that has the tables."""
    return server.place()


@pytest.fixture
def store(place: PostgresAddress) -> Iterator[PostgresStore]:
    opened = PostgresStore(place)
    yield opened
    opened.close()
