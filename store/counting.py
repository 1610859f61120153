"""What the guards count, and which subscriptions are looked at again after an unclear write."""

from collections.abc import Iterable
from datetime import datetime

from store import rows
from store.connections import Connection
from sync.state import Counted


class Counting:
    """The statements about guards and late effects; a part of one transaction."""

    _connection: Connection

    def count(self, changes: Iterable[Counted], *, forget_before: datetime) -> None:
        self._connection.execute("DELETE FROM counted WHERE at < ?", (forget_before.isoformat(),))
        sql = (
            "INSERT INTO counted VALUES (:change_key, :at, :currency, :refund)"
            " ON CONFLICT DO NOTHING"
        )
        self._connection.executemany(sql, [rows.counted_row(one) for one in changes])

    def counted(self, since: datetime) -> list[Counted]:
        sql = "SELECT * FROM counted WHERE at >= ? ORDER BY at, change_key"
        found = self._connection.execute(sql, (since.isoformat(),))
        return [rows.read_counted(row) for row in found]

    def watch(self, subject: str, at: datetime | None) -> None:
        sql = (
            "INSERT INTO watches VALUES (?, ?) ON CONFLICT (subject) DO UPDATE SET at = excluded.at"
        )
        self._connection.execute(sql, (subject, at.isoformat() if at else None))

    def is_watched(self, subject: str) -> bool:
        sql = "SELECT 1 FROM watches WHERE subject = ?"
        return self._connection.execute(sql, (subject,)).fetchone() is not None

    def watches_due(self, now: datetime) -> list[str]:
        sql = "SELECT subject FROM watches WHERE at <= ? ORDER BY at, subject"
        return [row[0] for row in self._connection.execute(sql, (now.isoformat(),))]

    def unwatch(self, subject: str) -> None:
        self._connection.execute("DELETE FROM watches WHERE subject = ?", (subject,))
