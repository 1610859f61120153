"""The audit records: who changed which subscription, from what to what."""

import json
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import orjson
from werkzeug import Request

from sandbox.clock import iso, parse_instant
from sandbox.documents import Document
from sandbox.partner_center.errors import PartnerRefused
from sandbox.partner_center.names import pascal
from sandbox.partner_center.pages import paged

SYSTEM = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"  # Partner Center's own application id
_LONGEST_DAYS = 90
_USUAL_DAYS = 30
_PAGE = 500
_OPERATORS = {"equals": True, "substring": False}
_FIELDS = {
    "CompanyName": "customerName",
    "CustomerId": "customerId",
    "ResourceType": "resourceType",
}


class Operation(StrEnum):
    """What a record calls a change; without a word of its own it is an update."""

    UPDATE = "update_subscription"
    UPGRADE = "upgrade_subscription"
    CONVERT = "convert_trial_subscription"
    CREATE_ORDER = "create_order"
    UPDATE_ORDER = "update_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """A person by user principal name, an application by its id, or a person through one."""

    person: str | None = None
    application: str | None = None
    correlation_id: str | None = None
    operation: Operation = Operation.UPDATE

    def doing(self, operation: Operation) -> "Author":
        """Return the same author at another kind of work."""
        return replace(self, operation=operation)

    def fields(self) -> Document:
        named = {"userPrincipalName": self.person, "applicationId": self.application}
        return {name: value for name, value in named.items() if value is not None}


def record(  # noqa: PLR0913 - the parts of a record, all named
    *,
    partner_id: str,
    customer: Document,
    author: Author,
    new_id: Callable[[], str],
    at: datetime,
    before: Document | None,
    after: Document,
    status: str = "succeeded",
) -> Document:
    """Return the audit record of a change, or of a purchase when there is no `before`."""
    operation = Operation.CREATE_ORDER if before is None else author.operation
    is_order = operation in (Operation.CREATE_ORDER, Operation.UPDATE_ORDER)
    old = {} if before is None else {"resourceOldValue": _value(customer, before, is_order)}
    return {
        "id": new_id(),
        "sessionId": new_id(),
        "partnerId": partner_id,
        "customerId": customer["id"],
        "customerName": customer["companyName"],
        **author.fields(),
        "resourceType": "order" if is_order else "subscription",
        **old,
        "resourceNewValue": _value(customer, after, is_order),
        "operationType": operation.value,
        "originalCorrelationId": author.correlation_id or new_id(),
        "operationDate": iso(at),
        "operationStatus": status,
        "customizedData": _pairs(_bought(after) if is_order else _changed(after)),
        "attributes": {"objectType": "AuditRecord"},
    }


def _value(customer: Document, document: Document, is_order: bool) -> str:  # noqa: FBT001 - private
    shown = _order(customer, document) if is_order else document
    return orjson.dumps(pascal(shown)).decode()


def _pairs(values: Document) -> list[Document]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _bought(after: Document) -> Document:
    """Name what was bought, as recorded answers do; lines are numbered."""
    return {
        "OrderId": after["orderId"],
        "BillingCycle": str(after["billingCycle"]).capitalize(),
        "OfferId-0": after["offerId"],
        "SubscriptionId-0": after["id"],
        "SubscriptionName-0": after["friendlyName"],
        "Quantity-0": str(after["quantity"]),
        "PartnerOnRecord-0": after["partnerId"],
    }


def _changed(after: Document) -> Document:
    return {
        "SubscriptionId": after["id"],
        "OfferId": after["offerId"],
        "SubscriptionName": after["friendlyName"],
        "Quantity": str(after["quantity"]),
        "Status": str(after["status"]).capitalize(),
        "PartnerOnRecord": after["partnerId"] or "None",
        "ActionTaken": str(after["actionTaken"]),
    }


def _order(customer: Document, bought: Document) -> Document:
    line = {
        "lineItemNumber": 0,
        "offerId": bought["offerId"],
        "subscriptionId": bought["id"],
        "friendlyName": bought["friendlyName"],
        "quantity": bought["quantity"],
    }
    return {
        "id": bought["orderId"],
        "referenceCustomerId": customer["id"],
        "billingCycle": bought["billingCycle"],
        "lineItems": [line],
    }


class AuditLog:
    """All records, in the order in which they were written."""

    def __init__(self) -> None:
        self._records: list[Document] = []

    def add(self, document: Document) -> None:
        """Put a record in its place by date: the clock may have gone back."""
        dates = [item["operationDate"] for item in self._records[-1:]]
        if not dates or dates[-1] <= document["operationDate"]:
            self._records.append(document)
            return
        place = bisect_left(
            self._records, document["operationDate"], key=lambda item: item["operationDate"]
        )
        self._records.insert(place, document)

    def clear(self) -> None:
        self._records.clear()

    def one(self, key: str) -> Document:
        """Return a record by its id, as the AuditUri of an event names it."""
        for item in reversed(self._records):
            if item["id"] == key:
                return item
        raise PartnerRefused(404, 1000, f"The audit record {key} was not found.")

    def page(self, request: Request, now: datetime, delay_seconds: float) -> Document:
        """Answer a query, newest first. Raises PartnerRefused for what it cannot read."""
        start, end = _window(request, now)
        latest = min(end, now - timedelta(seconds=delay_seconds))
        low, high = iso(start), iso(latest)
        matches = _matcher(request.args.get("filter"))
        found = [
            item
            for item in reversed(self._records)
            if low <= item["operationDate"] <= high and matches.fits(item)
        ]
        return paged(found, request, _PAGE)


def _window(request: Request, now: datetime) -> tuple[datetime, datetime]:
    start = _date(request, "startDate") or now - timedelta(days=_USUAL_DAYS)
    end = _date(request, "endDate") or now
    if len(request.args.get("endDate", "")) == len("2025-01-01"):
        end += timedelta(days=1)  # a date alone means that whole day (inferred)
    if (now.date() - start.date()).days > _LONGEST_DAYS:
        text = f"The start date is more than {_LONGEST_DAYS} days ago."
        raise PartnerRefused(400, 3000, text)
    return start, end


def _date(request: Request, name: str) -> datetime | None:
    text = request.args.get(name)
    try:
        return None if text is None else parse_instant(text.replace(" ", "+"))
    except ValueError as error:
        raise PartnerRefused(400, 3000, f"The property {name} is not valid: {text}.") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filter:
    field: str | None = None
    value: str = ""
    whole: bool = False

    def fits(self, item: Document) -> bool:
        if self.field is None:
            return True
        held = str(item[self.field]).lower()
        return held == self.value if self.whole else self.value in held


def _matcher(text: str | None) -> _Filter:
    if text is None:
        return _Filter()
    try:
        given = json.loads(text)
        value = str(given["Value"]).lower()
        whole = _OPERATORS[given.get("Operator", "equals").lower()]
        return _Filter(field=_FIELDS[given["Field"]], value=value, whole=whole)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PartnerRefused(400, 3000, f"The filter is not valid: {text}.") from error
