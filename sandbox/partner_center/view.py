"""What Partner Center shows: the Subscription and Customer resources, and collections."""

import base64
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from werkzeug import Request

from sandbox.documents import Document
from sandbox.partner_center.subscription import Lot, Status, Subscription
from sandbox.partner_center.terms import billing_cycle_end

_FULL = timedelta(days=1)
_CANCELLABLE = (Status.ACTIVE, Status.SUSPENDED)


def stamp(instant: datetime) -> str:
    """Write an instant in UTC with a trailing Z and whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def link(uri: str) -> Document:
    return {"uri": uri, "method": "GET", "headers": []}


def self_uri(request: Request) -> str:
    """Return the link of a list to itself: relative, without the version, with its query."""
    query = f"?{request.query_string.decode()}" if request.query_string else ""
    return request.path.removeprefix("/v1") + query


def etag(subscription: Subscription) -> str:
    """Return the etag of a legacy subscription: base64 of its id and version."""
    inner = {"id": subscription.key, "version": subscription.version}
    return base64.b64encode(orjson.dumps(inner)).decode()


def resource(subscription: Subscription, now: datetime) -> Document:
    """Return the Subscription resource as it is at an instant."""
    parts = _common(subscription) | (
        _legacy(subscription) if subscription.legacy else _new_commerce(subscription, now)
    )
    return parts | subscription.extra | {"links": _links(subscription)} | _attributes(subscription)


def _common(subscription: Subscription) -> Document:
    return {
        "id": subscription.id,
        "offerId": subscription.offer_id,
        "offerName": subscription.offer_name,
        "friendlyName": subscription.friendly_name,
        "quantity": subscription.quantity,
        "unitType": "Licenses",
        "parentSubscriptionId": subscription.parent_id,
        "hasPurchasableAddons": False,
        "creationDate": stamp(subscription.created_at),
        "effectiveStartDate": stamp(subscription.started_at),
        "commitmentEndDate": _midnight(subscription.term_end),
        "status": subscription.status.value,
        "autoRenewEnabled": subscription.auto_renew,
        "isTrial": subscription.is_trial,
        "billingType": "license",
        "billingCycle": subscription.billing_cycle,
        "actions": ["Edit", "Cancel"],
        "partnerId": subscription.partner_id,
        "suspensionReasons": list(subscription.suspension_reasons),
        "contractType": "subscription",
        "orderId": subscription.order_id,
    }


def _legacy(subscription: Subscription) -> Document:
    del subscription
    return {"isMicrosoftProduct": True, "attentionNeeded": False, "actionTaken": False}


def _new_commerce(subscription: Subscription, now: datetime) -> Document:
    until = subscription.cancel_until
    cycle_end = billing_cycle_end(subscription, now)
    open_window = until is not None and now <= until and subscription.status in _CANCELLABLE
    return {
        "productType": {"id": "OnlineServicesNCE", "displayName": "OnlineServicesNCE"},
        "publisherName": "Microsoft Corporation",
        "isMicrosoftProduct": True,
        "attentionNeeded": False,
        "actionTaken": False,
        "commitmentEndDateTime": f"{subscription.term_end.isoformat()}T23:59:59Z",
        "termDuration": subscription.term,
        "renewalTermDuration": "",
        "cancellationAllowedUntilDate": stamp(until) if until and open_window else None,
        "refundOptions": _refunds(subscription, until, now) if until and open_window else [],
        "billingCycleEndDate": _midnight(cycle_end),
        "billingCycleEndDateTime": f"{cycle_end.isoformat()}T23:59:59Z",
        "refundableQuantity": _refundable(subscription, now),
        "scheduledNextTermInstructions": subscription.next_term,
        "nextChargeInstructions": subscription.next_charge,
        "scheduledActions": subscription.scheduled_actions,
    }


def _refunds(subscription: Subscription, until: datetime, now: datetime) -> list[Document]:
    """Return what a cancel gives back: all in the first day of the window, then a part (4.3)."""
    began = max(subscription.created_at, subscription.started_at)
    full = min(began + _FULL, until)
    options = [{"type": "Full", "expiresAt": stamp(full)}] if now <= full else []
    return [*options, {"type": "Partial", "expiresAt": stamp(until)}]


def _refundable(subscription: Subscription, now: datetime) -> Document | None:
    if subscription.status is not Status.ACTIVE:
        return None
    lots = subscription.refundable(now)
    return {"totalQuantity": sum(lot.quantity for lot in lots), "details": list(map(_lot, lots))}


def _lot(lot: Lot) -> Document:
    return {"quantity": lot.quantity, "allowedUntilDateTime": stamp(lot.until)}


def _links(subscription: Subscription) -> Document:
    own = f"/customers/{subscription.customer_id}/subscriptions/{subscription.id}"
    links = product_links(subscription) | {"self": link(own)}
    if subscription.parent_id:
        base = f"/customers/{subscription.customer_id}/subscriptions/{subscription.parent_id}"
        links["parentSubscription"] = link(base)
    if subscription.extra.get("entitlementId"):
        links["entitlement"] = link(f"/entitlements/{subscription.extra['entitlementId']}")
    if not subscription.by_microsoft:
        links["activationLinks"] = link(f"{own}/activationlinks")
    return links


def product_links(subscription: Subscription) -> Document:
    """Return the links to what was bought: an offer, or product, SKU and availability."""
    if subscription.legacy:
        return {"offer": link(f"/offers/{subscription.offer_id}?country=US")}
    product, sku, availability = ([*subscription.offer_id.split(":"), "", ""])[:3]
    return {
        "product": link(f"/products/{product}?country=US"),
        "sku": link(f"/products/{product}/skus/{sku}?country=US"),
        "availability": link(
            f"/products/{product}/skus/{sku}/availabilities/{availability}?country=US"
        ),
    }


def _attributes(subscription: Subscription) -> Document:
    # New commerce samples carry no etag (partner-center.md 3.2).
    inner: Document = {"objectType": "Subscription"}
    return {"attributes": {"etag": etag(subscription)} | inner if subscription.legacy else inner}


def customer(document: Document) -> Document:
    """Return the Customer resource as a list shows it."""
    tenant = document["id"]
    profile = {
        "tenantId": tenant,
        "domain": document["domain"],
        "companyName": document["companyName"],
        "links": {"self": link(f"/customers/{tenant}/profiles/company")},
        "attributes": {"objectType": "CustomerCompanyProfile"},
    }
    reseller = document.get("associatedPartnerId")
    return {
        "id": tenant,
        "companyProfile": profile,
        "relationshipToPartner": document["relationshipToPartner"],
        **({"associatedPartnerId": reseller} if reseller else {}),
        "links": {"self": link(f"/customers/{tenant}")},
        "attributes": {"objectType": "Customer"},
    }


def whole_customer(document: Document) -> Document:
    """Return the Customer resource with the profiles that only a single one shows."""
    listed, tenant = customer(document), document["id"]
    address = {
        "country": "US",
        "city": "Redmond",
        "addressLine1": "1 Example Way",
        "postalCode": "98052",
        "phoneNumber": "5550100",
    }
    email = f"admin@{document['domain']}"
    profile = listed["companyProfile"] | {"address": address | {"region": "WA"}, "email": email}
    billing = {
        "id": tenant,
        "firstName": "Alex",
        "lastName": "Example",
        "email": email,
        "culture": "en-US",
        "language": "en",
        "companyName": document["companyName"],
        "defaultAddress": address | {"state": "WA", "firstName": "Alex", "lastName": "Example"},
        "links": {"self": link(f"/customers/{tenant}/profiles/billing")},
        "attributes": {"etag": "1", "objectType": "CustomerBillingProfile"},
    }
    return listed | {
        "commerceId": tenant,
        "companyProfile": profile,
        "billingProfile": billing,
        "allowDelegatedAccess": True,
        "customDomains": [document["domain"]],
    }


def collection(items: Sequence[Any], uri: str, *, total: int | None = None) -> Document:
    """Return the envelope of a list."""
    return {
        "totalCount": len(items) if total is None else total,
        "items": list(items),
        "links": {"self": link(uri)},
        "attributes": {"objectType": "Collection"},
    }
