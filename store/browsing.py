"""The pages that a person leafs through, in SQL; every one walks an index and stops."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from store import rows, side_rows
from store.connections import Connection, Cursor
from sync.browsing import TrailPage, TrailQuery
from sync.sides import Difference
from sync.state import Fact, FactState, Parked, Seen, TrailEntry

_EVENTS = """
    WITH RECURSIVE names (event) AS (
        SELECT min(event) FROM trail
        UNION ALL
        SELECT (SELECT min(trail.event) FROM trail WHERE trail.event > names.event) FROM names
        WHERE names.event IS NOT NULL
    )
    SELECT event FROM names WHERE event IS NOT NULL
"""


class Pages:
    """The statements about pages; a part of one transaction."""

    _connection: Connection

    def page_trail(self, query: TrailQuery) -> TrailPage:
        found = []
        place = None
        looked_at = 0
        for row in self._trail(query):
            place = (row["at"], row["sequence"])
            looked_at += 1
            if query.takes(row["facts"]):
                found.append(rows.read_trail(row))
            if len(found) == query.limit:
                break
        is_end = len(found) < query.limit and looked_at < query.look_at
        return TrailPage(entries=found, after=None if is_end else place)

    def _trail(self, query: TrailQuery) -> Cursor:
        at, sequence = query.after or ("~", 0)
        given = {
            "subject": query.subject,
            "event": query.event,
            "since": query.since.isoformat() if query.since else "",
            "until": query.until.isoformat() if query.until else "~",
            "at": at,
            "sequence": sequence,
            "look_at": query.look_at,
        }
        where = ["at >= :since", "at < :until", "(at, sequence) < (:at, :sequence)"]
        where += ["subject = :subject"] if query.subject else []
        where += ["event = :event"] if query.event else []
        sql = (
            f"SELECT * FROM trail WHERE {' AND '.join(where)}"  # noqa: S608  # ours, values are bound
            " ORDER BY at DESC, sequence DESC LIMIT :look_at"
        )
        return self._connection.execute(sql, given)

    def trail_after(self, sequence: int, *, limit: int = 500) -> list[TrailEntry]:
        sql = "SELECT * FROM trail WHERE sequence > ? ORDER BY sequence LIMIT ?"
        return [rows.read_trail(row) for row in self._connection.execute(sql, (sequence, limit))]

    def trail_end(self) -> int:
        return self._count("SELECT coalesce(max(sequence), 0) FROM trail")

    def trail_events(self) -> list[str]:
        return [row[0] for row in self._connection.execute(_EVENTS)]

    def page_facts(
        self, *, before: int | None = None, state: FactState | None = None, limit: int = 50
    ) -> list[Fact]:
        sql = "SELECT * FROM facts WHERE ordinal < ? ORDER BY ordinal DESC LIMIT ?"
        given: tuple[rows.SqlValue, ...] = (before or (1 << 62), limit)
        if state is not None:
            sql = sql.replace("WHERE", "WHERE state = ? AND")
            given = (state.value, *given)
        return [rows.read_fact(row) for row in self._connection.execute(sql, given)]

    def page_seen(self, *, after: str = "", status: str = "", limit: int = 50) -> list[Seen]:
        sql = "SELECT * FROM seen WHERE id > ? ORDER BY id LIMIT ?"
        given: tuple[rows.SqlValue, ...] = (after, limit)
        if status:
            sql = sql.replace("WHERE", "WHERE status = ? AND")
            given = (status, *given)
        return [rows.read_seen(row) for row in self._connection.execute(sql, given)]

    def page_parked(
        self, *, code: str = "", after: tuple[str, str] = ("", ""), limit: int = 50
    ) -> list[Parked]:
        sql = "SELECT * FROM parked WHERE (since, subject) > (?, ?) ORDER BY since, subject LIMIT ?"
        given: tuple[rows.SqlValue, ...] = (*after, limit)
        if code:
            sql = sql.replace("WHERE", "WHERE code = ? AND")
            given = (code, *given)
        return [rows.read_parked(row) for row in self._connection.execute(sql, given)]

    def parked_codes(self) -> Mapping[str, int]:
        found = self._connection.execute("SELECT code, count(*) FROM parked GROUP BY code")
        return {row[0]: row[1] for row in found}

    def oldest_waiting(self) -> datetime | None:
        sql = "SELECT at FROM facts WHERE state = 'waiting' ORDER BY at LIMIT 1"
        row = self._connection.execute(sql).fetchone()
        return datetime.fromisoformat(row[0]) if row else None

    def page_differences(
        self, *, after: tuple[str, str, str] = ("", "", ""), limit: int = 50
    ) -> list[Difference]:
        sql = (
            "SELECT * FROM differences WHERE (since, subscription_id, field) > (?, ?, ?)"
            " ORDER BY since, subscription_id, field LIMIT ?"
        )
        found = self._connection.execute(sql, (*after, limit))
        return [side_rows.read_difference(row) for row in found]

    def count_differences(self) -> int:
        return self._count("SELECT count(*) FROM differences")

    def count_suspects(self) -> int:
        return self._count("SELECT count(*) FROM suspects")

    def changes_between(self, edges: Sequence[datetime]) -> list[int]:
        return self._between("SELECT count(*) FROM facts WHERE at >= ? AND at < ?", edges)

    def sent_between(self, edges: Sequence[datetime]) -> list[int]:
        sql = "SELECT count(*) FROM operations WHERE sent_at >= ? AND sent_at < ?"
        return self._between(sql, edges)

    def _between(self, sql: str, edges: Sequence[datetime]) -> list[int]:
        spans = pairwise(edge.isoformat() for edge in edges)
        return [self._count(sql, *span) for span in spans]

    def _count(self, sql: str, *values: rows.SqlValue) -> int:
        return int(self._connection.execute(sql, values).fetchone()[0])
