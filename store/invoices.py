"""The invoices as they were last polled, and what is still to be done about them."""

from collections.abc import Iterable

from store import rows
from store.connections import Connection
from store.putting import put
from sync.state import InvoiceWork, KnownInvoice


class Invoices:
    """The statements about invoices; a part of one transaction."""

    _connection: Connection

    def known_invoice(self, invoice_id: str) -> KnownInvoice | None:
        sql = "SELECT * FROM invoices WHERE id = ?"
        row = self._connection.execute(sql, (invoice_id,)).fetchone()
        return rows.read_invoice(row) if row else None

    def put_invoices(self, invoices: Iterable[KnownInvoice]) -> None:
        put(self._connection, "invoices", map(rows.invoice_row, invoices), "id")

    def invoices_with(self, work: InvoiceWork) -> list[KnownInvoice]:
        sql = "SELECT * FROM invoices WHERE work = ? ORDER BY id"
        found = self._connection.execute(sql, (work.value,))
        return [rows.read_invoice(row) for row in found]

    def drop_invoice(self, invoice_id: str) -> None:
        self._connection.execute("DELETE FROM invoices WHERE id = ?", (invoice_id,))
