"""What an order shows."""

from datetime import datetime
from typing import Any

from sandbox.documents import Document
from sandbox.partner_center.subscription import Subscription
from sandbox.partner_center.view import link, product_links, stamp

_MONTHS = {"monthly": 1, "annual": 12, "biennial": 24, "triennial": 36}


def order(lines: list[Subscription], now: datetime, price: float) -> Document:
    """Return the Order resource of subscriptions that were bought together."""
    first = lines[0]
    own = f"/customers/{first.customer_id}/orders/{first.order_id}"
    shown = [_line(place, line, now, price) for place, line in enumerate(lines)]
    waits = not all(line.is_visible(now) for line in lines)
    return {
        "id": first.order_id,
        "alternateId": first.order_id,
        "referenceCustomerId": first.customer_id,
        "billingCycle": first.billing_cycle,
        "currencyCode": "USD",
        "currencySymbol": "$",
        "lineItems": shown,
        "creationDate": stamp(first.created_at),
        "status": "pending" if waits else "completed",
        "transactionType": "UserPurchase",
        "links": {
            "self": link(own),
            "provisioningStatus": link(f"{own}/provisioningstatus"),
            "patchOperation": link(own) | {"method": "PATCH"},
        },
        "totalPrice": sum(line["pricing"]["extendedPrice"] for line in shown),
        "client": {},
        "attributes": {"objectType": "Order"},
    }


def _line(place: int, line: Subscription, now: datetime, price: float) -> dict[str, Any]:
    # The id may be missing right after the checkout (partner-center.md 3.3).
    named = {"subscriptionId": line.id} if line.is_visible(now) else {}
    return {
        "lineItemNumber": place,
        "offerId": line.offer_id,
        **named,
        "termDuration": line.term,
        "transactionType": "New",
        "friendlyName": line.friendly_name,
        "quantity": line.quantity,
        "pricing": pricing(price, line.quantity, line.billing_cycle),
        "links": product_links(line),
    }


def pricing(price: float, quantity: int, cycle: str) -> dict[str, Any]:
    """Return the prices of a line; there is no price list, one price serves all."""
    unit = round(price * _MONTHS.get(cycle, 1), 2)
    names = ("listPrice", "discountedPrice", "proratedPrice", "price")
    return dict.fromkeys(names, unit) | {"extendedPrice": round(unit * quantity, 2)}


def fulfilment(place: int, line: Subscription) -> dict[str, Any]:
    """Return the provisioning status of a line."""
    status = "pending" if line.status == "pending" else "fulfilled"
    return {
        "orderLineItemId": place,
        "lineItemNumber": place,
        "status": status,
        "quantityProvisioningInformation": [{"quantity": line.quantity, "status": status}],
    }
