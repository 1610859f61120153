"""Read what the decision for one subscription needs, and plan it. Writes nothing outside.

`seatkeeper plan` stops here; `take_up` goes on from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billing.periods import UnknownTimeZoneError, effective_date
from lifecycle.states import RETURNS, LogKind, Provisioning
from sync import left_alone
from sync.accepted_lines import accepted
from sync.choosing import chosen
from sync.context import context_reads, read_context
from sync.contract_memory import undecided
from sync.edits import Hands, hands_on
from sync.elsewhere import read_elsewhere
from sync.engine import Engine
from sync.foreign import Known, Look, left_as, look
from sync.gating import gated_plan
from sync.held import read_held
from sync.judge import Judgement, judge, standing_refusal
from sync.mapping import MalformedRowError
from sync.model import ChangeLog, Context, Subscription
from sync.plan import needs_provider, plan
from sync.planned import Case, Prepared
from sync.polled_rows import POLLED, lookups
from sync.ports import Tx
from sync.provisioning import Moment
from sync.remote import Licence, LicenceRef, NotFound, Read, Refused, Row, Unavailable
from sync.settling import Trouble
from sync.sides_plan import keeping_apart, with_sides
from sync.state import Fact, FactState, Operation, Parked, Seen, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What the store keeps of a subscription that is taken up."""

    seen: Seen
    facts: Sequence[Fact]
    """The changes that wait; from the look at the licence on, those that count."""
    hold: Row | None
    emitted: frozenset[str]
    made: Sequence[Operation]
    parked: Parked | None
    is_checked: bool


def prepare(engine: Engine, subject: str, *, ask_provider: bool = True) -> Prepared | None:
    """Read what the decision needs, and plan; None when the subject is not known any more.

    Without the provider's answer the plan has no provider steps; money and logs are the same.
    """
    kept = engine.ports.store.tx(lambda tx: _kept(tx, subject, engine.now()))
    if kept is None:
        engine.ports.store.tx(lambda tx: tx.unwake(subject))
        return None
    try:
        context = engine.contexts.pop(subject, None) or read(engine, subject)
    except MalformedRowError as error:
        return left_alone.malformed(engine, kept.seen, kept.facts, error)
    if not engine.scope.holds(context):
        return left_alone.outside(engine, kept.seen, kept.facts, context, kept.parked)
    if _is_unseen(kept.facts, kept.seen, context):
        engine.ports.store.tx(lambda tx: tx.revisit([subject]))
        return None
    kept = _ordered(engine, kept, context)
    known = Known(seen=kept.seen, hold=kept.hold, facts=kept.facts)
    found = look(engine, context, known, ask_provider=ask_provider)
    return _planned(engine, replace(kept, facts=found.facts), context, found, asks=ask_provider)


def _kept(tx: Tx, subject: str, now: datetime) -> _Kept | None:
    seen = tx.seen([subject]).get(subject)
    if seen is None:
        return None
    return _Kept(
        seen=seen,
        facts=tx.facts(subject, FactState.WAITING),
        hold=tx.hold(subject),
        emitted=tx.emitted(subject),
        made=tx.operations(subject),
        parked=next(iter(tx.parked(subject)), None),
        is_checked=subject in tx.watches_due(now),
    )


def _ordered(engine: Engine, kept: _Kept, context: Context) -> _Kept:
    """Return it with its facts in the order in which they count, and the hold of its log."""
    facts = _in_order(engine, kept.seen, kept.facts, kept.parked)
    if kept.hold is not None:
        return replace(kept, facts=facts)
    return replace(kept, facts=facts, hold=_held_on_log(context, is_checked=kept.is_checked))


def _planned(engine: Engine, kept: _Kept, context: Context, found: Look, *, asks: bool) -> Prepared:
    """Judge, complete the case and plan; `asks` is whether the provider may be asked."""
    judgement = _judged(engine, kept, context)
    licence, trouble = found.licence, None
    asked = asks and needs_provider(judgement, context, is_checked=kept.is_checked)
    if licence is None and asked:
        licence, trouble = _licence(engine, context)
    case = replace(
        _case(engine, kept, context),
        licence=licence,
        provider_trouble=trouble,
        comparison=found.comparison,
        suspicion=found.suspicion,
    )
    if not asks:
        return Prepared(case=case, plan=plan(case, judgement, engine.policy))
    planned = gated_plan(engine, case, judgement, kept.facts, kept.parked)
    planned = keeping_apart(with_sides(planned, case, engine.policy), case, kept.parked)
    return Prepared(case=case, plan=replace(planned, states={**planned.states, **found.states}))


def _judged(engine: Engine, kept: _Kept, context: Context) -> Judgement:
    """Judge the changes; without any, the row as it stands may be refused."""
    seen, entity = kept.seen, engine.mappings.entity("subscription")
    judgement = judge(seen.accepted, kept.facts, context, engine.policy, entity)
    if judgement.trouble or judgement.decided or judgement.refusal:
        return judgement
    refusal = standing_refusal(judgement.standing, seen.point, engine.policy, entity)
    return replace(judgement, refusal=refusal)


def _case(engine: Engine, kept: _Kept, context: Context) -> Case:
    """Return what is known of the subscription besides its licence."""
    subject = kept.seen.id
    return Case(
        subscription_id=subject,
        was=kept.seen.accepted,
        first_seen_on=kept.seen.first_seen_on,
        context=context,
        elsewhere=read_elsewhere(engine, context),
        hands=_hands(engine, context, kept.made),
        accepted=engine.ports.store.tx(lambda tx: accepted(tx, subject)),
        undecided=_undecided(engine, context),
        licence=None,
        provider_trouble=None,
        parked_code=kept.parked.code if kept.parked else "",
        choice=_choice(engine, subject, kept.facts, context),
        hold=kept.hold,
        left_as=left_as(engine, subject),
        is_checked=kept.is_checked,
        emitted=kept.emitted,
        moment=_moment(engine, context),
    )


def _choice(engine: Engine, subject: str, facts: Sequence[Fact], context: Context) -> str:
    """Return what a person chose for a change that waits, or for the newest log."""
    newest = [log.change_key for log in context.logs if log.change_key][-1:]
    keys = [*(fact.key for fact in facts), *newest]
    return engine.ports.store.tx(lambda tx: chosen(tx, subject, keys))


def _hands(engine: Engine, context: Context, made: Sequence[Operation]) -> Hands:
    """Say what people did to its lines; those of invoice runs are made for the contract."""
    contract, mappings = context.contract, engine.mappings
    by_run = engine.ports.store.tx(lambda tx: tx.operations(contract.id)) if contract else []
    entity = mappings.entity("invoice_line")
    return hands_on(entity, [*made, *by_run], context.lines, mappings.sets)


def _undecided(engine: Engine, context: Context) -> Trouble | None:
    """Return what a person has to decide about the contract before anything is billed."""
    contract = context.contract
    return engine.ports.store.tx(lambda tx: undecided(tx, contract)) if contract else None


def _is_unseen(facts: Sequence[Fact], known: Seen, context: Context) -> bool:
    """Tell whether seats changed on a row since it was seen, which come before a reached date."""
    row = context.subscription
    is_dated = any(fact.source is Source.SCHEDULE for fact in facts)
    return is_dated and row is not None and row.quantity != known.point.quantity


def _in_order(
    engine: Engine, known: Seen, facts: Sequence[Fact], parked: Parked | None
) -> list[Fact]:
    """Return the facts in the order in which they count: a reached date after what was seen."""
    if parked is not None and parked.code == "refused":
        facts = _with_refused(engine, known.id)
    dates = [fact for fact in facts if fact.source is Source.SCHEDULE]
    seats = known.point.quantity
    return [
        *(fact for fact in facts if fact not in dates),
        *(replace(fact, point=replace(fact.point, quantity=seats)) for fact in dates),
    ]


def _with_refused(engine: Engine, subject: str) -> list[Fact]:
    """Return what waits and the newest refused change, in their order.

    It may have been made legal since; once another was accepted after it, its state is history.
    """
    waiting, refused = FactState.WAITING, FactState.REFUSED
    facts = engine.ports.store.tx(
        lambda tx: tx.facts(subject, waiting, refused, FactState.PLANNED, FactState.DONE)
    )
    newest = [fact for fact in facts if fact.state is not waiting][-1:]
    again = [fact for fact in newest if fact.state is refused]
    return [fact for fact in facts if fact.state is waiting or fact in again]


def read(engine: Engine, subject: str) -> Context:
    """Read a subscription's context when it did not come with the poll: two requests."""
    entity = engine.mappings.entity("subscription")
    row = engine.ports.crm.read([Read(set=entity.set, columns=entity.columns(*POLLED), id=subject)])
    ids = lookups(entity, row[0].rows[0]) if row[0].rows else {}
    answers = engine.ports.crm.read(context_reads(engine.mappings, subject, ids))
    return read_context(engine.mappings, answers)


def _moment(engine: Engine, context: Context) -> Moment:
    now = engine.now()
    zone = context.contract.time_zone if context.contract else "UTC"
    try:
        return Moment(now=now, today=effective_date(now, zone))
    except UnknownTimeZoneError:
        return Moment(now=now, today=now.date())  # the contract is parked for its zone


def _held_on_log(context: Context, *, is_checked: bool) -> Row | None:
    """Find the hold on the newest log that carries one, when the local state was lost.

    What was given back since counts only when no late suspend may have taken it again. Seats that
    were set in the same step as a return tell it as well: the return itself is superseded then.
    """
    for log in reversed(context.logs):
        if _is_in_use(log) and not is_checked:
            return None
        if log.held:
            return read_held(log.held)
    return None


def _is_in_use(log: ChangeLog) -> bool:
    """Tell a log after which the licence is in use."""
    if log.origin == "partner_center":
        return log.kind in RETURNS
    is_set = log.kind in RETURNS or (log.kind == LogKind.QUANTITY_CHANGE and log.quantity_after)
    return bool(is_set and log.provisioning is Provisioning.PROVISIONED)


def _licence(engine: Engine, context: Context) -> tuple[Licence | None, Trouble | None]:
    """Read what the provider holds."""
    subscription, provider = context.subscription, context.provider
    if subscription is None or provider is None:
        return None, None
    if not subscription.provider_subscription_id or not context.customer_tenant_id:
        return None, _no_id(subscription)
    ref = LicenceRef(
        customer_id=context.customer_tenant_id,
        subscription_id=subscription.provider_subscription_id,
    )
    try:
        return engine.ports.providers[provider.connector].read(ref), None
    except Unavailable as error:
        engine.ports.log.info("provider unavailable", subject=subscription.id, reason=str(error))
        return None, None
    except NotFound as error:
        return None, Trouble(
            code="provider-unknown-subscription",
            reason=f"{provider.name} does not know the subscription id"
            f" {subscription.provider_subscription_id}: {error.message}",
            advice="Correct the provider's subscription id or the customer's tenant id; it is then"
            " tried again.",
        )
    except Refused as error:
        return None, Trouble(
            code="provider-refused", reason=f"{provider.name}: {error}", advice="See the provider."
        )


def _no_id(subscription: Subscription) -> Trouble:
    missing = "customer has no tenant id"
    if not subscription.provider_subscription_id:
        missing = "subscription has no id at its provider"
    return Trouble(
        code="provider-id-missing",
        reason=f"The {missing}, so the provider could not be told.",
        advice="Enter it; it is then tried again. Or set the log to Provisioned if it was done by"
        " hand.",
    )
