"""Put rows in a table, over those that are there."""

from collections.abc import Iterable, Mapping

from store.connections import Connection
from store.rows import SqlValue


def put(
    connection: Connection, table: str, values: Iterable[Mapping[str, SqlValue]], key: str
) -> None:
    """Insert or update rows by `key`; the names come from the code, never from data."""
    batch = list(values)
    if not batch:
        return
    names = list(batch[0])
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name != key)
    sql = (
        f"INSERT INTO {table} ({', '.join(names)}) "  # noqa: S608  # names are ours
        f"VALUES ({', '.join(':' + name for name in names)}) "
        f"ON CONFLICT ({key}) DO UPDATE SET {updates}"
    )
    connection.executemany(sql, batch)
