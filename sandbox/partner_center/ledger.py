"""Every change to Partner Center's subscriptions goes through here: stored, audited, journaled."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from sandbox.clock import iso, parse_instant
from sandbox.documents import Document
from sandbox.partner_center import audit, view
from sandbox.partner_center.alike import Alike
from sandbox.partner_center.audit import SYSTEM, AuditLog, Author
from sandbox.partner_center.errors import PartnerRefused
from sandbox.partner_center.patch import patched, suspended
from sandbox.partner_center.registry import Registry
from sandbox.partner_center.subscription import Status, Subscription, from_document, to_document
from sandbox.partner_center.terms import advance
from sandbox.world import World

SERVICE = "partner_center"
CUSTOMER = "customer"
SUBSCRIPTION = "subscription"
STATE = "subscription_state"
AUDIT = "auditrecord"
STAGED = "staged"
BREATH = 1000
"""After so many subscriptions it is asked whether the sandbox ends."""


class Audience(Protocol):
    """Who is told that a subscription changed."""

    def changed(self, customer_id: str, subscription_id: str, audit: str, now: datetime) -> None:
        """Take note of a change and of the id of its audit record."""
        ...

    def announce(self, name: str, resource: str, path: str, now: datetime) -> None:
        """Take note of an event of another name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A change that was accepted with 202 and shows later."""

    key: str
    at: str
    body: Document
    client: str
    person: str | None = None
    correlation_id: str | None = None

    @property
    def author(self) -> Author:
        return Author(
            person=self.person, application=self.client, correlation_id=self.correlation_id
        )


class Ledger:
    """The state of Partner Center in one world."""

    def __init__(self, world: World, audience: Audience) -> None:
        self._world = world
        self._audience = audience
        self.registry = Registry()
        self.audit = AuditLog()
        self._staged: dict[str, Staged] = {}

    def clear(self) -> None:
        self.registry.clear()
        self.audit.clear()
        self._staged.clear()

    def load(self, documents: Iterable[tuple[str, str, Document]]) -> None:
        """Take back what was persisted."""
        for table, key, document in documents:
            match table:
                case "customer":
                    self.registry.customers[key.lower()] = document
                case "subscription_state":
                    self.registry.put(from_document(document), self._world.settings)
                case "auditrecord":
                    self.audit.add(document)
                case "staged":
                    self._staged[key] = Staged(**document)
                case _:
                    pass  # "subscription" is the shown form of "subscription_state"

    def add_customer(self, document: Document) -> Document:
        """Store a customer, in place of an earlier one of the same id."""
        key = document["id"]
        earlier = self.registry.customers.get(key.lower())
        self.registry.customers[key.lower()] = document
        self._world.commit(service=SERVICE, table=CUSTOMER, id=key, before=earlier, after=document)
        return view.customer(document)

    def store(self, old: Subscription | None, new: Subscription, author: Author) -> Document:
        """Store a new or changed subscription; return the resource."""
        now = self._world.clock.now()
        before = None if old is None else view.resource(old, now)
        after = view.resource(new, now)
        self.registry.put(new, self._world.settings)
        self._world.save(service=SERVICE, table=STATE, id=new.key, document=to_document(new))
        self._world.commit(
            service=SERVICE, table=SUBSCRIPTION, id=new.id, before=before, after=after
        )
        if not self._world.building:
            self._record(new, before, after, author)
        return after

    def lay(self, some: Iterable[Alike]) -> None:
        """Store many new subscriptions of an opening state, which nobody is told of."""
        self.registry.lay(self._saved(some), self._world.settings)

    def _saved(self, some: Iterable[Alike]) -> Iterator[Alike]:
        storing = self._world.storing
        for count, one in enumerate(some, start=1):
            if storing:
                document = to_document(one.whole())
                self._world.save(service=SERVICE, table=STATE, id=one.key, document=document)
            if not count % BREATH:
                self._world.go_on()
            yield one

    def change(self, old: Subscription, new: Subscription, author: Author) -> Document:
        """Store a change, and let add-ons follow a base that is suspended or cancelled."""
        now = self._world.clock.now()
        after = self.store(old, replace(new, version=old.version + 1), author)
        if new.status in (Status.SUSPENDED, Status.DELETED) and new.status is not old.status:
            for other in self.registry.add_ons(new):
                self._follow(other, new.status, now, author)
        return after

    def announce(self, name: str, resource: str, path: str) -> None:
        """Let the audience know of what is no change of a subscription."""
        self._audience.announce(name, resource, path, self._world.clock.now())

    def stage(self, subscription: Subscription, body: Document, author: Author) -> None:
        """Accept a change that shows after `accepted_seconds`."""
        wait = timedelta(seconds=self._world.settings.accepted_seconds)
        staged = Staged(
            key=subscription.key,
            at=iso(self._world.clock.now() + wait),
            body=body,
            client=author.application or "",
            person=author.person,
            correlation_id=author.correlation_id,
        )
        self._staged[staged.key] = staged
        self._world.save(service=SERVICE, table=STAGED, id=staged.key, document=asdict(staged))

    def is_staged(self, subscription: Subscription) -> bool:
        return subscription.key in self._staged

    def catch_up(self) -> None:
        """Apply what became due: accepted changes, renewals, expiry."""
        now, settings = self._world.clock.now(), self._world.settings
        for staged in [s for s in self._staged.values() if parse_instant(s.at) <= now]:
            self._apply(staged, now)
        with self._world.acting("microsoft"):
            while (due := self.registry.due(now, settings)) is not None:
                at, old = due
                self.change(old, advance(old, at, settings), Author(application=SYSTEM))

    def _apply(self, staged: Staged, now: datetime) -> None:
        del self._staged[staged.key]
        self._world.save(service=SERVICE, table=STAGED, id=staged.key, document=None)
        old = self.registry.get(staged.key)
        if old is None:
            return
        try:
            new = patched(old, staged.body, now, self._world.settings)
        except PartnerRefused:
            return  # changed by hand meanwhile; a client sees by reading that nothing happened
        with self._world.acting(staged.client):
            new = replace(new, updates=old.updates + 1, changed_at=now)
            self.change(old, new, staged.author)

    def _follow(self, other: Subscription, status: Status, now: datetime, author: Author) -> None:
        if other.status is Status.ACTIVE and status is Status.SUSPENDED:
            self.change(other, suspended(other, now, self._world.settings), author)
        elif status is Status.DELETED and other.status in (Status.ACTIVE, Status.SUSPENDED):
            self.change(other, replace(other, status=status, status_since=now), author)

    def refused(self, subscription: Subscription, author: Author) -> None:
        """Write down a change that was refused, where the settings want that."""
        if self._world.settings.audit_refusals:
            same = view.resource(subscription, self._world.clock.now())
            self._write(subscription, same, same, author, "failed")

    def _record(
        self, new: Subscription, before: Document | None, after: Document, author: Author
    ) -> None:
        document = self._write(new, before, after, author, "succeeded")
        if before is not None:
            now = self._world.clock.now()
            self._audience.changed(new.customer_id, new.id, document["id"], now)

    def _write(
        self,
        new: Subscription,
        before: Document | None,
        after: Document,
        author: Author,
        status: str,
    ) -> Document:
        document = audit.record(
            partner_id=self._world.tenant_id,
            customer=self.registry.customers[new.customer_id.lower()],
            author=author,
            new_id=self._world.new_id,
            at=self._world.clock.now(),
            before=before,
            after=after,
            status=status,
        )
        self.audit.add(document)
        self._world.save(service=SERVICE, table=AUDIT, id=document["id"], document=document)
        return document
