"""What only SQLite does: the numbers of its trail come from AUTOINCREMENT."""

from collections.abc import Iterable, Iterator

from store import chain, rows
from store.sql_tx import SqlTx
from sync.first_rows import FirstRows
from sync.state import TrailEntry


class SqliteTx(SqlTx):
    """The statements of one SQLite transaction."""

    def trail(self, entries: Iterable[TrailEntry]) -> None:
        sql = (
            "INSERT INTO trail (at, subject, event, facts, digest) "
            "VALUES (:at, :subject, :event, :facts, :digest)"
        )
        self._connection.executemany(sql, [chain.trail_row(one) for one in entries])

    def _walk(self, sql: str) -> Iterator[rows.Stored]:
        return iter(self._connection.execute(sql))

    def _last_number(self) -> int:
        given = self._one("SELECT seq FROM sqlite_sequence WHERE name = 'trail'")
        return int(given["seq"]) if given else 0

    def put_first(self, given: FirstRows) -> None:
        # Licences come in no order: kept up row by row, their index costs more than all the rest.
        self._run("DROP INDEX IF EXISTS links_licence")
        super().put_first(given)

    def end_first(self) -> None:
        self._run("CREATE INDEX IF NOT EXISTS links_licence ON links (licence_id)")
