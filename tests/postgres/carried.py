"""Put the states of the other suites into PostgreSQL: what holds on SQLite is shown there too."""

from pathlib import Path
from typing import Any

from store.carrying import copy_to_postgres
from store.postgres import PostgresStore
from store.postgres_address import PostgresAddress
from store.sqlite import SqliteStore
from tests.postgres.server import running_server


def carried(source: SqliteStore) -> PostgresStore:
    """Return a state of its own with everything that a SQLite state holds."""
    store = PostgresStore(running_server().place())
    with store._transaction("BEGIN") as connection:
        copy_to_postgres(source._connection, connection)
        connection.psycopg.execute("COMMIT")
    return store


class Opener:
    """Opens states in PostgreSQL where a site names files."""

    def __init__(self) -> None:
        self._places: dict[Path, PostgresAddress] = {}

    def __call__(self, path: Path) -> PostgresStore:
        if path not in self._places:
            self._places[path] = running_server().place()
        return PostgresStore(self._places[path])


class Carrier:
    """Has the lives of a simulated town work on PostgreSQL; what it copies is carried over."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[SqliteStore, PostgresStore]] = {}

    def __call__(self, town: Any, mortal: Any) -> Any:
        if isinstance(town.durable, SqliteStore):
            town.durable = self._over(town.durable)
        mortal._store = town.durable
        return mortal

    def _over(self, source: SqliteStore) -> PostgresStore:
        if id(source) not in self._known:
            self._known[id(source)] = (source, carried(source))
        return self._known[id(source)][1]

    def close(self) -> None:
        for _, store in self._known.values():
            store.close()
