"""The rows that decisions read, as values; made from mapped records, never from raw rows."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from lifecycle.states import Provisioning, Status
from sync.mapping import Record, Value


class ProviderKind(StrEnum):
    """Who provisions."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    DO_NOTHING = "do_nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription row, read just now."""

    id: str
    etag: str
    name: str
    customer_id: str | None
    contract_id: str | None
    provider_id: str | None
    provider_subscription_id: str
    status: Status
    quantity: int
    unit_price: Decimal
    discount_percent: Decimal
    discount_amount: Decimal
    tax_percent: Decimal
    start_on: date | None
    bill_from: date | None
    refund_choice: str
    deactivate_on: date | None
    change_effective_on: date | None
    hold: bool
    sync_message: str
    cost_price: Decimal | None = None
    """What a seat costs us in a billing cycle, where the mapping has it."""
    mapped: Record = field(default_factory=dict)
    """All mapped fields, for comparing them with the licence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRow:
    """A row of the provider table."""

    id: str
    name: str
    kind: ProviderKind
    connector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A billing contract; what the row leaves out is None or the documented default."""

    id: str
    etag: str
    name: str
    frequency: str | None
    policy: str
    process_refunds: str
    prorate_unit: str
    start_on: date | None
    end_on: date | None
    currency: str
    time_zone: str
    payment_days: int
    next_invoice_on: date | None
    sync_message: str
    customer_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLog:
    """A change log at Dataverse. `change_key` is empty on logs that others wrote."""

    id: str
    etag: str
    kind: str
    quantity_before: int
    quantity_after: int
    effective_on: date | None
    change_key: str
    sequence: int
    change_day: str
    prorate_unit: str
    refund_decision: str
    unit_price: Decimal
    discount_percent: Decimal
    tax_percent: Decimal
    provisioning: Provisioning
    provisioned_at: datetime | None
    held: str
    message: str
    origin: str = "dynamics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """An invoice header; the cycle end is exclusive."""

    id: str
    etag: str
    number: str
    status: str
    cycle_start: date | None
    cycle_end: date | None
    issued_on: date | None
    currency: str

    @property
    def was_issued(self) -> bool:
        """A draft set straight to Paid closes as it stands; its cycle is still to be issued."""
        return self.status == "issued" or (
            self.status == "paid" and bool(self.number or self.issued_on)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An invoice line with what is needed of its invoice."""

    id: str
    etag: str
    number: int
    invoice_id: str | None
    subscription_id: str | None
    invoice_status: str
    invoice_number: str
    change_key: str
    kind: str
    period_start: date | None
    period_end: date | None
    quantity: int
    unit_price: Decimal
    discount_percent: Decimal
    tax_percent: Decimal
    amount: Decimal
    calculated_amount: Decimal | None
    tax_amount: Decimal
    reverses: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything at Dataverse that the decision for one subscription reads, read together."""

    subscription: Subscription | None
    customer_tenant_id: str
    contract: Contract | None
    provider: ProviderRow | None
    logs: tuple[ChangeLog, ...]
    drafts: tuple[Invoice, ...]
    closed: tuple[Invoice, ...]
    """The newest invoices of the contract that are no drafts, latest cycle first."""
    lines: tuple[Line, ...]
    last_line_number: int

    @property
    def draft(self) -> Invoice | None:
        """Of several drafts the one with the earliest cycle serves (rules.md 2.5)."""
        ordered = sorted(self.drafts, key=lambda draft: (draft.cycle_start or date.max, draft.id))
        return ordered[0] if ordered else None


ZERO = Decimal(0)


def text(value: Value) -> str:
    return "" if value is None else str(value)


def whole(value: Value) -> int:
    return value if isinstance(value, int) else 0


def amount(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else ZERO


def _known_amount(value: Value) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


def day(value: Value) -> date | None:
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def lookup(value: Value) -> str | None:
    return str(value) if value else None


def subscription(row_id: str, etag: str, record: Record) -> Subscription:
    return Subscription(
        id=row_id,
        etag=etag,
        name=text(record["name"]),
        customer_id=lookup(record["customer"]),
        contract_id=lookup(record["contract"]),
        provider_id=lookup(record["provider"]),
        provider_subscription_id=text(record["provider_subscription_id"]),
        status=Status(text(record["status"])),
        quantity=whole(record["quantity"]),
        unit_price=amount(record["unit_price"]),
        discount_percent=amount(record["discount_percent"]),
        discount_amount=amount(record["discount_amount"]),
        tax_percent=amount(record["tax_percent"]),
        start_on=day(record["start_on"]),
        bill_from=day(record["bill_from"]),
        refund_choice=text(record["refund_choice"]) or "use_contract",
        deactivate_on=day(record["deactivate_on"]),
        change_effective_on=day(record["change_effective_on"]),
        hold=record["hold"] is True,
        sync_message=text(record["sync_message"]),
        cost_price=_known_amount(record.get("cost_price")),
        mapped=record,
    )


def provider(row_id: str, record: Record) -> ProviderRow:
    return ProviderRow(
        id=row_id,
        name=text(record["name"]),
        kind=ProviderKind(text(record["kind"]) or ProviderKind.MANUAL),
        connector=text(record["connector"]),
    )


def contract(row_id: str, etag: str, record: Record) -> Contract:
    return Contract(
        id=row_id,
        etag=etag,
        name=text(record["name"]),
        frequency=text(record["frequency"]) or None,
        policy=text(record["policy"]) or "advance",
        process_refunds=text(record["process_refunds"]) or "use_global",
        prorate_unit=text(record["prorate_unit"]) or "days",
        start_on=day(record["start_on"]),
        end_on=day(record["end_on"]),
        currency=text(record["currency"]),
        time_zone=text(record["time_zone"]) or "UTC",
        payment_days=whole(record["payment_days"]),
        next_invoice_on=day(record["next_invoice_on"]),
        sync_message=text(record["sync_message"]),
        customer_id=lookup(record["customer"]),
    )


def change_log(row_id: str, etag: str, record: Record) -> ChangeLog:
    stamped = record["provisioned_at"]
    return ChangeLog(
        id=row_id,
        etag=etag,
        kind=text(record["kind"]),
        quantity_before=whole(record["quantity_before"]),
        quantity_after=whole(record["quantity_after"]),
        effective_on=day(record["effective_on"]),
        change_key=text(record["change_key"]),
        sequence=whole(record["sequence"]),
        change_day=text(record["change_day"]) or "old_state",
        prorate_unit=text(record["prorate_unit"]) or "days",
        refund_decision=text(record["refund_decision"]) or "nothing_to_refund",
        unit_price=amount(record["unit_price"]),
        discount_percent=amount(record["discount_percent"]),
        tax_percent=amount(record["tax_percent"]),
        provisioning=Provisioning(text(record["provisioning"]) or Provisioning.NOT_APPLICABLE),
        provisioned_at=stamped if isinstance(stamped, datetime) else None,
        held=text(record["held"]),
        message=text(record["message"]),
        origin=text(record["origin"]) or "dynamics",
    )


def invoice(row_id: str, etag: str, record: Record) -> Invoice:
    return Invoice(
        id=row_id,
        etag=etag,
        number=text(record["number"]),
        status=text(record["status"]),
        cycle_start=day(record["cycle_start"]),
        cycle_end=day(record["cycle_end"]),
        issued_on=day(record["issued_on"]),
        currency=text(record["currency"]),
    )


def line(row_id: str, etag: str, record: Record, of: Record) -> Line:
    """`of` is the record of the line's invoice."""
    calculated = record["calculated_amount"]
    return Line(
        id=row_id,
        etag=etag,
        number=whole(record["number"]),
        invoice_id=lookup(record["invoice"]),
        subscription_id=lookup(record["subscription"]),
        invoice_status=text(of.get("status")) or "draft",
        invoice_number=text(of.get("number")),
        change_key=text(record["change_key"]),
        kind=text(record["kind"]) or "one_off",
        period_start=day(record["period_start"]),
        period_end=day(record["period_end"]),
        quantity=whole(record["quantity"]),
        unit_price=amount(record["unit_price"]),
        discount_percent=amount(record["discount_percent"]),
        tax_percent=amount(record["tax_percent"]),
        amount=amount(record["amount"]),
        calculated_amount=calculated if isinstance(calculated, Decimal) else None,
        tax_amount=amount(record["tax_amount"]),
        reverses=lookup(record["reverses"]),
    )
