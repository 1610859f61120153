"""The doors to what is outside: Dataverse, the provider, threads, and the world itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sync.remote import (
    Action,
    Answer,
    Licence,
    LicenceRef,
    Organisation,
    Page,
    Read,
    ReadHistory,
    Row,
    TableFact,
    TableRules,
    Write,
    WriteResult,
)


class Effects(Protocol):
    """Everything a run takes from the world besides the services; one seed makes one run."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...

    def new_id(self) -> str:
        """Return a random GUID (correlation ids, MS-RequestId); never an id of a fact."""
        ...

    def random(self) -> float: ...


class Crm(Protocol):
    """Dataverse."""

    def organisation(self, tables: Sequence[str]) -> Organisation:
        """Ask who we are and which of the tables (logical names) are audited; one request.

        Raises SignInFailed, Unavailable.
        """
        ...

    def tables(self, names: Sequence[str]) -> Mapping[str, TableFact]:
        """Read the metadata of tables by logical name; a table that is absent is left out."""
        ...

    def rules(self, names: Sequence[str]) -> Mapping[str, TableRules]:
        """Read what tables ask of their rows; a table that is absent is left out."""
        ...

    def pages(self, set_name: str, columns: Sequence[str], cursor: str | None) -> Iterator[Page]:
        """Follow a table's changes: from a delta link, or in full when the cursor is None.

        A full walk also yields, before it hands out the new delta link, the rows that changed
        while it ran; from the `resume` of one of its pages it goes on after that page.
        Raises CursorExpired, SignInFailed, Unavailable.
        """
        ...

    def read(self, reads: Sequence[Read | ReadHistory]) -> Sequence[Answer]:
        """Answer several reads, in order, in one request where the service allows (`$batch`)."""
        ...

    def write(self, writes: Sequence[Write]) -> WriteResult:
        """Send the writes as one atomic change set; never retried here.

        Trouble comes back as an outcome; only SignInFailed is raised, before anything was sent.
        """
        ...

    def write_sets(self, sets: Sequence[Sequence[Write]]) -> Sequence[WriteResult]:
        """Send each set as `write` does, several in one request; one fails without the others.

        A set whose answer is missing is AMBIGUOUS.
        """
        ...

    def now(self) -> datetime:
        """Return business time: the `Date` header of the last answer (aware, UTC)."""
        ...


class Provider(Protocol):
    """Where licences live: Partner Center, or whatever a row of the provider table names."""

    def read(self, ref: LicenceRef) -> Licence:
        """Raise NotFound, Refused, SignInFailed, Unavailable."""
        ...

    def compose(
        self, licence: Licence, action: Action, *, quantity: int | None, held: Row | None
    ) -> Row:
        """Return the full document to send for `action`; pure, so that it can be stored first.

        `held` is what a RESTORE gives back, or the values that FIELDS sets.
        """
        ...

    def send(self, ref: LicenceRef, body: Row, *, request_id: str, etag: str) -> WriteResult:
        """Send once. `request_id` was stored before; the caller owns retries."""
        ...

    def licence(self, resource: Row) -> Licence:
        """Parse a document that came back from `send`."""
        ...


class Dispatcher(Protocol):
    """Runs work by key: one key never twice at once. Correctness does not depend on it."""

    def run(self, keys: Sequence[str], work: Callable[[str], None]) -> None:
        """Do the work of all keys and return when all are done."""
        ...
