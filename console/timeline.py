"""A subscription's story in three lanes: Dynamics, Seatkeeper, Partner Center. Pure.

An entry of the trail belongs to the lane where it happened; what Seatkeeper decided is in the
middle. What happened within one minute stands side by side. Newest first.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from sync.state import Fact, TrailEntry


class Lane(StrEnum):
    """Where something happened."""

    CRM = "Dynamics"
    DAEMON = "Seatkeeper"
    PROVIDER = "Partner Center"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing that happened."""

    at: datetime
    lane: Lane
    title: str
    told: str
    whole: str
    """The sentence with every id, as `seatkeeper explain` tells it."""
    effective_on: str = ""
    amount: str = ""
    """What it credits (negative) or charges, net; empty when it is not about money."""
    is_trouble: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """What happened within one minute, by lane."""

    at: datetime
    lanes: Sequence[tuple[Lane, Sequence[Moment]]]


_LANES: Mapping[str, Lane] = {
    "seen": Lane.CRM,
    "dataverse answered": Lane.CRM,
    "row deleted": Lane.CRM,
    "adopted from its logs": Lane.CRM,
    "invoice closed": Lane.CRM,
    "provider answered": Lane.PROVIDER,
    "late effect": Lane.PROVIDER,
    "licence changed": Lane.PROVIDER,
}
_TROUBLE = frozenset({"refused", "parked", "not done", "decide anew", "row deleted"})
_GOOD = frozenset({"", "done"})
_TECHNICAL = frozenset(
    {"change", "log", "correlation_id", "request_id", "status", "code", "plan", "outcome"}
)


@dataclass(frozen=True, slots=True)
class Teller:
    """How a story is told."""

    sentence: Callable[[TrailEntry, Mapping[str, Fact]], str]
    status: Callable[[Fact], str]
    """Names the status that a change led to."""


def minutes(entries: Sequence[TrailEntry], facts: Sequence[Fact], teller: Teller) -> list[Minute]:
    """Put a story in order: the latest minute first, and within it as things happened."""
    by_key = {fact.key: fact for fact in facts}
    moments = [_moment(entry, by_key, teller) for entry in entries]
    grouped = groupby(moments, key=lambda one: one.at.replace(second=0, microsecond=0))
    return [Minute(at=at, lanes=_by_lane(list(found))) for at, found in grouped][::-1]


def _by_lane(moments: Iterable[Moment]) -> Sequence[tuple[Lane, Sequence[Moment]]]:
    found = list(moments)
    return [(lane, [one for one in found if one.lane is lane]) for lane in Lane]


def _moment(entry: TrailEntry, facts: Mapping[str, Fact], teller: Teller) -> Moment:
    fact = facts.get(entry.facts.get("change", ""))
    if entry.event == "seen" and fact is not None:
        by = f", by {fact.by}" if fact.by else ""
        title, told = teller.status(fact), f"{fact.point.quantity} seats{by}"
    else:
        title, told = _BRIEF.get(entry.event, _rest)(entry)
    return Moment(
        at=entry.at,
        lane=_LANES.get(entry.event, Lane.DAEMON),
        title=title,
        told=told,
        whole=teller.sentence(entry, facts),
        effective_on=entry.facts.get("effective_on", ""),
        amount=entry.facts.get("amount", "") if entry.event == "owed" else "",
        is_trouble=entry.event in _TROUBLE or entry.facts.get("outcome", "") not in _GOOD,
    )


def _rest(entry: TrailEntry) -> tuple[str, str]:
    told = (value for name, value in entry.facts.items() if name not in _TECHNICAL)
    return entry.event, ", ".join(told)


def _decision(entry: TrailEntry) -> tuple[str, str]:
    return entry.facts.get("rule", entry.event), " ".join(_decided(entry.facts))


def _answer(entry: TrailEntry) -> tuple[str, str]:
    told = (entry.facts.get(name, "") for name in ("outcome", "said"))
    return entry.facts.get("action", entry.event), ": ".join(filter(None, told))


def _writing(entry: TrailEntry) -> tuple[str, str]:
    told = (entry.facts.get(name, "") for name in ("outcome", "said"))
    number = entry.facts.get("operations", "?")
    title = f"{number} row{'' if number == '1' else 's'} written"
    return title, ": ".join(filter(None, told))


def _confirmed(entry: TrailEntry) -> tuple[str, str]:
    try:
        names = json.loads(entry.facts.get("operations", "[]"))
    except ValueError:
        return _rest(entry)
    return "confirmed", ", ".join(map(str, names)) if isinstance(names, list) else str(names)


def _command(entry: TrailEntry) -> tuple[str, str]:
    return entry.facts.get("verb", entry.event), f"asked by {entry.facts.get('by', '?')}"


_BRIEF: Mapping[str, Callable[[TrailEntry], tuple[str, str]]] = {
    "decided": _decision,
    "owed": lambda entry: ("owed", entry.facts.get("explanation", "")),
    "provider answered": _answer,
    "dataverse answered": _writing,
    "written": _confirmed,
    "command": _command,
}
"""A title, and what a person wants to know first."""


def _decided(told: Mapping[str, str]) -> Iterator[str]:
    prefix = f"rule {told.get('rule', '')}: "
    yield f"{told.get('reason', '').removeprefix(prefix)}."
    if "refund_reason" in told:
        yield f"Refund: {told['refund_reason']}."
    if "consequences" in told:
        yield told["consequences"]
