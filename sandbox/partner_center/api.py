"""Customers, subscriptions and audit records under /v1, answered from the ledger."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from werkzeug import Request, Response

from sandbox.documents import Document
from sandbox.partner_center import view
from sandbox.partner_center.calls import Call
from sandbox.partner_center.errors import PartnerRefused
from sandbox.partner_center.ledger import Ledger
from sandbox.partner_center.lookup import Lookup
from sandbox.partner_center.pages import paged
from sandbox.partner_center.patch import patched
from sandbox.partner_center.responses import json_response
from sandbox.partner_center.subscription import Status, Subscription
from sandbox.partner_center.terms import renewing
from sandbox.settings import Settings

_NOT_READY = PartnerRefused(
    409, 800082, "Subscription is not ready to be updated. Try again after sometime."
)
_READ_ONLY_IN_RENEWAL = ("status", "auto_renew", "next_term", "scheduled_actions")


class Room(Protocol):
    """A part of the API that knows some paths."""

    def answer(self, call: Call) -> Response | None:
        """Answer a request, or return None for a path of another room."""
        ...


class Api:
    """Reads and changes subscriptions for clients; what it does not know goes to the rooms."""

    def __init__(self, ledger: Ledger, settings: Settings, rooms: Sequence[Room]) -> None:
        self._ledger = ledger
        self._settings = settings
        self._rooms = rooms
        self._lookup = Lookup(ledger.registry)

    def answer(self, call: Call) -> Response:
        """Answer a request. Raises PartnerRefused."""
        for room in self._rooms:
            response = room.answer(call)
            if response is not None:
                return response
        match call.request.method, call.parts:
            case "PATCH", ["customers", customer, "subscriptions", key]:
                return self._tried(call, self._lookup.subscription(customer, key, call.now))
            case "GET", _:
                return json_response(self._read(call))
            case _:
                raise call.unknown()

    def _read(self, call: Call) -> Document:
        match call.parts:
            case ["customers"]:
                return self._customers(call.request)
            case ["customers", customer]:
                return view.whole_customer(self._lookup.customer(customer))
            case ["customers", customer, "subscriptions"]:
                return self._subscriptions(call, customer)
            case ["customers", customer, "subscriptions", key]:
                return view.resource(self._lookup.subscription(customer, key, call.now), call.now)
            case ["auditrecords"]:
                delay = self._settings.partner_audit_delay_seconds
                return self._ledger.audit.page(call.request, call.now, delay)
            case ["auditrecords", key]:
                return self._ledger.audit.one(key)
            case _:
                raise call.unknown()

    def _customers(self, request: Request) -> Document:
        text = request.args.get("filter")
        wanted = _customer_filter(text) if text else ("", "")
        found = [
            view.customer(document)
            for document in self._ledger.registry.customers.values()
            if str(document.get(wanted[0], "")).lower().startswith(wanted[1])
        ]
        body = paged(found, request, 0)
        if not text:  # of the two samples, only the one without a filter has the version
            body["links"]["self"]["uri"] = "/v1" + body["links"]["self"]["uri"]
        return body

    def _subscriptions(self, call: Call, customer_id: str) -> Document:
        """List all subscriptions in one document, or those of an order or a reseller."""
        found = self._lookup.subscriptions(customer_id, call.now)
        order, reseller = (call.request.args.get(name) for name in ("order_id", "mpn_id"))
        if order is not None:
            found = [item for item in found if item.order_id.lower() == order.lower()]
        if reseller is not None:
            found = [item for item in found if item.partner_id == reseller]
            found = _slice(found, call.request)
        items = [view.resource(subscription, call.now) for subscription in found]
        return view.collection(items, view.self_uri(call.request))

    def _tried(self, call: Call, old: Subscription) -> Response:
        try:
            return self._patch(call, old)
        except PartnerRefused:
            self._ledger.refused(old, call.author)
            raise

    def _patch(self, call: Call, old: Subscription) -> Response:
        now, body = call.now, call.body()
        self._check_ready(old, now)
        _check_version(old, call.request, body)
        new = patched(old, body, now, self._settings)
        self._check_renewal(old, new, now)
        self._check_base(old, new)
        if new == old:
            return json_response(view.resource(old, now))
        if self._settings.accepted_seconds:
            self._ledger.stage(old, body, call.author)
            own = f"/customers/{old.customer_id}/subscriptions/{old.id}"
            return Response(status=202, headers={"Location": own})
        ready = self._ready_at(now)
        new = replace(new, updates=old.updates + 1, ready_at=ready, changed_at=now)
        return json_response(self._ledger.change(old, new, call.author))

    def _ready_at(self, now: datetime) -> datetime | None:
        seconds = self._settings.not_ready_seconds
        return now + timedelta(seconds=seconds) if seconds else None

    def _check_ready(self, old: Subscription, now: datetime) -> None:
        waits = old.ready_at is not None and now < old.ready_at and self._settings.not_ready_seconds
        if waits or self._ledger.is_staged(old):
            raise _NOT_READY

    def _check_renewal(self, old: Subscription, new: Subscription, now: datetime) -> None:
        """Refuse what is read-only while a renewal is in progress, or every edit (4.5)."""
        renews = old.auto_renew and old.status is Status.ACTIVE
        if not renews or not renewing(old, now, self._settings):
            return
        touched = any(getattr(old, name) != getattr(new, name) for name in _READ_ONLY_IN_RENEWAL)
        if touched or (self._settings.renewal_blocks_all_edits and new != old):
            raise _NOT_READY

    def _check_base(self, old: Subscription, new: Subscription) -> None:
        """Refuse to activate an add-on before its base."""
        base = self._ledger.registry.get(old.parent_id) if old.parent_id else None
        if base is None or new.status is old.status or new.status is not Status.ACTIVE:
            return
        if base.status is not Status.ACTIVE:
            text = "A child cannot be enabled while its parent is not active."
            raise PartnerRefused(409, 27009, text)


def _slice(found: list[Subscription], request: Request) -> list[Subscription]:
    first, size = (request.args.get(name, "0") for name in ("offset", "size"))
    if not first.isdecimal() or not size.isdecimal():
        raise PartnerRefused(400, 3000, "The properties offset and size are whole numbers.")
    return found[int(first) :][: int(size) or None]


def _check_version(old: Subscription, request: Request, body: Document) -> None:
    """Refuse a stale etag of a legacy subscription; new commerce has none."""
    if not old.legacy:
        return
    attributes = body.get("attributes")
    inner = attributes.get("etag") if isinstance(attributes, dict) else None
    sent = (request.headers.get("If-Match") or inner or "").strip('"')
    if sent and sent not in ("*", view.etag(old)):
        raise PartnerRefused(400, 2055, "The etag is no longer valid.")


_CUSTOMER_FIELDS = {
    "CompanyName": "companyName",
    "Domain": "domain",
    "IndirectReseller": "associatedPartnerId",
    "IndirectCloudSolutionProvider": "associatedPartnerId",
}


def _customer_filter(text: str) -> tuple[str, str]:
    try:
        given = json.loads(text)
        return _CUSTOMER_FIELDS[given["Field"]], str(given["Value"]).lower()
    except (ValueError, KeyError, TypeError) as error:
        raise PartnerRefused(400, 3000, f"The filter is not valid: {text}.") from error
