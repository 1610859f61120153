"""What Microsoft Partner Center has, beside what Dynamics says."""

from dataclasses import dataclass
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from sandbox.pages import reading
from sandbox.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A subscription as Partner Center has it; keys without a value are left out on the wire."""

    status: str
    quantity: int
    auto_renew: bool
    term_end: str
    seats_at_renewal: int | None


def holding(world: World, provider_id: str | None) -> Holding | None:
    """Return what Partner Center has under this id, or None."""
    found = world.partner_center.subscription(provider_id) if provider_id else None
    return None if found is None else _read(found)


def _read(resource: dict[str, Any]) -> Holding:
    scheduled = resource.get("scheduledNextTermInstructions") or {}
    return Holding(
        status=resource["status"],
        quantity=resource["quantity"],
        auto_renew=resource["autoRenewEnabled"],
        term_end=resource.get("commitmentEndDate", "")[:10],
        seats_at_renewal=scheduled.get("quantity"),
    )


def index(world: World) -> ResponseReturnValue:
    """Show the linked subscriptions as Partner Center has them."""
    search = request.args.get("q", "")
    rows = [
        row
        for state in (0, 1)
        for row in reading.subscriptions(world, state=state, search=search)
        if row["sk_providersubscriptionid"]
    ]
    page = reading.page_of(rows, request.args.get("page", 1, type=int))
    there = {
        row["sk_subscriptionid"]: holding(world, row["sk_providersubscriptionid"])
        for row in page.rows
    }
    return render_template("partner_center.html", page=page, search=search, there=there)
