"""Give the space of deleted rows back to the disk. Blocks writers while it runs."""

import shutil
import sqlite3
from pathlib import Path

_LEAST_PAGES = 1_000
_LEAST_SHARE = 4
"""One page of so many must be free."""
_ROOM = 2
"""The new file and its journal need this many times the size of the old one."""


def compact(connection: sqlite3.Connection) -> int:
    """Rewrite a file that is a quarter empty, where the disk has room; return the bytes saved."""
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    if (
        free < _LEAST_PAGES
        or free * _LEAST_SHARE < pages
        or not _has_room(connection, pages * size)
    ):
        return 0
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (pages - int(connection.execute("PRAGMA page_count").fetchone()[0])) * size


def _has_room(connection: sqlite3.Connection, size: int) -> bool:
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    return bool(path) and shutil.disk_usage(Path(path).parent).free > _ROOM * size
