"""Back the state up while it is in use, and put a backup in its place.

A backup is one SQLite file without companions, made by SQLite's online backup, checked by opening
it, and put in place by a rename. A restore is written into the state file in one transaction of
SQLite, so that whoever looks at it sees the old state or the new one; a file that is too damaged
for that is moved away first. The caller holds the lock of the state.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlite_utils import Database

from store.schema import migrations, refuse_newer
from store.sqlite import SqliteStore, connect, integrity
from store.trouble import told
from sync.ports import Tx
from sync.state import DamagedStateError, StateError

_COMPANIONS = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a backup holds."""

    path: Path
    rows: int
    last_sequence: int
    """The last row of the trail."""
    organisation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was put in place, and where the replaced state is kept."""

    kept: Kept
    replaced: Path | None
    """None when there was no state."""


def write_backup(state: Path, target: Path) -> Kept:
    """Copy the state to a file, as of one moment; the running daemon is not stopped."""
    if not state.exists():
        raise FileNotFoundError(f"there is no state to back up at {state}")
    if _is_state(target, state):
        raise FileExistsError(f"{target} is the state itself; name another file")
    with partial_beside(target) as partial:
        with told(state), closing(_open(state)) as source:
            _copy(source, partial)
        return keep(partial, target)


def keep(partial: Path, target: Path) -> Kept:
    """Look into a finished copy, and put it in the place of the backup."""
    kept = look_into(partial)
    put_in_place(partial, target)
    return replace(kept, path=target)


def _is_state(target: Path, state: Path) -> bool:
    names = {f"{state.resolve()}{companion}" for companion in (*_COMPANIONS, ".lock")}
    return str(target.resolve()) in names


def look_into(backup: Path) -> Kept:
    """Open a backup and tell what it holds; raise StateError when it cannot serve."""
    with told(backup), closing(_open(backup)) as connection:
        if found := integrity(connection):
            raise DamagedStateError(f"{backup} is damaged ({found[0]}); take another backup")
        database = Database(connection)
        refuse_newer(database)
        if not migrations.applied(database):
            raise DamagedStateError(f"{backup} is no state of Seatkeeper; name another file")
        return Kept(
            path=backup,
            rows=sum(table.count for table in database.tables if table.name[0] != "_"),
            last_sequence=_number(connection, "SELECT max(sequence) FROM trail"),
            organisation=_text(connection, "SELECT value FROM meta WHERE key = 'organisation'"),
        )


def restore_backup(
    backup: Path, state: Path, *, stamp: str, prepare: Callable[[Tx], object]
) -> Restored:
    """Put a backup in the place of the state, after `prepare` has changed the copy.

    The replaced state stays beside it as `STATE.replaced-STAMP`.
    """
    kept = look_into(backup)
    state.parent.mkdir(parents=True, exist_ok=True)
    with partial_beside(state) as partial:
        _copied(backup, partial, prepare)
        replaced = _keep(state, stamp)
        try:
            with told(state), closing(_open(partial)) as source:
                _overwrite(source, state)
        except DamagedStateError:
            _clear(state)
            put_in_place(partial, state)
    return Restored(kept=kept, replaced=replaced)


@contextmanager
def prepared_copy(backup: Path, prepare: Callable[[Tx], object]) -> Iterator[Path]:
    """Give a copy of a backup that `prepare` has changed, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="seatkeeper-") as folder:
        partial = Path(folder) / "state.db"
        _copied(backup, partial, prepare)
        yield partial


def _copied(backup: Path, partial: Path, prepare: Callable[[Tx], object]) -> None:
    with told(backup), closing(_open(backup)) as source:
        _copy(source, partial)
    _prepared(partial, prepare)
    look_into(partial)


def _prepared(partial: Path, prepare: Callable[[Tx], object]) -> None:
    """Bring the copy to this version's schema, change it, and make it one file again."""
    store = SqliteStore(partial)
    try:
        if fault := store.look(lambda tx: tx.verify_trail()):
            raise DamagedStateError(
                f"row {fault.sequence} of the backup's trail {fault.told}; take another backup"
            )
        store.tx(prepare)
    finally:
        store.close()
    with closing(sqlite3.connect(partial, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _keep(state: Path, stamp: str) -> Path | None:
    """Copy the state that will be replaced; file by file when SQLite cannot read it."""
    if not state.exists():
        return None
    kept = state.with_name(f"{state.name}.replaced-{stamp}")
    try:
        write_backup(state, kept)
    except StateError:
        for companion in _COMPANIONS:
            part = Path(f"{state}{companion}")
            if part.exists():
                shutil.copy2(part, f"{kept}{companion}")
    return kept


def _overwrite(source: sqlite3.Connection, state: Path) -> None:
    with closing(connect(state)) as connection:
        source.backup(connection)
        if found := integrity(connection):
            raise DamagedStateError(f"{state} is damaged ({found[0]})")
    state.chmod(0o600)


def _clear(state: Path) -> None:
    """Take away a state that SQLite cannot write into; it is kept beside."""
    for companion in _COMPANIONS:
        Path(f"{state}{companion}").unlink(missing_ok=True)


# --- files ----------------------------------------------------------------------------------------


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30)
    connection.row_factory = sqlite3.Row
    return connection


def _copy(source: sqlite3.Connection, partial: Path) -> None:
    """Copy everything as of one moment into one file."""
    with closing(sqlite3.connect(partial, isolation_level=None)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def partial_beside(target: Path) -> Iterator[Path]:
    """Make an empty file beside the target that only we can read; it never stays."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield partial
    finally:
        for companion in (*_COMPANIONS, "-journal"):
            Path(f"{partial}{companion}").unlink(missing_ok=True)


def put_in_place(partial: Path, target: Path) -> None:
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _number(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0] or 0)


def _text(connection: sqlite3.Connection, sql: str) -> str:
    row = connection.execute(sql).fetchone()
    return str(row[0]) if row else ""
