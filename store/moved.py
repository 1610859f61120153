"""A state of SQLite that went elsewhere: its file is kept under another name, and refused."""

import sqlite3

from sync.state import IncompatibleStateError

MOVED = "moved_to"
"""The meta row of a state that went elsewhere."""


def refuse_moved(connection: sqlite3.Connection) -> None:
    """Raise IncompatibleStateError when the state went elsewhere."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (MOVED,)).fetchone()
    if row is not None:
        raise IncompatibleStateError(
            f"it was moved to {row[0]}; let `state` name that place, or restore a backup"
        )
