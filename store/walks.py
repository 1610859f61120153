"""What a full read has met, so that absence can be judged after its last page (rules.md 1.2)."""

from collections.abc import Iterable

from store.connections import Connection


class Walks:
    """The statements about full reads; a part of one transaction."""

    _connection: Connection

    def meet(self, table: str, walk: str, ids: Iterable[str]) -> None:
        batch = [(walk, one, table) for one in ids]
        sql = "INSERT INTO met (walk, id, table_name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        self._connection.executemany(sql, batch)

    def met(self, walk: str) -> list[str]:
        return self._ids("SELECT id FROM met WHERE walk = ?", walk)

    def unmet_subscriptions(self, walk: str) -> list[str]:
        return self._ids("SELECT id FROM seen EXCEPT SELECT id FROM met WHERE walk = ?", walk)

    def unmet_logs(self, walk: str) -> list[str]:
        return self._ids("SELECT id FROM logs EXCEPT SELECT id FROM met WHERE walk = ?", walk)

    def end_walk(self, table: str) -> None:
        self._connection.execute("DELETE FROM met WHERE table_name = ?", (table,))

    def _ids(self, sql: str, walk: str) -> list[str]:
        return sorted(row[0] for row in self._connection.execute(sql, (walk,)))
