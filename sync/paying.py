"""`invoice paid`: a person says that an invoice is paid (rules.md 4.14).

A draft that is set straight to Paid closes as it stands.
"""

from dataclasses import dataclass
from datetime import date

from billing.periods import UnknownTimeZoneError, effective_date
from sync import model
from sync.by_hand import RefusedByHandError, write_by_hand
from sync.context import ETAG
from sync.engine import Engine
from sync.mapping import MalformedRowError, Record
from sync.model import Invoice
from sync.remote import Condition, Read, Row, Write


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What was written."""

    invoice_id: str
    number: str
    paid_on: date
    sent: bool
    """False: stored, and sent once it may be."""


def pay_invoice(engine: Engine, named: str, on: date | None) -> Payment:
    """Set an invoice, named by its id or number, to Paid; on a day, or today."""
    row = _row(engine, named)
    invoice, contract_id = _invoice(engine, row)
    if invoice.status not in {"draft", "issued"}:
        raise RefusedByHandError(f"the invoice {invoice.number or invoice.id} is {invoice.status}")
    day = on or _today(engine, contract_id)
    if invoice.issued_on is not None and day < invoice.issued_on:
        raise RefusedByHandError(f"it was issued on {invoice.issued_on}, after {day}")
    entity = engine.mappings.entity("invoice")
    record: Record = {"status": "paid", "paid_on": day}
    body = entity.body(record, engine.mappings.sets)
    write = Write(set=entity.set, id=invoice.id, body=body, precondition=invoice.etag)
    subject = contract_id or invoice.id
    sent = write_by_hand(engine, subject, [("invoice paid", write)], invoice.number)
    return Payment(invoice_id=invoice.id, number=invoice.number, paid_on=day, sent=sent)


def _row(engine: Engine, named: str) -> Row:
    entity = engine.mappings.entity("invoice")
    columns = entity.columns()
    by_number = Condition(column=entity.column("number"), value=named)
    read = Read(set=entity.set, columns=columns, where=(by_number,))
    if _is_id(named):
        read = Read(set=entity.set, columns=columns, id=named.lower())
    rows = engine.ports.crm.read([read])[0].rows
    if len(rows) != 1:
        told = f"{len(rows)} invoices have the number" if rows else "there is no invoice"
        raise RefusedByHandError(f"{told} {named}")
    return rows[0]


def _is_id(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4  # noqa: PLR2004  # the shape of a GUID


def _invoice(engine: Engine, row: Row) -> tuple[Invoice, str | None]:
    entity = engine.mappings.entity("invoice")
    try:
        record = entity.record(row)
    except MalformedRowError as error:
        raise RefusedByHandError(str(error)) from error
    invoice = model.invoice(entity.row_id(row), str(row.get(ETAG, "")), record)
    return invoice, model.lookup(record["contract"])


def _today(engine: Engine, contract_id: str | None) -> date:
    """Return today in the contract's zone."""
    entity = engine.mappings.entity("contract")
    zone = "UTC"
    if contract_id:
        read = Read(set=entity.set, columns=entity.columns("time_zone"), id=contract_id)
        for row in engine.ports.crm.read([read])[0].rows:
            zone = model.text(entity.record(row)["time_zone"]) or zone
    try:
        return effective_date(engine.now(), zone)
    except UnknownTimeZoneError:
        return engine.now().date()
