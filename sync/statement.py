"""An invoice as a person reads it: header, customer, and every line with its explanation.

Reads only; dates are inclusive here, as people write them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sync.engine import Engine
from sync.mapping import Entity, Record
from sync.model import amount, day, lookup, text, whole
from sync.remote import Condition, Read, Row

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One line; `last_day` is the last day it is for."""

    number: int
    kind: str
    subscription: str
    first_day: date | None
    last_day: date | None
    quantity: int
    unit_price: Decimal
    discount_percent: Decimal
    tax_percent: Decimal
    amount: Decimal
    tax_amount: Decimal
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """An invoice with its totals: as issued, or what the lines of a draft add up to."""

    id: str
    number: str
    status: str
    customer: str
    contract: str
    first_day: date | None
    last_day: date | None
    issued_on: date | None
    due_on: date | None
    paid_on: date | None
    currency: str
    net: Decimal
    tax: Decimal
    total: Decimal
    lines: tuple[StatementLine, ...]

    @property
    def title(self) -> str:
        """Name the document: below zero it is a credit note."""
        if self.status == "draft":
            return "Draft invoice"
        kind = "Credit note" if self.total < 0 else "Invoice"
        return f"{kind} {self.number}".strip() + (" (void)" if self.status == "void" else "")

    @property
    def added_up(self) -> Decimal:
        """What the lines say, to hold against `total`: a person may have edited one since."""
        return sum((line.amount + line.tax_amount for line in self.lines), Decimal(0))


def read_statement(engine: Engine, named: str, *, is_id: bool) -> Statement | None:
    """Read an invoice by its id or its number; None when there is none."""
    entity = engine.mappings.entity("invoice")
    read = Read(set=entity.set, columns=entity.columns(), id=named)
    if not is_id:
        where = (Condition(column=entity.column("number"), value=named),)
        read = Read(set=entity.set, columns=entity.columns(), where=where, top=1)
    rows = engine.ports.crm.read([read])[0].rows
    return _statement(engine, entity.row_id(rows[0]), entity.record(rows[0])) if rows else None


def _statement(engine: Engine, invoice_id: str, record: Record) -> Statement:
    contract, line_rows = _around(engine, invoice_id, lookup(record["contract"]))
    lines = _lines(engine, line_rows)
    start, end = day(record["cycle_start"]), day(record["cycle_end"])
    net = sum((line.amount for line in lines), Decimal(0))
    tax = sum((line.tax_amount for line in lines), Decimal(0))
    has_totals = text(record["status"]) != "draft" and record["total"] is not None
    return Statement(
        id=invoice_id,
        number=text(record["number"]),
        status=text(record["status"]),
        customer=_customer(engine, contract),
        contract=text(contract.get("name")),
        first_day=start,
        last_day=_last(start, end),
        issued_on=day(record["issued_on"]),
        due_on=day(record["due_on"]),
        paid_on=day(record["paid_on"]),
        currency=text(record["currency"]) or text(contract.get("currency")),
        net=amount(record["net_total"]) if has_totals else net,
        tax=amount(record["tax_total"]) if has_totals else tax,
        total=amount(record["total"]) if has_totals else net + tax,
        lines=lines,
    )


def _around(
    engine: Engine, invoice_id: str, contract_id: str | None
) -> tuple[Record, Sequence[Row]]:
    """Read the contract and the lines of an invoice, with the names of their subscriptions."""
    lines, contracts = (engine.mappings.entity(name) for name in ("invoice_line", "contract"))
    named = engine.mappings.entity("subscription").columns("name")
    of = Condition(column=lines.column("invoice"), value=invoice_id, guid=True)
    reads = [
        Read(
            set=lines.set,
            columns=lines.columns(),
            where=(of,),
            expand=((lines.fields["subscription"].navigation, named),),
        )
    ]
    if contract_id:
        reads.append(Read(set=contracts.set, columns=contracts.columns(), id=contract_id))
    found = engine.ports.crm.read(reads)
    return _record(contracts, found[1].rows if contract_id else ()), found[0].rows


def _customer(engine: Engine, contract: Record) -> str:
    customer_id = lookup(contract.get("customer"))
    if customer_id is None:
        return ""
    entity = engine.mappings.entity("customer")
    read = Read(set=entity.set, columns=entity.columns(), id=customer_id)
    return text(_record(entity, engine.ports.crm.read([read])[0].rows).get("name"))


def _record(entity: Entity, rows: Sequence[Row]) -> Record:
    return entity.record(rows[0]) if rows else {}


def _lines(engine: Engine, rows: Sequence[Row]) -> tuple[StatementLine, ...]:
    entity = engine.mappings.entity("invoice_line")
    subscriptions = engine.mappings.entity("subscription")
    navigation = entity.fields["subscription"].navigation
    lines = (
        _line(entity.record(row), _name(subscriptions, row.get(navigation)))
        for row in sorted(rows, key=entity.row_id)
    )
    return tuple(sorted(lines, key=lambda line: line.number))


def _name(subscriptions: Entity, expanded: object) -> str:
    if not isinstance(expanded, Mapping):
        return ""
    return str(expanded.get(subscriptions.column("name")) or "")


def _line(record: Record, subscription: str) -> StatementLine:
    start = day(record["period_start"])
    return StatementLine(
        number=whole(record["number"]),
        kind=text(record["kind"]) or "one_off",
        subscription=subscription or text(record["name"]),
        first_day=start,
        last_day=_last(start, day(record["period_end"])),
        quantity=whole(record["quantity"]),
        unit_price=amount(record["unit_price"]),
        discount_percent=amount(record["discount_percent"]),
        tax_percent=amount(record["tax_percent"]),
        amount=amount(record["amount"]),
        tax_amount=amount(record["tax_amount"]),
        explanation=text(record["explanation"]),
    )


def _last(start: date | None, end: date | None) -> date | None:
    """Return the last day of a period; one without days is for the day it begins."""
    return max(start, end - _ONE_DAY) if start and end else None
