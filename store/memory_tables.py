"""Tables in memory that can take back what a transaction did."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import TypeAlias

from store.rows import SqlValue

Key: TypeAlias = str | int
Values: TypeAlias = dict[str, SqlValue]


@dataclass(slots=True)
class Table:
    """Rows by their key, in the order in which they came, and how to undo what was done."""

    rows: dict[Key, Values] = field(default_factory=dict)
    given: int = 0
    """The last number that was given to a row."""
    _undo: list[Callable[[], object]] = field(default_factory=list)

    def put(self, key: Key, row: Values) -> None:
        """Insert a row, or lay its values over the one that is there."""
        before = self.rows.get(key)
        if before is None:
            self._undo.append(lambda: self.rows.pop(key))
        else:
            self._undo.append(lambda: self.rows.__setitem__(key, before))
        self.rows[key] = {**(before or {}), **row}

    def drop(self, key: Key) -> None:
        """Take a row away, if it is there; nobody relies on its place when it is put back."""
        before = self.rows.pop(key, None)
        if before is not None:
            self._undo.append(lambda: self.rows.__setitem__(key, before))

    def number(self) -> int:
        """Give the next number; it is given again when the transaction is taken back."""
        before = self.given
        self._undo.append(lambda: setattr(self, "given", before))
        self.given += 1
        return self.given

    def where(self, **wanted: SqlValue) -> Iterator[Values]:
        """Return the rows that hold all the values."""
        for row in list(self.rows.values()):
            if all(row[name] == value for name, value in wanted.items()):
                yield row

    def take_back(self) -> None:
        for undo in reversed(self._undo):
            undo()
        self._undo.clear()

    def keep(self) -> None:
        self._undo.clear()


@dataclass(slots=True)
class Tables:
    """The tables of the local state, by the names that they have in the database."""

    meta: Table = field(default_factory=Table)
    cursors: Table = field(default_factory=Table)
    met: Table = field(default_factory=Table)
    seen: Table = field(default_factory=Table)
    revisits: Table = field(default_factory=Table)
    logs: Table = field(default_factory=Table)
    facts: Table = field(default_factory=Table)
    wakes: Table = field(default_factory=Table)
    operations: Table = field(default_factory=Table)
    holds: Table = field(default_factory=Table)
    parked: Table = field(default_factory=Table)
    trail: Table = field(default_factory=Table)
    requests: Table = field(default_factory=Table)
    counted: Table = field(default_factory=Table)
    watches: Table = field(default_factory=Table)
    invoices: Table = field(default_factory=Table)
    suspects: Table = field(default_factory=Table)
    baselines: Table = field(default_factory=Table)
    differences: Table = field(default_factory=Table)
    links: Table = field(default_factory=Table)
    licences: Table = field(default_factory=Table)
    listings: Table = field(default_factory=Table)
    heard: Table = field(default_factory=Table)
    notices: Table = field(default_factory=Table)

    def _all(self) -> Iterator[Table]:
        return (getattr(self, one.name) for one in fields(self))

    def take_back(self) -> None:
        """Undo everything since the last `keep`."""
        for table in self._all():
            table.take_back()

    def keep(self) -> None:
        """Make what was done last."""
        for table in self._all():
            table.keep()
