"""What people were told of, and when."""

import sqlite3
from collections.abc import Iterable

from store import notice_rows
from sync.notices import Told


class Notices:
    """The statements about what people were told; a part of one transaction."""

    _connection: sqlite3.Connection

    def told(self) -> list[Told]:
        found = self._connection.execute("SELECT * FROM notices ORDER BY topic")
        return [notice_rows.read_told(row) for row in found]

    def put_told(self, told: Iterable[Told]) -> None:
        sql = "INSERT OR REPLACE INTO notices VALUES (:topic, :sentence, :since, :told_at)"
        self._connection.executemany(sql, [notice_rows.told_row(one) for one in told])

    def drop_told(self, topics: Iterable[str]) -> None:
        batch = [(one,) for one in topics]
        self._connection.executemany("DELETE FROM notices WHERE topic = ?", batch)
