"""The index of one alternate key: which row holds which values."""

from collections.abc import Iterable

from sandbox.dataverse.columns import ID, AlternateKey, Row, Scalar, Table

Values = tuple[Scalar, ...]


def folded(value: Scalar) -> Scalar:
    """Return a value as keys compare it: text without regard to case."""
    if not isinstance(value, str):
        return value
    lower = value.casefold()
    return value if lower == value else lower  # the row's own text, kept once


class KeyIndex:
    """Rows by the values in the columns of a key; nulls count as values here."""

    def __init__(self, key: AlternateKey, table: Table) -> None:
        wires = (table.by_name[name].wire for name in key.columns)
        self._places = tuple(table.position[wire] for wire in wires)
        self._held: dict[Values, str] = {}

    def find(self, values: Iterable[Scalar]) -> str | None:
        """Return the id of the row with these values."""
        return self._held.get(tuple(map(folded, values)))

    def values(self, row: Row) -> Values:
        """Return what a row holds, as keys compare it."""
        return tuple([folded(row[place]) for place in self._places])

    def remember(self, row: Row) -> None:
        """Take a row up; it replaces another one with the same values."""
        self._held[self.values(row)] = str(row[ID])

    def forget(self, row: Row) -> None:
        """Take a row out, unless another one holds its values now."""
        values = self.values(row)
        if self._held.get(values) == row[ID]:
            del self._held[values]

    def holder(self, row: Row, *, nulls: bool) -> str | None:
        """Return the id of the row with the same values; nulls may count as values or not."""
        values = self.values(row)
        return None if None in values and not nulls else self._held.get(values)

    def has_duplicates(self, rows: Iterable[Row], *, nulls: bool) -> bool:
        """Tell whether two of the rows hold the same values."""
        held = [values for row in rows if nulls or None not in (values := self.values(row))]
        return len(held) != len(set(held))
