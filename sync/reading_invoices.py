"""Invoices as an accountant looks at them: drafts with why they wait, and what was issued.

Reads Dataverse, writes nothing. Dates are inclusive here, as people write them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sync.engine import Engine
from sync.mapping import Record
from sync.model import amount, day, lookup, text
from sync.remote import Comparison, Condition, Read, Row
from sync.state import Parked

MOST = 100
"""How many drafts one look reads, those with the oldest cycle first."""
_MOST_ISSUED = 5000
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An open invoice, what stands on it, and why it is not issued yet."""

    id: str
    contract_id: str
    contract: str
    customer: str
    currency: str
    first_day: date | None
    last_day: date | None
    net: Decimal
    lines: int
    next_invoice_on: date | None
    reason: str
    needs_person: bool
    is_credit_owed: bool
    """Only credits, and nothing is left to bill on the contract (rules.md 4.16)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedInvoice:
    """An invoice with a number."""

    id: str
    number: str
    status: str
    contract: str
    customer: str
    currency: str
    first_day: date | None
    last_day: date | None
    issued_on: date | None
    due_on: date | None
    paid_on: date | None
    net: Decimal
    tax: Decimal
    total: Decimal


def read_drafts(engine: Engine, today: date) -> Sequence[Draft]:
    """Read the oldest drafts with the sums of their lines. Raises RemoteError."""
    entity = engine.mappings.entity("invoice")
    status = entity.fields["status"]
    read = Read(
        set=entity.set,
        columns=(entity.id_column, *entity.columns()),
        where=(Condition(column=status.columns[1], value=status.choices["draft"][1]),),
        order_by=(entity.column("cycle_start"),),
        expand=_contract(engine),
        top=MOST,
    )
    rows = engine.ports.crm.read([read])[0].rows
    amounts = _amounts(engine, [entity.row_id(row) for row in rows])
    parked = {one.subject: one for one in engine.ports.store.look(lambda tx: tx.parked())}
    customers = _customers(engine, rows)
    return [
        _draft(_Found(engine, row, customers), amounts[entity.row_id(row)], parked, today)
        for row in rows
    ]


def read_issued(engine: Engine, first: date, last: date) -> Sequence[IssuedInvoice]:
    """Read what was issued from the first to the last day. Raises RemoteError."""
    entity = engine.mappings.entity("invoice")
    column = entity.column("issued_on")
    read = Read(
        set=entity.set,
        columns=(entity.id_column, *entity.columns()),
        where=(
            Condition(column=column, comparison=Comparison.GE, value=first),
            Condition(column=column, comparison=Comparison.LE, value=last),
        ),
        order_by=(column, entity.column("number")),
        expand=_contract(engine),
        top=_MOST_ISSUED,
    )
    rows = engine.ports.crm.read([read])[0].rows
    customers = _customers(engine, rows)
    return [_issued(_Found(engine, row, customers)) for row in rows]


@dataclass(frozen=True, slots=True)
class _Found:
    """An invoice row with the contract that was read along, and the names of customers."""

    engine: Engine
    row: Row
    customers: Mapping[str, str]

    @property
    def id(self) -> str:
        return self.engine.mappings.entity("invoice").row_id(self.row)

    @property
    def record(self) -> Record:
        return self.engine.mappings.entity("invoice").record(self.row)

    @property
    def contract(self) -> Record:
        return _contract_record(self.engine, self.row)

    @property
    def customer(self) -> str:
        return self.customers.get(lookup(self.contract.get("customer")) or "", "")


def next_invoice_on(engine: Engine) -> date | None:
    """Return the earliest day on which a contract's next invoice is due. Raises RemoteError."""
    entity = engine.mappings.entity("contract")
    column = entity.column("next_invoice_on")
    dated = Condition(column=column, comparison=Comparison.NE, value=None)
    read = Read(set=entity.set, columns=(column,), where=(dated,), order_by=(column,), top=1)
    rows = engine.ports.crm.read([read])[0].rows
    return date.fromisoformat(str(rows[0][column])[:10]) if rows else None


def contract_due(engine: Engine, contract_id: str) -> date | None:
    """Return the day on which a contract's next invoice is due. Raises RemoteError."""
    entity = engine.mappings.entity("contract")
    column = entity.column("next_invoice_on")
    read = Read(set=entity.set, columns=(column,), id=contract_id)
    rows = engine.ports.crm.read([read])[0].rows
    text_found = rows[0].get(column) if rows else None
    return date.fromisoformat(str(text_found)[:10]) if text_found else None


def _contract(engine: Engine) -> tuple[tuple[str, tuple[str, ...]], ...]:
    contracts = engine.mappings.entity("contract")
    navigation = engine.mappings.entity("invoice").fields["contract"].navigation
    names = ("name", "customer", "currency", "next_invoice_on", "end_on", "sync_message")
    return ((navigation, contracts.columns(*names)),)


def _contract_record(engine: Engine, row: Row) -> Record:
    found = row.get(engine.mappings.entity("invoice").fields["contract"].navigation)
    return engine.mappings.entity("contract").record(found) if isinstance(found, Mapping) else {}


def _customers(engine: Engine, rows: Sequence[Row]) -> Mapping[str, str]:
    """Read the names of the customers of invoices, each once."""
    entity = engine.mappings.entity("customer")
    ids = {lookup(_contract_record(engine, row).get("customer")) for row in rows}
    wanted = sorted(filter(None, ids))
    reads = [Read(set=entity.set, columns=entity.columns("name"), id=one) for one in wanted]
    answers = engine.ports.crm.read(reads) if reads else ()
    names = (answer.rows[0].get(entity.column("name")) if answer.rows else "" for answer in answers)
    return {one: str(name or "") for one, name in zip(wanted, names, strict=True)}


def _amounts(engine: Engine, drafts: Sequence[str]) -> Mapping[str, Sequence[Decimal]]:
    entity = engine.mappings.entity("invoice_line")
    column = entity.column("invoice")
    reads = [
        Read(
            set=entity.set,
            columns=entity.columns("amount"),
            where=(Condition(column=column, value=one, guid=True),),
        )
        for one in drafts
    ]
    answers = engine.ports.crm.read(reads) if reads else ()
    name = entity.column("amount")
    lines = ([Decimal(str(row.get(name) or 0)) for row in answer.rows] for answer in answers)
    return dict(zip(drafts, lines, strict=True))


def _draft(
    found: _Found, amounts: Sequence[Decimal], parked: Mapping[str, Parked], today: date
) -> Draft:
    record, contract = found.record, found.contract
    contract_id = lookup(record["contract"]) or ""
    net = sum(amounts, Decimal(0))
    ends_on = day(contract.get("end_on"))
    owed = net < 0 and ends_on is not None and ends_on < today
    aside = parked.get(contract_id)
    reasons = _reasons(found, aside, owed=owed, is_empty=not amounts, is_credit=net < 0)
    due = day(contract.get("next_invoice_on"))
    return Draft(
        id=found.id,
        contract_id=contract_id,
        contract=text(contract.get("name")),
        customer=found.customer,
        currency=text(record["currency"]) or text(contract.get("currency")),
        first_day=day(record["cycle_start"]),
        last_day=_last(record),
        net=net,
        lines=len(amounts),
        next_invoice_on=due,
        reason=next(reasons, "" if due and due > today else "the next round issues it"),
        needs_person=aside is not None or owed,
        is_credit_owed=owed,
    )


def _reasons(
    found: _Found, aside: Parked | None, *, owed: bool, is_empty: bool, is_credit: bool
) -> Iterator[str]:
    """Say why a draft waits; the strongest reason first."""
    if aside is not None:
        yield f"{aside.reason} {aside.advice}"
    if message := text(found.contract.get("sync_message")):
        yield message
    if owed:
        yield "credit owed: nothing is left to bill on this contract"
    if is_credit:
        yield "only credits: they roll on to the next invoice"
    if is_empty:
        yield "nothing stands on it yet"


def _issued(found: _Found) -> IssuedInvoice:
    record, contract = found.record, found.contract
    return IssuedInvoice(
        id=found.id,
        number=text(record["number"]),
        status=text(record["status"]),
        contract=text(contract.get("name")),
        customer=found.customer,
        currency=text(record["currency"]) or text(contract.get("currency")),
        first_day=day(record["cycle_start"]),
        last_day=_last(record),
        issued_on=day(record["issued_on"]),
        due_on=day(record["due_on"]),
        paid_on=day(record["paid_on"]),
        net=amount(record["net_total"]),
        tax=amount(record["tax_total"]),
        total=amount(record["total"]),
    )


def _last(record: Record) -> date | None:
    """Return the last day of a cycle, which ends before `cycle_end`."""
    end = day(record["cycle_end"])
    return end - _ONE_DAY if end else None
