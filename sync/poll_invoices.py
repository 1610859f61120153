"""Take in invoices that people closed: T1 for payments and voidings (rules.md 1.3, 4.14).

The first read adopts: what was paid or void before asks nothing.
"""

from dataclasses import replace

from sync.contract_memory import voided
from sync.engine import Engine
from sync.follow import VERSION, keep_place, pages, version_of
from sync.mapping import Entity, MalformedRowError
from sync.parking import park
from sync.ports import Tx
from sync.remote import Page, Row
from sync.state import InvoiceWork, KnownInvoice

_FIELDS = ("contract", "status")
_ADOPTED = "adopted_invoices"
_WORK = {"paid": InvoiceWork.ARCHIVE, "void": InvoiceWork.CHOOSE}


def poll_invoices(engine: Engine) -> int:
    """Follow the invoices; return how many were paid or voided since the last look."""
    entity = engine.mappings.entity("invoice")
    columns = (*entity.columns(*_FIELDS), VERSION)
    adopted = has_adopted(engine)
    found = 0
    for page in pages(engine, entity, columns):
        found += _take_page(engine, entity, page, adopted=adopted)
    if not adopted:
        now = engine.now().isoformat()
        engine.ports.store.tx(lambda tx: tx.set_meta(_ADOPTED, now))
    return found


def has_adopted(engine: Engine) -> bool:
    """Tell whether the invoices were read once."""
    return engine.ports.store.tx(lambda tx: tx.meta(_ADOPTED)) is not None


def _take_page(engine: Engine, entity: Entity, page: Page, *, adopted: bool) -> int:
    read = [invoice for row in page.rows if (invoice := _known(entity, row))]

    def t1(tx: Tx) -> int:
        closed = 0
        for invoice in read:
            closed += _take(engine, tx, invoice, adopted=adopted)
        for invoice_id in page.deleted:
            tx.drop_invoice(invoice_id)
        keep_place(tx, entity.table, page)
        return closed

    return engine.ports.store.tx(t1)


def _known(entity: Entity, row: Row) -> KnownInvoice | None:
    try:
        record = entity.record(row)
    except MalformedRowError:
        return None  # whoever reads it for an amount parks it
    return KnownInvoice(
        id=entity.row_id(row),
        contract_id=str(record.get("contract") or ""),
        version=version_of(row),
        status=str(record.get("status") or ""),
    )


def _take(engine: Engine, tx: Tx, invoice: KnownInvoice, *, adopted: bool) -> int:
    before = tx.known_invoice(invoice.id)
    if before is not None and before.version >= invoice.version:
        return 0
    if before is not None and before.status == invoice.status:
        tx.put_invoices([replace(invoice, work=before.work)])
        return 0
    work = _WORK.get(invoice.status, InvoiceWork.NOTHING)
    if before is None and not adopted:
        work = InvoiceWork.NOTHING
    tx.put_invoices([replace(invoice, work=work)])
    if work is InvoiceWork.NOTHING:
        return 0
    facts = {"invoice": invoice.id, "status": invoice.status}
    tx.trail([engine.trail(invoice.contract_id or invoice.id, "invoice closed", **facts)])
    if work is InvoiceWork.CHOOSE and invoice.contract_id:
        trouble = voided(invoice.contract_id, invoice.id)
        park(engine, tx, invoice.contract_id, trouble)
    return 1
