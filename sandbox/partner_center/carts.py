"""Carts: the way new commerce is bought; a cart lives seven days."""

from datetime import datetime, timedelta
from typing import Any

from werkzeug import Response

from sandbox.clock import iso, parse_instant
from sandbox.documents import Document
from sandbox.partner_center.calls import Call
from sandbox.partner_center.errors import PartnerRefused
from sandbox.partner_center.ledger import SERVICE, Ledger
from sandbox.partner_center.lookup import Lookup
from sandbox.partner_center.order_view import pricing
from sandbox.partner_center.orders import Orders
from sandbox.partner_center.responses import json_response
from sandbox.partner_center.view import link
from sandbox.world import World

TABLE = "cart"
_CREATED = 201
_DAYS = 7
_PARTS = 3


class Carts:
    """Gathers catalogue items until they are bought."""

    def __init__(self, world: World, ledger: Ledger, orders: Orders) -> None:
        self._world = world
        self._orders = orders
        self._lookup = Lookup(ledger.registry)
        self._carts: dict[str, Document] = {}

    def answer(self, call: Call) -> Response | None:
        """Answer a request, or return None for a path of another room."""
        match call.request.method, call.parts:
            case "POST", ["customers", customer, "carts"]:
                return self._written(call, customer, self._world.new_id(), call.now)
            case "GET", ["customers", customer, "carts", key]:
                return json_response(self._cart(customer, key, call.now))
            case "PUT", ["customers", customer, "carts", key]:
                cart = self._cart(customer, key, call.now)
                created = parse_instant(cart["creationTimestamp"])
                return self._written(call, customer, cart["id"], created)
            case "POST", ["customers", customer, "carts", key, "checkout"]:
                return self._check_out(call, customer, key)
            case _:
                return None

    def clear(self) -> None:
        """Forget all carts."""
        self._carts.clear()

    def load(self, key: str, document: Document) -> None:
        """Take back a persisted cart."""
        self._carts[key] = document

    def _written(self, call: Call, customer: str, key: str, created: datetime) -> Response:
        self._lookup.customer(customer)
        lines = call.body().get("lineItems")
        if not isinstance(lines, list) or not lines:
            raise PartnerRefused(400, 3000, "The property lineItems is not valid.")
        own = f"/customers/{customer}/carts/{key}"
        cart = {
            "id": key,
            "creationTimestamp": iso(created),
            "lastModifiedTimestamp": iso(call.now),
            "expirationTimestamp": iso(created + timedelta(days=_DAYS)),
            "lastModifiedUser": call.principal.user_id,
            "status": "Active",
            "lineItems": [self._line(place, line) for place, line in enumerate(lines)],
            "links": {"self": link(own)},
            "attributes": {"objectType": "Cart"},
        }
        self._keep(key, cart)
        return json_response(cart, _CREATED)

    def _line(self, place: int, line: Any) -> Document:  # noqa: ANN401 - JSON
        item = line.get("catalogItemId") if isinstance(line, dict) else None
        if not isinstance(item, str) or len(item.split(":")) != _PARTS:
            raise PartnerRefused(400, 3000, f"The property catalogItemId is not valid: {item!r}.")
        quantity = line.get("quantity")
        if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
            raise PartnerRefused(400, 2002, "The quantity is outside of the allowed range.")
        cycle = str(line.get("billingCycle") or "monthly").lower()
        return {
            "id": place,
            "catalogItemId": item,
            "quantity": quantity,
            "currencyCode": "USD",
            "billingCycle": cycle,
            "termDuration": str(line.get("termDuration") or "P1Y"),
            "provisioningContext": line.get("provisioningContext") or {},
            "orderGroup": "0",
            "pricing": pricing(self._world.settings.list_price, quantity, cycle),
        }

    def _cart(self, customer: str, key: str, now: datetime) -> Document:
        self._lookup.customer(customer)
        cart = self._carts.get(key.lower())
        path = f"/customers/{customer}/carts/".lower()
        is_theirs = cart is not None and cart["links"]["self"]["uri"].lower().startswith(path)
        if cart is None or not is_theirs or parse_instant(cart["expirationTimestamp"]) <= now:
            raise PartnerRefused(404, 1000, f"The cart {key} was not found.")
        return cart

    def _check_out(self, call: Call, customer: str, key: str) -> Response:
        """Buy the cart: one order for each pair of billing cycle and term; the cart is gone."""
        cart = self._cart(customer, key, call.now)
        groups: dict[tuple[str, str], list[Document]] = {}
        for line in cart["lineItems"]:
            wanted = {"offerId": line["catalogItemId"], **line}
            groups.setdefault((line["billingCycle"], line["termDuration"]), []).append(wanted)
        orders = [
            self._orders.buy(call, customer, {"billingCycle": cycle}, lines)
            for (cycle, _), lines in groups.items()
        ]
        self._keep(cart["id"], None)
        bought = {"objectType": "CartCheckoutResult"}
        return json_response({"orders": orders, "orderErrors": [], "attributes": bought}, _CREATED)

    def _keep(self, key: str, cart: Document | None) -> None:
        if cart is None:
            del self._carts[key]
        else:
            self._carts[key] = cart
        self._world.save(service=SERVICE, table=TABLE, id=key, document=cart)
