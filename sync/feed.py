"""What a provider tells of all its licences, and what is remembered of that; shapes only.

A licence that somebody changed there is found by its records and by lists, never by asking for
every subscription (rules.md 1.3).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from sync.remote import Licence


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceChange:
    """A record of the provider: something was done to a licence, or for a customer."""

    id: str
    at: datetime
    customer_id: str
    licence_id: str
    """Empty when only the customer is known, as with an order: its licences are listed."""
    operation: str
    by: str
    """The person's sign-in name, or the application's id."""
    correlation_id: str
    status: str = ""
    """What the licence held afterwards, as far as the record tells."""
    quantity: int | None = None

    @property
    def own_key(self) -> str:
        """Return what a confirmed write of our own left behind, if this record is its echo."""
        return echo_key(self.correlation_id, self.licence_id)


def echo_key(correlation_id: str, licence_id: str) -> str:
    """Return the name under which a confirmed write is remembered; empty when it cannot be.

    With the licence, for add-ons that follow their base are changed by the same call.
    """
    return f"{correlation_id} {licence_id}".lower() if correlation_id and licence_id else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLicence:
    """A licence as the provider was last seen to hold it."""

    licence_id: str
    connector: str
    customer_id: str
    name: str
    status: str
    quantity: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Which licence a subscription row names, and whose it is; ids of rows."""

    subscription_id: str
    licence_id: str
    customer_id: str
    provider_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Couple:
    """A subscription and a licence of which only one is active; either may be missing."""

    link: Link | None
    crm_status: str
    quantity: int
    contract_id: str
    licence: ListedLicence | None

    @property
    def is_active_there(self) -> bool:
        return self.licence is not None and self.licence.status == "active"


class LicenceFeed(Protocol):
    """What a provider can tell of all its licences. Each page is one request."""

    def changes(self, since: date) -> Iterator[Sequence[LicenceChange]]:
        """Yield what was done from a day on, page by page, in no order that could be trusted.

        Raises SignInFailed, Refused, Unavailable.
        """
        ...

    def keeps_days(self) -> int:
        """Return for how many days the provider keeps what was done."""
        ...

    def customers(self) -> Iterator[Sequence[str]]:
        """Yield the ids of all customers, page by page."""
        ...

    def licences(self, customer_id: str) -> Sequence[tuple[str, Licence]]:
        """List the licences of a customer by id, ended ones included; one request."""
        ...

    def room(self) -> int:
        """Return how many requests may be made now without taking from real work."""
        ...


class FeedTx(Protocol):
    """The part of a transaction about links, listed licences and the provider's records."""

    def put_links(self, links: Iterable[Link]) -> None:
        """Remember which licence each row names; one that names none is forgotten."""
        ...

    def drop_link(self, subscription_id: str) -> None: ...

    def linked(self, licence_ids: Iterable[str]) -> dict[str, list[Link]]:
        """Return the links to licences, by licence."""
        ...

    def linked_to(self, providers: Iterable[str]) -> list[str]:
        """Return the subscriptions whose rows name a licence of one of these provider rows."""
        ...

    def put_licences(self, licences: Iterable[ListedLicence]) -> None: ...

    def drop_licences(self, licence_ids: Iterable[str]) -> None: ...

    def listed(self, licence_ids: Iterable[str]) -> dict[str, ListedLicence]: ...

    def listed_for(self, connector: str, customer_id: str) -> list[ListedLicence]: ...

    def listed_customers(self, connector: str) -> list[str]:
        """Return the customers of whom some licence is known."""
        ...

    def queue_listings(self, connector: str, customer_ids: Iterable[str]) -> None:
        """Have the licences of customers listed; who waits already keeps the place."""
        ...

    def listings(self, connector: str, limit: int) -> list[str]: ...

    def listings_left(self, connector: str) -> int: ...

    def end_listing(self, connector: str, customer_id: str) -> None: ...

    def heard(self, keys: Iterable[str]) -> frozenset[str]:
        """Return those of the keys that were taken in before."""
        ...

    def hear(self, keys: Iterable[str], at: datetime) -> None: ...

    def forget_heard(self, before: datetime) -> None: ...

    def unmatched(self, providers: Iterable[str]) -> list[Couple]:
        """Return licences that are active without an active subscription, and the reverse.

        The reverse is told for rows of the given providers alone. A paused subscription is
        suspended at its provider, and counts for neither.
        """
        ...
