"""What Microsoft Partner Center has, beside what Dynamics says; a person changes it by hand."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox.pages import commands, people, reading
from sandbox.pages.grid import Design, Filter, grid
from sandbox.pages.notices import Notice
from sandbox.pages.reading import NoSuchRow, Row
from sandbox.world import World

STATUSES = ("active", "suspended", "expired", "disabled", "deleted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A subscription as Partner Center has it; keys without a value are left out on the wire."""

    id: str
    offer: str
    status: str
    quantity: int
    auto_renew: bool
    term_end: str
    seats_at_renewal: int | None
    has_next_term: bool
    actions: int
    cancel_until: str
    """Until when a cancellation gives money back; empty when the window is closed."""


def holding(world: World, provider_id: str | None) -> Holding | None:
    """Return what Partner Center has under this id, or None."""
    found = world.partner_center.subscription(provider_id) if provider_id else None
    return None if found is None else _read(found)


def _read(resource: dict[str, Any]) -> Holding:
    scheduled = resource.get("scheduledNextTermInstructions") or {}
    return Holding(
        id=resource["id"],
        offer=resource.get("offerName", ""),
        status=resource["status"],
        quantity=resource["quantity"],
        auto_renew=resource["autoRenewEnabled"],
        term_end=resource.get("commitmentEndDate", "")[:10],
        seats_at_renewal=scheduled.get("quantity"),
        has_next_term=bool(scheduled),
        actions=len(resource.get("scheduledActions") or ()),
        cancel_until=resource.get("cancellationAllowedUntilDate") or "",
    )


def index(world: World) -> ResponseReturnValue:
    """Show the linked subscriptions as Partner Center has them."""
    rows = [
        row | {"there": holding(world, row["sk_providersubscriptionid"])}
        for row in reading.subscriptions(world, 0, 1)
        if row["sk_providersubscriptionid"]
    ]
    return render_template("partner_center.html", grid=grid(DESIGN, rows, request.args))


def show(world: World, row_id: UUID) -> ResponseReturnValue:
    """Show a subscription as the portal of Partner Center would, with a form to change it."""
    row = reading.one(world, "sk_subscription", str(row_id))
    return render_template(
        "by_hand.html",
        row=row,
        account=reading.maybe(world, "account", row["_sk_accountid_value"]),
        there=_there(world, row),
        statuses=STATUSES,
    )


def change(world: World, row_id: UUID) -> ResponseReturnValue:
    """Change a subscription at Partner Center as the person would in the portal."""
    row = reading.one(world, "sk_subscription", str(row_id))
    there = _there(world, row)
    changes = _changes(there, world.partner_center.subscription(there.id) or {})
    if changes:
        world.partner_center.change_by_hand(there.id, changes, by=people.current(world).name)
    target = url_for("provider.show", row_id=row_id, said=Notice.BY_HAND.value)
    return redirect(target, HTTPStatus.SEE_OTHER)


def _changes(there: Holding, resource: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the resource that the form changes; raise InvalidForm."""
    wanted: dict[str, Any] = {
        "status": request.form.get("status", there.status),
        "quantity": commands.quantity(request.form),
        "autoRenewEnabled": "auto_renew" in request.form,
        "scheduledNextTermInstructions": _next_term(resource),
    }
    if "drop_actions" in request.form:
        wanted["scheduledActions"] = None
    return {name: value for name, value in wanted.items() if value != resource.get(name)}


def _next_term(resource: dict[str, Any]) -> dict[str, Any] | None:
    """Return the instructions for the next term: an empty field drops them."""
    planned = resource.get("scheduledNextTermInstructions")
    text = request.form.get("seats_at_renewal", "").strip()
    if not text:
        return None
    seats = commands.quantity({"quantity": text})
    product = {
        "billingCycle": resource.get("billingCycle", "monthly"),
        "termDuration": resource.get("termDuration", "P1Y"),
    }
    return {**(planned or {"product": product}), "quantity": seats}


def _there(world: World, row: Row) -> Holding:
    there = holding(world, row["sk_providersubscriptionid"])
    if there is None:
        raise NoSuchRow("Partner Center does not have this subscription.")
    return there


def _of(row: Row, name: str) -> Any:  # noqa: ANN401 - a fact of any kind, to sort by
    return getattr(row["there"], name, None)


DESIGN = Design(
    columns={
        "name": ("Subscription", lambda row: row["sk_name"]),
        "customer": ("Customer", lambda row: (row["customer"], row["sk_name"] or "")),
        "status": ("Status", lambda row: _of(row, "status")),
        "seats": ("Seats", lambda row: _of(row, "quantity")),
        "renew": ("Auto-renew", lambda row: _of(row, "auto_renew")),
        "term": ("Term ends", lambda row: _of(row, "term_end")),
        "renewal": ("At renewal", lambda row: _of(row, "seats_at_renewal")),
    },
    order="customer",
    searched=lambda row: (row["sk_name"], row["customer"], row["sk_providersubscriptionid"]),
    filters=(
        Filter(
            name="status",
            title="Status",
            options={name: name.capitalize() for name in STATUSES},
            of=lambda row: _of(row, "status"),
        ),
    ),
)
