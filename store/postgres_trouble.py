"""PostgreSQL's errors as sentences that say what happened and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from sync.state import (
    DamagedStateError,
    IncompatibleStateError,
    StateError,
    StateSignInError,
    UnreachableStateError,
    UnwritableStateError,
)

_SENTENCES: dict[str, tuple[type[StateError], str]] = {
    "57P": (UnreachableStateError, "{place} ends or begins just now ({error})"),
    "08": (UnreachableStateError, "{place} cannot be reached ({error})"),
    "533": (UnreachableStateError, "{place} takes no more connections ({error})"),
    "53100": (
        UnwritableStateError,
        "the disk of {place} is full; make room, nothing is lost",
    ),
    "53": (UnwritableStateError, "{place} has too little to work with ({error})"),
    "58": (UnwritableStateError, "the machine of {place} refuses ({error})"),
    "XX": (
        DamagedStateError,
        "{place} is damaged ({error}); stop the daemon, and restore a backup",
    ),
    "25006": (
        UnwritableStateError,
        "{place} takes no writes ({error}); name the primary server, not a standby",
    ),
    "25P03": (UnreachableStateError, "{place} ended a transaction that stood still"),
    "55P03": (
        UnwritableStateError,
        "another program holds {place} for too long ({error}); try again",
    ),
    "42501": (
        UnwritableStateError,
        "{place} refuses ({error}); grant the user the right to make and use the schema",
    ),
}
_NO_ENTRY = (
    "{place} refuses the connection ({error}); correct `state`, or let the database's"
    " administrator make the database and the user, and allow the address in pg_hba.conf"
)
_NOT_LET_IN = (
    "{place} refuses the user or the password ({error}); correct the user in `state`,"
    " and the password under state_password or in the file that PGPASSFILE names"
)
_PASSING = (
    "not yet accepting",
    "starting up",
    "shutting down",
    "recovery mode",
    "too many clients",
    "connection slots",
)


@contextmanager
def told(place: object) -> Iterator[None]:
    """Turn an error of PostgreSQL that an operator can mend into its sentence."""
    try:
        yield
    except psycopg.Error as error:
        found = explained(error, place)
        if found is None:
            raise
        raise found from error


def explained(error: psycopg.Error, place: object) -> StateError | None:
    """Return the sentence for an error; None for one that only a programmer can mend."""
    state = error.sqlstate or ""
    said = " ".join(str(error).split())
    for length in (5, 3, 2):
        kind, sentence = _SENTENCES.get(state[:length], (None, ""))
        if kind is not None:
            return kind(sentence.format(place=place, error=said))
    if isinstance(error, psycopg.OperationalError) and not state:
        return UnreachableStateError(f"{place} cannot be reached ({said})")
    return None


def refused(error: psycopg.OperationalError, place: object) -> StateError:
    """Return the sentence for a connection that could not be opened."""
    said = " ".join(str(error).split())
    wire = error.pgconn
    if not any(word in said for word in _PASSING):
        if wire is not None and (wire.needs_password or wire.used_password):
            return StateSignInError(_NOT_LET_IN.format(place=place, error=said))
        if "FATAL" in said:
            return IncompatibleStateError(_NO_ENTRY.format(place=place, error=said))
    return UnreachableStateError(f"{place} cannot be reached ({said})")
