"""Customers and audit records, as far as the daemon reads them. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from connector.dates import instant
from connector.documents import mapping, read_exact, sequence, text
from connector.partner_center.wire import normalised
from sync.remote import Json, Row

SUBSCRIPTION: Final = "subscription"
NEXT: Final = "MS-ContinuationToken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A customer tenant."""

    id: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One recorded operation: who changed what, when, from what to what."""

    id: str
    at: datetime
    customer_id: str
    resource: str
    """`subscription`, `order`, ..."""
    operation: str
    """`update_subscription`, ..."""
    status: str
    """`succeeded`, `failed` or `progress`."""
    user: str
    """The person's sign-in name; empty for an app."""
    application_id: str
    subscription_id: str
    """Lower case; empty when the record is not about a subscription."""
    correlation_id: str = ""
    """The MS-CorrelationId of the call, where it is told."""
    old: Row = field(default_factory=dict)
    new: Row = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        return self.status == "succeeded"


def customer(document: Row) -> Customer:
    """Read a customer."""
    profile = mapping(document.get("companyProfile"))
    return Customer(
        id=text(document.get("id")).lower(),
        name=text(profile.get("companyName")),
        domain=text(profile.get("domain")),
    )


def audit_record(document: Row) -> AuditRecord | None:
    """Read an audit record; None when it has no time."""
    at = instant(text(document.get("operationDate")))
    if at is None:
        return None
    old, new = (_embedded(document.get(f"resource{side}Value")) for side in ("Old", "New"))
    resource = text(document.get("resourceType")).lower()
    return AuditRecord(
        id=text(document.get("id")),
        at=at,
        customer_id=text(document.get("customerId")).lower(),
        resource=resource,
        operation=text(document.get("operationType")).lower(),
        status=text(document.get("operationStatus")).lower(),
        user=text(document.get("userPrincipalName")),
        application_id=text(document.get("applicationId")),
        subscription_id=_subscription_id(document, new or old) if resource == SUBSCRIPTION else "",
        correlation_id=text(document.get("originalCorrelationId")).lower(),
        old=old,
        new=new,
    )


def continuation(document: Row) -> str:
    """Return the token of the next page, from the body or from the headers of its link."""
    told = text(document.get("continuationToken"))
    following = mapping(mapping(document.get("links")).get("next"))
    headers = map(mapping, sequence(following.get("headers")))
    found = [text(header.get("value")) for header in headers if header.get("key") == NEXT]
    return told or (found[0] if found else "")


def _subscription_id(document: Row, resource: Row) -> str:
    told = map(mapping, sequence(document.get("customizedData")))
    named = [text(pair.get("value")) for pair in told if pair.get("key") == "SubscriptionId"]
    return (text(resource.get("id")) or "".join(named[:1])).lower()


def _embedded(value: Json) -> Row:
    """Read a resource that is told as a JSON text with PascalCase names."""
    try:
        return normalised(read_exact(text(value).encode()))
    except ValueError:
        return {}
