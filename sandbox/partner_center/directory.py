"""What surrounds the subscriptions: licences, entitlements, resellers, services, categories.

Drawn from the subscriptions and customers where they say something, else fixed.
"""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from uuid import NAMESPACE_URL, uuid5

from werkzeug import Response

from sandbox.documents import Document
from sandbox.partner_center import view
from sandbox.partner_center.calls import Call
from sandbox.partner_center.ledger import Ledger
from sandbox.partner_center.lookup import Lookup
from sandbox.partner_center.responses import json_response
from sandbox.partner_center.subscription import Status, Subscription
from sandbox.partner_center.view import link

_PORTAL = "https://portal.office.com/Partner/BeginClientSession.aspx"
_SERVICES = {"Exchange": "Exchange", "MicrosoftCommunicationsOnline": "SkypeforBusiness"}
_CATEGORIES = {"Enterprise": 20, "SmallBusiness": 30, "Nonprofit": 60, "Trial": 70}
_ENTITLED = {"Software": "software", "VirtualMachineReservedInstance": ""}
_RESELLER = "is_indirect_cloud_solution_provider_of"


class Directory:
    """Answers lists that clients read beside the subscriptions."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lookup = Lookup(ledger.registry)

    def answer(self, call: Call) -> Response | None:
        """Answer a request, or return None for a path of another room."""
        if call.request.method != "GET":
            return None
        items = self._items(call)
        if items is None:
            return None
        return json_response(view.collection(list(items), view.self_uri(call.request)))

    def _items(self, call: Call) -> Iterable[Document] | None:
        match call.parts:
            case ["offercategories"]:
                return [_category(name, rank) for name, rank in _CATEGORIES.items()]
            case ["relationships"]:
                return self._resellers()
            case ["customers", customer, "subscribedskus"]:
                call.need_person()
                return self._licences(self._lookup.subscriptions(customer, call.now))
            case ["customers", customer, "managedservices"]:
                tenant = self._lookup.customer(customer)["id"]
                return [_service(tenant, key, name) for key, name in _SERVICES.items()]
            case ["customers", customer, "entitlements"]:
                found = self._lookup.subscriptions(customer, call.now)
                return [_entitlement(one) for one in found if one.kind in _ENTITLED]
            case _:
                return None

    def _resellers(self) -> list[Document]:
        """List the resellers that customers are associated with."""
        customers = self._ledger.registry.customers.values()
        known = {
            str(one["associatedPartnerId"]) for one in customers if "associatedPartnerId" in one
        }
        return [
            {
                "id": str(uuid5(NAMESPACE_URL, f"reseller {number}")),
                "name": f"Reseller {number}",
                "relationshipType": _RESELLER,
                "state": "Active",
                "mpnId": number,
                "location": "US",
                "attributes": {"objectType": "PartnerRelationship"},
            }
            for number in sorted(known)
        ]

    def _licences(self, found: list[Subscription]) -> Iterable[Document]:
        """Sum the seats of each product, as the directory of the customer counts them."""
        by_offer = attrgetter("offer_id")
        for offer, group in groupby(sorted(found, key=by_offer), key=by_offer):
            yield _licence(offer, list(group))


def _licence(offer: str, found: list[Subscription]) -> Document:
    seats = {
        status: sum(one.quantity for one in found if one.status is status) for status in Status
    }
    total = seats[Status.ACTIVE] + seats[Status.EXPIRED]  # users keep access while expired (4.1)
    capability = "Enabled" if total else "Suspended"
    return {
        "availableUnits": total,
        "activeUnits": seats[Status.ACTIVE],
        "consumedUnits": 0,
        "suspendedUnits": seats[Status.SUSPENDED],
        "totalUnits": total,
        "warningUnits": seats[Status.EXPIRED],
        **_product(offer, found[0].offer_name, capability),
        "capabilityStatus": capability,
        "attributes": {"objectType": "SubscribedSku"},
    }


def _product(offer: str, name: str, capability: str) -> Document:
    """Return what a licence is for: the product, and itself as its only service plan."""
    part = offer.partition(":")[0]
    sku, plan = (str(uuid5(NAMESPACE_URL, f"{kind} {offer}")) for kind in ("sku", "plan"))
    product = {"id": sku, "name": name, "skuPartNumber": part, "targetType": "User"}
    service = {
        "displayName": name,
        "serviceName": part,
        "id": plan,
        "capabilityStatus": capability,
        "targetType": "User",
    }
    return {"productSku": product | {"licenseGroupId": "group1"}, "servicePlans": [service]}


def _entitlement(found: Subscription) -> Document:
    product, sku = ([*found.offer_id.split(":"), ""])[:2]
    kind = _ENTITLED[found.kind] or "virtual_machine_reserved_instance"
    path = f"/customers/{found.customer_id}/artifacts/{kind.replace('_', '')}"
    return {
        "includedEntitlements": [],
        "referenceOrder": {"id": found.order_id, "lineItemId": "0"},
        "productId": product,
        "quantity": found.quantity,
        "quantityDetails": [{"quantity": found.quantity, "status": "Fulfilled"}],
        "entitledArtifacts": [
            {
                "link": link(f"{path}/groups/{found.order_id}/lineitems/0/resource/{found.id}"),
                "resourceId": found.id,
                "artifactType": kind,
            }
        ],
        "skuId": sku,
        "entitlementType": kind,
    }


def _service(tenant: str, key: str, name: str) -> Document:
    places = {"adminService": key, "serviceHealth": "ServiceStatus", "serviceTicket": "Support"}
    return {
        "id": key,
        "name": name,
        "groupName": "Office",
        "links": {
            title: link(f"{_PORTAL}?CTID={tenant}&CSDEST={place}")
            for title, place in places.items()
        },
        "attributes": {"objectType": "ManagedService"},
    }


def _category(name: str, rank: int) -> Document:
    return {
        "id": f"{name}_Key",
        "name": name,
        "rank": rank,
        "locale": "en-US",
        "country": "US",
        "attributes": {"objectType": "OfferCategory"},
    }
