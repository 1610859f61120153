"""Following a change-tracked table, page by page.

| cursor        | walk                                                                      |
|---------------|---------------------------------------------------------------------------|
| none          | highest version N · all pages · rows with version >= N · the delta link   |
| `Page.resume` | the same walk, from the page after the one that carried it                |
| a delta link  | pages of changes; the last one carries the new delta link                 |

A refused nextLink restarts a walk once; a refused delta link is `CursorExpired`.
Rows may come twice. Nothing is kept: memory does not grow with the table.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from connector.dataverse.cells import CellReader
from connector.dataverse.faults import fault_of
from connector.dataverse.odata import VERSION, newest_path, since_path, tracked_path
from connector.dataverse.wire import OK, Wire
from connector.documents import mapping, read_exact, render, sequence, text, whole
from connector.errors import Meaning
from connector.http import Reply
from sync.remote import CursorExpired, Page, Refused, Row

LINK_REFUSED: Final = frozenset({400, 404, 410})
GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class LinkRefused(Refused):
    """The service no longer accepts the link to the next page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How far a full read has come; its text is `Page.resume`."""

    id: str
    start: str
    """What it asks for; with other columns the walk begins again."""
    newest: int
    """The highest row version before the first page."""
    next_link: str = ""
    delta_link: str = ""
    """Told by the last page; what follows are the rows that changed meanwhile."""

    def text(self) -> str:
        """Write it down."""
        return render(asdict(self)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a full read asks for, and what reads its pages."""

    set_name: str
    columns: Sequence[str]
    cells: CellReader = field(default_factory=CellReader)


def is_walk(cursor: str) -> bool:
    """Tell where a full read goes on from a delta link."""
    return cursor.startswith("{")


class Pages:
    """Walks tables in pages of a fixed size."""

    def __init__(self, wire: Wire, page_size: int) -> None:
        self._wire = wire
        self._plain = {"Prefer": f"odata.maxpagesize={page_size}"}
        self._tracked = {"Prefer": f"odata.track-changes,odata.maxpagesize={page_size}"}

    def full(
        self, set_name: str, columns: Sequence[str], resume: str | None = None
    ) -> Iterator[Page]:
        """Walk the whole table, then what changed meanwhile, then name the delta link."""
        start = tracked_path(set_name, columns)
        ahead: Walk | None = _resumed(resume, start) or self._begun(set_name, start)
        asked, restarted = _Asked(set_name=set_name, columns=columns), False
        while (walk := ahead) is not None:
            try:
                page, ahead = self._step(walk, asked)
            except LinkRefused:
                if restarted:
                    raise
                restarted, ahead = True, self._again(walk, set_name)
                continue
            yield page
            del page  # while the next one is fetched, this one can go

    def changes(self, set_name: str, delta_link: str) -> Iterator[Page]:
        """Walk the changes since a delta link."""
        delta_found = None
        try:
            for page in self._restarted(delta_link):
                delta_found = page.delta_link
                yield page
                del page
        except LinkRefused as error:
            raise CursorExpired(
                error.message,
                status=error.status,
                code=error.code,
                correlation_id=error.correlation_id,
            ) from error
        if delta_found is None:
            raise _untracked(set_name)

    def _begun(self, set_name: str, start: str) -> Walk:
        document = mapping(self._wire.get(newest_path(set_name)).fast())
        rows = sequence(document.get("value"))
        newest = whole(mapping(rows[0]).get(VERSION)) if rows else None
        return Walk(id=self._wire.new_id(), start=start, newest=newest or 0)

    def _again(self, walk: Walk, set_name: str) -> Walk:
        """Restart: what changed since N is asked for anew, the table with a new N."""
        if walk.delta_link:
            return replace(walk, next_link="")
        return self._begun(set_name, walk.start)

    def _step(self, walk: Walk, asked: _Asked) -> tuple[Page, Walk | None]:
        """Fetch the next page; return it with the walk as it stands then, None at its end."""
        late = bool(walk.delta_link)
        start = since_path(asked.set_name, asked.columns, walk.newest) if late else walk.start
        headers = self._plain if late else self._tracked
        page, link = _walked(self._fetch(walk.next_link or start, headers), asked.cells)
        if late and not link:
            return replace(page, walk=walk.id, delta_link=walk.delta_link), None
        if not (late or link or page.delta_link):
            raise _untracked(asked.set_name)
        told = walk.delta_link if late or link else page.delta_link
        after = replace(walk, next_link=link or "", delta_link=told or "")
        return replace(page, walk=walk.id, delta_link=None, resume=after.text()), after

    def _restarted(self, start: str) -> Iterator[Page]:
        try:
            yield from self._walk(start)
        except LinkRefused:
            again = True
        else:
            again = False
        if again:
            yield from self._walk(start)

    def _walk(self, start: str) -> Iterator[Page]:
        link: str | None = start
        while link is not None:
            page, link = _parsed(self._fetch(link, self._tracked))
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


def _resumed(cursor: str | None, start: str) -> Walk | None:
    """Read a walk that was written down; None when there is none or it asks for other columns."""
    told = mapping(read_exact(cursor.encode())) if cursor else {}
    if told.get("start") != start:
        return None
    return Walk(
        id=text(told.get("id")),
        start=start,
        newest=whole(told.get("newest")) or 0,
        next_link=text(told.get("next_link")),
        delta_link=text(told.get("delta_link")),
    )


def _walked(reply: Reply, cells: CellReader) -> tuple[Page, str | None]:
    """Parse a page of a full read, as cells where it fits."""
    found = cells.read(reply.content)
    if found is None:
        return _parsed(reply)
    return Page(rows=found.rows, delta_link=found.delta_link or None), found.next_link or None


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
