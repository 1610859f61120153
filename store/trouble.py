"""SQLite's errors as sentences that say what happened and what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.state import DamagedStateError, StateError, UnwritableStateError

_DAMAGED = "{path} is damaged ({error}); stop the daemon, keep the file, and restore a backup"
_SENTENCES: dict[str, tuple[type[StateError], str]] = {
    "SQLITE_CORRUPT": (DamagedStateError, _DAMAGED),
    "SQLITE_NOTADB": (
        DamagedStateError,
        "{path} is no state of Seatkeeper ({error}); name another file, or restore a backup",
    ),
    "SQLITE_FULL": (
        UnwritableStateError,
        "the disk that holds {path} is full; make room, nothing is lost",
    ),
    "SQLITE_READONLY": (
        UnwritableStateError,
        "{path} is read-only; give the user that runs Seatkeeper the right to write to the file"
        " and its folder",
    ),
    "SQLITE_CANTOPEN": (
        UnwritableStateError,
        "{path} cannot be opened; the folder must exist, and the user that runs Seatkeeper must"
        " be allowed to write to it",
    ),
    "SQLITE_IOERR": (UnwritableStateError, "the disk refuses {path} ({error}); look at the disk"),
    "SQLITE_BUSY": (
        UnwritableStateError,
        "another program holds {path} for too long ({error}); try again",
    ),
}


@contextmanager
def told(path: Path | str) -> Iterator[None]:
    """Turn an error of SQLite that an operator can mend into its sentence."""
    try:
        yield
    except sqlite3.Error as error:
        found = explained(error, path)
        if found is None:
            raise
        raise found from error


def explained(error: sqlite3.Error, path: Path | str) -> StateError | None:
    """Return the sentence for an error; None for one that only a programmer can mend."""
    name = getattr(error, "sqlite_errorname", "")
    for start, (kind, sentence) in _SENTENCES.items():
        if name == start or name.startswith(f"{start}_"):
            return kind(sentence.format(path=path, error=error))
    return None
