"""Keeps the JSON of rows as they were last written, so that a page is mostly copied bytes.

Small pages are joined from single rows; a large one is kept whole until one of its rows changes.
"""

from collections.abc import Callable
from operator import is_
from typing import Any

from orjson import Fragment

from sandbox.dataverse.columns import ID, Row, Scalar
from sandbox.documents import dump

MOST_ROWS = 40_000
"""Single rows: about 25 MB for 14 columns; beyond it all are forgotten and begun anew."""

LARGE_PAGE = 1000
MOST_IN_PAGES = 250_000
"""Rows of large pages: about 110 MB for 10 columns; beyond it all are forgotten."""

MARK = b',{"@odata.etag":'
"""How every rendered row but the first begins, with the comma before it."""

Selection = tuple[str, tuple[str, ...]]


class RenderedRows:
    """JSON per table, selected columns and row; a row that was written again does not match."""

    def __init__(self) -> None:
        self._known: dict[Selection, dict[Scalar, tuple[Row, Fragment]]] = {}
        self._held = 0
        self._pages: dict[tuple[Selection, Scalar, int], tuple[list[Row], Fragment]] = {}

    def page(
        self, selection: Selection, rows: list[Row], render: Callable[[Row], dict[str, Any]]
    ) -> list[Fragment]:
        """Return the JSON of rows: one piece for each, or a large page in one piece."""
        if len(rows) < LARGE_PAGE:
            return self._small(selection, rows, render)
        place = (selection, rows[0][ID], len(rows))
        known = self._pages.get(place)
        if known is not None and all(map(is_, known[0], rows)):
            return [known[1]]
        if sum(size for _, _, size in self._pages) + len(rows) > MOST_IN_PAGES:
            self._pages.clear()
        piece = Fragment(dump([render(row) for row in rows])[1:-1])
        self._pages[place] = (rows, piece)
        return [piece]

    def _small(
        self, selection: Selection, rows: list[Row], render: Callable[[Row], dict[str, Any]]
    ) -> list[Fragment]:
        """Return the JSON of each row, rendered at most once per version."""
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
