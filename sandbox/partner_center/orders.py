"""Orders and carts: how subscriptions are bought (partner-center.md 3.1 and 3.3).

Orders are not stored: an order is the subscriptions that carry its id.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from werkzeug import Response

from sandbox.documents import Document
from sandbox.partner_center import intake, order_view, view
from sandbox.partner_center.audit import Operation
from sandbox.partner_center.calls import Call
from sandbox.partner_center.companions import activation_links
from sandbox.partner_center.errors import InputRefused, PartnerRefused
from sandbox.partner_center.ledger import Ledger
from sandbox.partner_center.lookup import Lookup
from sandbox.partner_center.pages import paged
from sandbox.partner_center.responses import json_response
from sandbox.partner_center.subscription import Status, Subscription
from sandbox.world import World

_CREATED = 201


class Orders:
    """Buys subscriptions and shows what was bought together."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world = world
        self._ledger = ledger
        self._lookup = Lookup(ledger.registry)

    def answer(self, call: Call) -> Response | None:
        """Answer a request, or return None for a path of another room."""
        match call.request.method, call.parts:
            case "POST", ["customers", customer, "orders"]:
                body = call.body()
                return json_response(self.buy(call, customer, body, _lines(body)), _CREATED)
            case "PATCH", ["customers", customer, "orders", key]:
                return json_response(self._change(call, customer, key))
            case "GET", ["customers", customer, "orders", *rest]:
                document = self._read(call, customer, rest)
                return None if document is None else json_response(document)
            case _:
                return None

    def _read(self, call: Call, customer: str, rest: list[str]) -> Document | None:
        match rest:
            case []:
                return self._list(call, customer)
            case [key]:
                return self._shown(self._order(customer, key, call.now), call.now)
            case [key, "provisioningstatus"]:
                return self._provisioning(call, customer, key)
            case [key, "lineitems", place, "activationlinks"]:
                lines = dict(enumerate(self._order(customer, key, call.now)))
                found = lines.get(int(place)) if place.isdecimal() else None
                links = [] if found is None else activation_links(int(place), found)
                return view.collection(links, view.self_uri(call.request))
            case _:
                return None

    def buy(self, call: Call, customer_id: str, order: Document, lines: list[Document]) -> Document:
        """Make a subscription of each line of an order; return the order."""
        self._lookup.customer(customer_id)
        is_modern = all(":" in str(line.get("offerId")) for line in lines)
        order_id = self._world.new_id()
        order_id = order_id.replace("-", "")[:12] if is_modern else order_id
        made = [self._made(_wanted(customer_id, order_id, order, line), call.now) for line in lines]
        for new in made:
            self._ledger.store(None, new, call.author)
        return self._shown(made, call.now)

    def _made(self, wanted: Document, now: datetime) -> Subscription:
        settings = self._world.settings
        try:
            new = intake.new_subscription(wanted, now, self._world.new_id, settings)
        except InputRefused as refused:
            raise PartnerRefused(400, 800002, f"The input is not valid: {refused}") from refused
        if not 1 <= new.quantity <= settings.largest_quantity:
            raise PartnerRefused(400, 2002, "The quantity is outside of the allowed range.")
        return replace(
            new,
            status=Status.PENDING if settings.pending_seconds else Status.ACTIVE,
            visible_at=_later(now, settings.orders_visible_seconds),
            ready_at=_later(now, settings.not_ready_seconds),
            changed_at=now,
        )

    def _list(self, call: Call, customer_id: str) -> Document:
        orders: dict[str, list[Subscription]] = {}
        for found in self._lookup.subscriptions(customer_id, call.now):
            orders.setdefault(found.order_id.lower(), []).append(found)
        shown = [self._shown(lines, call.now) for lines in orders.values()]
        return paged(shown, call.request, 0)

    def _order(self, customer_id: str, key: str, now: datetime) -> list[Subscription]:
        found = [
            line
            for line in self._lookup.subscriptions(customer_id, now)
            if line.order_id.lower() == key.lower()
        ]
        if not found:
            raise PartnerRefused(404, 20003, f"The order {key} was not found.")
        return found

    def _shown(self, lines: list[Subscription], now: datetime) -> Document:
        return order_view.order(lines, now, self._world.settings.list_price)

    def _change(self, call: Call, customer_id: str, key: str) -> Document:
        """Change the billing cycle of a legacy order, or add to it; it cannot be cancelled."""
        body = call.body()
        found = self._order(customer_id, key, call.now)
        if str(body.get("status", "")).lower() == "cancelled":
            text = "The order cannot be cancelled. Suspend the subscription instead."
            raise PartnerRefused(400, 800063, text)
        cycle = str(body.get("billingCycle") or found[0].billing_cycle).lower()
        if not all(line.legacy for line in found):
            raise PartnerRefused(400, 800042, "The update of this order is not supported.")
        self._add(call, customer_id, found, body)
        for old in found:
            if old.billing_cycle != cycle:
                new = replace(old, billing_cycle=cycle, updates=old.updates + 1)
                self._ledger.change(old, new, call.author.doing(Operation.UPDATE_ORDER))
        return self._shown(self._order(customer_id, key, call.now), call.now)

    def _add(self, call: Call, customer_id: str, found: list[Subscription], body: Document) -> None:
        """Buy the lines of a body that the order has not: add-ons of legacy subscriptions."""
        new = [line for line in body.get("lineItems") or () if not line.get("subscriptionId")]
        bases = {line.key for line in found}
        for line in new:
            if str(line.get("parentSubscriptionId")).lower() not in bases:
                raise PartnerRefused(400, 2000, "The property ParentSubscriptionId is not valid.")
        order = {"billingCycle": found[0].billing_cycle}
        wanted = [_wanted(customer_id, found[0].order_id, order, line) for line in new]
        for made in [self._made(one, call.now) for one in wanted]:
            self._ledger.store(None, made, call.author)

    def _provisioning(self, call: Call, customer_id: str, key: str) -> Document:
        call.need_person()
        found = self._order(customer_id, key, call.now)
        return {
            "totalCount": len(found),
            "items": [order_view.fulfilment(place, line) for place, line in enumerate(found)],
            "attributes": {"objectType": "Collection"},
        }


def _later(now: datetime, seconds: float) -> datetime | None:
    return now + timedelta(seconds=seconds) if seconds else None


def _lines(body: Document) -> list[Document]:
    lines = body.get("lineItems")
    if not isinstance(lines, list) or not lines or not all(isinstance(x, dict) for x in lines):
        raise PartnerRefused(400, 3000, "The property lineItems is not valid.")
    return lines


def _wanted(
    customer_id: str, order_id: str, order: Document, line: dict[str, Any]
) -> dict[str, Any]:
    """Return the fields of the subscription that a line of an order asks for."""
    if not isinstance(line.get("offerId"), str):
        raise PartnerRefused(400, 3000, "The property offerId is not valid.")
    cycle = line.get("billingCycle") or order.get("billingCycle") or "monthly"
    wanted = {
        "customerId": customer_id,
        "orderId": order_id,
        "offerId": line["offerId"],
        "offerName": line.get("friendlyName"),
        "quantity": line.get("quantity"),
        "billingCycle": str(cycle).lower(),
        "termDuration": line.get("termDuration"),
        "parentSubscriptionId": line.get("parentSubscriptionId"),
        "partnerId": line.get("partnerIdOnRecord"),
    }
    return {name: value for name, value in wanted.items() if value is not None}
