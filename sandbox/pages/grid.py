"""A view as a grid: search, filters, order and pages, all of them in the address."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sandbox.pages.reading import Page, Row, page_of

Key = Callable[[Row], Any]
MOST_DIGITS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A choice above the grid; `of` gives the value of a row, `options` the texts by value."""

    name: str
    title: str
    options: Mapping[str, str]
    of: Callable[[Row], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What a view shows: its columns by key, how each is sorted, and what is searched."""

    columns: Mapping[str, tuple[str, Key]]
    order: str
    searched: Callable[[Row], Iterable[object]]
    filters: Sequence[Filter] = ()
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the address that say which view it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A view, cut to what the address asks for."""

    design: Design
    page: Page
    search: str
    order: str
    chosen: Mapping[str, str]

    def href(self, **changes: object) -> str:
        """Return the address of the same view with something else about it."""
        asked = {**self.design.fixed, "q": self.search, "order": self.order, **self.chosen}
        wanted = {name: value for name, value in (asked | changes).items() if value}
        return f"?{urlencode(wanted)}"

    @property
    def plain(self) -> str:
        """Return the address of the view without search, filter and order."""
        return f"?{urlencode(self.design.fixed)}"

    def sorted_by(self, column: str) -> str:
        """Return the order of a column as aria-sort says it."""
        if self.order.lstrip("-") != column:
            return "none"
        return "descending" if self.order.startswith("-") else "ascending"

    def turned(self, column: str) -> str:
        """Return the order that a click on a column asks for."""
        return f"-{column}" if self.order == column else column


def grid(design: Design, rows: Iterable[Row], asked: Mapping[str, str]) -> Grid:
    """Search, filter and sort rows as the address asks; what it asks wrongly is left out."""
    order = asked.get("order", "")
    if order.removeprefix("-") not in design.columns:
        order = design.order
    search = asked.get("q", "")
    chosen = {
        one.name: asked[one.name]
        for one in design.filters
        if asked.get(one.name, "") in one.options
    }
    found = [row for row in rows if _is_wanted(design, row, search, chosen)]
    key = design.columns[order.removeprefix("-")][1]
    found.sort(key=lambda row: _sortable(key(row)), reverse=order.startswith("-"))
    return Grid(
        design=design,
        page=page_of(found, _number(asked.get("page", ""))),
        search=search,
        order=order,
        chosen=chosen,
    )


def _is_wanted(design: Design, row: Row, search: str, chosen: Mapping[str, str]) -> bool:
    if any(str(one.of(row)) != chosen.get(one.name, str(one.of(row))) for one in design.filters):
        return False
    text = " ".join(str(part) for part in design.searched(row) if part).casefold()
    return all(word in text for word in search.casefold().split())


def _sortable(value: Any) -> tuple[bool, Any]:  # noqa: ANN401 - whatever the column holds
    """Put what is empty first; texts go by their letters, not by their case."""
    if value is None or value == "":
        return False, 0
    return True, value.casefold() if isinstance(value, str) else value


def _number(text: str) -> int:
    return int(text[:MOST_DIGITS]) if text.isascii() and text.isdigit() else 1
