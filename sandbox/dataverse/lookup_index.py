"""The index of one lookup: which rows hold which id in it."""

from collections import defaultdict
from collections.abc import Iterable

from sandbox.dataverse.columns import ID, Row, Scalar


class LookupIndex:
    """Ids of rows by what a lookup of theirs holds; made when the lookup is first asked for."""

    def __init__(self, place: int, rows: Iterable[Row]) -> None:
        self._place = place
        self._held: defaultdict[Scalar, set[str]] = defaultdict(set)
        for row in rows:
            self.remember(row)

    def find(self, target: str) -> frozenset[str] | set[str]:
        """Return the ids of the rows that look this row up."""
        return self._held.get(target, frozenset())

    def remember(self, row: Row) -> None:
        """Take a row up; an empty lookup is nobody's."""
        target = row[self._place]
        if target is not None:
            self._held[target].add(str(row[ID]))

    def forget(self, row: Row) -> None:
        """Take a row out as it stands."""
        target = row[self._place]
        if target is not None:
            self._held[target].discard(str(row[ID]))
            if not self._held[target]:
                del self._held[target]
