"""What people were told of, and when."""

from collections.abc import Iterable

from store import notice_rows
from store.connections import Connection
from store.putting import put
from sync.notices import Told


class Notices:
    """The statements about what people were told; a part of one transaction."""

    _connection: Connection

    def told(self) -> list[Told]:
        found = self._connection.execute("SELECT * FROM notices ORDER BY topic")
        return [notice_rows.read_told(row) for row in found]

    def put_told(self, told: Iterable[Told]) -> None:
        put(self._connection, "notices", map(notice_rows.told_row, told), "topic")

    def drop_told(self, topics: Iterable[str]) -> None:
        batch = [(one,) for one in topics]
        self._connection.executemany("DELETE FROM notices WHERE topic = ?", batch)
