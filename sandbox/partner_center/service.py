"""Partner Center as the rest of the sandbox sees it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from werkzeug import Request, Response

from sandbox.answers import partner_error
from sandbox.documents import Document
from sandbox.partner_center import carts, intake, migrations, transitions, view
from sandbox.partner_center.alike import Alike
from sandbox.partner_center.api import Api
from sandbox.partner_center.audit import Author
from sandbox.partner_center.calls import Call
from sandbox.partner_center.carts import Carts
from sandbox.partner_center.companions import Companions
from sandbox.partner_center.directory import Directory
from sandbox.partner_center.errors import InputRefused, PartnerRefused
from sandbox.partner_center.invoices import Invoices
from sandbox.partner_center.ledger import Ledger
from sandbox.partner_center.migrations import Migrations
from sandbox.partner_center.orders import Orders
from sandbox.partner_center.responses import Outcomes
from sandbox.partner_center.subscription import Subscription
from sandbox.partner_center.transitions import Transitions
from sandbox.partner_center.upgrades import Upgrades
from sandbox.sign_in import address_of, person_address
from sandbox.world import Principal, World

if TYPE_CHECKING:
    from sandbox.webhooks.desk import Desk

_CHANGING = ("PATCH", "POST", "PUT", "DELETE")


class PartnerCenter:
    """The emulated service: its API for clients, and what a person does by hand."""

    def __init__(self, world: World, webhooks: "Desk") -> None:
        self._world = world
        self.webhooks = webhooks
        self._ledger = Ledger(world, self.webhooks)
        orders = Orders(world, self._ledger)
        self._carts = Carts(world, self._ledger, orders)
        self._transitions = Transitions(world, self._ledger)
        self._migrations = Migrations(world, self._ledger)
        self._invoices = Invoices(world, self._ledger)
        rooms = (
            orders,
            self._carts,
            self._transitions,
            self._migrations,
            self._invoices,
            Companions(world, self._ledger),
            Upgrades(world, self._ledger),
            Directory(self._ledger),
        )
        self._api = Api(self._ledger, world.settings, rooms)
        self._outcomes = Outcomes()

    def handle(self, request: Request, principal: Principal) -> Response:
        """Answer a request of a signed-in client; replay a known MS-RequestId."""
        self.catch_up()
        now = self._world.clock.now()
        window = self._world.settings.request_id_window_seconds
        is_changing = request.method in _CHANGING
        response = self._outcomes.find(request, now, window) if is_changing else None
        if response is None:
            response = self._answer(Call(request=request, principal=principal, now=now))
            if is_changing:
                self._outcomes.keep(request, response, now)
        if request.headers.get("ValidateMfa", "").lower() == "true" and not principal.app_only:
            response.headers["isMfaCompliant"] = str(principal.mfa).lower()
        return response

    def _answer(self, call: Call) -> Response:
        try:
            if call.request.path.startswith("/webhooks/"):
                return self.webhooks.answer(call)
            return self._api.answer(call)
        except PartnerRefused as refused:
            return partner_error(refused.status, refused.code, refused.description)

    def add_customer(self, document: Document) -> Document:
        """Store a customer; missing fields get believable values. Raises InputRefused."""
        with self._world.lock:
            return self._ledger.add_customer(intake.new_customer(document, self._world.new_id))

    def add_subscription(self, document: Document) -> Document:
        """Store a subscription; return the resource. Raises InputRefused."""
        world = self._world
        with world.lock:
            new = intake.new_subscription(document, world.clock.now(), world.new_id, world.settings)
            if new.customer_id.lower() not in self._ledger.registry.customers:
                msg = f"customerId names no customer: {document.get('customerId')!r}"
                raise InputRefused(msg)
            if self._ledger.registry.get(new.id) is not None:
                msg = f"there is a subscription {new.id} already; PATCH changes it"
                raise InputRefused(msg)
            return self._ledger.store(None, self._not_ready(new), self._person())

    def lay(self, model: Document, members: Iterable[tuple[str, str, str, int]]) -> None:
        """Store many subscriptions of an opening state: id, customer, name and quantity differ.

        The model is checked as `add_subscription` does; ids are new ones, in lower case.
        Raises InputRefused.
        """
        world = self._world
        with world.lock:
            like = intake.new_subscription(model, world.clock.now(), world.new_id, world.settings)
            self._ledger.lay(Alike(like, *member) for member in members)

    def change_by_hand(self, subscription_id: str, changes: Document, *, by: str = "") -> Document:
        """Change a subscription as a person in the portal would, without the API's rules.

        `by` is the person's name, else that of the settings. Raises InputRefused.
        """
        with self._world.lock:
            self.catch_up()
            old = self._ledger.registry.get(subscription_id)
            if old is None:
                msg = f"there is no subscription {subscription_id}"
                raise InputRefused(msg)
            now, settings = self._world.clock.now(), self._world.settings
            new = intake.changed_by_hand(old, changes, now, settings)
            if (new.key, new.customer_id) != (old.key, old.customer_id):
                msg = "id and customerId of a subscription cannot be changed"
                raise InputRefused(msg)
            author = Author(person=address_of(by)) if by else self._person()
            return self._ledger.change(old, new, author)

    def subscription(self, subscription_id: str) -> Document | None:
        """Return the resource as it is now, or None."""
        with self._world.lock:
            self.catch_up()
            found = self._ledger.registry.get(subscription_id)
            return None if found is None else view.resource(found, self._world.clock.now())

    def subscriptions(self) -> Iterator[Document]:
        """Give all resources as they are now."""
        self.catch_up()
        for found in self._ledger.registry.all():
            yield view.resource(found, self._world.clock.now())

    def catch_up(self) -> None:
        """Apply what became due by the clock."""
        self._ledger.catch_up()
        with self._world.acting("microsoft"):
            self._migrations.catch_up(self._world.clock.now())
        self._invoices.catch_up(self._world.clock.now())

    def reschedule(self) -> None:
        """Plan term ends anew after settings changed."""
        self._ledger.registry.reschedule(self._world.settings)

    def clear(self) -> None:
        """Begin a new world."""
        self._ledger.clear()
        self._carts.clear()
        self._transitions.clear()
        self._migrations.clear()
        self._invoices.clear()
        self.webhooks.clear()
        self._outcomes.clear()

    def load(self, documents: Iterable[tuple[str, str, Document]]) -> None:
        """Take back what was persisted: (table, id, document)."""
        rest = []
        for table, key, document in documents:
            if table == carts.TABLE:
                self._carts.load(key, document)
            elif table == transitions.TABLE:
                self._transitions.load(key, document)
            elif table == migrations.TABLE:
                self._migrations.load(key, document)
            elif table == self.webhooks.table:
                self.webhooks.load(document)
            else:
                rest.append((table, key, document))
        self._ledger.load(rest)

    def _person(self) -> Author:
        return Author(person=person_address(self._world))

    def _not_ready(self, new: Subscription) -> Subscription:
        seconds = self._world.settings.not_ready_seconds
        if not seconds or self._world.building:
            return new
        return replace(new, ready_at=self._world.clock.now() + timedelta(seconds=seconds))
