"""Read what the decision for one subscription needs, and plan it. Writes nothing outside.

`seatkeeper plan` stops here; `take_up` goes on from here.
"""

from collections.abc import Sequence
from dataclasses import replace

from billing.periods import UnknownTimeZoneError, effective_date
from lifecycle.states import Provisioning, Status
from sync.accepted_lines import accepted
from sync.choosing import chosen
from sync.context import ETAG, context_reads, read_context
from sync.contract_memory import undecided
from sync.edits import Hands, hands_on
from sync.elsewhere import read_elsewhere
from sync.engine import Engine
from sync.foreign import Known, left_as, look
from sync.gating import gated_plan
from sync.held import read_held
from sync.judge import judge, standing_refusal
from sync.mapping import MalformedRowError
from sync.model import Context, Subscription, subscription
from sync.plan import needs_provider, plan
from sync.planned import Case, Plan, Prepared
from sync.poll import POLLED, lookups
from sync.provision_plan import waits
from sync.provisioning import Moment
from sync.remote import Licence, LicenceRef, NotFound, Read, Refused, Row, Unavailable
from sync.scope import OUTSIDE
from sync.settling import Trouble
from sync.sides_plan import keeping_apart, with_sides
from sync.state import Fact, FactState, Operation, Parked, Seen, Source


def prepare(engine: Engine, subject: str, *, ask_provider: bool = True) -> Prepared | None:
    """Read what the decision needs, and plan; None when the subject is not known any more.

    Without the provider's answer the plan has no provider steps; money and logs are the same.
    """
    facts, known, hold, emitted, made, parked, is_checked = engine.ports.store.tx(
        lambda tx: (
            tx.facts(subject, FactState.WAITING),
            tx.seen([subject]).get(subject),
            tx.hold(subject),
            tx.emitted(subject),
            tx.operations(subject),
            next(iter(tx.parked(subject)), None),
            subject in tx.watches_due(engine.now()),
        )
    )
    if known is None:
        engine.ports.store.tx(lambda tx: tx.unwake(subject))
        return None
    try:
        context = engine.contexts.pop(subject, None) or read(engine, subject)
    except MalformedRowError as error:
        return _malformed(engine, known, facts, error)
    if not engine.scope.holds(context):
        return _outside(engine, known, facts, context, parked)
    if _is_unseen(facts, known, context):
        engine.ports.store.tx(lambda tx: tx.revisit([subject]))
        return None
    facts = _in_order(engine, known, facts, parked)
    hold = hold if hold is not None else _held_on_log(context, is_checked=is_checked)
    found = look(
        engine, context, Known(seen=known, hold=hold, facts=facts), ask_provider=ask_provider
    )
    facts = [*found.facts]
    entity = engine.mappings.entity("subscription")
    judgement = judge(known.accepted, facts, context, engine.policy, entity)
    if not (judgement.trouble or judgement.decided or judgement.refusal):
        refusal = standing_refusal(judgement.standing, known.point, engine.policy, entity)
        judgement = replace(judgement, refusal=refusal)
    licence, trouble = found.licence, None
    asks = ask_provider and needs_provider(judgement, context, is_checked=is_checked)
    if licence is None and asks:
        licence, trouble = _licence(engine, context)
    case = Case(
        subscription_id=subject,
        was=known.accepted,
        first_seen_on=known.first_seen_on,
        context=context,
        elsewhere=read_elsewhere(engine, context),
        hands=_hands(engine, context, made),
        accepted=engine.ports.store.tx(lambda tx: accepted(tx, subject)),
        undecided=_undecided(engine, context),
        licence=licence,
        provider_trouble=trouble,
        parked_code=parked.code if parked else "",
        choice=_choice(engine, subject, facts, context),
        hold=hold,
        comparison=found.comparison,
        suspicion=found.suspicion,
        left_as=left_as(engine, subject),
        is_checked=is_checked,
        emitted=emitted,
        moment=_moment(engine, context),
    )
    if not ask_provider:
        return Prepared(case=case, plan=plan(case, judgement, engine.policy))
    planned = gated_plan(engine, case, judgement, facts, parked)
    planned = keeping_apart(with_sides(planned, case, engine.policy), case, parked)
    return Prepared(case=case, plan=replace(planned, states={**planned.states, **found.states}))


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


_NOTHING = Context(
    subscription=None,
    customer_tenant_id="",
    contract=None,
    provider=None,
    logs=(),
    drafts=(),
    closed=(),
    lines=(),
    last_line_number=0,
)


def _malformed(
    engine: Engine, known: Seen, facts: Sequence[Fact], error: MalformedRowError
) -> Prepared:
    """Plan to park a subscription of which some row cannot be read."""
    row = _bare(engine, known.id)
    reason = str(error).removesuffix(error.remedy).strip()
    trouble = Trouble(code="row-malformed", reason=reason, advice=error.remedy)
    plan_ = _waiting(known, facts, trouble)
    # Whether the scope holds such a row cannot be told; in doubt it is not touched.
    told = row.sync_message if row and engine.scope.is_limited else trouble.sentence
    context = replace(_NOTHING, subscription=row)
    return Prepared(case=_seen_only(engine, known, context), plan=replace(plan_, message=told))


def _outside(
    engine: Engine,
    known: Seen,
    facts: Sequence[Fact],
    context: Context,
    parked: Parked | None,
) -> Prepared:
    """Plan to leave a subscription alone that the scope does not hold; its changes wait.

    An earlier cause stays: whether it is gone shows when the scope holds the subscription.
    """
    trouble = OUTSIDE if facts or any(waits(log) for log in context.logs) else None
    if parked is not None and parked.code != OUTSIDE.code:
        trouble = Trouble(code=parked.code, reason=parked.reason, advice=parked.advice)
    told = context.subscription.sync_message if context.subscription else ""
    plan_ = replace(_waiting(known, facts, trouble), message=told)
    return Prepared(case=_seen_only(engine, known, context), plan=plan_)


def _waiting(known: Seen, facts: Sequence[Fact], trouble: Trouble | None) -> Plan:
    """Return a plan that decides nothing: the facts wait, with their original instants."""
    return Plan(
        subscription_id=known.id,
        states={fact.key: FactState.WAITING for fact in facts},
        standing=known.accepted,
        trouble=trouble,
    )


def _seen_only(engine: Engine, known: Seen, context: Context) -> Case:
    """Return the case of a subscription about which nothing more is asked."""
    now = engine.now()
    return Case(
        subscription_id=known.id,
        was=known.accepted,
        first_seen_on=known.first_seen_on,
        context=context,
        licence=None,
        provider_trouble=None,
        parked_code="",
        hold=None,
        emitted=frozenset(),
        moment=Moment(now=now, today=now.date()),
    )


def _bare(engine: Engine, subject: str) -> Subscription | None:
    """Read only what it takes to tell the CRM user, on a row that cannot be read as a whole."""
    entity = engine.mappings.entity("subscription")
    columns = entity.columns("sync_message")
    for row in engine.ports.crm.read([Read(set=entity.set, columns=columns, id=subject)])[0].rows:
        record = {**dict.fromkeys(entity.fields), "status": Status.ACTIVE, **entity.record(row)}
        return subscription(entity.row_id(row), str(row.get(ETAG, "")), record)
    return None


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

    What was given back since counts only when no late suspend may have taken it again.
    """
    for log in reversed(context.logs):
        given_back = log.kind in {"activation", "resume"} and not is_checked
        is_foreign = log.origin == "partner_center"
        if given_back and (is_foreign or log.provisioning is Provisioning.PROVISIONED):
            return None
        if log.held:
            return read_held(log.held)
    return None


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
