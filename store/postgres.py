"""The local state in a schema of PostgreSQL: one writer at a time, readers wait for nobody.

Who writes locks the table `writers` before the snapshot is taken, so that transactions follow one
another as in SQLite; what PostgreSQL takes back all the same is run again. A lost connection is
opened anew. Who works under a lease writes nothing once it is another's.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal, TypeVar

import psycopg

from store.carrying import copy_to_sqlite
from store.lease import HOLDS, Lease
from store.postgres_address import PostgresAddress
from store.postgres_connection import PostgresConnection, connect
from store.postgres_damage import damage
from store.postgres_schema import applied, migrate, pending
from store.postgres_trouble import refused, told
from store.postgres_tx import PostgresTx
from store.sqlite import SqliteStore
from sync.ports import Tx
from sync.state import LeaseLostError, UnreachableStateError

T = TypeVar("T")
_TRIES = 5
_LEAST_IDLE_SECONDS = 10.0
_AGAIN = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
_WRITING = "BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE writers IN EXCLUSIVE MODE"
READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_MIGRATING = "BEGIN; SELECT pg_advisory_xact_lock(7337)"


class PostgresStore:
    """The `Store` port on one schema of PostgreSQL."""

    def __init__(self, address: PostgresAddress, password: str | None = None) -> None:
        self.place = address
        self.lease: Lease | None = None
        """The right to work on it; without one nothing is sent, but people's wishes are stored."""
        self._password = password
        self._lock = threading.RLock()
        self._connection = self._open()
        try:
            with told(self.place):
                self._migrate()
        except BaseException:
            self.close()
            raise

    def tx(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` alone among writers, and commit; any exception rolls back."""
        with self._lock, told(self.place):
            for _ in range(_TRIES):
                try:
                    return self._tx(fn)
                except _AGAIN:
                    continue
                except psycopg.Error:
                    if not self._connection.psycopg.closed:
                        raise
            return self._tx(fn)

    def _tx(self, fn: Callable[[Tx], T]) -> T:
        with self._transaction(_WRITING) as connection:
            self._demand_fence(connection)
            result = fn(PostgresTx(connection))
            self._commit(connection)
            return result

    def _commit(self, connection: PostgresConnection) -> None:
        """Commit; when the answer is lost, nobody may run it again: it may be there."""
        try:
            connection.psycopg.execute("COMMIT")
        except psycopg.Error as error:
            if connection.psycopg.closed:
                raise UnreachableStateError(
                    f"{self.place} was lost while it committed; what was stored is looked at again"
                ) from error
            raise

    def _demand_fence(self, connection: PostgresConnection) -> None:
        if self.lease is None:
            return
        given = {"key": self.lease.key, "fence": self.lease.fence}
        if connection.execute(HOLDS, given).fetchone() is None:
            raise self.lease.lost()

    def demand_lease(self) -> None:
        """Raise LeaseLostError unless we hold the lease now; asked before each send."""
        if self.lease is None:
            raise LeaseLostError(f"the lease of {self.place} is not held; nothing is sent")
        self.lease.demand()

    def look(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` on one snapshot that it cannot change; no writer waits for it."""
        with self._lock, told(self.place):
            try:
                return self._look(fn)
            except psycopg.Error:
                if not self._connection.psycopg.closed:
                    raise
            return self._look(fn)

    def _look(self, fn: Callable[[Tx], T]) -> T:
        with self._transaction(READING) as connection:
            return fn(PostgresTx(connection))

    def damage(self) -> list[str]:
        """Read every row of every table, and ask amcheck where it is installed."""
        with self._lock:
            return damage(self._usable().psycopg)

    def compact(self) -> int:
        """Give nothing back: PostgreSQL's autovacuum does it."""
        return 0

    def copy(self) -> SqliteStore:
        """Return a copy in memory, for a plan that must not change anything."""
        twin = SqliteStore(":memory:")
        with self._lock, told(self.place), self._transaction(READING) as connection:
            copy_to_sqlite(connection, twin)
        return twin

    def close(self) -> None:
        with self._lock, suppress(psycopg.Error):
            self._connection.psycopg.close()

    # --- the connection ------------------------------------------------------------------------

    @contextmanager
    def _transaction(self, begin: Literal[str]) -> Iterator[PostgresConnection]:  # type: ignore[valid-type]  # any literal
        connection = self._usable()
        try:
            connection.psycopg.execute(begin, prepare=False)
            yield connection
        finally:
            self._roll_back()

    def _roll_back(self) -> None:
        """End what is still open; what cannot be ended is closed, and the server ends it."""
        wire = self._connection.psycopg
        if wire.closed or wire.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            return
        try:
            wire.execute("ROLLBACK")
        except psycopg.Error:
            wire.close()

    def _usable(self) -> PostgresConnection:
        """Return the connection, opened anew when it was lost."""
        if self._connection.psycopg.closed:
            self._connection = self._open()
        return self._connection

    def _open(self) -> PostgresConnection:
        try:
            return open_connection(
                self.place,
                self._password,
                idle_seconds=max(self.place.lease_seconds, _LEAST_IDLE_SECONDS),
            )
        except psycopg.OperationalError as error:
            raise refused(error, self.place) from error

    def _migrate(self) -> None:
        connection = self._connection
        if not pending(connection):
            return
        with self._transaction(_MIGRATING):
            migrate(connection, self.place.schema)
            connection.psycopg.execute("COMMIT")


def open_connection(
    address: PostgresAddress, password: str | None, *, idle_seconds: float = 0
) -> PostgresConnection:
    """Open a connection to a state; `idle_seconds`: how long a transaction may stand still."""
    opened = connect(
        address.address, password=password, schema=address.schema, idle_seconds=idle_seconds
    )
    return PostgresConnection(opened)


def is_state(address: PostgresAddress, password: str | None = None) -> bool:
    """Tell whether there is a state at an address."""
    try:
        connection = open_connection(address, password)
    except psycopg.OperationalError as error:
        raise refused(error, address) from error
    try:
        with told(address):
            return applied(connection) is not None
    finally:
        connection.psycopg.close()
