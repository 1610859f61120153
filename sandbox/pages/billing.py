"""Contracts with their invoices and lines; an invoice is marked as paid here."""

from http import HTTPStatus
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.pages import people, reading
from sandbox.pages.notices import Notice
from sandbox.pages.reading import Row
from sandbox.scenarios.choices import InvoiceStatus
from sandbox.world import World

PAYABLE = {InvoiceStatus.DRAFT, InvoiceStatus.ISSUED}


def index(world: World) -> ResponseReturnValue:
    """Show the contracts."""
    rows = sorted(world.dataverse.rows("sk_billingcontract"), key=lambda row: row["sk_name"] or "")
    page = reading.page_of(rows, request.args.get("page", 1, type=int))
    return render_template("contracts.html", page=page)


def show(world: World, row_id: UUID) -> ResponseReturnValue:
    """Show a contract, its invoices from the newest to the oldest, and their lines."""
    contract = reading.one(world, "sk_billingcontract", str(row_id))
    invoices = reading.pointing(world, "sk_invoice", "sk_billingcontractid", str(row_id))
    own = reading.pointing(world, "sk_subscription", "sk_billingcontractid", str(row_id))
    return render_template(
        "contract.html",
        row=contract,
        account=reading.maybe(world, "account", contract["_sk_accountid_value"]),
        subscriptions=sorted(own, key=lambda row: row["sk_name"] or ""),
        invoices=sorted(invoices, key=lambda row: row["sk_cyclestart"] or "", reverse=True),
        lines=_lines_of(world, {invoice["sk_invoiceid"] for invoice in invoices}),
        titles=reading.names(world, "sk_subscription", "sk_name"),
        payable=PAYABLE,
        draft=InvoiceStatus.DRAFT,
    )


def mark_paid(world: World, row_id: UUID) -> ResponseReturnValue:
    """Close an invoice as paid on the contract's today, as the person."""
    invoice = reading.one(world, "sk_invoice", str(row_id))
    if invoice["statuscode"] not in PAYABLE:
        abort(HTTPStatus.CONFLICT, "This invoice is already closed.")
    contract_id = invoice["_sk_billingcontractid_value"]
    contract = reading.maybe(world, "sk_billingcontract", contract_id)
    written: dict[str, object] = {
        "statecode": InvoiceStatus.PAID.state,
        "statuscode": int(InvoiceStatus.PAID),
        "sk_paidon": _today(world, contract),
    }
    world.dataverse.update("sk_invoice", str(row_id), written, by=people.person(world))
    target = url_for("billing.show", row_id=contract_id, said=Notice.PAID.value)
    return redirect(target, HTTPStatus.SEE_OTHER)


def _today(world: World, contract: Row | None) -> str:
    zone = ZoneInfo((contract and contract["sk_timezone"]) or "UTC")
    return world.clock.now().astimezone(zone).date().isoformat()


def _lines_of(world: World, invoice_ids: set[str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {invoice_id: [] for invoice_id in invoice_ids}
    for line in world.dataverse.rows("sk_invoiceline"):
        if line["_sk_invoiceid_value"] in found:
            found[line["_sk_invoiceid_value"]].append(line)
    for lines in found.values():
        lines.sort(key=lambda line: (line["sk_linenumber"] or 0, line["createdon"]))
    return found
