"""Short words for timelines and lines, for the tests of billing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from billing.lines import BilledLine, InvoiceState, LineKind, NewLine
from billing.periods import Frequency, Period
from billing.settlement import settle
from billing.terms import BillingPolicy, ChangeDay, ProrateUnit, RefundDecision, Terms
from billing.timeline import LoggedChange, Price, Timeline

JUNE = Period(date(2025, 6, 1), date(2025, 7, 1))
JULY = Period(date(2025, 7, 1), date(2025, 8, 1))

TERMS = Terms(
    contract_id="contract",
    currency="USD",
    frequency=Frequency.MONTHLY,
    policy=BillingPolicy.ADVANCE,
    prorate_unit=ProrateUnit.DAYS,
    anchor=date(2025, 1, 1),
    ends_on=None,
    time_zone="UTC",
)

PRICE = Price(
    unit_price=Decimal("12.50"),
    discount_percent=Decimal(0),
    discount_amount=Decimal(0),
    tax_percent=Decimal(0),
)

TIMELINE = Timeline(
    opening_quantity=10,
    changes=(),
    starts_on=None,
    bill_from=None,
    price=PRICE,
)


def change(
    sequence: int,
    effective_on: date,
    before: int,
    after: int,
    *,
    day: ChangeDay = ChangeDay.OLD_STATE,
    decision: RefundDecision = RefundDecision.REFUNDED,
    price: Price = PRICE,
    unit: ProrateUnit = ProrateUnit.DAYS,
    kind: str = "",
) -> LoggedChange:
    return LoggedChange(
        effective_on=effective_on,
        sequence=sequence,
        kind=kind or _kind(before, after),
        quantity_before=before,
        quantity_after=after,
        change_day=day,
        refund_decision=decision,
        unit_price=price.unit_price,
        discount_percent=price.discount_percent,
        discount_amount=price.discount_amount,
        tax_percent=price.tax_percent,
        prorate_unit=unit,
        log_id=f"log-{sequence}",
        change_key=f"key-{sequence}",
    )


def _kind(before: int, after: int) -> str:
    if after == 0:
        return "deactivation"
    return "activation" if before == 0 else "quantity_change"


def timeline(*changes: LoggedChange, opening: int = 10, price: Price = PRICE) -> Timeline:
    return replace(TIMELINE, changes=changes, opening_quantity=opening, price=price)


def line(
    amount: str,
    period: Period = JUNE,
    *,
    quantity: int = 10,
    price: Price = PRICE,
    tax: str = "0",
    name: str = "root",
    kind: LineKind = LineKind.RECURRING,
    reverses: str | None = None,
    calculated: str | None = "same",
    number: str = "INV-7",
    line_number: int = 3,
    state: InvoiceState = InvoiceState.ISSUED,
    key: str = "",
) -> BilledLine:
    wrote = amount if calculated == "same" else calculated
    return BilledLine(
        id=name,
        kind=kind,
        period=period,
        quantity=quantity,
        unit_price=price.unit_price,
        discount_percent=price.discount_percent,
        tax_percent=price.tax_percent,
        amount=Decimal(amount),
        calculated_amount=None if wrote is None else Decimal(wrote),
        tax_amount=Decimal(tax),
        reverses=reverses,
        invoice_state=state,
        invoice_number=number,
        line_number=line_number,
        change_key=key,
    )


def booked(
    billed: Sequence[BilledLine], new: Sequence[NewLine], number: str = "INV-8"
) -> list[BilledLine]:
    """Put new lines on an invoice, as sync does."""
    first = len(billed) + 1
    return [*billed, *(_booked(one, number, first + at) for at, one in enumerate(new))]


def _booked(new: NewLine, number: str, line_number: int) -> BilledLine:
    return BilledLine(
        id=f"{number}-{line_number}",
        kind=new.kind,
        period=new.period,
        quantity=new.quantity,
        unit_price=new.unit_price,
        discount_percent=new.discount_percent,
        tax_percent=new.tax_percent,
        amount=new.amount,
        calculated_amount=new.amount,
        tax_amount=new.tax_amount,
        reverses=new.reverses,
        invoice_state=InvoiceState.DRAFT,
        invoice_number=number,
        line_number=line_number,
        change_key=new.change_key,
    )


def settled(
    told: Timeline,
    billed: Sequence[BilledLine],
    terms: Terms = TERMS,
    *,
    through: date | None = None,
    until: date | None = None,
) -> list[NewLine]:
    """Settle at the end of all changes; uncovered days to the end of the last billed line."""
    ends = max((one.period.end for one in billed if one.is_root), default=JUNE.end)
    last = max((one.effective_on for one in told.changes), default=ends)
    return settle(
        told,
        terms,
        billed,
        through=through or last + timedelta(days=1),
        uncovered_until=until or ends,
    )


def amounts(lines: Sequence[NewLine]) -> list[str]:
    return [str(one.amount) for one in lines]
