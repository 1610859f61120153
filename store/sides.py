"""Suspects, baselines and differences: what is remembered about the two sides (rules.md 5)."""

from collections.abc import Iterable
from datetime import datetime

from store import side_rows
from store.connections import Connection
from store.putting import put
from sync.sides import Baseline, Difference, Suspicion


class Sides:
    """The statements about the two sides; a part of one transaction."""

    _connection: Connection

    def suspect(
        self, ids: Iterable[str], reason: str, *, at: datetime | None = None, by: str = ""
    ) -> None:
        sql = (
            "INSERT INTO suspects (subscription_id, reason, at, by, marks) VALUES (?, ?, ?, ?, 1)"
            " ON CONFLICT (subscription_id) DO UPDATE SET marks = suspects.marks + 1,"
            " by = CASE WHEN coalesce(excluded.at, '') > coalesce(suspects.at, '')"
            " THEN excluded.by ELSE suspects.by END,"
            " at = CASE WHEN coalesce(excluded.at, '') > coalesce(suspects.at, '')"
            " THEN excluded.at ELSE suspects.at END"
        )
        instant = at.isoformat() if at else None
        self._connection.executemany(sql, [(one, reason, instant, by) for one in ids])

    def suspects(self) -> list[tuple[str, str]]:
        sql = "SELECT subscription_id, reason FROM suspects ORDER BY ordinal"
        return [(row[0], row[1]) for row in self._connection.execute(sql)]

    def suspicion(self, subscription_id: str) -> Suspicion | None:
        sql = "SELECT * FROM suspects WHERE subscription_id = ?"
        row = self._connection.execute(sql, (subscription_id,)).fetchone()
        return side_rows.read_suspicion(row) if row else None

    def clear_suspects(self, ids: Iterable[str]) -> None:
        batch = [(one,) for one in ids]
        self._connection.executemany("DELETE FROM suspects WHERE subscription_id = ?", batch)

    def clear_suspicion(self, suspicion: Suspicion) -> None:
        sql = "DELETE FROM suspects WHERE subscription_id = ? AND marks = ?"
        self._connection.execute(sql, (suspicion.subscription_id, suspicion.marks))

    def baseline(self, subscription_id: str) -> Baseline | None:
        sql = "SELECT * FROM baselines WHERE subscription_id = ?"
        row = self._connection.execute(sql, (subscription_id,)).fetchone()
        return side_rows.read_baseline(row) if row else None

    def put_baselines(self, baselines: Iterable[Baseline]) -> None:
        put(
            self._connection, "baselines", map(side_rows.baseline_row, baselines), "subscription_id"
        )

    def drop_baseline(self, subscription_id: str) -> None:
        sql = "DELETE FROM baselines WHERE subscription_id = ?"
        self._connection.execute(sql, (subscription_id,))

    def put_differences(self, subscription_id: str, found: Iterable[Difference]) -> None:
        since = {one.field: one.since for one in self.differences(subscription_id)}
        sql = "DELETE FROM differences WHERE subscription_id = ?"
        self._connection.execute(sql, (subscription_id,))
        sql = (
            "INSERT INTO differences VALUES"
            " (:subscription_id, :field, :base, :crm, :partner, :outcome, :reason, :since)"
        )
        kept = [side_rows.difference_row(one, since.get(one.field)) for one in found]
        self._connection.executemany(sql, kept)

    def differences(self, subscription_id: str | None = None) -> list[Difference]:
        sql = (
            "SELECT * FROM differences WHERE CAST(:id AS TEXT) IS NULL OR subscription_id = :id"
            " ORDER BY subscription_id, field"
        )
        found = self._connection.execute(sql, {"id": subscription_id})
        return [side_rows.read_difference(row) for row in found]
