"""A subscription as Partner Center keeps it, without what is computed when it is shown."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from sandbox.documents import Document

BY_PARTNER = "CustomerCancellation"  # what a partner's own suspend leaves (partner-center.md 3.2)


class Status(StrEnum):
    NONE = "none"
    ACTIVE = "active"
    PENDING = "pending"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    DISABLED = "disabled"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Seats added together, which can be given back until an instant."""

    quantity: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """The stored facts; `term_end` is inclusive for new commerce, exclusive for legacy."""

    id: str
    customer_id: str
    order_id: str
    offer_id: str
    offer_name: str
    friendly_name: str
    quantity: int
    status: Status
    auto_renew: bool
    billing_cycle: str
    term: str
    created_at: datetime
    started_at: datetime
    term_end: date
    status_since: datetime
    cancel_until: datetime | None = None
    lots: tuple[Lot, ...] = ()
    suspension_reasons: tuple[str, ...] = ()
    next_term: dict[str, Any] | None = None
    next_charge: dict[str, Any] | None = None
    next_charge_at: datetime | None = None
    scheduled_actions: list[dict[str, Any]] | None = None
    parent_id: str | None = None
    partner_id: str | None = None
    is_trial: bool = False
    legacy: bool = False
    registered: bool = False
    version: int = 1
    updates: int = 0
    ready_at: datetime | None = None
    visible_at: datetime | None = None
    changed_at: datetime | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The id for comparing; legacy samples print it in upper case."""
        return self.id.lower()

    @property
    def held_by_microsoft(self) -> bool:
        return any(reason != BY_PARTNER for reason in self.suspension_reasons)

    @property
    def by_microsoft(self) -> bool:
        return self.extra.get("isMicrosoftProduct") is not False

    @property
    def seats_are_fixed(self) -> bool:
        """Whether seats can never be given back: software subscriptions (partner-center.md 4.3)."""
        return self.kind == "Software"

    @property
    def kind(self) -> str:
        """The id of the product type, if one was given."""
        given = self.extra.get("productType")
        return str(given.get("id")) if isinstance(given, dict) else ""

    def is_visible(self, now: datetime) -> bool:
        """Say whether reads find it: a purchase shows with a delay."""
        return self.visible_at is None or self.visible_at <= now

    def refundable(self, now: datetime) -> tuple[Lot, ...]:
        """Return the lots that can still be given back."""
        return tuple(lot for lot in self.lots if now <= lot.until and lot.quantity)


_ADAPTER = TypeAdapter(Subscription)


def to_document(subscription: Subscription) -> Document:
    """Write all facts for persistence."""
    document: Document = _ADAPTER.dump_python(subscription, mode="json")
    return document


def from_document(document: Document) -> Subscription:
    """Read the facts back."""
    return _ADAPTER.validate_python(document)
