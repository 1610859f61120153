"""Plan to leave a subscription alone: one that cannot be read, or that the scope does not hold."""

from collections.abc import Sequence
from dataclasses import replace

from lifecycle.states import Status
from sync.context import ETAG
from sync.engine import Engine
from sync.mapping import MalformedRowError
from sync.model import Context, Subscription, subscription
from sync.planned import Case, Plan, Prepared
from sync.provision_plan import waits
from sync.provisioning import Moment
from sync.remote import Read
from sync.scope import OUTSIDE
from sync.settling import Trouble
from sync.state import Fact, FactState, Parked, Seen

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


def malformed(
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


def outside(
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
