"""Upgrades of legacy subscriptions to another offer (partner-center.md 3.1), in a simple form."""

from dataclasses import replace

from werkzeug import Response

from sandbox.documents import Document
from sandbox.partner_center import view
from sandbox.partner_center.audit import Operation
from sandbox.partner_center.calls import Call
from sandbox.partner_center.errors import PartnerRefused
from sandbox.partner_center.ledger import Ledger
from sandbox.partner_center.lookup import Lookup
from sandbox.partner_center.responses import json_response
from sandbox.partner_center.subscription import Status, Subscription
from sandbox.partner_center.view import link
from sandbox.world import World

_OFFERS = {
    "91FD106F-4B2C-4938-95AC-F54F74E9A239": "Office 365 Enterprise E1",
    "796B6B5F-613C-4E24-A17C-EBA730D49C02": "Office 365 Enterprise E3",
}
_NOT_ACTIVE = {
    "code": 2,
    "description": "Subscription cannot be upgraded because the source subscription state is not "
    "active.",
    "attributes": {"objectType": "UpgradeError"},
}


class Upgrades:
    """Moves a legacy subscription to another offer."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world = world
        self._ledger = ledger
        self._lookup = Lookup(ledger.registry)

    def answer(self, call: Call) -> Response | None:
        """Answer a request, or return None for a path of another room."""
        match call.request.method, call.parts:
            case "GET", ["customers", customer, "subscriptions", key, "upgrades"]:
                found = self._lookup.subscription(customer, key, call.now)
                return json_response(_targets(found, view.self_uri(call.request)))
            case "POST", ["customers", customer, "subscriptions", key, "upgrades"]:
                found = self._lookup.subscription(customer, key, call.now)
                return json_response(self._upgrade(call, found))
            case _:
                return None

    def _upgrade(self, call: Call, old: Subscription) -> Document:
        """Replace a subscription by one of the target offer; the old one is deleted."""
        if not old.legacy or old.status is not Status.ACTIVE:
            raise PartnerRefused(400, 800062, "The subscription is not eligible for it.")
        target = call.body().get("targetOffer")
        offer = str(target.get("id") if isinstance(target, dict) else "").upper()
        if offer not in _OFFERS or offer == old.offer_id.upper():
            raise PartnerRefused(400, 3000, f"The property targetOffer is not valid: {offer}.")
        author = call.author.doing(Operation.UPGRADE)
        new = replace(
            old,
            id=self._world.new_id(),
            offer_id=offer,
            offer_name=_OFFERS[offer],
            friendly_name=_OFFERS[offer],
            created_at=call.now,
            version=1,
            updates=0,
        )
        self._ledger.store(None, new, author)
        gone = replace(old, status=Status.DELETED, status_since=call.now, auto_renew=False)
        self._ledger.change(old, gone, author)
        return {
            "sourceSubscriptionId": old.id,
            "targetSubscriptionId": new.id,
            "upgradeType": "upgrade_only",
            "attributes": {"objectType": "UpgradeResult"},
        }


def _targets(found: Subscription, uri: str) -> Document:
    if not found.legacy:
        return view.collection([], uri)
    offers = [offer for offer in _OFFERS if offer != found.offer_id.upper()]
    return view.collection([_target(found, offer) for offer in offers], uri)


def _target(found: Subscription, offer: str) -> Document:
    is_eligible = found.status is Status.ACTIVE
    return {
        "targetOffer": _offer(offer),
        "upgradeType": "upgrade_only",
        "isEligible": is_eligible,
        "quantity": found.quantity,
        "upgradeErrors": [] if is_eligible else [_NOT_ACTIVE],
        "attributes": {"objectType": "Upgrade"},
    }


def _offer(offer: str) -> Document:
    name = _OFFERS[offer]
    place = {"locale": "en-us", "country": "US"}
    category = {"id": "Enterprise_Key", "name": "Enterprise", "rank": 20} | place
    return place | {
        "id": offer,
        "name": name,
        "description": name,
        "minimumQuantity": 1,
        "maximumQuantity": 10_000_000,
        "rank": 48,
        "uri": f"/Offers/{offer}",
        "category": category | {"attributes": {"objectType": "OfferCategory"}},
        "prerequisiteOffers": [],
        "isAddOn": False,
        "isAvailableForPurchase": True,
        "billing": "license",
        "isAutoRenewable": True,
        "isInternal": False,
        "conversionTargetOffers": [],
        "partnerQualifications": ["none"],
        "product": {"id": offer, "name": name, "unit": "Licenses"},
        "unitType": "Licenses",
        "links": {
            "learnMore": link("http://g.microsoftonline.com/0BXPS00en/1013"),
            "self": link(f"/offers/{offer}?country=US"),
        },
        "attributes": {"objectType": "Offer"},
    }
