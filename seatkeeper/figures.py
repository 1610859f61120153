"""How things stand in the local state, read in one snapshot, for metrics and health."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sync import guard_memory
from sync.invariant_watch import Judged, judged
from sync.partner_round import PartnerFigures, partner_figures
from sync.paused import paused_since
from sync.ports import Tx
from sync.standing import LAST_POLL, LAST_SUCCESS
from sync.state import Counts, Fact, FactState, Parked

_LOOKED_AT = 500
"""How many subscriptions with open work are looked at for the oldest change."""


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
    judged: Judged | None
    """What the daily look at the invariants found; None before the first."""
    differences: int
    """Fields that the sides are known to hold differently."""
    suspects: int
    partners: PartnerFigures


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
        judged=judged(tx),
        differences=tx.count_differences(),
        suspects=tx.count_suspects(),
        partners=partner_figures(tx),
    )


def _instant(tx: Tx, key: str) -> datetime | None:
    text = tx.meta(key)
    return datetime.fromisoformat(text) if text else None


def _oldest(tx: Tx, parked: list[Parked]) -> datetime | None:
    """Return the instant of the oldest open change.

    `due` gives work that was begun first, then what waits, oldest first; so a part is enough.
    """
    aside = {one.subject for one in parked}
    due = islice((subject for subject, _ in tx.due(None) if subject not in aside), _LOOKED_AT)
    return min((fact.at for subject in due for fact in _unfinished(tx, subject)), default=None)


def _unfinished(tx: Tx, subject: str) -> list[Fact]:
    """Return the undecided changes; else the last one, while its provider has yet to act."""
    undecided = tx.facts(subject, FactState.WAITING, FactState.PLANNED)
    if undecided or not any(log.provisioning == "awaiting" for log in tx.known_logs(subject)):
        return undecided
    return tx.facts(subject, FactState.DONE)[-1:]
