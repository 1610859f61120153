"""Finds what a path names, or refuses."""

from datetime import datetime

from sandbox.documents import Document
from sandbox.partner_center.errors import PartnerRefused
from sandbox.partner_center.registry import Registry
from sandbox.partner_center.subscription import Subscription


class Lookup:
    """Customers and subscriptions by the ids of a path. Raises PartnerRefused."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def customer(self, customer_id: str) -> Document:
        document = self._registry.customers.get(customer_id.lower())
        if document is None:
            raise PartnerRefused(404, 60003, f"The tenant {customer_id} was not found.")
        if document["relationshipToPartner"] == "none":
            text = "The partner has no commerce relationship with the customer."
            raise PartnerRefused(403, 20002, text)
        return document

    def subscription(self, customer_id: str, key: str, now: datetime) -> Subscription:
        self.customer(customer_id)
        found = self._registry.get(key)
        is_theirs = found is not None and found.customer_id.lower() == customer_id.lower()
        if found is None or not is_theirs or not found.is_visible(now):
            raise PartnerRefused(404, 20003, f"The subscription {key} was not found.")
        return found

    def subscriptions(self, customer_id: str, now: datetime) -> list[Subscription]:
        """Return what shows of a customer's subscriptions, ended ones included."""
        self.customer(customer_id)
        return [found for found in self._registry.of_customer(customer_id) if found.is_visible(now)]
