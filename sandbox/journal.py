"""The independent record that tests judge by: every request and every committed mutation."""

from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import islice

import orjson

from sandbox.documents import Document, dump

KEPT = 500_000  # a daemon that polls every second fills this in about a day


class EntryType(StrEnum):
    REQUEST = "request"
    COMMIT = "commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the journal; `before` and `after` are JSON as it was at that moment."""

    seq: int
    at: str
    service: str
    type: EntryType
    client: str | None = None
    method: str | None = None
    path: str | None = None
    status: int | None = None
    delivered: bool | None = None
    table: str | None = None
    id: str | None = None
    before: bytes | None = None
    after: bytes | None = None

    def wire(self) -> Document:
        """Return the entry as the control API shows it."""
        shown = asdict(self)
        for key in ("before", "after"):
            shown[key] = None if shown[key] is None else orjson.Fragment(shown[key])
        return shown


class Journal:
    """Entries in the order they happened; numbers rise by one and are never used again."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self.last = 0

    def request(  # noqa: PLR0913 - the fields of a request entry, all named
        self,
        *,
        at: str,
        service: str,
        client: str | None,
        method: str,
        path: str,
        status: int | None,
        delivered: bool,
    ) -> None:
        """Note an HTTP request; `status` is None when nothing was executed or answered."""
        self._append(
            Entry(
                seq=self._next(),
                at=at,
                service=service,
                type=EntryType.REQUEST,
                client=client,
                method=method,
                path=path,
                status=status,
                delivered=delivered,
            )
        )

    def commit(  # noqa: PLR0913 - the fields of a commit entry, all named
        self,
        *,
        at: str,
        service: str,
        client: str,
        table: str,
        id: str,  # noqa: A002 - the name of the promised journal field
        before: Document | None,
        after: Document | None,
    ) -> None:
        """Note a committed mutation; the documents are copied."""
        self._append(
            Entry(
                seq=self._next(),
                at=at,
                service=service,
                type=EntryType.COMMIT,
                client=client,
                table=table,
                id=id,
                before=None if before is None else dump(before),
                after=None if after is None else dump(after),
            )
        )

    def since(self, seq: int) -> Iterator[Entry]:
        """Give the entries after a number."""
        first = self.last - len(self._entries)
        return islice(self._entries, max(0, seq - first), None)

    def forget(self) -> None:
        """Drop the entries of an earlier world; the numbers go on."""
        self._entries.clear()

    def _next(self) -> int:
        self.last += 1
        return self.last

    def _append(self, entry: Entry) -> None:
        self._entries.append(entry)
