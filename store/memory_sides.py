"""The twin in memory of `sides.py`."""

from collections.abc import Iterable
from datetime import datetime

from store import side_rows
from store.memory_tables import Tables
from store.rows import SqlValue
from sync.sides import Baseline, Difference, Suspicion


class MemorySides:
    """What is remembered about the two sides of a subscription."""

    _at: Tables

    def suspect(
        self, ids: Iterable[str], reason: str, *, at: datetime | None = None, by: str = ""
    ) -> None:
        instant = at.isoformat() if at else None
        for one in ids:
            known = self._at.suspects.rows.get(one)
            row: dict[str, SqlValue] = {"marks": int(known["marks"] or 0) + 1 if known else 1}
            if known is None:
                number = self._at.suspects.number()
                row |= {"subscription_id": one, "reason": reason, "ordinal": number}
            if known is None or str(known["at"] or "") < (instant or ""):
                row |= {"at": instant, "by": by}
            self._at.suspects.put(one, row)

    def suspects(self) -> list[tuple[str, str]]:
        found = sorted(self._at.suspects.where(), key=lambda row: int(row["ordinal"] or 0))
        return [(str(row["subscription_id"]), str(row["reason"])) for row in found]

    def suspicion(self, subscription_id: str) -> Suspicion | None:
        row = self._at.suspects.rows.get(subscription_id)
        return side_rows.read_suspicion(row) if row else None

    def clear_suspects(self, ids: Iterable[str]) -> None:
        for one in ids:
            self._at.suspects.drop(one)

    def clear_suspicion(self, suspicion: Suspicion) -> None:
        row = self._at.suspects.rows.get(suspicion.subscription_id)
        if row and row["marks"] == suspicion.marks:
            self._at.suspects.drop(suspicion.subscription_id)

    def baseline(self, subscription_id: str) -> Baseline | None:
        row = self._at.baselines.rows.get(subscription_id)
        return side_rows.read_baseline(row) if row else None

    def put_baselines(self, baselines: Iterable[Baseline]) -> None:
        for one in baselines:
            self._at.baselines.put(one.subscription_id, side_rows.baseline_row(one))

    def drop_baseline(self, subscription_id: str) -> None:
        self._at.baselines.drop(subscription_id)

    def put_differences(self, subscription_id: str, found: Iterable[Difference]) -> None:
        since = {one.field: one.since for one in self.differences(subscription_id)}
        for name in since:
            self._at.differences.drop(f"{subscription_id} {name}")
        for one in found:
            row = side_rows.difference_row(one, since.get(one.field))
            self._at.differences.put(f"{subscription_id} {one.field}", row)

    def differences(self, subscription_id: str | None = None) -> list[Difference]:
        mine = {} if subscription_id is None else {"subscription_id": subscription_id}
        found = [side_rows.read_difference(row) for row in self._at.differences.where(**mine)]
        return sorted(found, key=lambda one: (one.subscription_id, one.field))
