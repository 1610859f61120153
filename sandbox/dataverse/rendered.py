"""Keeps the JSON of rows as they were last written, so that a page is mostly joined bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orjson import Fragment

from sandbox.dataverse.columns import ID, Row, Scalar
from sandbox.documents import dump

MOST_ROWS = 40_000
"""About 25 MB for 14 columns; beyond it everything is forgotten and begun anew."""

MOST_BYTES = 150_000_000
"""Of whole pages: a walk over 300,000 rows of 10 columns; beyond it all are forgotten."""

MARK = b',{"@odata.etag":'
"""How every rendered row but the first begins, with the comma before it."""

Selection = tuple[str, tuple[str, ...]]


class RenderedRows:
    """JSON per table, selected columns and row; a row that was written again does not match."""

    def __init__(self) -> None:
        self._known: dict[Selection, dict[Scalar, tuple[Row, Fragment]]] = {}
        self._held = 0

    def page(
        self, selection: Selection, rows: list[Row], render: Callable[[Row], dict[str, Any]]
    ) -> list[Fragment]:
        """Return the JSON of rows, each rendered at most once per version."""
        known = self._known.get(selection, {})
        new = [row for row in rows if (found := known.get(row[ID])) is None or found[0] is not row]
        self._make_room(len(new))
        pieces = _dump_each([render(row) for row in new])
        fresh = {row[ID]: (row, Fragment(piece)) for row, piece in zip(new, pieces, strict=True)}
        page = [(fresh.get(row[ID]) or known[row[ID]])[1] for row in rows]
        self._known.setdefault(selection, {}).update(fresh)
        return page

    def _make_room(self, wanted: int) -> None:
        self._held += wanted
        if self._held > MOST_ROWS:
            self._known.clear()
            self._held = wanted


def _dump_each(documents: list[dict[str, Any]]) -> list[bytes]:
    """Return the JSON of each document, written in one go, which is twice as fast.

    The mark cannot stand inside a JSON string: there its quotes would be escaped.
    """
    if not documents:
        return []
    first, *rest = dump(documents)[1:-1].split(MARK)
    return [first, *(MARK[1:] + piece for piece in rest)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A page of a full walk: what is selected, behind which id it begins, how many rows."""

    selection: Selection
    after: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkedPage:
    """A page as it was answered; `last` is the id of its last row when another page follows."""

    revision: int
    value: bytes
    last: Scalar


class WalkedPages:
    """Whole pages of full walks; a page counts until any row of its table is written."""

    def __init__(self) -> None:
        self._pages: dict[Place, WalkedPage] = {}
        self._held = 0

    def get(self, place: Place, revision: int) -> WalkedPage | None:
        """Return the page as of this revision of the table, if it is known."""
        page = self._pages.get(place)
        return page if page is not None and page.revision == revision else None

    def keep(self, place: Place, page: WalkedPage) -> None:
        """Remember a page."""
        former = self._pages.pop(place, None)
        self._held += len(page.value) - (len(former.value) if former else 0)
        if self._held > MOST_BYTES:
            self._pages.clear()
            self._held = len(page.value)
        self._pages[place] = page
