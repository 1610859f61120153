"""One instance per state: a lock on a file beside it, held while the process lives."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunningError(Exception):
    """Another process works on the same state (exit code 75)."""


@contextmanager
def single_instance(state_file: Path) -> Iterator[None]:
    """Hold the lock of a state file; raise AlreadyRunningError when another process does."""
    path = state_file.with_name(state_file.name + ".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise AlreadyRunningError(
                f"process {holder} works on {state_file}; stop it, or use another state"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
