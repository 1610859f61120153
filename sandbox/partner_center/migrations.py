"""Migrations from legacy to new commerce (partner-center.md 3.1 and 3.3).

The source is suspended while one runs and deleted when it is complete; where one fails, the
source comes back 72 hours later. Nothing runs in the background: `catch_up` does what is due.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from werkzeug import Response

from sandbox.answers import outage
from sandbox.clock import iso, parse_instant
from sandbox.documents import Document
from sandbox.faults import Service
from sandbox.limits import Limiter
from sandbox.partner_center import intake
from sandbox.partner_center.audit import SYSTEM, Author
from sandbox.partner_center.calls import Call
from sandbox.partner_center.errors import PartnerRefused
from sandbox.partner_center.ledger import SERVICE, Ledger
from sandbox.partner_center.lookup import Lookup
from sandbox.partner_center.pages import by_header
from sandbox.partner_center.patch import suspended
from sandbox.partner_center.responses import json_response
from sandbox.partner_center.subscription import Status, Subscription
from sandbox.world import World

TABLE = "migration"
_CREATED = 201
_MINUTES_5 = 300
_CREATES, _VALIDATIONS = 100, 450
_HELD_AFTER_FAILURE = timedelta(hours=72)
_RUNS, _DONE, _FAILED = "Processing", "Completed", "Failed"


class Migrations:
    """Moves legacy subscriptions to new commerce."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world = world
        self._ledger = ledger
        self._lookup = Lookup(ledger.registry)
        self._limiter = Limiter()
        self._made: dict[str, Document] = {}

    def answer(self, call: Call) -> Response | None:
        """Answer a request, or return None for a path of another room."""
        match call.request.method, call.parts:
            case "POST", ["customers", customer, "migrations", "newcommerce", "validate"]:
                return self._limited("validate", _VALIDATIONS) or self._validate(call, customer)
            case "POST", ["customers", customer, "migrations", "newcommerce"]:
                return self._limited("create", _CREATES) or self._create(call, customer)
            case "GET", ["customers", customer, "migrations", "newcommerce", *rest]:
                return self._read(call, customer, rest)
            case _:
                return None

    def catch_up(self, now: datetime) -> None:
        """Finish the migrations that are due."""
        for made in self._made.values():
            if made["due"] is not None and parse_instant(made["due"]) <= now:
                self._go_on(made, now)

    def clear(self) -> None:
        """Forget all migrations."""
        self._made.clear()

    def load(self, key: str, document: Document) -> None:
        """Take back what was persisted."""
        self._made[key] = document

    def _limited(self, kind: str, limit: int) -> Response | None:
        now = self._world.clock.real()
        seconds = self._limiter.refuse(kind, now, limit=limit, window_seconds=_MINUTES_5)
        if seconds is None:
            return None
        return outage(self._world, Service.PARTNER_CENTER, 429, seconds)

    def _read(self, call: Call, customer: str, rest: list[str]) -> Response | None:
        self._lookup.customer(customer)
        theirs = [made for made in self._made.values() if made["customer"] == customer.lower()]
        if not rest:
            return by_header([made["shown"] for made in theirs], call.request)
        found = [made for made in theirs if made["shown"]["id"] == rest[0]]
        if not found:
            raise PartnerRefused(404, 1000, f"The migration {rest[0]} was not found.")
        match rest[1:]:
            case []:
                return json_response(found[0]["shown"])
            case ["events"]:
                events: list[Document] = found[0]["events"]
                return json_response(events)
            case _:
                return None

    def _source(self, call: Call, customer: str) -> tuple[Subscription, Document]:
        body = call.body()
        key = str(body.get("currentSubscriptionId"))
        return self._lookup.subscription(customer, key, call.now), body

    def _validate(self, call: Call, customer: str) -> Response:
        source, body = self._source(call, customer)
        shown = {"currentSubscriptionId": source.id, "isEligible": _may_move(source)}
        if _may_move(source):
            return json_response(shown | {"catalogItemId": _item(body)})
        text = "The subscription is not an active legacy subscription."
        return json_response(shown | {"errors": [{"code": 1, "description": text}]})

    def _create(self, call: Call, customer: str) -> Response:
        source, body = self._source(call, customer)
        if not _may_move(source):
            raise PartnerRefused(400, 800062, "The subscription is not eligible for it.")
        key = self._world.new_id()
        due = call.now + timedelta(seconds=self._world.settings.migration_seconds)
        shown = {
            "id": key,
            "currentSubscriptionId": source.id,
            "status": _RUNS,
            "customerTenantId": source.customer_id,
            "catalogItemId": _item(body),
            "subscriptionEndDate": f"{source.term_end}T00:00:00Z",
            "quantity": int(body.get("quantity") or source.quantity),
            "termDuration": str(body.get("termDuration") or source.term),
            "billingCycle": str(body.get("billingCycle") or source.billing_cycle),
            "purchaseFullTerm": body.get("purchaseFullTerm") is True,
            "addOnMigrations": [],
            "attributes": {"objectType": "NewCommerceMigration"},
        }
        made: Document = {
            "customer": customer.lower(),
            "due": iso(due),
            "shown": shown,
            "events": [],
        }
        self._ledger.change(source, suspended(source, call.now, self._world.settings), call.author)
        self._keep(made, "MigrationStarted", call.now)
        self._announce("created", made)
        if due <= call.now:
            self._go_on(made, call.now)
        return json_response(made["shown"], _CREATED)

    def _go_on(self, made: Document, now: datetime) -> None:
        """Do the next step: complete or fail, and after a failure let the source go."""
        source = self._ledger.registry.get(made["shown"]["currentSubscriptionId"])
        made["due"] = None
        if source is None:
            return
        if made["shown"]["status"] == _FAILED:
            self._release(source, now)
        elif self._world.settings.migration_fails:
            self._fail(made, now)
        else:
            self._complete(made, source, now)
        self._save(made)

    def _complete(self, made: Document, source: Subscription, now: datetime) -> None:
        author = Author(application=SYSTEM)
        new = self._new(made["shown"], source, now)
        self._ledger.store(None, new, author)
        gone = replace(source, status=Status.DELETED, status_since=now, auto_renew=False)
        self._ledger.change(source, gone, author)
        made["shown"] |= {
            "status": _DONE,
            "newCommerceSubscriptionId": new.id,
            "newCommerceOrderId": new.order_id,
            "completedTime": iso(now),
        }
        for name in ("NewCommerceSubscriptionCreated", "NewCommerceSubscriptionProvisioned"):
            self._keep(made, name, now)
        self._keep(made, "MigrationCompleted", now)
        self._announce("completed", made)

    def _new(self, shown: Document, source: Subscription, now: datetime) -> Subscription:
        wanted = {
            "customerId": source.customer_id,
            "orderId": self._world.new_id().replace("-", "")[:12],
            "offerId": shown["catalogItemId"],
            "offerName": source.offer_name,
            "friendlyName": source.friendly_name,
            "quantity": shown["quantity"],
            "termDuration": shown["termDuration"],
            "billingCycle": shown["billingCycle"].lower(),
            "migratedFromSubscriptionId": source.id,
        }
        if not shown["purchaseFullTerm"] and shown["termDuration"] == source.term:
            wanted["commitmentEndDate"] = f"{source.term_end - timedelta(days=1)}T00:00:00Z"
        return intake.new_subscription(wanted, now, self._world.new_id, self._world.settings)

    def _fail(self, made: Document, now: datetime) -> None:
        made["shown"]["status"] = _FAILED
        made["due"] = iso(now + _HELD_AFTER_FAILURE)
        self._keep(made, "MigrationFailed", now)
        self._announce("failed", made)

    def _release(self, source: Subscription, now: datetime) -> None:
        back = replace(source, status=Status.ACTIVE, status_since=now, suspension_reasons=())
        self._ledger.change(source, back, Author(application=SYSTEM))

    def _announce(self, name: str, made: Document) -> None:
        shown = made["shown"]
        path = f"customers/{shown['customerTenantId']}/migrations/newcommerce/{shown['id']}"
        self._ledger.announce(f"new-commerce-migration-{name}", "newCommerceMigration", path)

    def _keep(self, made: Document, event: str, now: datetime) -> None:
        shown = made["shown"]
        made["events"].append(
            {
                "id": self._world.new_id(),
                "newCommerceMigrationId": shown["id"],
                "currentSubscriptionId": shown["currentSubscriptionId"],
                "customerTenantId": shown["customerTenantId"],
                "createdTime": iso(now),
                "eventName": event,
            }
        )
        self._save(made)

    def _save(self, made: Document) -> None:
        key = made["shown"]["id"]
        self._made[key] = made
        self._world.save(service=SERVICE, table=TABLE, id=key, document=made)


def _may_move(source: Subscription) -> bool:
    return source.legacy and source.status is Status.ACTIVE and not source.is_trial


def _item(body: Document) -> str:
    """Return the catalogue item that is asked for; there is no table of successors here."""
    return str(body.get("catalogItemId") or intake.OFFER)
