"""All customers and subscriptions, and the calendar of what time changes next."""

import heapq
from collections.abc import Iterator
from datetime import datetime

from sandbox.documents import Document
from sandbox.partner_center.subscription import Subscription
from sandbox.partner_center.terms import next_event
from sandbox.settings import Settings


class Registry:
    """Subscriptions by id, in any case, and by customer."""

    def __init__(self) -> None:
        self.customers: dict[str, Document] = {}
        self._all: dict[str, Subscription] = {}
        self._by_customer: dict[str, list[str]] = {}
        self._calendar: list[tuple[datetime, str]] = []

    def clear(self) -> None:
        self.customers.clear()
        self._all.clear()
        self._by_customer.clear()
        self._calendar.clear()

    def get(self, key: str) -> Subscription | None:
        return self._all.get(key.lower())

    def all(self) -> Iterator[Subscription]:
        yield from self._all.values()

    def of_customer(self, customer_id: str) -> list[Subscription]:
        return [self._all[key] for key in self._by_customer.get(customer_id.lower(), ())]

    def add_ons(self, base: Subscription) -> list[Subscription]:
        """Return the subscriptions that hang on another one."""
        return [
            other
            for other in self.of_customer(base.customer_id)
            if (other.parent_id or "").lower() == base.key
        ]

    def put(self, subscription: Subscription, settings: Settings) -> None:
        """Store a new or changed subscription."""
        if subscription.key not in self._all:
            siblings = self._by_customer.setdefault(subscription.customer_id.lower(), [])
            siblings.append(subscription.key)
        self._all[subscription.key] = subscription
        self._plan(subscription, settings)

    def due(self, now: datetime, settings: Settings) -> tuple[datetime, Subscription] | None:
        """Return the earliest event that has come, and whose it is."""
        while self._calendar and self._calendar[0][0] <= now:
            at, key = heapq.heappop(self._calendar)
            subscription = self._all[key]
            if next_event(subscription, settings) == at:
                return at, subscription
        return None

    def reschedule(self, settings: Settings) -> None:
        """Plan all events anew, after settings changed."""
        self._calendar.clear()
        for subscription in self._all.values():
            self._plan(subscription, settings)

    def _plan(self, subscription: Subscription, settings: Settings) -> None:
        at = next_event(subscription, settings)
        if at is not None:
            heapq.heappush(self._calendar, (at, subscription.key))
