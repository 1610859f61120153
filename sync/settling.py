"""From rows to the billing core and back: terms, timeline, billed lines, lines owed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from billing.lines import BilledLine, InvoiceState, LineKind
from billing.money import UnknownCurrencyError, minor_unit
from billing.periods import Frequency, Period, UnknownTimeZoneError, cycle_at, effective_date
from billing.terms import BillingPolicy, ChangeDay, ProrateUnit, RefundDecision, Terms
from billing.timeline import AfterEnd, LoggedChange, Price, Timeline
from sync.model import ChangeLog, Context, Contract, Invoice, Line, Subscription

_ANY_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a subscription or contract cannot be worked on, and what a person can do."""

    code: str
    reason: str
    advice: str

    @property
    def sentence(self) -> str:
        return f"{self.reason} {self.advice}"


def contract_trouble(contract: Contract) -> Trouble | None:
    """Find what a contract lacks for billing; the first finding is enough to park."""
    name = contract.name or contract.id
    if contract.frequency is None:
        return Trouble(
            code="contract-incomplete",
            reason=f"The billing contract {name} has no frequency.",
            advice="Set Monthly, Quarterly, Annual or Triennial on the contract.",
        )
    if contract.start_on is None:
        return Trouble(
            code="contract-incomplete",
            reason=f"The billing contract {name} has no start date.",
            advice="Enter the start date of the contract; billing cycles count from it.",
        )
    if contract.end_on is not None and contract.end_on < contract.start_on:
        return Trouble(
            code="contract-dates",
            reason=f"The billing contract {name} ends on {contract.end_on} before it starts on"
            f" {contract.start_on}.",
            advice="Correct one of the two dates.",
        )
    return _money_trouble(contract, name)


def _money_trouble(contract: Contract, name: str) -> Trouble | None:
    try:
        minor_unit(contract.currency)
    except UnknownCurrencyError:
        known = (
            f"the unknown currency {contract.currency!r}" if contract.currency else "no currency"
        )
        return Trouble(
            code="currency-unknown",
            reason=f"The billing contract {name} has {known}.",
            advice="Enter an ISO 4217 code such as USD or EUR.",
        )
    try:
        effective_date(_ANY_INSTANT, contract.time_zone)
    except UnknownTimeZoneError:
        return Trouble(
            code="time-zone-unknown",
            reason=f"The time zone {contract.time_zone!r} of the billing contract {name} is not"
            " known.",
            advice="Enter an IANA name such as Europe/Berlin.",
        )
    return None


def terms_of(contract: Contract) -> Terms:
    """Return the terms of a contract that has no trouble."""
    if contract.frequency is None or contract.start_on is None:
        raise ValueError(f"contract {contract.id} was not checked for trouble")
    return Terms(
        contract_id=contract.id,
        currency=contract.currency,
        frequency=Frequency(contract.frequency),
        policy=BillingPolicy(contract.policy),
        prorate_unit=ProrateUnit(contract.prorate_unit),
        anchor=contract.start_on,
        ends_on=contract.end_on,
        time_zone=contract.time_zone,
    )


def logged(log: ChangeLog, subscription: Subscription) -> LoggedChange:
    """Read a log as billing does: only what was frozen on it."""
    return LoggedChange(
        effective_on=log.effective_on or date.min,
        sequence=log.sequence,
        kind=log.kind,
        quantity_before=log.quantity_before,
        quantity_after=log.quantity_after,
        change_day=ChangeDay(log.change_day),
        refund_decision=RefundDecision(log.refund_decision),
        unit_price=log.unit_price,
        discount_percent=log.discount_percent,
        discount_amount=subscription.discount_amount,
        tax_percent=log.tax_percent,
        prorate_unit=ProrateUnit(log.prorate_unit),
        log_id=log.id,
        change_key=log.change_key,
    )


def timeline_of(
    context: Context, logs: Sequence[ChangeLog], *, seats_now: int, first_seen_on: date
) -> Timeline:
    """Build the timeline from the logs that Seatkeeper wrote, the new ones included.

    Days behind the contract's end stay as billed: an invoice run asks the gates for them.
    """
    subscription = context.subscription
    if subscription is None or context.contract is None:
        raise ValueError("a timeline needs the subscription and its contract")
    ours = [log for log in logs if log.change_key and log.effective_on]
    adopted = _adopted_from(terms_of(context.contract), context.lines, first_seen_on)
    return Timeline(
        opening_quantity=ours[0].quantity_before if ours else seats_now,
        changes=tuple(logged(log, subscription) for log in ours),
        starts_on=subscription.start_on,
        bill_from=subscription.bill_from or adopted,
        price=Price(
            unit_price=subscription.unit_price,
            discount_percent=subscription.discount_percent,
            discount_amount=subscription.discount_amount,
            tax_percent=subscription.tax_percent,
        ),
        ends_on=context.contract.end_on,
        after_end=AfterEnd.EVERYTHING,
    )


def _adopted_from(terms: Terms, lines: Sequence[Line], first_seen_on: date) -> date:
    """Return the start of the cycle that contains the day of adoption (rules.md 4.6).

    A Recurring line that covers the day says which it was, though the contract is another now.
    """
    cycle = cycle_at(terms.anchor, terms.frequency, first_seen_on)
    told = [
        line.period_start
        for line in lines
        if line.kind == LineKind.RECURRING
        and line.invoice_status != InvoiceState.VOID
        and line.period_start
        and line.period_end
        and line.period_start <= first_seen_on < line.period_end
    ]
    return max(cycle.start, min(told, default=cycle.start))


def billed_lines(lines: Sequence[Line]) -> list[BilledLine]:
    """Return the lines that have a period; others bill no days."""
    return [
        BilledLine(
            id=line.id,
            kind=LineKind(line.kind),
            period=Period(line.period_start, line.period_end),
            quantity=line.quantity,
            unit_price=line.unit_price,
            discount_percent=line.discount_percent,
            tax_percent=line.tax_percent,
            amount=line.amount,
            calculated_amount=line.calculated_amount,
            tax_amount=line.tax_amount,
            reverses=line.reverses,
            invoice_state=InvoiceState(line.invoice_status),
            invoice_number=line.invoice_number,
            line_number=line.number,
            change_key=line.change_key,
        )
        for line in lines
        if line.period_start and line.period_end and line.period_start <= line.period_end
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """The cycle that the contract's open invoice is for."""

    start: date
    end: date


def open_cycle(contract: Contract, closed: Sequence[Invoice], today: date) -> Cycle:
    """Return the next cycle without an issued invoice (rules.md 2.5).

    `sk_nextinvoiceon` says it when it is set: the start of the cycle in advance, its end in
    arrears. Else the newest issued invoice does, else the calendar.
    """
    terms = terms_of(contract)
    in_advance = terms.policy is BillingPolicy.ADVANCE
    issued = [one.cycle_end for one in closed if one.was_issued and one.cycle_end]
    issued = [end for end in issued if not is_interim_day(terms, end)]
    if issued:
        start = max(issued)
    elif contract.next_invoice_on is not None:
        day = contract.next_invoice_on
        start = cycle_at(terms.anchor, terms.frequency, day - timedelta(days=1)).start
        if in_advance:
            is_within = is_interim_day(terms, day)
            start = cycle_at(terms.anchor, terms.frequency, day).end if is_within else day
    else:
        current = cycle_at(terms.anchor, terms.frequency, today)
        begun = current.start < today or terms.anchor < today
        start = current.end if in_advance and begun else current.start
    cycle = cycle_at(terms.anchor, terms.frequency, max(start, terms.anchor))
    return Cycle(start=cycle.start, end=cycle.end)


def is_interim_day(terms: Terms, day: date) -> bool:
    """Tell an anchor day of a month that lies within a longer cycle (rules.md 4.15)."""
    return (
        cycle_at(terms.anchor, terms.frequency, day).start < day
        and cycle_at(terms.anchor, Frequency.MONTHLY, day).start == day
    )


def invoiced_until(context: Context, today: date) -> date:
    """Return the exclusive end of what invoice runs have billed already."""
    if context.contract is None:
        raise ValueError("an invoice needs a contract")
    draft = context.draft
    if draft is not None and draft.cycle_start is not None:
        return draft.cycle_start
    return open_cycle(context.contract, context.closed, today).start
