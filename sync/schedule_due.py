"""Turn reached deactivate-on dates into facts, on the day of the contract's zone."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lifecycle.states import LogKind, Status
from sync.change_keys import next_ordinal
from sync.engine import LONGEST_PAUSE, Engine
from sync.model import Context
from sync.ports import Tx
from sync.prepare import read
from sync.state import Fact, FactState, Seen, Source

EAST = timedelta(hours=14)
"""The easternmost zone is 14 hours ahead: there a day begins first."""
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_OVERTAKING = frozenset({LogKind.ACTIVATION, LogKind.DEACTIVATION, LogKind.CANCELLATION})


def take_scheduled(engine: Engine) -> int:
    """Store a fact for every subscription whose deactivate-on date is reached."""
    until = (engine.now() + EAST).date()
    candidates = engine.ports.store.tx(lambda tx: tx.scheduled(until))
    return sum(_take(engine, seen) for seen in candidates if _is_awake(engine, seen))


def _is_awake(engine: Engine, seen: Seen) -> bool:
    begins = engine.sleeping.get(_date_of(seen.id, seen.deactivate_on))
    return begins is None or engine.now() >= begins


def _date_of(subscription_id: str, ends_on: date | None) -> str:
    return f"{subscription_id}|{ends_on}"


def _is_past(context: Context, ends_on: date) -> bool:
    """Tell a date that was left standing and that a later change has overtaken."""
    return any(
        log.effective_on is not None and log.effective_on >= ends_on and log.kind in _OVERTAKING
        for log in context.logs
        if log.change_key
    )


def _begins(context: Context, ends_on: date) -> datetime:
    """Return when the day begins in the contract's zone; never, when it was overtaken."""
    zone = context.contract.time_zone if context.contract else "UTC"
    return _NEVER if _is_past(context, ends_on) else day_begins(ends_on, zone)


def _take(engine: Engine, seen: Seen) -> int:
    context = read(engine, seen.id)
    row = context.subscription
    if row is None or row.deactivate_on is None or row.status.value != _status(seen):
        return 0
    begins = _begins(context, row.deactivate_on)
    if engine.now() < begins:
        engine.sleeping[_date_of(seen.id, row.deactivate_on)] = begins
        return 0
    if row.quantity != seen.point.quantity:
        return 0  # seats that are not seen yet changed before it
    engine.contexts[seen.id] = context
    pair = engine.mappings.entity("subscription").fields["status"].choices[Status.SUSPENDED]
    ends_on = row.deactivate_on

    def tx_take(tx: Tx) -> int | None:
        if _is_known(tx, seen.id, ends_on):
            return 0
        if tx.facts(seen.id, FactState.WAITING, FactState.PLANNED):
            return None
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

    taken = engine.ports.store.tx(tx_take)
    if taken == 0:  # what is parked is looked at again by itself
        engine.sleeping[_date_of(seen.id, ends_on)] = engine.now() + LONGEST_PAUSE
    return taken or 0


def _is_known(tx: Tx, subscription_id: str, ends_on: date) -> bool:
    """Tell a date that waits, or was refused; moving it makes another change of it."""
    open_states = (FactState.WAITING, FactState.PLANNED, FactState.REFUSED)
    return any(
        fact.source is Source.SCHEDULE and fact.effective_on == ends_on
        for fact in tx.facts(subscription_id, *open_states)
    )


def _status(seen: Seen) -> str:
    return seen.accepted.status.value if seen.accepted else ""


def day_begins(day: date, zone: str) -> datetime:
    try:
        return datetime.combine(day, time(), ZoneInfo(zone))
    except (KeyError, ValueError):
        return datetime.combine(day, time(), ZoneInfo("UTC"))  # the zone is parked elsewhere
