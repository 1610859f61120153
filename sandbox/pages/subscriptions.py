"""The views of subscriptions, a subscription's form, and what a person edits there."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.pages import changelogs, commands, money, people, provider, reading, web_api
from sandbox.pages.grid import Design, Filter, grid
from sandbox.pages.notices import Notice
from sandbox.pages.reading import Row
from sandbox.pages.web_api import Audited, RowAt
from sandbox.scenarios.choices import InvoiceStatus, SubscriptionStatus
from sandbox.world import World

TABLE = "sk_subscription"
VIEWS = {"active": 0, "inactive": 1}
HISTORY_LENGTH = 20
LOGGED = ("statuscode", "sk_quantity")


def index(world: World) -> ResponseReturnValue:
    """Show Active or Inactive Subscriptions."""
    view = request.args.get("view", "active")
    if view not in VIEWS:
        abort(HTTPStatus.NOT_FOUND, "There is no such view; there are active and inactive.")
    found = grid(_design(world, view), reading.subscriptions(world, VIEWS[view]), request.args)
    return render_template("subscriptions.html", view=view, grid=found)


def _design(world: World, view: str) -> Design:
    providers = reading.names(world, "sk_provider", "sk_name")
    reasons = {
        str(int(status)): reading.label(TABLE, "statuscode", status)
        for status in SubscriptionStatus
        if status.state == VIEWS[view]
    }
    return Design(
        columns={
            "name": ("Subscription", lambda row: row["sk_name"]),
            "customer": ("Customer", lambda row: (row["customer"], row["sk_name"] or "")),
            "seats": ("Seats", lambda row: row["sk_quantity"]),
            "provider": ("Provider", lambda row: row["provider"]),
            "status": ("Status reason", lambda row: row["statuscode"]),
            "term": ("Term ends", lambda row: row["sk_termenddate"]),
            "message": ("Message", lambda row: row["sk_syncmessage"]),
        },
        order="customer",
        searched=lambda row: (row["sk_name"], row["customer"], row["sk_providersubscriptionid"]),
        filters=(
            Filter(
                name="reason",
                title="Status reason",
                options=reasons,
                of=lambda row: row["statuscode"],
            ),
            Filter(
                name="provider",
                title="Provider",
                options=providers,
                of=lambda row: row["_sk_providerid_value"],
            ),
        ),
        fixed={"view": view},
    )


def show(world: World, row_id: UUID) -> ResponseReturnValue:
    """Show a subscription with its change logs, its history and what Partner Center has."""
    return render_template("subscription.html", **form(world, str(row_id)))


def form(world: World, row_id: str) -> dict[str, Any]:
    """Return what the form of a subscription shows."""
    row = reading.one(world, TABLE, row_id)
    contract = reading.maybe(world, "sk_billingcontract", row["_sk_billingcontractid_value"])
    logs = reading.pointing(world, "sk_changelog", "sk_subscriptionid", row_id)
    history = web_api.history(world, TABLE, row_id, people.current(world))
    return {
        "row": row,
        "contract": contract,
        "currency": contract["sk_currencycode"] if contract else "",
        "per_cycle": money.per_cycle(row),
        "account": reading.maybe(world, "account", row["_sk_accountid_value"]),
        "provider": reading.maybe(world, "sk_provider", row["_sk_providerid_value"]),
        "commands": commands.offered(status_of(row)),
        "quantity_locked": status_of(row) is not SubscriptionStatus.ACTIVE,
        "logs": sorted(logs, key=_newest_first, reverse=True),
        "lines": _lines_by_log(world, row_id),
        "draft": InvoiceStatus.DRAFT,
        "open_provisioning": changelogs.OPEN,
        "by_hand": changelogs.BY_HAND,
        "there": provider.holding(world, row["sk_providersubscriptionid"]),
        "history": history[:HISTORY_LENGTH],
        "is_waiting": _is_waiting(row, history, logs),
    }


def set_quantity(world: World, row_id: UUID) -> ResponseReturnValue:
    """Change the number of seats as the person."""
    if status_of(reading.one(world, TABLE, str(row_id))) is not SubscriptionStatus.ACTIVE:
        abort(HTTPStatus.CONFLICT, "The quantity can be changed while the subscription is active.")
    written: dict[str, object] = {
        "sk_quantity": commands.quantity(request.form),
        "sk_changeeffectiveon": commands.day(request.form, "effective_on"),
    }
    return save(world, str(row_id), written, Notice.QUANTITY)


def set_details(world: World, row_id: UUID) -> ResponseReturnValue:
    """Change auto-renew, the planned deactivation and the hold as the person."""
    written: dict[str, object] = {
        "sk_autorenew": "auto_renew" in request.form,
        "sk_deactivateon": commands.day(request.form, "deactivate_on"),
        "sk_hold": "hold" in request.form,
    }
    return save(world, str(row_id), written, Notice.SAVED)


def save(
    world: World, row_id: str, written: dict[str, object], said: Notice
) -> ResponseReturnValue:
    """Write a subscription as the person, and show it again."""
    seen = RowAt(table=TABLE, id=row_id, version=request.form.get("version", ""))
    web_api.patch(world, seen, written, people.current(world))
    target = url_for("subscriptions.show", row_id=row_id, said=said.value)
    return redirect(target, HTTPStatus.SEE_OTHER)


def status_of(row: Row) -> SubscriptionStatus:
    return SubscriptionStatus(row["statuscode"])


def _lines_by_log(world: World, row_id: str) -> dict[str, list[Row]]:
    """Return the invoice lines of a subscription by the change log they belong to."""
    invoices = {row["sk_invoiceid"]: row for row in world.dataverse.rows("sk_invoice")}
    found: dict[str, list[Row]] = {}
    for line in reading.pointing(world, "sk_invoiceline", "sk_subscriptionid", row_id):
        invoice = invoices.get(line["_sk_invoiceid_value"])
        found.setdefault(line["_sk_changelogid_value"] or "", []).append(
            line | {"invoice": invoice}
        )
    return found


def _is_waiting(row: Row, history: list[Audited], logs: list[Row]) -> bool:
    """Tell whether the last change of status or seats has neither a log nor a message."""
    asked = next((entry.at for entry in history if entry.changes(*LOGGED)), "")
    if not asked or row["sk_syncmessage"] or row["sk_hold"]:
        return False
    return asked > max((log["createdon"] for log in logs), default="")


def _newest_first(log: Row) -> tuple[int, str]:
    return log["sk_sequence"] or 0, log["createdon"]
