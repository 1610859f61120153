"""Name the changes that were seen: each by its key, which never changes, and in the trail."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sync.engine import Engine
from sync.judge import status_of
from sync.mapping import Entity
from sync.ports import Tx
from sync.state import Fact, Point, Seen, Source, TrailEntry


def with_keys(engine: Engine, tx: Tx, facts: Iterable[Fact], before: Seen | None) -> list[Fact]:
    """Give a change that no audit row names its key: ordinal of the log and transition."""
    entity = engine.mappings.entity("subscription")
    keyed: list[Fact] = []
    for number, fact in enumerate(facts, start=1):
        if fact.key:
            keyed.append(fact)
            continue
        ordinal = next_ordinal(tx, fact.subscription_id) + number - 1
        was = before.point if before and fact.source is not Source.NEW_ROW else None
        name = transition_name(entity, was, fact.point)
        keyed.append(replace(fact, key=f"{fact.subscription_id}|{ordinal}|{name}"))
    return keyed


def next_ordinal(tx: Tx, subscription_id: str) -> int:
    """Return the sequence that the next log of a subscription will have."""
    logged = max((log.sequence for log in tx.known_logs(subscription_id)), default=0)
    return max(logged, len(tx.facts(subscription_id))) + 1


def transition_name(entity: Entity, was: Point | None, now: Point) -> str:
    if was is None:
        return "new"
    if was.pair == now.pair:
        return f"quantity {was.quantity}>{now.quantity}"
    return f"{status_of(entity, was) or was.pair}>{status_of(entity, now) or now.pair}"


def seen_entries(engine: Engine, facts: Iterable[Fact]) -> Iterator[TrailEntry]:
    for fact in facts:
        yield engine.trail(
            fact.subscription_id,
            "seen",
            change=fact.key,
            source=fact.source,
            at=fact.at.isoformat(),
            by=fact.by,
            status=list(fact.point.pair),
            quantity=fact.point.quantity,
        )
