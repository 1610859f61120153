"""The `LicenceFeed` port over Partner Center: audit records, customers, and lists by customer.

Audit records are a hint where to look; what a licence holds is read from the licence itself.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import sha256
from typing import Final

from connector.documents import text
from connector.pace import Pace
from connector.partner_center import records
from connector.partner_center.client import PartnerCenterClient
from connector.partner_center.wire import status_of
from sync.feed import LicenceChange
from sync.remote import Licence, Row

KEPT_DAYS: Final = 90
"""How far back the service lets one ask (Learn: get-a-record-of-partner-center-activity)."""
ABOUT: Final = frozenset({"subscription", "order"})
"""What a record may be about to concern a licence; others tell of users and their licences."""
FAILED: Final = "failed"


class PartnerCenterFeed:
    """All licences of one partner tenant."""

    def __init__(self, client: PartnerCenterClient, pace: Pace) -> None:
        self._client = client
        self._pace = pace
        client.on_request = pace.spend

    def changes(self, since: date) -> Iterator[Sequence[LicenceChange]]:
        """Yield what was done to licences from a day on; what failed changed nothing."""
        for page in self._client.audit_pages(since):
            found = map(change_of, page)
            yield [one for one in found if one is not None]

    def keeps_days(self) -> int:
        """Return for how many days the service keeps its records."""
        return KEPT_DAYS

    def customers(self) -> Iterator[Sequence[str]]:
        """Yield the tenant ids of all customers."""
        for page in self._client.customer_pages():
            yield [one.id for one in map(records.customer, page) if one.id]

    def licences(self, customer_id: str) -> Sequence[tuple[str, Licence]]:
        """List the licences of a customer; those without an id cannot be matched."""
        found = self._client.subscriptions(customer_id)
        return [(ref.subscription_id, licence) for ref, licence in found if ref.subscription_id]

    def room(self) -> int:
        """Return how many requests may be made now beside real work."""
        return self._pace.room()


def change_of(document: Row) -> LicenceChange | None:
    """Read an audit record; None when it can have changed no licence."""
    record = records.audit_record(document)
    if record is None or record.resource not in ABOUT or record.status == FAILED:
        return None
    quantity = record.new.get("quantity")
    return LicenceChange(
        id=record.id or _name_of(document),
        at=record.at,
        customer_id=record.customer_id,
        licence_id=record.subscription_id,
        operation=record.operation,
        by=record.user or record.application_id,
        correlation_id=record.correlation_id,
        status=status_of(record.new) if record.subscription_id else "",
        quantity=quantity if isinstance(quantity, int) and record.subscription_id else None,
    )


def _name_of(document: Row) -> str:
    """Name a record that has no id, as the documented ones have none, by what it says."""
    told = (
        "operationDate",
        "customerId",
        "operationType",
        "operationStatus",
        "resourceNewValue",
    )
    return sha256("\n".join(text(document.get(name)) for name in told).encode()).hexdigest()
