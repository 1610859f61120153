"""All customers and subscriptions, and the calendar of what time changes next."""

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime

from sandbox.documents import Document
from sandbox.partner_center.alike import Alike
from sandbox.partner_center.subscription import Subscription
from sandbox.partner_center.terms import next_event
from sandbox.settings import Settings


class Registry:
    """Subscriptions by id, in any case, and by customer."""

    def __init__(self) -> None:
        self.customers: dict[str, Document] = {}
        self._all: dict[str, Subscription | Alike] = {}
        self._by_customer: dict[str, list[str]] = {}
        self._calendar: list[tuple[datetime, str]] = []
        self._in_order = True

    def clear(self) -> None:
        self.customers.clear()
        self._all.clear()
        self._by_customer.clear()
        self._calendar.clear()

    def get(self, key: str) -> Subscription | None:
        return _whole(self._all.get(key.lower()))

    def all(self) -> Iterator[Subscription]:
        yield from filter(None, map(_whole, self._all.values()))

    def of_customer(self, customer_id: str) -> list[Subscription]:
        found = (self.get(key) for key in self._by_customer.get(customer_id.lower(), ()))
        return [one for one in found if one is not None]

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

    def lay(self, some: Iterable[Alike], settings: Settings) -> None:
        """Store many that share what time does to them; they become whole when they are read."""
        at: datetime | None = None
        model: Subscription | None = None
        for one in some:
            if one.model is not model:
                model, at = one.model, next_event(one.model, settings)
            self._all[one.key] = one
            self._by_customer.setdefault(one.customer_id, []).append(one.key)
            if at is not None:
                self._calendar.append((at, one.key))
        self._in_order = False

    def due(self, now: datetime, settings: Settings) -> tuple[datetime, Subscription] | None:
        """Return the earliest event that has come, and whose it is."""
        self._settle()
        while self._calendar and self._calendar[0][0] <= now:
            at, key = heapq.heappop(self._calendar)
            subscription = self.get(key)
            if subscription is not None and next_event(subscription, settings) == at:
                return at, subscription
        return None

    def reschedule(self, settings: Settings) -> None:
        """Plan all events anew, after settings changed."""
        self._calendar.clear()
        for key, one in self._all.items():
            at = next_event(one.model if isinstance(one, Alike) else one, settings)
            if at is not None:
                self._calendar.append((at, key))
        self._in_order = False

    def _plan(self, subscription: Subscription, settings: Settings) -> None:
        at = next_event(subscription, settings)
        if at is not None:
            self._settle()
            heapq.heappush(self._calendar, (at, subscription.key))

    def _settle(self) -> None:
        if not self._in_order:
            heapq.heapify(self._calendar)
            self._in_order = True


def _whole(found: Subscription | Alike | None) -> Subscription | None:
    return found.whole() if isinstance(found, Alike) else found
