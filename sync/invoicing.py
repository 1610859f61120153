"""Issue each contract's next invoice on its cycle day, then open the next draft.

First version: recurring lines, the lines that wait on the draft, totals, credit carried forward.
One contract is one change set; its draft and contract are guarded by If-Match.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from billing.invoice import Totals, close, has_charges, opening, recurring, totals
from billing.lines import LineKind, NewLine
from billing.periods import Period, cycle_at
from billing.settlement import settle
from billing.terms import BillingPolicy, Terms
from sync import ids, model
from sync.bodies import LineTarget, line_writes
from sync.context import READS, context_reads, read_context, read_invoices, read_lines
from sync.engine import Engine
from sync.mapping import Record
from sync.model import Context, Contract, Invoice, Line
from sync.poll import lookups
from sync.remote import CREATE_ONLY, Answer, Comparison, Condition, Read, Write
from sync.scope import OUTSIDE
from sync.settling import (
    Cycle,
    Trouble,
    billed_lines,
    contract_trouble,
    open_cycle,
    terms_of,
    timeline_of,
)

_BATCH = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionLines:
    """What one subscription adds to an invoice."""

    context: Context
    lines: tuple[NewLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A contract's next invoice, before it has a number."""

    contract: Contract
    cycle: Cycle
    draft: Invoice | None
    waiting: tuple[Line, ...]
    """Lines that are on the draft already."""
    added: tuple[SubscriptionLines, ...]
    lift: NewLine | None
    """The line that lifts an invoice below zero to 0."""
    carried: Decimal
    """The credit with which the next draft opens (negative), in gross."""
    sums: Totals
    closed: tuple[Invoice, ...]

    @property
    def is_empty(self) -> bool:
        return not self.waiting and not any(one.lines for one in self.added)

    @property
    def only_credits(self) -> bool:
        return not has_charges(_standing(self))

    @property
    def new_lines(self) -> list[NewLine]:
        return [line for one in self.added for line in one.lines]


def due_contracts(engine: Engine, on: date) -> list[str]:
    """Return the contracts whose next invoice may be due: by their date, or without one."""
    entity = engine.mappings.entity("contract")
    column = entity.column("next_invoice_on")
    reads = [
        Read(
            set=entity.set,
            columns=(entity.id_column,),
            where=(Condition(column=column, comparison=comparison, value=value),),
        )
        for comparison, value in ((Comparison.LE, on), (Comparison.EQ, None))
    ]
    answers = engine.ports.crm.read(reads)
    return sorted(entity.row_id(row) for answer in answers for row in answer.rows)


def read_bill(engine: Engine, contract_id: str, on: date) -> Bill | Trouble | None:
    """Read a contract and work its next invoice out; None when none is due on the day."""
    contract, subscriptions, drafts, closed = _read_contract(engine, contract_id)
    if contract is None:
        return Trouble(
            code="contract-missing",
            reason=f"There is no billing contract {contract_id}.",
            advice="Look at its id in Dynamics.",
        )
    if trouble := contract_trouble(contract):
        return trouble
    terms = terms_of(contract)
    draft = _first(drafts)
    cycle = _cycle_of(contract, terms, draft, closed, on)
    issue_day = cycle.start if terms.policy is BillingPolicy.ADVANCE else cycle.end
    if issue_day > on or (contract.end_on is not None and cycle.start > contract.end_on):
        return None
    waiting = _lines_on(engine, draft)
    added = tuple(_added(engine, subscriptions, terms, cycle))
    if not _in_scope(engine, added):
        return OUTSIDE
    bill = Bill(
        contract=contract,
        cycle=cycle,
        draft=draft,
        waiting=waiting,
        added=added,
        lift=None,
        carried=Decimal(0),
        sums=Totals(net=Decimal(0), tax=Decimal(0), total=Decimal(0)),
        closed=closed,
    )
    standing = _standing(bill)
    lift, carried = close(standing, contract.currency) if standing else (None, Decimal(0))
    sums = totals([*standing, *([lift] if lift else [])])
    return replace(bill, lift=lift, carried=carried, sums=sums)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A line as an invoice adds it up; one without a period belongs to the cycle."""

    period: Period
    amount: Decimal
    tax_amount: Decimal


def _standing(bill: Bill) -> list[Amount | NewLine]:
    cycle = Period(bill.cycle.start, bill.cycle.end)
    waiting = [
        Amount(period=cycle, amount=line.amount, tax_amount=line.tax_amount)
        for line in bill.waiting
    ]
    return [*waiting, *bill.new_lines]


def _first(drafts: Sequence[Invoice]) -> Invoice | None:
    ordered = sorted(drafts, key=lambda one: (one.cycle_start or date.max, one.id))
    return ordered[0] if ordered else None


def _cycle_of(
    contract: Contract, terms: Terms, draft: Invoice | None, closed: Sequence[Invoice], on: date
) -> Cycle:
    if draft is not None and draft.cycle_start is not None:
        cycle = cycle_at(terms.anchor, terms.frequency, max(draft.cycle_start, terms.anchor))
        return Cycle(start=cycle.start, end=cycle.end)
    return open_cycle(contract, closed, on)


def _read_contract(
    engine: Engine, contract_id: str
) -> tuple[Contract | None, Answer, tuple[Invoice, ...], tuple[Invoice, ...]]:
    mappings = engine.mappings
    contracts, subscriptions = mappings.entity("contract"), mappings.entity("subscription")
    of = Condition(column=subscriptions.column("contract"), value=contract_id, guid=True)
    columns = subscriptions.columns("customer", "contract", "provider", "status", "quantity")
    reads = [
        Read(set=contracts.set, columns=contracts.columns(), id=contract_id),
        Read(set=subscriptions.set, columns=columns, where=(of,)),
        *_invoice_reads(engine, contract_id),
    ]
    found, rows, drafts, closed = engine.ports.crm.read(reads)
    contract = None
    for row in found.rows:
        etag = str(row.get("@odata.etag", ""))
        contract = model.contract(contracts.row_id(row), etag, contracts.record(row))
    return contract, rows, read_invoices(mappings, drafts), read_invoices(mappings, closed)


def _invoice_reads(engine: Engine, contract_id: str) -> list[Read]:
    reads = context_reads(engine.mappings, contract_id, {"contract": contract_id})
    return [one for one in reads if one.set == engine.mappings.entity("invoice").set]


def _lines_on(engine: Engine, draft: Invoice | None) -> tuple[Line, ...]:
    if draft is None:
        return ()
    lines = engine.mappings.entity("invoice_line")
    invoices = engine.mappings.entity("invoice")
    read = Read(
        set=lines.set,
        columns=lines.columns(),
        where=(Condition(column=lines.column("invoice"), value=draft.id, guid=True),),
        expand=((lines.fields["invoice"].columns[0], invoices.columns("status", "number")),),
    )
    return read_lines(engine.mappings, engine.ports.crm.read([read])[0].rows)


def _added(
    engine: Engine, subscriptions: Answer, terms: Terms, cycle: Cycle
) -> Iterator[SubscriptionLines]:
    entity = engine.mappings.entity("subscription")
    rows = sorted(subscriptions.rows, key=entity.row_id)
    for start in range(0, len(rows), _BATCH):
        chunk = rows[start : start + _BATCH]
        reads = [
            read
            for row in chunk
            for read in context_reads(engine.mappings, entity.row_id(row), lookups(entity, row))
        ]
        answers = engine.ports.crm.read(reads)
        for number in range(len(chunk)):
            mine = answers[number * READS : (number + 1) * READS]
            context = read_context(engine.mappings, mine)
            lines = tuple(_lines_for(engine, context, terms, cycle))
            yield SubscriptionLines(context=context, lines=lines)


def _in_scope(engine: Engine, added: Sequence[SubscriptionLines]) -> bool:
    """Tell whether a contract may be touched: all its subscriptions must be in the scope."""
    if not engine.scope.is_limited:
        return True
    return bool(added) and all(engine.scope.holds(one.context) for one in added)


def _lines_for(engine: Engine, context: Context, terms: Terms, cycle: Cycle) -> Iterator[NewLine]:
    """Bill days of earlier cycles that nobody billed, then the cycle itself."""
    subscription = context.subscription
    if subscription is None:
        return
    known = engine.ports.store.tx(lambda tx: tx.seen([subscription.id]).get(subscription.id))
    seats = subscription.quantity if subscription.status.has_seats else 0
    if known is not None and known.accepted is not None:
        seats = known.accepted.seats
    first_seen = known.first_seen_on if known else cycle.start
    timeline = timeline_of(context, context.logs, seats_now=seats, first_seen_on=first_seen)
    billed = billed_lines(context.lines)
    yield from settle(timeline, terms, billed, through=cycle.start, uncovered_until=cycle.start)
    yield from recurring(timeline, terms, billed, Period(cycle.start, cycle.end))


# --- writes ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """When an invoice is issued and under which number."""

    on: date
    number: str


def issue_writes(engine: Engine, bill: Bill, issue: Issue) -> list[tuple[str, Write]]:
    """Return the change set that issues a bill and opens the next draft."""
    if bill.is_empty or bill.only_credits:
        return _roll(engine, bill)
    invoice_id = _invoice_id(bill)
    nothing_before = max((line.number for line in bill.waiting), default=0)
    lines: list[Write] = []
    for one in bill.added:
        subscription = one.context.subscription
        if subscription is not None:
            emitted = _emitted(engine, subscription.id) | _emitted(engine, bill.contract.id)
            target = LineTarget(
                subscription=subscription,
                draft_id=invoice_id,
                next_number=nothing_before + len(lines) + 1,
                log_ids={log.change_key: log.id for log in one.context.logs if log.change_key},
                taken=frozenset(line.id for line in one.context.lines) | emitted,
            )
            lines += line_writes(engine.mappings, one.lines, target)
    number = nothing_before + len(lines) + 1
    # A new invoice is made before its lines, in the same change set.
    head = [("issue invoice", _issued(engine, bill, issue, invoice_id))]
    body = [("invoice line", line) for line in lines]
    lift = [("invoice line", write) for write in _lift(engine, bill, invoice_id, number)]
    return [*head, *body, *lift, *_next(engine, bill)]


def _emitted(engine: Engine, subject: str) -> frozenset[str]:
    return engine.ports.store.tx(lambda tx: tx.emitted(subject))


def _invoice_id(bill: Bill) -> str:
    if bill.draft is not None:
        return bill.draft.id
    number = sum(1 for one in bill.closed if one.cycle_start == bill.cycle.start)
    return ids.draft_id(bill.contract.id, bill.cycle.start, number)


def _issued(engine: Engine, bill: Bill, issue: Issue, invoice_id: str) -> Write:
    entity = engine.mappings.entity("invoice")
    record: Record = {
        "name": f"{bill.contract.name} {issue.number}"[:200],
        "contract": bill.contract.id,
        "number": issue.number,
        "cycle_start": bill.cycle.start,
        "cycle_end": bill.cycle.end,
        "issued_on": issue.on,
        "due_on": issue.on + timedelta(days=bill.contract.payment_days),
        "net_total": bill.sums.net,
        "tax_total": bill.sums.tax,
        "total": bill.sums.total,
        "currency": bill.contract.currency,
        "status": "issued",
    }
    precondition = bill.draft.etag if bill.draft else CREATE_ONLY
    body = entity.body(record, engine.mappings.sets)
    return Write(set=entity.set, id=invoice_id, body=body, precondition=precondition)


def _lift(engine: Engine, bill: Bill, invoice_id: str, number: int) -> Iterator[Write]:
    if bill.lift is not None:
        key = f"{bill.contract.id}|{bill.cycle.start}|lift"
        yield _credit_line(engine, bill.lift, ids.log_id(key), invoice_id, number)


def _credit_line(
    engine: Engine, line: NewLine, line_id: str, invoice_id: str, number: int
) -> Write:
    entity = engine.mappings.entity("invoice_line")
    record: Record = {
        "name": f"Credit carried forward ({line.amount})",
        "number": number,
        "invoice": invoice_id,
        "kind": LineKind.CREDIT_CARRIED_FORWARD.value,
        "period_start": line.period.start,
        "period_end": line.period.end,
        "quantity": 1,
        "unit_price": line.amount,
        "amount": line.amount,
        "calculated_amount": line.amount,
        "tax_amount": line.tax_amount,
        "explanation": line.explanation,
    }
    body = entity.body(record, engine.mappings.sets)
    return Write(set=entity.set, id=line_id, body=body, precondition=CREATE_ONLY)


def _next(engine: Engine, bill: Bill) -> list[tuple[str, Write]]:
    """Open the next draft, with the credit that goes on, and move the contract's date."""
    following = _following(bill)
    entity = engine.mappings.entity("invoice")
    draft_id = ids.draft_id(bill.contract.id, following.start, 0)
    record: Record = {
        "name": f"{bill.contract.name} {following.start} (open)"[:200],
        "contract": bill.contract.id,
        "cycle_start": following.start,
        "cycle_end": following.end,
        "currency": bill.contract.currency,
        "status": "draft",
    }
    body = entity.body(record, engine.mappings.sets)
    draft = Write(set=entity.set, id=draft_id, body=body, precondition=CREATE_ONLY)
    credit = []
    if bill.lift is not None:
        line = opening(bill.lift, following.start)
        key = f"{bill.contract.id}|{following.start}|opening"
        credit = [("invoice line", _credit_line(engine, line, ids.log_id(key), draft_id, 1))]
    return [("open invoice", draft), *credit, ("contract", _dated(engine, bill, following))]


def _following(bill: Bill) -> Cycle:
    terms = terms_of(bill.contract)
    cycle = cycle_at(terms.anchor, terms.frequency, bill.cycle.end)
    return Cycle(start=cycle.start, end=cycle.end)


def _dated(engine: Engine, bill: Bill, following: Cycle) -> Write:
    entity = engine.mappings.entity("contract")
    in_advance = terms_of(bill.contract).policy is BillingPolicy.ADVANCE
    day = following.start if in_advance else following.end
    body = entity.body({"next_invoice_on": day}, engine.mappings.sets)
    return Write(set=entity.set, id=bill.contract.id, body=body, precondition=bill.contract.etag)


def _roll(engine: Engine, bill: Bill) -> list[tuple[str, Write]]:
    """Move an empty draft, or one with only credits, to the next cycle (rules.md 4.16)."""
    following = _following(bill)
    moved: list[tuple[str, Write]] = [("contract", _dated(engine, bill, following))]
    if bill.draft is not None:
        entity = engine.mappings.entity("invoice")
        record: Record = {"cycle_start": following.start, "cycle_end": following.end}
        body = entity.body(record, engine.mappings.sets)
        write = Write(set=entity.set, id=bill.draft.id, body=body, precondition=bill.draft.etag)
        moved.insert(0, ("open invoice", write))
    return moved
