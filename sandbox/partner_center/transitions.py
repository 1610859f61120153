"""Transitions (upgrades) of new commerce subscriptions, in a simple form.

The eligibilities name a short list of products; a transition goes to any catalogue item.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from werkzeug import Response

from sandbox.clock import iso
from sandbox.documents import Document
from sandbox.partner_center import view
from sandbox.partner_center.audit import Operation
from sandbox.partner_center.calls import Call
from sandbox.partner_center.errors import PartnerRefused
from sandbox.partner_center.ledger import SERVICE, Ledger
from sandbox.partner_center.lookup import Lookup
from sandbox.partner_center.responses import json_response
from sandbox.partner_center.subscription import Lot, Status, Subscription
from sandbox.world import World

TABLE = "transition"
_TARGETS = {
    "CFQ7TTC0LCHC:0002:CFQ7TTC0K971": "Microsoft 365 Business Premium",
    "CFQ7TTC0LDPB:0001:CFQ7TTC0KCSV": "Microsoft 365 Business Standard",
    "CFQ7TTC0LFLX:0001:CFQ7TTC0K39X": "Microsoft 365 E3",
    "CFQ7TTC0LFLZ:0002:CFQ7TTC0K4TS": "Microsoft 365 E5",
}
_ONLY, _WITH_LICENCES = "transition_only", "transition_with_license_transfer"
_PARTS = 3
_LENGTHS = {"P1M": 1, "P1Y": 12, "P3Y": 36}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """What a transition asks for."""

    to_offer: str
    quantity: int
    target: Subscription | None
    kind: str
    asked: Document


class Transitions:
    """Moves seats from one subscription to another product."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self._world = world
        self._ledger = ledger
        self._lookup = Lookup(ledger.registry)
        self._made: dict[str, list[Document]] = {}

    def answer(self, call: Call) -> Response | None:
        """Answer a request, or return None for a path of another room."""
        match call.request.method, call.parts:
            case "GET", ["customers", customer, "subscriptions", key, "transitionEligibilities"]:
                return json_response(self._targets(call, customer, key))
            case "GET", ["customers", customer, "subscriptions", key, "transitions"]:
                return json_response(self._list(call, customer, key))
            case "POST", ["customers", customer, "subscriptions", key, "transitions"]:
                return json_response(self._move(call, customer, key))
            case _:
                return None

    def clear(self) -> None:
        """Forget all transitions."""
        self._made.clear()

    def load(self, key: str, document: Document) -> None:
        """Take back what was persisted."""
        self._made[key] = document["items"]

    def _modern(self, call: Call, customer: str, key: str) -> Subscription:
        found = self._lookup.subscription(customer, key, call.now)
        if found.legacy:
            raise PartnerRefused(403, 900263, "The method is not supported for legacy offers.")
        return found

    def _targets(self, call: Call, customer: str, key: str) -> Document:
        found = self._modern(call, customer, key)
        others = self._lookup.subscriptions(customer, call.now)
        operation = self._world.new_id()
        items = [
            _eligibility(found, others, operation, offer, title)
            for offer, title in _TARGETS.items()
            if offer != found.offer_id
        ]
        body = view.collection(items, "")
        del body["links"]  # as in the documented sample
        return body

    def _list(self, call: Call, customer: str, key: str) -> Document:
        found = self._modern(call, customer, key)
        wanted = call.request.args.get("operationId")
        made = [
            item for item in self._made.get(found.key, []) if wanted in (None, item["operationId"])
        ]
        return {
            "totalCount": len(made),
            "transition": made,
            "attributes": {"objectType": "Collection"},
        }

    def _move(self, call: Call, customer: str, key: str) -> Document:
        old = self._modern(call, customer, key)
        if old.status is not Status.ACTIVE:
            text = "The subscription is not eligible for this transaction."
            raise PartnerRefused(400, 800062, text)
        move = self._asked(call, customer, old)
        to = self._receive(call, old, move)
        self._give(call, old, move.quantity)
        made = {
            "operationId": self._world.new_id(),
            "fromCatalogItemId": old.offer_id,
            "fromSubscriptionId": old.id,
            "toCatalogItemId": move.to_offer,
            "toSubscriptionId": to,
            "quantity": move.quantity,
            "termDuration": move.asked.get("termDuration") or old.term,
            "billingCycle": move.asked.get("billingCycle") or old.billing_cycle,
            "transitionType": move.kind,
            "attributes": {"objectType": "Transition"},
        }
        kept = self._made.setdefault(old.key, [])
        kept.append(made | {"events": [_event("Completed", call.now)]})
        self._world.save(service=SERVICE, table=TABLE, id=old.key, document={"items": kept})
        # The documented answer names its events in PascalCase, with a trailing blank (3.1).
        return made | {"Events": [_event("Started ", call.now)]}

    def _asked(self, call: Call, customer: str, old: Subscription) -> _Move:
        body = call.body()
        offer, kind = body.get("toCatalogItemId"), body.get("transitionType") or _ONLY
        quantity = body.get("quantity", old.quantity)
        _check("toCatalogItemId", offer, lambda value: _is_item(value) and value != old.offer_id)
        _check("transitionType", kind, lambda value: value in (_ONLY, _WITH_LICENCES))
        _check("quantity", quantity, lambda value: value in range(1, old.quantity + 1))
        target = None
        if body.get("toSubscriptionId"):
            target = self._lookup.subscription(customer, str(body["toSubscriptionId"]), call.now)
        return _Move(to_offer=str(offer), quantity=quantity, target=target, kind=kind, asked=body)

    def _receive(self, call: Call, old: Subscription, move: _Move) -> str:
        """Add the seats to the target, or make it; it inherits the parent's windows (4.3)."""
        lots = _inherited(old, move.quantity)
        if move.target is not None:
            total = move.target.quantity + move.quantity
            grown = replace(move.target, quantity=total, lots=(*move.target.lots, *lots))
            self._ledger.change(move.target, grown, call.author.doing(Operation.UPGRADE))
            return move.target.id
        new = replace(
            old,
            id=self._world.new_id(),
            order_id=self._world.new_id().replace("-", "")[:12],
            offer_id=move.to_offer,
            offer_name=_TARGETS.get(move.to_offer, move.to_offer),
            friendly_name=_TARGETS.get(move.to_offer, move.to_offer),
            quantity=move.quantity,
            lots=lots,
            created_at=call.now,
            updates=0,
            version=1,
            next_term=None,
        )
        self._ledger.store(None, new, call.author)
        return new.id

    def _give(self, call: Call, old: Subscription, quantity: int) -> None:
        """Take the seats from the source; an empty one is deleted, saved changes go (4.4)."""
        left = old.quantity - quantity
        if left:
            lots = _inherited(old, left)
            new = replace(old, quantity=left, lots=lots, next_term=None)
        else:
            new = replace(
                old,
                status=Status.DELETED,
                status_since=call.now,
                auto_renew=False,
                next_term=None,
            )
        author = call.author.doing(Operation.UPGRADE)
        self._ledger.change(old, replace(new, updates=old.updates + 1), author)


def _inherited(old: Subscription, quantity: int) -> tuple[Lot, ...]:
    if old.cancel_until is None:
        return ()
    return (Lot(quantity=quantity, until=old.cancel_until),)


def _is_item(value: object) -> bool:
    return isinstance(value, str) and len(value.split(":")) == _PARTS


def _check(name: str, value: Any, fits: Callable[[Any], bool]) -> None:  # noqa: ANN401 - JSON
    if isinstance(value, bool) or not fits(value):
        raise PartnerRefused(400, 3000, f"The property {name} is not valid: {value!r}.")


def _event(status: str, at: datetime) -> Document:
    return {
        "name": "Conversion",
        "status": status,
        "timestamp": iso(at),
        "attributes": {"objectType": "TransitionEvent"},
    }


def _eligibility(
    found: Subscription, others: list[Subscription], operation: str, offer: str, title: str
) -> Document:
    is_active = found.status is Status.ACTIVE
    targets = [_target(found, other) for other in others if other.offer_id == offer]
    return {
        "operationId": operation,
        "catalogItemId": offer,
        "title": title,
        "description": title,
        "quantity": found.quantity,
        **({"subscriptionEligibilities": targets} if targets else {}),
        "eligibilities": [
            _kind(_ONLY, is_eligible=is_active),
            _kind(_WITH_LICENCES, is_eligible=is_active),
        ],
        "attributes": {"objectType": "TransitionEligibility"},
    }


def _target(found: Subscription, other: Subscription) -> Document:
    is_shorter = _LENGTHS.get(other.term, 0) < _LENGTHS.get(found.term, 0)
    text = "The subscription's term duration is shorter than the source subscription's."
    return {
        "isEligible": other.status is Status.ACTIVE and not is_shorter,
        "subscriptionId": other.id,
        "subscriptionFriendlyName": other.friendly_name,
        "subscriptionTermDuration": other.term,
        "subscriptionBillingCycle": other.billing_cycle,
        "errors": [{"code": 3, "description": text}] if is_shorter else [],
    }


def _kind(kind: str, *, is_eligible: bool) -> Document:
    text = "Subscription cannot be transitioned because it is not active."
    errors = [] if is_eligible else [{"code": 2, "description": text}]
    return {"isEligible": is_eligible, "transitionType": kind, "errors": errors}
