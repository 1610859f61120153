"""How things stand, as the local state tells: for `status`, the metrics and the console."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sync import guard_memory
from sync.browsing import TrailQuery
from sync.guards import Alarm
from sync.paused import paused_since
from sync.ports import Tx
from sync.state import Counts

LAST_POLL = "last_poll"
LAST_SUCCESS = "last_success"
TROUBLE = "trouble"
"""What the last cycle failed with, and since when; empty after one that failed with nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What a daemon cannot do just now."""

    since: datetime
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the store knows of the whole."""

    counts: Counts
    parked: Mapping[str, int]
    alarms: tuple[Alarm, ...]
    paused_since: datetime | None
    last_poll: datetime | None
    last_success: datetime | None
    provider_answered: datetime | None
    """When a provider last answered a write."""
    oldest_waiting: datetime | None
    trouble: Trouble | None


def read_standing(tx: Tx) -> Standing:
    """Read everything on one snapshot; run it with `Store.look`."""
    answered = tx.page_trail(TrailQuery(event="provider answered", limit=1)).entries
    return Standing(
        counts=tx.counts(),
        parked=tx.parked_codes(),
        alarms=guard_memory.alarms(tx),
        paused_since=_instant(paused_since(tx)),
        last_poll=_instant(tx.meta(LAST_POLL)),
        last_success=_instant(tx.meta(LAST_SUCCESS)),
        provider_answered=answered[0].at if answered else None,
        oldest_waiting=tx.oldest_waiting(),
        trouble=_trouble(tx.meta(TROUBLE)),
    )


def note_trouble(tx: Tx, sentence: str, at: datetime) -> None:
    """Remember what went wrong; the same trouble keeps the instant at which it began."""
    known = _trouble(tx.meta(TROUBLE))
    if known is None or known.sentence != sentence:
        tx.set_meta(TROUBLE, json.dumps({"since": at.isoformat(), "sentence": sentence}))


def clear_trouble(tx: Tx) -> None:
    """Forget what went wrong: everything worked."""
    if tx.meta(TROUBLE):
        tx.set_meta(TROUBLE, "")


def _trouble(text: str | None) -> Trouble | None:
    if not text:
        return None
    told = json.loads(text)
    return Trouble(since=datetime.fromisoformat(told["since"]), sentence=told["sentence"])


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
