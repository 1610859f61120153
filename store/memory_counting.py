"""The twin in memory of `counting.py`."""

from collections.abc import Iterable
from datetime import datetime

from store import rows
from store.memory_tables import Tables
from sync.state import Counted


class MemoryCounting:
    """What the guards count, and which subscriptions are looked at again."""

    _at: Tables

    def count(self, changes: Iterable[Counted], *, forget_before: datetime) -> None:
        table = self._at.counted
        for row in table.where():
            if str(row["at"]) < forget_before.isoformat():
                table.drop(str(row["change_key"]))
        for one in changes:
            if one.change_key not in table.rows:
                table.put(one.change_key, rows.counted_row(one))

    def counted(self, since: datetime) -> list[Counted]:
        found = [row for row in self._at.counted.where() if str(row["at"]) >= since.isoformat()]
        found.sort(key=lambda row: (str(row["at"]), str(row["change_key"])))
        return [rows.read_counted(row) for row in found]

    def watch(self, subject: str, at: datetime | None) -> None:
        row: dict[str, rows.SqlValue] = {"subject": subject, "at": at.isoformat() if at else None}
        self._at.watches.put(subject, row)

    def is_watched(self, subject: str) -> bool:
        return subject in self._at.watches.rows

    def watches_due(self, now: datetime) -> list[str]:
        due = [
            (str(row["at"]), str(row["subject"])) for row in self._at.watches.where() if row["at"]
        ]
        return [subject for at, subject in sorted(due) if at <= now.isoformat()]

    def unwatch(self, subject: str) -> None:
        self._at.watches.drop(subject)
