"""Keeps the pages of full walks as they were answered: reading them again is copying bytes."""

from dataclasses import dataclass

from sandbox.dataverse.columns import Scalar

MOST_BYTES = 600_000_000
"""Of whole pages: a walk over a million rows of 10 columns; beyond it all are forgotten."""

Selection = tuple[str, tuple[str, ...]]


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
