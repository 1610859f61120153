"""The invoices as they were last polled, and what is still to be done about them."""

import sqlite3
from collections.abc import Iterable

from store import rows
from sync.state import InvoiceWork, KnownInvoice


class Invoices:
    """The statements about invoices; a part of one transaction."""

    _connection: sqlite3.Connection

    def known_invoice(self, invoice_id: str) -> KnownInvoice | None:
        sql = "SELECT * FROM invoices WHERE id = ?"
        row = self._connection.execute(sql, (invoice_id,)).fetchone()
        return rows.read_invoice(row) if row else None

    def put_invoices(self, invoices: Iterable[KnownInvoice]) -> None:
        sql = "INSERT OR REPLACE INTO invoices VALUES (:id, :contract_id, :version, :status, :work)"
        self._connection.executemany(sql, [rows.invoice_row(one) for one in invoices])

    def invoices_with(self, work: InvoiceWork) -> list[KnownInvoice]:
        sql = "SELECT * FROM invoices WHERE work = ? ORDER BY id"
        found = self._connection.execute(sql, (work.value,))
        return [rows.read_invoice(row) for row in found]

    def drop_invoice(self, invoice_id: str) -> None:
        self._connection.execute("DELETE FROM invoices WHERE id = ?", (invoice_id,))
