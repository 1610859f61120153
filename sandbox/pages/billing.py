"""Contracts with their invoices and lines; an invoice is marked as paid here."""

from http import HTTPStatus
from uuid import UUID

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.pages import days, people, reading, web_api
from sandbox.pages.commands import InvalidForm
from sandbox.pages.grid import Design, Filter, grid
from sandbox.pages.notices import Notice
from sandbox.pages.reading import Row
from sandbox.pages.web_api import RowAt
from sandbox.scenarios.choices import InvoiceStatus
from sandbox.world import World

TABLE = "sk_billingcontract"
PAYABLE = {InvoiceStatus.DRAFT, InvoiceStatus.ISSUED}
REFUNDS = reading.options(TABLE, "sk_processrefunds")
DESIGN = Design(
    columns={
        "name": ("Contract", lambda row: row["sk_name"]),
        "frequency": ("Frequency", lambda row: row["sk_frequency"]),
        "policy": ("Billed in", lambda row: row["sk_billingpolicy"]),
        "refunds": ("Process Refunds", lambda row: row["sk_processrefunds"]),
        "currency": ("Currency", lambda row: row["sk_currencycode"]),
        "zone": ("Time zone", lambda row: row["sk_timezone"]),
        "next": ("Next invoice", lambda row: row["sk_nextinvoiceon"]),
    },
    order="name",
    searched=lambda row: (row["sk_name"], row["sk_currencycode"]),
    filters=(
        Filter(
            name="refunds",
            title="Process Refunds",
            options=REFUNDS,
            of=lambda row: row["sk_processrefunds"],
        ),
    ),
)


def index(world: World) -> ResponseReturnValue:
    """Show the contracts."""
    found = grid(DESIGN, world.dataverse.rows(TABLE), request.args)
    return render_template("contracts.html", grid=found)


def show(world: World, row_id: UUID) -> ResponseReturnValue:
    """Show a contract, its invoices from the newest to the oldest, and their lines."""
    contract = reading.one(world, TABLE, str(row_id))
    invoices = reading.pointing(world, "sk_invoice", "sk_billingcontractid", str(row_id))
    own = reading.pointing(world, "sk_subscription", "sk_billingcontractid", str(row_id))
    return render_template(
        "contract.html",
        row=contract,
        refunds=REFUNDS,
        account=reading.maybe(world, "account", contract["_sk_accountid_value"]),
        subscriptions=sorted(own, key=lambda row: row["sk_name"] or ""),
        invoices=sorted(invoices, key=_open_first, reverse=True),
        lines=_lines_of(world, {invoice["sk_invoiceid"] for invoice in invoices}),
        titles=reading.names(world, "sk_subscription", "sk_name"),
        payable=PAYABLE,
        draft=InvoiceStatus.DRAFT,
    )


def set_refunds(world: World, row_id: UUID) -> ResponseReturnValue:
    """Set whether the contract processes refunds."""
    chosen = request.form.get("refunds", "")
    if chosen not in REFUNDS:
        raise InvalidForm("Choose whether the contract processes refunds.")
    seen = RowAt(table=TABLE, id=str(row_id), version=request.form.get("version", ""))
    web_api.patch(world, seen, {"sk_processrefunds": int(chosen)}, people.current(world))
    target = url_for("billing.show", row_id=row_id, said=Notice.REFUNDS.value)
    return redirect(target, HTTPStatus.SEE_OTHER)


def mark_paid(world: World, row_id: UUID) -> ResponseReturnValue:
    """Close an invoice as paid on the contract's today, as the person."""
    invoice = reading.one(world, "sk_invoice", str(row_id))
    if invoice["statuscode"] not in PAYABLE:
        abort(HTTPStatus.CONFLICT, "This invoice is already closed.")
    contract_id = invoice["_sk_billingcontractid_value"]
    contract = reading.maybe(world, TABLE, contract_id)
    written: dict[str, object] = {
        "statecode": InvoiceStatus.PAID.state,
        "statuscode": int(InvoiceStatus.PAID),
        "sk_paidon": days.today(world.clock.now(), contract).isoformat(),
    }
    seen = RowAt(table="sk_invoice", id=str(row_id), version=request.form.get("version", ""))
    web_api.patch(world, seen, written, people.current(world))
    target = url_for("billing.show", row_id=contract_id, said=Notice.PAID.value)
    return redirect(target, HTTPStatus.SEE_OTHER)


def _open_first(invoice: Row) -> tuple[bool, str]:
    return invoice["statuscode"] == InvoiceStatus.DRAFT, invoice["sk_cyclestart"] or ""


def _lines_of(world: World, invoice_ids: set[str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {invoice_id: [] for invoice_id in invoice_ids}
    for line in world.dataverse.rows("sk_invoiceline"):
        if line["_sk_invoiceid_value"] in found:
            found[line["_sk_invoiceid_value"]].append(line)
    for lines in found.values():
        lines.sort(key=lambda line: (line["sk_linenumber"] or 0, line["createdon"]))
    return found
