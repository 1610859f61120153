"""The sandbox's journal, read as a judge reads it: who did what to which row, in which order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import orjson

from sandbox.journal import Entry, EntryType
from sandbox.world import World

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One committed mutation of a row."""

    seq: int
    service: str
    table: str
    id: str
    by_us: bool
    before: Row | None
    after: Row | None
    at: datetime

    @property
    def day(self) -> date:
        return self.at.date()

    @property
    def is_created(self) -> bool:
        return self.before is None and self.after is not None

    @property
    def is_deleted(self) -> bool:
        return self.after is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of ours."""

    seq: int
    service: str
    method: str
    path: str
    delivered: bool


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Everything that a judgement may read, and what the invariants are not to be held to."""

    commits: list[Commit]
    requests: list[Asked] = field(default_factory=list)
    is_lossy: bool = False
    """The state was lost at any moment: one change per observed difference is all there can be."""
    is_audited: bool = True
    lost_on: date | None = None
    is_restored: bool = False
    """A backup took the place of the state: what people removed since is not known to it."""

    told: frozenset[tuple[str, str]] = frozenset()
    """Subscription and field of every difference that `drift` tells, and leaves so."""

    # --- rows ----------------------------------------------------------------------------------

    def of(self, table: str, row_id: str = "", *, service: str = "dataverse") -> list[Commit]:
        return [
            one
            for one in self.commits
            if one.table == table and one.service == service and row_id in ("", one.id)
        ]

    def last(self, table: str, row_id: str, *, service: str = "dataverse") -> Row | None:
        found = self.of(table, row_id, service=service)
        return found[-1].after if found else None

    def created_by_us(self, table: str) -> list[Commit]:
        return [one for one in self.of(table) if one.is_created and one.by_us]

    def logs(self, subscription: str) -> list[Commit]:
        """Return the logs that Seatkeeper created for a subscription, in order."""
        return self._for("sk_changelog", subscription)

    def lines(self, subscription: str) -> list[Commit]:
        """Return the lines that Seatkeeper created for a subscription, in order."""
        return self._for("sk_invoiceline", subscription)

    def _for(self, table: str, subscription: str) -> list[Commit]:
        found = []
        for one in self.created_by_us(table):
            assert one.after is not None
            if one.after["_sk_subscriptionid_value"] == subscription:
                found.append(one)
        return found

    def subscriptions(self) -> list[str]:
        return list(dict.fromkeys(one.id for one in self.of("sk_subscription") if one.is_created))

    def exists(self, subscription: str) -> bool:
        return self.last("sk_subscription", subscription) is not None


def read(world: World, **known: Any) -> Evidence:
    """Read the journal of a world; `known` are the fields that it does not tell."""
    entries = list(world.journal.since(0))
    return Evidence(
        commits=list(_commits(entries, world)), requests=list(_asked(entries, world)), **known
    )


def _commits(entries: Sequence[Entry], world: World) -> Iterator[Commit]:
    for entry in entries:
        if entry.type is EntryType.COMMIT:
            yield Commit(
                seq=entry.seq,
                service=str(entry.service),
                table=str(entry.table),
                id=str(entry.id),
                by_us=entry.client == world.client_id,
                before=orjson.loads(entry.before) if entry.before else None,
                after=orjson.loads(entry.after) if entry.after else None,
                at=datetime.fromisoformat(entry.at),
            )


def _asked(entries: Sequence[Entry], world: World) -> Iterator[Asked]:
    for entry in entries:
        if entry.type is EntryType.REQUEST and entry.service != "sign_in":
            yield Asked(
                seq=entry.seq,
                service=str(entry.service),
                method=str(entry.method),
                path=str(entry.path),
                delivered=bool(entry.delivered),
            )
