"""Customers with what they have, and the command that deactivates all of it at once."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.pages import commands, people, preview, reading, web_api
from sandbox.pages.commands import COMMANDS, Verb
from sandbox.pages.grid import Design, grid
from sandbox.pages.notices import Notice
from sandbox.pages.preview import Preview
from sandbox.pages.reading import Row
from sandbox.pages.web_api import RowAt, WriteRefused
from sandbox.scenarios.choices import SubscriptionStatus
from sandbox.world import World

TABLE = "account"
DESIGN = Design(
    columns={
        "name": ("Customer", lambda row: row["name"]),
        "active": ("Active", lambda row: row["active"]),
        "inactive": ("Inactive", lambda row: row["inactive"]),
    },
    order="name",
    searched=lambda row: (row["name"], row["sk_customertenantid"]),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A subscription that was not deactivated, and why."""

    row: Row
    why: str


def index(world: World) -> ResponseReturnValue:
    """Show the customers."""
    counted = Counter(
        (row["_sk_accountid_value"], row["statecode"])
        for row in world.dataverse.rows("sk_subscription")
    )
    rows = [
        row | {"active": counted[row["accountid"], 0], "inactive": counted[row["accountid"], 1]}
        for row in world.dataverse.rows(TABLE)
    ]
    return render_template("customers.html", grid=grid(DESIGN, rows, request.args))


def show(world: World, row_id: UUID) -> ResponseReturnValue:
    """Show a customer with contracts and subscriptions."""
    contracts = reading.pointing(world, "sk_billingcontract", "sk_accountid", str(row_id))
    return render_template(
        "customer.html",
        row=reading.one(world, TABLE, str(row_id)),
        contracts=sorted(contracts, key=lambda row: row["sk_name"] or ""),
        subscriptions=_subscriptions(world, str(row_id), 0, 1),
    )


def confirm(world: World, row_id: UUID) -> ResponseReturnValue:
    """Show what deactivating all of a customer's subscriptions would mean."""
    found = [(row, preview.of(world, row)) for row in _subscriptions(world, str(row_id), 0)]
    return render_template(
        "deactivate_all.html",
        row=reading.one(world, TABLE, str(row_id)),
        found=found,
        totals=_totals([shown for _, shown in found]),
        refund_choices=commands.REFUND_CHOICES,
    )


def perform(world: World, row_id: UUID) -> ResponseReturnValue:
    """Deactivate the subscriptions that the preview showed, each as it was seen there."""
    shown = request.form.getlist("subscription")
    rows = [
        row for row in _subscriptions(world, str(row_id), 0) if row["sk_subscriptionid"] in shown
    ]
    refused = [refusal for row in rows if (refusal := _deactivated(world, row))]
    if refused:
        return render_template(
            "not_deactivated.html",
            row=reading.one(world, TABLE, str(row_id)),
            refused=refused,
            done=len(rows) - len(refused),
        ), HTTPStatus.CONFLICT
    target = url_for("customers.show", row_id=row_id, said=Notice.ALL_DEACTIVATED.value)
    return redirect(target, HTTPStatus.SEE_OTHER)


def _deactivated(world: World, row: Row) -> Refusal | None:
    row_id = row["sk_subscriptionid"]
    suspended = COMMANDS[Verb.DEACTIVATE].leads_to
    written: dict[str, object] = {
        "statecode": suspended.state,
        "statuscode": int(suspended),
        "sk_changeeffectiveon": None,
        "sk_deactivateon": None,
        "sk_refundchoice": int(commands.refund_choice(request.form)),
    }
    seen = RowAt(
        table="sk_subscription", id=row_id, version=request.form.get(f"version-{row_id}", "")
    )
    try:
        web_api.patch(world, seen, written, people.current(world))
    except WriteRefused as error:
        return Refusal(row=row, why=str(error))
    return None


def _subscriptions(world: World, row_id: str, *states: int) -> list[Row]:
    """Return a customer's subscriptions, the active ones first."""
    own = [
        row for row in reading.subscriptions(world, *states) if row["_sk_accountid_value"] == row_id
    ]
    order = list(SubscriptionStatus)
    return sorted(
        own,
        key=lambda row: (order.index(SubscriptionStatus(row["statuscode"])), row["sk_name"] or ""),
    )


def _totals(found: list[Preview]) -> dict[str, Decimal]:
    """Return the estimated credits by currency."""
    totals: dict[str, Decimal] = {}
    for shown in found:
        if shown.credit is not None:
            totals[shown.currency] = totals.get(shown.currency, Decimal(0)) + shown.credit.amount
    return totals
