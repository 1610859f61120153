"""What hangs on a subscription: add-ons, provisioning, support contact, end dates, conversions."""

from calendar import monthrange
from dataclasses import replace
from datetime import date, datetime, timedelta

from werkzeug import Response

from sandbox.documents import Document
from sandbox.partner_center import view
from sandbox.partner_center.audit import Operation
from sandbox.partner_center.calls import Call
from sandbox.partner_center.errors import PartnerRefused
from sandbox.partner_center.ledger import Ledger
from sandbox.partner_center.lookup import Lookup
from sandbox.partner_center.pages import by_header
from sandbox.partner_center.responses import json_response
from sandbox.partner_center.subscription import Status, Subscription
from sandbox.partner_center.terms import end_of_term
from sandbox.world import World

MPN_ID = "4391507"


class Companions:
    """Answers the paths below a subscription."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world = world
        self._ledger = ledger
        self._lookup = Lookup(ledger.registry)

    def answer(self, call: Call) -> Response | None:
        """Answer a request, or return None for a path of another room."""
        match call.request.method, call.parts:
            case "GET", ["customers", customer, "subscriptions", "customTermEndDates"]:
                return by_header(self._end_dates(call, customer), call.request)
            case "GET", ["customers", customer, "subscriptions", key, name]:
                found = self._lookup.subscription(customer, key, call.now)
                document = self._companion(call, found, name)
                return None if document is None else json_response(document)
            case "POST", ["customers", customer, "subscriptions", key, "registrations"]:
                return self._register(call, self._lookup.subscription(customer, key, call.now))
            case "POST", ["customers", customer, "subscriptions", key, "conversions"]:
                found = self._lookup.subscription(customer, key, call.now)
                return json_response(self._convert(call, found))
            case _:
                return None

    def _companion(self, call: Call, found: Subscription, name: str) -> Document | None:
        match name:
            case "addons" | "azureEntitlements" | "activationlinks":
                items = self._listed(call, found, name)
                return view.collection(items, view.self_uri(call.request))
            case "provisioningstatus":
                return self._provisioning(call, found)
            case "supportcontact":
                return self._contact(call)
            case "registrationstatus":
                status = "Registered" if found.registered else "NotRegistered"
                kind = {"objectType": "SubscriptionRegistrationStatus"}
                return {"subscriptionId": found.id, "status": status, "attributes": kind}
            case _:
                return None

    def _listed(self, call: Call, found: Subscription, name: str) -> list[Document]:
        if name == "addons":
            add_ons = self._ledger.registry.add_ons(found)
            return [view.resource(one, call.now) for one in add_ons]
        return activation_links(0, found) if name == "activationlinks" else []

    def _provisioning(self, call: Call, found: Subscription) -> Document:
        call.need_person()
        return {
            "skuId": found.offer_id,
            "status": "pending" if self._is_in_work(found, call.now) else "success",
            "quantity": found.quantity,
            "endDate": f"{found.term_end.isoformat()}T00:00:00Z",
            "attributes": {"objectType": "SubscriptionProvisioningStatus"},
        }

    def _is_in_work(self, found: Subscription, now: datetime) -> bool:
        wait = timedelta(seconds=self._world.settings.provisioning_seconds)
        changes = found.changed_at is not None and now < found.changed_at + wait
        return changes or self._ledger.is_staged(found)

    def _register(self, call: Call, found: Subscription) -> Response:
        """Accept the registration for reserved instances; its status is read afterwards."""
        if not found.registered:
            self._ledger.change(found, replace(found, registered=True), call.author)
        own = f"/customers/{found.customer_id}/subscriptions/{found.id}/registrationstatus"
        return Response(status=202, headers={"Location": own})

    def _contact(self, call: Call) -> Document:
        call.need_person()
        own = {"uri": view.self_uri(call.request), "method": "Get", "headers": []}
        return {
            "supportTenantId": self._world.tenant_id,
            "supportMpnId": MPN_ID,
            "name": "Seatkeeper sandbox",
            "links": {"self": own},
            "attributes": {"objectType": "SupportContact"},
        }

    def _end_dates(self, call: Call, customer_id: str) -> list[Document]:
        """List the ends that a new term can be aligned to: month ends, and other subscriptions."""
        term = call.request.args.get("term_duration", "P1Y")
        last = end_of_term(call.now.date(), term)
        items: list[Document] = [
            {"allowedCustomTermEndDateType": "calendarMonthAligned"} | _allowed(_month_end(last))
        ]
        ends: dict[date, list[str]] = {}
        for found in self._lookup.subscriptions(customer_id, call.now):
            if found.status is Status.ACTIVE and not found.legacy and found.term_end <= last:
                ends.setdefault(found.term_end, []).append(found.id)
        for end, ids in sorted(ends.items()):
            kind = {"allowedCustomTermEndDateType": "subscriptionAligned"}
            items.append(kind | {"cotermSubscriptionIds": ids} | _allowed(end))
        return items

    def _convert(self, call: Call, found: Subscription) -> Document:
        """Turn a trial into a paid subscription; saved changes are deleted (4.4)."""
        call.need_person()
        body = call.body()
        if not found.is_trial:
            raise PartnerRefused(400, 800062, "The subscription is not eligible for it.")
        target = str(body.get("targetOfferId") or found.offer_id)
        new = replace(
            found,
            is_trial=False,
            offer_id=target,
            next_term=None,
            updates=found.updates + 1,
            changed_at=call.now,
        )
        self._ledger.change(found, new, call.author.doing(Operation.CONVERT))
        return {
            "subscriptionId": found.id,
            "offerId": found.offer_id,
            "targetOfferId": target,
            "attributes": {"objectType": "ConversionResult"},
        }


def activation_links(place: int, found: Subscription) -> list[Document]:
    """Return where a product of another publisher is activated; Microsoft's need no link."""
    if found.by_microsoft:
        return []
    uri = f"https://activate.example/{found.id}"
    return [{"lineItemNumber": place, "link": view.link(uri)}]


def _allowed(day: date) -> Document:
    return {"allowedCustomTermEndDate": f"{day.isoformat()}T00:00:00"}


def _month_end(day: date) -> date:
    """Return the last month end that a term reaches."""
    if day.day == monthrange(day.year, day.month)[1]:
        return day
    return day.replace(day=1) - timedelta(days=1)
