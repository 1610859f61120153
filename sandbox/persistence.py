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
_MOST = 20_000  # documents held in memory; a large scenario goes to SQLite while it is laid


class Storage(Protocol):
    """Where a world is kept."""

    @property
    def keeps(self) -> bool:
        """Whether anything is stored."""
        ...

    def put(self, *, service: str, table: str, id: str, document: Document | None) -> None:  # noqa: A002 - the name of the interface
        """Gather a document; None deletes it."""
        ...

    def flush(self, *, version: int, seq: int, facts: Document | None = None) -> None:
        """Store what was gathered, with the highest row version and journal number."""
        ...

    def clear(self) -> None:
        """Forget all documents, not the facts; lasting with what is stored next."""
        ...

    def abandon(self) -> None:
        """Take back what was not stored yet, and store nothing from now on."""
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

    keeps = False

    def put(self, *, service: str, table: str, id: str, document: Document | None) -> None:  # noqa: A002 - as above
        """Keep nothing."""

    def flush(self, *, version: int, seq: int, facts: Document | None = None) -> None:
        """Keep nothing."""

    def clear(self) -> None:
        """Forget nothing."""

    def abandon(self) -> None:
        """Have nothing to take back."""

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
        self._abandoned = False
        self._reserved: Document = {"version": 0, "seq": 0}

    @property
    def keeps(self) -> bool:
        """Whether anything is stored: not after a reset was broken off."""
        return not self._abandoned

    def put(self, *, service: str, table: str, id: str, document: Document | None) -> None:  # noqa: A002 - as above
        """Gather a document; None deletes it."""
        self._gathered[service, table, id] = None if document is None else dump(document)
        if len(self._gathered) >= _MOST:
            self._write()

    def flush(self, *, version: int, seq: int, facts: Document | None = None) -> None:
        """Store what was gathered, and named facts, in one transaction."""
        reserved = {"version": _reserve(version), "seq": _reserve(seq)}
        new = bool(self._gathered or facts) or self._reserved != reserved
        if self._abandoned or not new:
            return
        with self._db.conn:
            self._write()
            self._store(reserved | (facts or {}))
        self._reserved = reserved

    def clear(self) -> None:
        """Forget all documents, stored and gathered; a killed process finds them again."""
        self._gathered.clear()
        self._db.conn.execute(f"DELETE FROM {_ROWS}")  # noqa: S608 - a constant

    def abandon(self) -> None:
        """Take back what was not stored yet, and store nothing from now on."""
        self._abandoned = True
        self._gathered.clear()
        self._db.conn.rollback()

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

    def _write(self) -> None:
        """Hand what was gathered to SQLite, inside a transaction that is still open."""
        if self._abandoned:
            return
        kept = [(*key, text) for key, text in self._gathered.items() if text is not None]
        gone = [key for key, text in self._gathered.items() if text is None]
        connection = self._db.conn
        connection.executemany(f"INSERT OR REPLACE INTO {_ROWS} VALUES (?, ?, ?, ?)", kept)  # noqa: S608 - a constant
        connection.executemany(
            f"DELETE FROM {_ROWS} WHERE service = ? AND name = ? AND id = ?",  # noqa: S608 - a constant
            gone,
        )
        self._gathered.clear()

    def _store(self, facts: Document) -> None:
        self._db.conn.executemany(
            f"INSERT OR REPLACE INTO {_FACTS} VALUES (?, ?)",  # noqa: S608 - a constant
            [(name, dump(value)) for name, value in facts.items()],
        )


def _reserve(number: int) -> int:
    """Round up, so that numbers keep rising after a kill without a write for each of them."""
    return (number // _BLOCK + 1) * _BLOCK
