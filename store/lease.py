"""The right to work on a state in PostgreSQL: a lease on the database's time, with a fence.

The row of a lease says until when it holds; each new holder raises its `fence`, and whoever has
an older one writes and sends nothing any more. A lock of the session beside it only tells that a
holder is alive, so that a second one need not wait to be refused. Starts no thread.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg

from store.postgres_address import PostgresAddress
from store.postgres_connection import PostgresConnection, connect
from store.postgres_trouble import refused, told
from sync.state import LeaseLostError

MAIN = "main"
"""The key of whoever works on the whole state; a worker's key will name its part."""
_TAKE = """
    INSERT INTO leases VALUES (:key, 1, :holder, clock_timestamp() + make_interval(secs => :secs))
    ON CONFLICT (key) DO UPDATE
    SET fence = leases.fence + 1, holder = excluded.holder,
        until = clock_timestamp() + make_interval(secs => :secs)
    WHERE leases.until <= clock_timestamp()
    RETURNING fence
"""
_RENEW = """
    UPDATE leases SET until = clock_timestamp() + make_interval(secs => :secs)
    WHERE key = :key AND fence = :fence
"""
HOLDS = "SELECT 1 FROM leases WHERE key = :key AND fence = :fence AND until > clock_timestamp()"
_OTHER = """
    SELECT holder, CAST(extract(epoch FROM until - clock_timestamp()) AS float8) AS seconds
    FROM leases WHERE key = :key
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Another holds the lease."""

    holder: str
    seconds: float
    """How long it holds at most, if it is not renewed."""
    is_alive: bool
    """Whether its session is open; if not, it ends by itself."""


class Lease:
    """A lease that is taken, renewed, asked for and given back over a connection of its own."""

    def __init__(
        self, address: PostgresAddress, password: str | None, *, holder: str, key: str = MAIN
    ) -> None:
        self.place = address
        self.key = key
        self.fence = 0
        self._password = password
        self._holder = holder
        self._lock = threading.RLock()
        self._connection: PostgresConnection | None = None

    def take(self) -> Held | None:
        """Take the lease; return who has it when it cannot be had. No writer is under way then."""
        with self._connected() as connection:
            is_free = self._be_seen(connection)
            connection.psycopg.execute("BEGIN; LOCK TABLE writers IN EXCLUSIVE MODE", prepare=False)
            row = connection.execute(_TAKE, self._given()).fetchone()
            connection.psycopg.execute("COMMIT")
            if row is not None:
                self.fence = row["fence"]
                return None
            other = connection.execute(_OTHER, self._given()).fetchone()
            holder, seconds = (other["holder"], other["seconds"]) if other else ("", 0.0)
            return Held(holder=holder, seconds=max(seconds, 0.0), is_alive=not is_free)

    def renew(self) -> bool:
        """Make it last again; False when another has it. Who was late, but alone, keeps it."""
        with self._connected() as connection:
            self._be_seen(connection)
            return connection.execute(_RENEW, self._given()).rowcount == 1

    def demand(self) -> None:
        """Raise LeaseLostError unless the database says that we hold it now."""
        with self._connected() as connection:
            row = connection.execute(HOLDS, self._given()).fetchone()
        if row is None:
            raise self.lost()

    def lost(self) -> LeaseLostError:
        return LeaseLostError(
            f"the lease of {self.place} has run out, or another process has it; nothing was sent"
        )

    def release(self) -> None:
        """Give it back at once; a database that does not answer lets it run out."""
        with suppress(Exception), self._connected() as connection:
            sql = "UPDATE leases SET until = clock_timestamp() WHERE key = :key AND fence = :fence"
            connection.execute(sql, self._given())
        self._close()

    def _given(self) -> dict[str, object]:
        secs = self.place.lease_seconds
        return {"key": self.key, "fence": self.fence, "holder": self._holder, "secs": secs}

    def _be_seen(self, connection: PostgresConnection) -> bool:
        """Hold the lock that says that we are alive; False when another session has it."""
        sql = (
            "SELECT count(*) > 0 AS mine FROM pg_locks WHERE locktype = 'advisory' AND granted"
            " AND pid = pg_backend_pid()"
        )
        row = connection.execute(sql).fetchone()
        if row is not None and row["mine"]:
            return True
        name = f"seatkeeper {self.place.schema} {self.key}"
        sql = "SELECT pg_try_advisory_lock(hashtextextended(:name, 0)) AS mine"
        row = connection.execute(sql, {"name": name}).fetchone()
        return bool(row is not None and row["mine"])

    @contextmanager
    def _connected(self) -> Iterator[PostgresConnection]:
        """Give the connection, opened anew when it was lost."""
        with self._lock, told(self.place):
            connection = self._connection or self._open()
            self._connection = connection
            try:
                yield connection
            except BaseException:
                self._close()
                raise

    def _open(self) -> PostgresConnection:
        try:
            opened = connect(self.place.address, password=self._password, schema=self.place.schema)
        except psycopg.OperationalError as error:
            raise refused(error, self.place) from error
        return PostgresConnection(opened)

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.psycopg.close()
        self._connection = None
