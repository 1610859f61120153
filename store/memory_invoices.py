"""The twin in memory of `invoices.py`."""

from collections.abc import Iterable

from store import rows
from store.memory_tables import Tables
from sync.state import InvoiceWork, KnownInvoice


class MemoryInvoices:
    """The invoices as they were last polled, and what is still to be done about them."""

    _at: Tables

    def known_invoice(self, invoice_id: str) -> KnownInvoice | None:
        row = self._at.invoices.rows.get(invoice_id)
        return rows.read_invoice(row) if row else None

    def put_invoices(self, invoices: Iterable[KnownInvoice]) -> None:
        for one in invoices:
            self._at.invoices.put(one.id, rows.invoice_row(one))

    def invoices_with(self, work: InvoiceWork) -> list[KnownInvoice]:
        found = [rows.read_invoice(row) for row in self._at.invoices.where(work=work.value)]
        return sorted(found, key=lambda one: one.id)

    def drop_invoice(self, invoice_id: str) -> None:
        self._at.invoices.drop(invoice_id)
