"""Following a change-tracked table, page by page.

| link  | walk                                                                      |
|-------|---------------------------------------------------------------------------|
| none  | highest version N · all pages · rows with version >= N · the delta link   |
| given | pages of changes; the last one carries the new delta link                 |

A refused nextLink restarts a walk once; a refused delta link is `CursorExpired`.
Rows may come twice. Nothing is kept: memory does not grow with the table.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from connector.dataverse.faults import fault_of
from connector.dataverse.odata import VERSION, newest_path, since_path, tracked_path
from connector.dataverse.wire import OK, Wire
from connector.documents import mapping, sequence, text, whole
from connector.errors import Meaning
from connector.http import Reply
from sync.remote import CursorExpired, Page, Refused, Row

LINK_REFUSED: Final = frozenset({400, 404, 410})
GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class LinkRefused(Refused):
    """The service no longer accepts the link to the next page."""


class Pages:
    """Walks tables in pages of a fixed size."""

    def __init__(self, wire: Wire, page_size: int) -> None:
        self._wire = wire
        self._plain = {"Prefer": f"odata.maxpagesize={page_size}"}
        self._tracked = {"Prefer": f"odata.track-changes,odata.maxpagesize={page_size}"}

    def full(self, set_name: str, columns: Sequence[str]) -> Iterator[Page]:
        """Walk the whole table, then what changed meanwhile, then name the delta link."""
        newest = self._newest(set_name)
        delta_link = None
        for page in self._restarted(tracked_path(set_name, columns), self._tracked):
            delta_link = page.delta_link
            yield Page(rows=page.rows, deleted=page.deleted)
        if delta_link is None:
            raise _untracked(set_name)
        yield from self._restarted(since_path(set_name, columns, newest), self._plain)
        yield Page(rows=(), delta_link=delta_link)

    def changes(self, set_name: str, delta_link: str) -> Iterator[Page]:
        """Walk the changes since a delta link."""
        delta_found = None
        try:
            for page in self._restarted(delta_link, self._tracked):
                delta_found = page.delta_link
                yield page
        except LinkRefused as error:
            raise CursorExpired(
                error.message,
                status=error.status,
                code=error.code,
                correlation_id=error.correlation_id,
            ) from error
        if delta_found is None:
            raise _untracked(set_name)

    def _newest(self, set_name: str) -> int:
        document = mapping(self._wire.get(newest_path(set_name)).fast())
        rows = sequence(document.get("value"))
        return (whole(mapping(rows[0]).get(VERSION)) if rows else None) or 0

    def _restarted(self, start: str, headers: dict[str, str]) -> Iterator[Page]:
        try:
            yield from self._walk(start, headers)
        except LinkRefused:
            again = True
        else:
            again = False
        if again:
            yield from self._walk(start, headers)

    def _walk(self, start: str, headers: dict[str, str]) -> Iterator[Page]:
        link: str | None = start
        while link is not None:
            page, link = _parsed(self._fetch(link, headers))
            yield page
            del page  # while the next one is fetched, this one can go

    def _fetch(self, link: str, headers: dict[str, str]) -> Reply:
        given = link.startswith(("https://", "http://"))
        if given and not self._wire.service.owns(link):
            raise LinkRefused("the link leads to another host than the configured one")
        reply = self._wire.service.get(link, headers)
        if reply.status == OK:
            return reply
        fault = fault_of(reply)
        if given and reply.status in LINK_REFUSED and fault.meaning is not Meaning.EXPIRED_CURSOR:
            raise LinkRefused(
                fault.message,
                status=fault.status,
                code=fault.code,
                correlation_id=fault.correlation_id,
            )
        raise fault.error()


def _parsed(reply: Reply) -> tuple[Page, str | None]:
    document = mapping(reply.fast())
    rows: Sequence[Row] = document.get("value")  # type: ignore[assignment]  # checked per row would cost a third of the speed
    gone = [row for row in rows if _is_deletion(row)]
    if gone:
        rows = [row for row in rows if not _is_deletion(row)]
    page = Page(
        rows=rows,
        deleted=[_deleted_id(row) for row in gone],
        delta_link=text(document.get("@odata.deltaLink")) or None,
    )
    return page, text(document.get("@odata.nextLink")) or None


def _is_deletion(row: Row) -> bool:
    """Tell a tombstone: a context of its own, or an id and a reason instead of an etag."""
    return "@odata.context" in row or ("reason" in row and "@odata.etag" not in row)


def _deleted_id(row: Row) -> str:
    told = text(row.get("id"))
    found = GUID.findall(told)
    return str(found[-1] if found else told).lower()


def _untracked(set_name: str) -> Refused:
    return Refused(f"{set_name}: no delta link came back; turn on change tracking for the table")
