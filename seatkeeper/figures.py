"""How things stand in the local state, read in one snapshot, for metrics and health."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sync import guard_memory
from sync.paused import paused_since
from sync.ports import Tx
from sync.state import Counts, Fact, FactState, Parked

LAST_POLL = "last_poll"
LAST_SUCCESS = "last_success"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the store knows."""

    counts: Counts
    parked: Mapping[str, int]
    """How many are parked, by code."""
    guards: frozenset[str]
    """The codes of the guards that are tripped."""
    paused_since: str
    last_poll: datetime | None
    last_success: datetime | None
    oldest: datetime | None
    """When the oldest change that waits, and is not parked, was made."""


def read_figures(tx: Tx) -> Figures:
    """Read everything in one transaction; run it with `Store.look`."""
    parked = tx.parked()
    return Figures(
        counts=tx.counts(),
        parked=Counter(one.code for one in parked),
        guards=frozenset(alarm.code for alarm in guard_memory.alarms(tx)),
        paused_since=paused_since(tx),
        last_poll=_instant(tx, LAST_POLL),
        last_success=_instant(tx, LAST_SUCCESS),
        oldest=_oldest(tx, parked),
    )


def _instant(tx: Tx, key: str) -> datetime | None:
    text = tx.meta(key)
    return datetime.fromisoformat(text) if text else None


def _oldest(tx: Tx, parked: list[Parked]) -> datetime | None:
    """Return the instant of the oldest open change; `due` gives the oldest work first."""
    aside = {one.subject for one in parked}
    for subject, _ in tx.due(None):
        facts: list[Fact] = tx.facts(subject, FactState.WAITING, FactState.PLANNED)
        if subject not in aside and facts:
            return min(fact.at for fact in facts)
    return None
