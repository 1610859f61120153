"""The REST paths under /v1, answered from the ledger."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from werkzeug import Request, Response

from sandbox.documents import Document
from sandbox.partner_center import view
from sandbox.partner_center.audit import Author, paged
from sandbox.partner_center.errors import PartnerRefused
from sandbox.partner_center.ledger import Ledger
from sandbox.partner_center.names import camel
from sandbox.partner_center.patch import patched
from sandbox.partner_center.responses import json_response
from sandbox.partner_center.subscription import Status, Subscription
from sandbox.partner_center.terms import renewing
from sandbox.settings import Settings
from sandbox.world import Principal

_NOT_READY = PartnerRefused(
    409, 800082, "Subscription is not ready to be updated. Try again after sometime."
)


class Api:
    """Reads and changes subscriptions for clients."""

    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger = ledger
        self._settings = settings

    def answer(self, request: Request, principal: Principal, now: datetime) -> Response:
        """Answer a request. Raises PartnerRefused."""
        parts = request.path.strip("/").split("/")[1:]
        match request.method, parts:
            case "PATCH", ["customers", customer, "subscriptions", key]:
                return self._patch(request, principal, self._find(customer, key), now)
            case "GET", ["customers", customer, "subscriptions", key, "provisioningstatus"]:
                return json_response(self._provisioning(principal, self._find(customer, key)))
            case "GET", _:
                return json_response(self._read(request, parts, now))
            case _:
                raise _no_such(request)

    def _read(self, request: Request, parts: list[str], now: datetime) -> Document:
        match parts:
            case ["customers"]:
                return self._customers(request)
            case ["customers", customer]:
                return view.customer(self._customer(customer))
            case ["customers", customer, "subscriptions"]:
                return self._subscriptions(request, customer, now)
            case ["customers", customer, "subscriptions", key]:
                return view.resource(self._find(customer, key), now)
            case ["auditrecords"]:
                delay = self._settings.partner_audit_delay_seconds
                return self._ledger.audit.page(request, now, delay)
            case _:
                raise _no_such(request)

    def _customers(self, request: Request) -> Document:
        text = request.args.get("filter")
        wanted = _customer_filter(text) if text else ("", "")
        found = [
            view.customer(document)
            for document in self._ledger.registry.customers.values()
            if str(document.get(wanted[0], "")).lower().startswith(wanted[1])
        ]
        return paged(found, request, 0)

    def _customer(self, customer_id: str) -> Document:
        document = self._ledger.registry.customers.get(customer_id.lower())
        if document is None:
            raise PartnerRefused(404, 60003, f"The tenant {customer_id} was not found.")
        if document["relationshipToPartner"] == "none":
            text = "The partner has no commerce relationship with the customer."
            raise PartnerRefused(403, 20002, text)
        return document

    def _subscriptions(self, request: Request, customer_id: str, now: datetime) -> Document:
        self._customer(customer_id)
        found = self._ledger.registry.of_customer(customer_id)
        items = [view.resource(subscription, now) for subscription in found]
        return view.collection(items, request.path.removeprefix("/v1"))

    def _find(self, customer_id: str, key: str) -> Subscription:
        self._customer(customer_id)
        found = self._ledger.registry.get(key)
        if found is None or found.customer_id.lower() != customer_id.lower():
            raise PartnerRefused(404, 20003, f"The subscription {key} was not found.")
        return found

    def _provisioning(self, principal: Principal, found: Subscription) -> Document:
        if principal.app_only:
            text = "This endpoint does not support app-only tokens."
            raise PartnerRefused(403, 900329, text)
        return {
            "skuId": found.offer_id,
            "status": "pending" if self._ledger.is_staged(found) else "success",
            "quantity": found.quantity,
            "endDate": f"{found.term_end.isoformat()}T00:00:00Z",
            "attributes": {"objectType": "SubscriptionProvisioningStatus"},
        }

    def _patch(
        self, request: Request, principal: Principal, old: Subscription, now: datetime
    ) -> Response:
        body = _body(request)
        self._check_ready(old, now)
        _check_version(old, request, body)
        new = patched(old, body, now, self._settings)
        self._check_base(old, new)
        if new == old:
            return json_response(view.resource(old, now))
        if self._settings.accepted_seconds:
            self._ledger.stage(old, body, principal.client)
            own = f"/customers/{old.customer_id}/subscriptions/{old.id}"
            return Response(status=202, headers={"Location": own})
        new = replace(new, updates=old.updates + 1, ready_at=self._ready_at(now))
        return json_response(self._ledger.change(old, new, _author(principal)))

    def _ready_at(self, now: datetime) -> datetime | None:
        seconds = self._settings.not_ready_seconds
        return now + timedelta(seconds=seconds) if seconds else None

    def _check_ready(self, old: Subscription, now: datetime) -> None:
        waits = old.ready_at is not None and now < old.ready_at and self._settings.not_ready_seconds
        in_renewal = old.auto_renew and old.status is Status.ACTIVE
        if waits or self._ledger.is_staged(old):
            raise _NOT_READY
        if in_renewal and renewing(old, now, self._settings):
            raise _NOT_READY

    def _check_base(self, old: Subscription, new: Subscription) -> None:
        """Refuse to activate an add-on before its base."""
        base = self._ledger.registry.get(old.parent_id) if old.parent_id else None
        if base is None or new.status is old.status or new.status is not Status.ACTIVE:
            return
        if base.status is not Status.ACTIVE:
            text = "A child cannot be enabled while its parent is not active."
            raise PartnerRefused(409, 27009, text)


def _no_such(request: Request) -> PartnerRefused:
    text = f"There is no {request.method} {request.path} in this sandbox."
    return PartnerRefused(404, 1000, text)


def _author(principal: Principal) -> Author:
    if principal.app_only:
        return Author(application=principal.client)
    return Author(person=principal.name)


def _body(request: Request) -> Document:
    try:
        body = json.loads(request.get_data().decode("utf-8-sig"))
    except ValueError as error:
        raise PartnerRefused(400, 800002, f"The input is not valid: {error}") from error
    if not isinstance(body, dict):
        raise PartnerRefused(400, 800002, "The input is not valid: an object is expected.")
    return camel(body)


def _check_version(old: Subscription, request: Request, body: Document) -> None:
    """Refuse a stale etag of a legacy subscription; new commerce has none."""
    if not old.legacy:
        return
    attributes = body.get("attributes")
    inner = attributes.get("etag") if isinstance(attributes, dict) else None
    sent = (request.headers.get("If-Match") or inner or "").strip('"')
    if sent and sent not in ("*", view.etag(old)):
        raise PartnerRefused(400, 2055, "The etag is no longer valid.")


def _customer_filter(text: str) -> tuple[str, str]:
    names = {"CompanyName": "companyName", "Domain": "domain"}
    try:
        given = json.loads(text)
        return names[given["Field"]], str(given["Value"]).lower()
    except (ValueError, KeyError, TypeError) as error:
        raise PartnerRefused(400, 3000, f"The filter is not valid: {text}.") from error
