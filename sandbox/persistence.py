"""What survives a restart: rows, clock offset, organisation and sign-in, in one SQLite file.

Writes are gathered while a request runs and stored in one transaction before it is answered.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import sqlite_utils

from sandbox.documents import Document, dump, load

_ROWS = "documents"
_FACTS = "facts"
_BLOCK = 1000


class Storage(Protocol):
    """Where a world is kept."""

    def put(self, *, service: str, table: str, id: str, document: Document | None) -> None:  # noqa: A002 - the name of the interface
        """Gather a document; None deletes it."""
        ...

    def flush(self, *, version: int, seq: int) -> None:
        """Store what was gathered, with the highest row version and journal number."""
        ...

    def keep(self, facts: Document) -> None:
        """Store named facts at once."""
        ...

    def clear(self) -> None:
        """Forget all documents, not the facts."""
        ...

    def facts(self) -> Document:
        """Return all named facts."""
        ...

    def documents(self, service: str) -> Iterator[tuple[str, str, Document]]:
        """Give (table, id, document) of one service."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class NoStorage:
    """A world that lives in memory only."""

    def put(self, *, service: str, table: str, id: str, document: Document | None) -> None:  # noqa: A002 - as above
        """Keep nothing."""

    def flush(self, *, version: int, seq: int) -> None:
        """Keep nothing."""

    def keep(self, facts: Document) -> None:
        """Keep nothing."""

    def clear(self) -> None:
        """Forget nothing."""

    def facts(self) -> Document:
        """Return none."""
        return {}

    def documents(self, service: str) -> Iterator[tuple[str, str, Document]]:
        """Give none."""
        del service
        return iter(())

    def close(self) -> None:
        """Have nothing to close."""


class SqliteStorage:
    """A world in an SQLite file (WAL), written through before each answer."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)  # it holds the client secret
        # The world's lock orders the threads; SQLite need not.
        self._db = sqlite_utils.Database(sqlite3.connect(path, check_same_thread=False))
        self._db.enable_wal()
        self._db.execute("PRAGMA synchronous = NORMAL")  # survives a killed process
        self._db.create_table(
            _ROWS,
            {"service": str, "name": str, "id": str, "document": bytes},
            pk=("service", "name", "id"),
            if_not_exists=True,
        )
        self._db.create_table(_FACTS, {"name": str, "value": bytes}, pk="name", if_not_exists=True)
        self._gathered: dict[tuple[str, str, str], bytes | None] = {}
        self._reserved: Document = {"version": 0, "seq": 0}

    def put(self, *, service: str, table: str, id: str, document: Document | None) -> None:  # noqa: A002 - as above
        """Gather a document; None deletes it."""
        self._gathered[service, table, id] = None if document is None else dump(document)

    def flush(self, *, version: int, seq: int) -> None:
        """Store what was gathered, in one transaction."""
        reserved = {"version": _reserve(version), "seq": _reserve(seq)}
        if not self._gathered and self._reserved == reserved:
            return
        kept = [(*key, text) for key, text in self._gathered.items() if text is not None]
        gone = [key for key, text in self._gathered.items() if text is None]
        with self._db.conn as connection:
            connection.executemany(f"INSERT OR REPLACE INTO {_ROWS} VALUES (?, ?, ?, ?)", kept)  # noqa: S608 - a constant
            connection.executemany(
                f"DELETE FROM {_ROWS} WHERE service = ? AND name = ? AND id = ?",  # noqa: S608 - a constant
                gone,
            )
            self._store(reserved)
        self._gathered.clear()
        self._reserved = reserved

    def keep(self, facts: Document) -> None:
        """Store named facts at once."""
        with self._db.conn:
            self._store(facts)

    def clear(self) -> None:
        """Forget all documents, stored and gathered."""
        self._gathered.clear()
        with self._db.conn as connection:
            connection.execute(f"DELETE FROM {_ROWS}")  # noqa: S608 - a constant

    def facts(self) -> Document:
        """Return all named facts."""
        return {row["name"]: load(row["value"]) for row in self._db[_FACTS].rows}

    def documents(self, service: str) -> Iterator[tuple[str, str, Document]]:
        """Give (table, id, document) of one service."""
        for row in self._db[_ROWS].rows_where("service = ?", [service]):
            yield row["name"], row["id"], load(row["document"])

    def close(self) -> None:
        """Close the file."""
        self._db.conn.close()

    def _store(self, facts: Document) -> None:
        self._db.conn.executemany(
            f"INSERT OR REPLACE INTO {_FACTS} VALUES (?, ?)",  # noqa: S608 - a constant
            [(name, dump(value)) for name, value in facts.items()],
        )


def _reserve(number: int) -> int:
    """Round up, so that numbers keep rising after a kill without a write for each of them."""
    return (number // _BLOCK + 1) * _BLOCK
