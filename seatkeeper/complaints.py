"""The errors with which a command ends: one sentence and an exit code for each."""

import sqlite3

from seatkeeper.commands.exits import Exit
from seatkeeper.instance import AlreadyRunningError
from seatkeeper.requested import RequestRefusedError
from seatkeeper.yaml_files import ConfigurationError
from sync.remote import RemoteError, SignInFailed, Unavailable
from sync.state import (
    IncompatibleStateError,
    LeaseLostError,
    StateError,
    StateSignInError,
    UnreachableStateError,
)

ERRORS: tuple[tuple[type[Exception], str, Exit], ...] = (
    (ConfigurationError, "The configuration cannot be used:\n{}", Exit.CONFIGURATION),
    (IncompatibleStateError, "The state cannot be used: {}", Exit.CONFIGURATION),
    (StateSignInError, "The state cannot be used: {}.", Exit.SIGN_IN),
    (UnreachableStateError, "The state cannot be used now: {}.", Exit.TEMPORARY),
    (LeaseLostError, "Stopped: {}.", Exit.TEMPORARY),
    (StateError, "The state cannot be used: {}.", Exit.ERROR),
    (SignInFailed, "Signing in failed: {}", Exit.SIGN_IN),
    (AlreadyRunningError, "Not started: {}.", Exit.TEMPORARY),
    (Unavailable, "A service cannot be reached: {}", Exit.TEMPORARY),
    (RemoteError, "A service refuses what is needed: {}", Exit.ERROR),
    (RequestRefusedError, "Not done: {}", Exit.ERROR),
    (sqlite3.Error, "The state cannot be used: {}.", Exit.ERROR),
    (OSError, "This machine refuses something: {}.", Exit.ERROR),
)
"""The sentence and exit code of each error; the first that fits."""


def complaint(error: Exception) -> tuple[str, Exit] | None:
    """Return what is said of an error, and the exit code; None for a fault of our own."""
    return next(
        ((said.format(error), code) for kind, said, code in ERRORS if isinstance(error, kind)),
        None,
    )
