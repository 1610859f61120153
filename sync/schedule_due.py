"""Turn reached deactivate-on dates into facts, on the day of the contract's zone."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lifecycle.states import Status
from sync.engine import Engine
from sync.poll import next_ordinal
from sync.ports import Tx
from sync.prepare import read
from sync.state import Fact, FactState, Seen, Source

_EAST = timedelta(hours=14)
"""The easternmost zone is 14 hours ahead: there a day begins first."""


def take_scheduled(engine: Engine) -> int:
    """Store a fact for every subscription whose deactivate-on date is reached."""
    until = (engine.now() + _EAST).date()
    candidates = engine.ports.store.tx(lambda tx: tx.scheduled(until))
    return sum(_take(engine, seen) for seen in candidates if _is_awake(engine, seen))


def _is_awake(engine: Engine, seen: Seen) -> bool:
    begins = engine.sleeping.get(seen.id)
    return begins is None or engine.now() >= begins


def _take(engine: Engine, seen: Seen) -> int:
    context = read(engine, seen.id)
    row = context.subscription
    if row is None or row.deactivate_on is None or row.status.value != _status(seen):
        return 0
    zone = context.contract.time_zone if context.contract else "UTC"
    begins = _day_begins(row.deactivate_on, zone)
    if engine.now() < begins:
        engine.sleeping[seen.id] = begins
        return 0
    engine.contexts[seen.id] = context
    pair = engine.mappings.entity("subscription").fields["status"].choices[Status.SUSPENDED]
    ends_on = row.deactivate_on

    def tx_take(tx: Tx) -> int:
        if tx.facts(seen.id, FactState.WAITING, FactState.PLANNED):
            return 0
        fact = Fact(
            key=f"{seen.id}|{next_ordinal(tx, seen.id)}|deactivate on {ends_on}",
            subscription_id=seen.id,
            point=replace(seen.point, pair=pair),
            status_changed=True,
            quantity_changed=False,
            source=Source.SCHEDULE,
            at=engine.now(),
            by="deactivate-on date",
            effective_on=ends_on,
        )
        return tx.add_facts([fact])

    return engine.ports.store.tx(tx_take)


def _status(seen: Seen) -> str:
    return seen.accepted.status.value if seen.accepted else ""


def _day_begins(day: date, zone: str) -> datetime:
    try:
        return datetime.combine(day, time(), ZoneInfo(zone))
    except (KeyError, ValueError):
        return datetime.combine(day, time(), ZoneInfo("UTC"))  # the zone is parked elsewhere
