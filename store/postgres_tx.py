"""What only PostgreSQL does: its trail's numbers come from a row, and long answers in parts."""

from collections.abc import Iterable, Iterator

from store import chain, rows
from store.postgres_connection import PostgresConnection
from store.sql_tx import SqlTx
from sync.state import TrailEntry

_PART = 2_000


class PostgresTx(SqlTx):
    """The statements of one PostgreSQL transaction."""

    _connection: PostgresConnection

    def trail(self, entries: Iterable[TrailEntry]) -> None:
        fresh = [chain.trail_row(one) for one in entries]
        if not fresh:
            return
        sql = "UPDATE numbers SET given = given + ? WHERE name = 'trail' RETURNING given"
        given = self._one(sql, len(fresh))
        assert given is not None  # noqa: S101  # the row is made with the table
        first = given["given"] - len(fresh) + 1
        sql = (
            "INSERT INTO trail (sequence, at, subject, event, facts, digest) "
            "VALUES (:sequence, :at, :subject, :event, :facts, :digest)"
        )
        numbered = [{"sequence": first + place, **row} for place, row in enumerate(fresh)]
        self._connection.executemany(sql, numbered)

    def _walk(self, sql: str) -> Iterator[rows.Stored]:
        with self._connection.psycopg.cursor(name="walk") as cursor:
            cursor.itersize = _PART
            cursor.execute(sql.encode())
            yield from cursor

    def _last_number(self) -> int:
        given = self._one("SELECT given FROM numbers WHERE name = 'trail'")
        return int(given["given"]) if given else 0
