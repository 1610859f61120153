"""The pages of a full walk, read straight into cells: no mapping is made for a row.

The first row of a walk tells the columns that every row of it has. A page that does not fit
(a tombstone, a column that is missing) is read as any other answer is, row by row.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from types import GenericAlias
from typing import Any, Final, overload

import msgspec

from connector.dataverse.odata import VERSION
from connector.documents import without_mark
from sync.remote import Cells, Json, Row

_LINKS: Final = [
    ("next_link", str | None, msgspec.field(name="@odata.nextLink", default=None)),
    ("delta_link", str | None, msgspec.field(name="@odata.deltaLink", default=None)),
]


class _Unread(msgspec.Struct):
    """A page whose rows are left as they came."""

    value: list[msgspec.Raw]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPage:
    """A page of rows and its links."""

    rows: Cells
    next_link: str | None
    delta_link: str | None


class CellReader:
    """Reads the pages of one walk."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        """Column -> the attribute that holds it."""
        self._decode: Callable[[bytes], Any] | None = None

    def read(self, content: bytes) -> CellPage | None:
        """Return the page; None when it does not fit, or is no page at all."""
        document = without_mark(content)
        try:
            if self._decode is None:
                self._learn(document)
            page = self._decode(document) if self._decode else None
        except msgspec.MsgspecError:
            return None
        if page is None:
            return None
        return CellPage(
            rows=_Rows(self._names, page.value),
            next_link=page.next_link,
            delta_link=page.delta_link,
        )

    def _learn(self, document: bytes) -> None:
        """Take the columns, annotations too, from the first row."""
        unread = msgspec.json.decode(document, type=_Unread).value
        first = msgspec.json.decode(unread[0], type=dict[str, Any]) if unread else {}
        self._names = {column: f"c{place}" for place, column in enumerate(first)}
        if VERSION in first:
            # The rows hold no references to other objects, so that the collector need not look.
            row = msgspec.defstruct(
                "Row",
                [(attribute, Any) for attribute in self._names.values()],
                rename={attribute: column for column, attribute in self._names.items()},
                gc=False,
            )
            page = msgspec.defstruct("Page", [("value", GenericAlias(list, (row,))), *_LINKS])
            self._decode = msgspec.json.Decoder(page).decode


class _Rows(Cells):
    """The rows of a page; a row is a mapping only once it is looked at."""

    def __init__(self, names: dict[str, str], structs: Sequence[object]) -> None:
        self._names, self._structs = names, structs

    def column(self, name: str) -> Sequence[Json] | None:
        if name not in self._names:
            return None
        return [*map(attrgetter(self._names[name]), self._structs)]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and [*self] == [*other]

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __len__(self) -> int:
        return len(self._structs)

    @overload
    def __getitem__(self, place: int) -> Row: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Row]: ...

    def __getitem__(self, place: int | slice) -> Row | Sequence[Row]:
        if isinstance(place, slice):
            return _Rows(self._names, self._structs[place])
        return self._row(self._structs[place])

    def __iter__(self) -> Iterator[Row]:
        return map(self._row, self._structs)

    def _row(self, struct: object) -> Row:
        return dict(zip(self._names, msgspec.structs.astuple(struct), strict=True))  # type: ignore[arg-type]  # made by _learn
