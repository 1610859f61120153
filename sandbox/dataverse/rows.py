"""The rows of one table: by id, by key, in id order, by version, and what was deleted.

Rows are immutable tuples, so that a change set is undone by putting the old ones back.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from operator import itemgetter

from sandbox.dataverse.columns import ID, VERSION, AlternateKey, Row, Scalar, Table
from sandbox.dataverse.key_index import KeyIndex
from sandbox.dataverse.lookup_index import LookupIndex

FEW = 64
"""Up to here new ids are put in place one by one; more are sorted in together."""

PIECE = 500
"""So many rows are looked up at a time when a table is walked."""

EVERY = frozenset(range(200))
"""More positions than any table has columns."""


class Rows:
    """One table's rows with the indexes that the service's answers need."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.revision = 0
        """Rises with everything that is written."""
        self._rows: dict[str, Row] = {}
        self._ids: list[str] = []
        self._new_ids: list[str] = []
        self._log: list[tuple[int, str]] = []
        self._log_sorted = True
        self._deleted: dict[str, int] = {}
        self._touched: dict[str, list[tuple[int, frozenset[int]]]] = {}
        self._keys = {key: KeyIndex(key, table) for key in table.keys}
        self._lookups: dict[int, LookupIndex] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, row_id: str) -> Row | None:
        return self._rows.get(row_id)

    def all(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def put(self, row: Row) -> None:
        """Insert or replace a row; a row that returns is not deleted any more."""
        row_id = str(row[ID])
        old = self._rows.get(row_id)
        self.revision += 1
        if old is None:
            self._new_ids.append(row_id)
            self._deleted.pop(row_id, None)
        else:
            self._forget(old)
            self._note_touched(row_id, old, row)
        self._rows[row_id] = row
        self._remember(row)
        self._note_version(row_id, int(row[VERSION] or 0))

    def remove(self, row_id: str, version: int | None) -> None:
        """Take a row out; with a version it is remembered as deleted at it."""
        self._forget(self._rows.pop(row_id))
        self.revision += 1
        if version is not None:
            self._deleted[row_id] = version

    def set_deleted(self, row_id: str, version: int | None) -> None:
        """Set or lift the mark of deletion, for undoing and loading."""
        if version is None:
            self._deleted.pop(row_id, None)
        else:
            self._deleted[row_id] = version

    def deleted_at(self, row_id: str) -> int | None:
        return self._deleted.get(row_id)

    def find(self, key: AlternateKey, values: tuple[Scalar, ...]) -> Row | None:
        row_id = self._keys[key].find(values)
        return None if row_id is None else self._rows[row_id]

    def in_order(self, after: str = "") -> Iterator[Row]:
        """Yield rows by primary key, those behind `after`."""
        self._settle_ids()
        for position in range(bisect_right(self._ids, after), len(self._ids), PIECE):
            some = self._ids[position : position + PIECE]
            yield from filter(None, map(self._rows.get, some))

    def changed_after(self, version: int) -> Iterator[Row]:
        """Yield rows whose version is above `version`, in the order of versions."""
        self._settle_log()
        for position in range(bisect_right(self._log, (version, "~")), len(self._log)):
            at, row_id = self._log[position]
            row = self._rows.get(row_id)
            if row is not None and row[VERSION] == at:
                yield row

    def newest_first(self) -> Iterator[Row]:
        """Yield rows from the highest version down."""
        self._settle_log()
        for at, row_id in reversed(self._log):
            row = self._rows.get(row_id)
            if row is not None and row[VERSION] == at:
                yield row

    def few_after(self, version: int, most: int) -> list[Row] | None:
        """Return rows above a version in the order of ids, or None when there may be many."""
        self._settle_log()
        if len(self._log) - bisect_right(self._log, (version, "~")) > most:
            return None
        return sorted(self.changed_after(version), key=itemgetter(ID))

    def looking_up(self, place: int, target: str, most: int) -> list[Row] | None:
        """Return rows by what a lookup of theirs holds, or None when there are many."""
        index = self._lookups.get(place)
        if index is None:
            index = self._lookups[place] = LookupIndex(place, self.all())
        found = index.find(target)
        return None if len(found) > most else [self._rows[row_id] for row_id in found]

    def deleted_after(self, version: int) -> list[tuple[int, str]]:
        """Return (version, id) of deletions above `version`, oldest first."""
        gone = ((at, row_id) for row_id, at in self._deleted.items() if at > version)
        return sorted(gone, key=itemgetter(0))

    def shaped(self, table: Table) -> "Rows":
        """Return the same rows and deletions for a changed definition of their table."""
        rows = Rows(table)
        for row in self._rows.values():
            values = self.table.document(row)
            rows.put(tuple(values.get(column.wire) for column in table.columns))
        rows._deleted = dict(self._deleted)
        return rows

    def touched_after(self, row: Row, version: int, positions: frozenset[int]) -> bool:
        """Tell whether a row was created, or one of these columns changed, after a version."""
        history = self._touched.get(str(row[ID]), [(int(row[VERSION] or 0), EVERY)])
        return any(at > version and not positions.isdisjoint(seen) for at, seen in history)

    def holder(self, key: AlternateKey, row: Row, *, nulls: bool) -> str | None:
        """Return the id of the row with the same key; nulls may count as values or not."""
        return self._keys[key].holder(row, nulls=nulls)

    def has_duplicates(self, key: AlternateKey, *, nulls: bool) -> bool:
        """Tell whether two rows hold the same values in the columns of a key."""
        return self._keys[key].has_duplicates(self.all(), nulls=nulls)

    def _indexes(self) -> list[KeyIndex | LookupIndex]:
        return [*self._keys.values(), *self._lookups.values()]

    def _remember(self, row: Row) -> None:
        for index in self._indexes():
            index.remember(row)

    def _forget(self, row: Row) -> None:
        for index in self._indexes():
            index.forget(row)

    def _note_version(self, row_id: str, version: int) -> None:
        if self._log and version <= self._log[-1][0]:
            self._log_sorted = False
        self._log.append((version, row_id))

    def _note_touched(self, row_id: str, old: Row, new: Row) -> None:
        differing = {n for n, (was, now) in enumerate(zip(old, new, strict=True)) if was != now}
        history = self._touched.setdefault(row_id, [(int(old[VERSION] or 0), EVERY)])
        history.append((int(new[VERSION] or 0), frozenset(differing)))

    def _settle_log(self) -> None:
        if len(self._log) > 2 * len(self._rows) + 1000:
            self._log = [(int(row[VERSION] or 0), row_id) for row_id, row in self._rows.items()]
            self._log_sorted = False
        if not self._log_sorted:
            self._log = sorted(set(self._log))
            self._log_sorted = True

    def settle(self) -> None:
        """Put new ids in their places now, so that the next read need not."""
        self._settle_ids()

    def _settle_ids(self) -> None:
        if len(self._new_ids) > FEW:
            self._ids = sorted(self._rows)
        else:
            for row_id in self._new_ids:
                self._place(row_id)
        self._new_ids.clear()

    def _place(self, row_id: str) -> None:
        at = bisect_left(self._ids, row_id)
        if at == len(self._ids) or self._ids[at] != row_id:
            self._ids.insert(at, row_id)
