"""Take the opening balance: the first read of the subscriptions (rules.md 1.1)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from lifecycle.decisions import Standing
from sync import guard_memory
from sync.change_keys import next_ordinal
from sync.detect import Sight, adopt
from sync.engine import Engine
from sync.judge import status_of
from sync.logs import standing_of
from sync.mapping import Entity
from sync.ports import Tx
from sync.state import Fact, Point, Seen, Source


def conclude(engine: Engine, tx: Tx) -> None:
    """Remember that the first read is complete; from now on a difference is a change."""
    tx.end_first()
    tx.set_meta("adopted", engine.now().isoformat())
    guard_memory.accept_mappings(engine, tx)


def take(engine: Engine, tx: Tx, fresh: Sequence[Sight]) -> int:
    """Take the opening balance: no logs, no lines, nothing sent (rules.md 1.1).

    A row that our own logs know is compared with what they say: the local state was lost.
    What changes after its row was first read, while the walk goes on, is a change.
    """
    entity = engine.mappings.entity("subscription")
    today = engine.now().date()
    tx.put_seen(_opening(entity, tx, sight, today) for sight in fresh)
    tx.add_facts(fact for sight in fresh if (fact := _unlogged(entity, tx, sight)))
    return len(fresh)


def _opening(entity: Entity, tx: Tx, sight: Sight, today: date) -> Seen:
    seen = adopt(sight, today)
    logged = standing_of(tx.known_logs(sight.id), sight.point.quantity)
    return replace(seen, accepted=logged or _standing(entity, sight.point))


def _standing(entity: Entity, point: Point) -> Standing | None:
    status = status_of(entity, point)
    return Standing(status=status, quantity=point.quantity) if status else None


def _unlogged(entity: Entity, tx: Tx, sight: Sight) -> Fact | None:
    """Return the change between the newest log and the row, which no log tells yet."""
    logged = standing_of(tx.known_logs(sight.id), sight.point.quantity)
    if logged is None or logged == _standing(entity, sight.point):
        return None
    name = f"{logged.status} {logged.quantity}>{list(sight.point.pair)} {sight.point.quantity}"
    return Fact(
        key=f"{sight.id}|{next_ordinal(tx, sight.id)}|{name}",
        subscription_id=sight.id,
        point=sight.point,
        status_changed=True,
        quantity_changed=True,
        source=Source.OBSERVED,
        at=sight.modified_at,
    )
