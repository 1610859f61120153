"""Look at the licence of one subscription while it is planned, and compare it with the row.

What was found before is looked at again: a change that the provider has taken back, or that a
change in Dynamics has overtaken, means nothing any more; the suspicion stays, and the next look
begins anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sync.comparing import changes, compare_licence
from sync.engine import Engine
from sync.mapping import Entity
from sync.model import Context, ProviderKind
from sync.provision_plan import is_open
from sync.reconcile import Comparison
from sync.remote import Licence, LicenceRef, NotFound, Row
from sync.sides import Suspicion
from sync.state import Fact, FactState, Point, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at the licence found."""

    facts: tuple[Fact, ...]
    """The changes that count."""
    withdrawn: tuple[Fact, ...] = ()
    licence: Licence | None = None
    comparison: Comparison | None = None
    suspicion: Suspicion | None = None

    @property
    def states(self) -> dict[str, FactState]:
        return {fact.key: FactState.UNCHANGED for fact in self.withdrawn}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known before the look."""

    seen: Seen
    hold: Row | None
    facts: Sequence[Fact] = field(default_factory=tuple)


def look(engine: Engine, context: Context, known: Known, *, ask_provider: bool) -> Look:
    """Compare when a suspect waits for it; raise RemoteError when the provider does not answer."""
    own = tuple(fact for fact in known.facts if not fact.source.is_foreign)
    foreign = tuple(fact for fact in known.facts if fact.source.is_foreign)
    if own or any(is_open(log) for log in context.logs):
        engine.licences.pop(known.seen.id, None)
        return Look(facts=own, withdrawn=foreign)
    if not ask_provider:
        return Look(facts=foreign)
    cached = engine.licences.pop(known.seen.id, None)
    licence = cached if cached or not foreign else _licence(engine, context)
    if licence is None or context.subscription is None:
        return Look(facts=(), withdrawn=foreign)
    return _compared(engine, context, known, licence)


def _licence(engine: Engine, context: Context) -> Licence | None:
    ref, provider = ref_of(context), context.provider
    if ref is None or provider is None or provider.kind is not ProviderKind.AUTOMATIC:
        return None
    if provider.connector not in engine.ports.providers:
        return None
    try:
        return engine.ports.providers[provider.connector].read(ref)
    except NotFound:
        return None


def left_as(engine: Engine, subject: str) -> str:
    """Return the status that the provider was left with, if a change there is let be.

    Not while a write of ours may still arrive late, nor where the status is enforced.
    """
    if engine.mappings.entity("subscription").fields["status"].enforce:
        return ""
    watched, baseline = engine.ports.store.tx(
        lambda tx: (tx.is_watched(subject), tx.baseline(subject))
    )
    return "" if watched or baseline is None else str(baseline.partner.get("status", ""))


def ref_of(context: Context) -> LicenceRef | None:
    """Return where the licence lives; None when the row does not say."""
    row = context.subscription
    if row is None or not row.provider_subscription_id or not context.customer_tenant_id:
        return None
    return LicenceRef(
        customer_id=context.customer_tenant_id, subscription_id=row.provider_subscription_id
    )


def _compared(engine: Engine, context: Context, known: Known, licence: Licence) -> Look:
    subject, row = known.seen.id, context.subscription
    suspicion, baseline = engine.ports.store.tx(
        lambda tx: (tx.suspicion(subject), tx.baseline(subject))
    )
    entity = engine.mappings.entity("subscription")
    standing = standing_point(entity, known.seen)
    if row is None or standing is None or (row.status, row.quantity) != _of(known.seen):
        return Look(facts=(), withdrawn=tuple(known.facts), licence=licence)
    found = compare_licence(entity, row.mapped, licence, baseline, known.hold)
    wanted = changes(found, entity, standing, subject, engine.now())
    if {_shape(one) for one in wanted} != {_shape(one) for one in known.facts}:
        return Look(facts=(), withdrawn=tuple(known.facts), licence=licence)
    return Look(facts=tuple(known.facts), licence=licence, comparison=found, suspicion=suspicion)


def _shape(fact: Fact) -> tuple[object, ...]:
    return fact.source, fact.point


def _of(seen: Seen) -> tuple[object, ...]:
    accepted = seen.accepted
    return (accepted.status, accepted.quantity) if accepted else ()


def standing_point(entity: Entity, seen: Seen) -> Point | None:
    """Return the last accepted state as the row holds it."""
    accepted = seen.accepted
    if accepted is None:
        return None
    return Point(entity.fields["status"].choices[accepted.status], accepted.quantity)
