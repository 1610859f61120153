"""The twin in memory of `browsing.py`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice, pairwise

from store import rows, side_rows
from store.memory_tables import Tables, Values
from sync.browsing import TrailPage, TrailQuery
from sync.sides import Difference
from sync.state import Fact, FactState, Parked, Seen, TrailEntry


class MemoryPages:
    """The pages that a person leafs through."""

    _at: Tables

    def page_trail(self, query: TrailQuery) -> TrailPage:
        wanted = sorted(
            (row for row in self._at.trail.where() if _is_wanted(row, query)),
            key=_place,
            reverse=True,
        )[: query.look_at]
        taken = [row for row in wanted if query.takes(str(row["facts"]))][: query.limit]
        after = None
        if len(taken) == query.limit:
            after = _place(taken[-1])
        elif len(wanted) == query.look_at:
            after = _place(wanted[-1])
        return TrailPage(entries=[rows.read_trail(row) for row in taken], after=after)

    def trail_after(self, sequence: int, *, limit: int = 500) -> list[TrailEntry]:
        found = sorted(self._at.trail.where(), key=_number)
        later = (row for row in found if _number(row) > sequence)
        return [rows.read_trail(row) for row in islice(later, limit)]

    def trail_end(self) -> int:
        return max((_number(row) for row in self._at.trail.where()), default=0)

    def trail_events(self) -> list[str]:
        return sorted({str(row["event"]) for row in self._at.trail.where()})

    def page_facts(
        self, *, before: int | None = None, state: FactState | None = None, limit: int = 50
    ) -> list[Fact]:
        newest = sorted(self._at.facts.where(), key=_ordinal, reverse=True)
        wanted = (
            row
            for row in newest
            if (before is None or _ordinal(row) < before) and state in {None, row["state"]}
        )
        return [rows.read_fact(row) for row in islice(wanted, limit)]

    def page_seen(self, *, after: str = "", status: str = "", limit: int = 50) -> list[Seen]:
        known = sorted(self._at.seen.where(), key=lambda row: str(row["id"]))
        wanted = (row for row in known if str(row["id"]) > after and status in {"", row["status"]})
        return [rows.read_seen(row) for row in islice(wanted, limit)]

    def page_parked(
        self, *, code: str = "", after: tuple[str, str] = ("", ""), limit: int = 50
    ) -> list[Parked]:
        oldest = sorted(self._at.parked.where(), key=_since)
        wanted = (row for row in oldest if _since(row) > after and code in {"", row["code"]})
        return [rows.read_parked(row) for row in islice(wanted, limit)]

    def parked_codes(self) -> Mapping[str, int]:
        return Counter(str(row["code"]) for row in self._at.parked.where())

    def oldest_waiting(self) -> datetime | None:
        waiting = (str(row["at"]) for row in self._at.facts.where(state="waiting"))
        return min((datetime.fromisoformat(at) for at in waiting), default=None)

    def page_differences(
        self, *, after: tuple[str, str, str] = ("", "", ""), limit: int = 50
    ) -> list[Difference]:
        oldest = sorted(self._at.differences.where(), key=_begun)
        wanted = (row for row in oldest if _begun(row) > after)
        return [side_rows.read_difference(row) for row in islice(wanted, limit)]

    def count_differences(self) -> int:
        return len(self._at.differences.rows)

    def count_suspects(self) -> int:
        return len(self._at.suspects.rows)

    def changes_between(self, edges: Sequence[datetime]) -> list[int]:
        return _between((row["at"] for row in self._at.facts.where()), edges)

    def sent_between(self, edges: Sequence[datetime]) -> list[int]:
        return _between((row["sent_at"] for row in self._at.operations.where()), edges)


def _is_wanted(row: Values, query: TrailQuery) -> bool:
    return (
        query.subject in {"", row["subject"]}
        and query.event in {"", row["event"]}
        and (query.since is None or str(row["at"]) >= query.since.isoformat())
        and (query.until is None or str(row["at"]) < query.until.isoformat())
        and (query.after is None or _place(row) < query.after)
    )


def _number(row: Values) -> int:
    return int(row["sequence"] or 0)


def _place(row: Values) -> tuple[str, int]:
    return str(row["at"]), _number(row)


def _ordinal(row: Values) -> int:
    return int(row["ordinal"] or 0)


def _since(row: Values) -> tuple[str, str]:
    return str(row["since"]), str(row["subject"])


def _begun(row: Values) -> tuple[str, str, str]:
    return str(row["since"]), str(row["subscription_id"]), str(row["field"])


def _between(instants: Iterable[rows.SqlValue], edges: Sequence[datetime]) -> list[int]:
    found = [str(at) for at in instants if at]
    spans = pairwise(edge.isoformat() for edge in edges)
    return [sum(begin <= at < end for at in found) for begin, end in spans]
