"""When everything is listed, and how far a sweep has come: a value in the store. Pure otherwise.

The hour is the operator's; a part of an hour is added that depends on the organisation and the
day alone, so that tenants do not all ask at once and a restart changes nothing.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from hashlib import sha256

from sync.ports import Tx

ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlan:
    """A part of the configuration: when the nightly sweep begins (UTC), and how spread out."""

    at: time | None = None
    """None: only when a person asks."""
    jitter: timedelta = timedelta(hours=1)

    def begins(self, day: date, organisation: str) -> datetime | None:
        """Return the instant of a day's sweep."""
        if self.at is None:
            return None
        name = f"{organisation} {day.isoformat()}".encode()
        part = int.from_bytes(sha256(name).digest()[:4]) / 2**32
        return datetime.combine(day, self.at, UTC) + self.jitter * part


class Stage(StrEnum):
    """How far a sweep has come."""

    IDLE = "idle"
    GATHERING = "gathering"
    """The customers are being listed; a sweep that was killed here begins anew."""
    LISTING = "listing"
    """Their licences are, customer by customer; a sweep that was killed here goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepState:
    """The sweep of one provider."""

    stage: Stage = Stage.IDLE
    day: str = ""
    """The day of the last scheduled sweep that began."""
    asked: bool = False
    """A person, or a gap in the records, asks for one."""
    began: str = ""
    ended: str = ""
    """When the last whole sweep was done; empty before the first."""


def sweep_state(tx: Tx, connector: str) -> SweepState:
    """Return how far the sweep of a provider has come."""
    told = tx.meta(_key(connector))
    if told is None:
        return SweepState()
    read = json.loads(told)
    return SweepState(**{**read, "stage": Stage(read["stage"])})


def put_sweep_state(tx: Tx, connector: str, state: SweepState) -> None:
    tx.set_meta(_key(connector), json.dumps(asdict(state), sort_keys=True))


def ask_sweep(tx: Tx, connectors: Iterable[str]) -> None:
    """Have the next rounds list everything, whatever the hour."""
    for connector in connectors:
        put_sweep_state(tx, connector, replace(sweep_state(tx, connector), asked=True))


def is_due(state: SweepState, plan: SweepPlan, organisation: str, now: datetime) -> bool:
    """Tell whether a sweep is to begin: asked for, the first of all, or its hour has come."""
    if state.asked or (not state.ended and plan.at is not None):
        return True
    begins = plan.begins(now.date(), organisation)
    return begins is not None and now >= begins and state.day != now.date().isoformat()


def _key(connector: str) -> str:
    return f"sweep {connector}"
