"""Subscriptions that are alike, kept small until someone reads them: a scenario has a million."""

from dataclasses import replace
from typing import NamedTuple
from uuid import UUID, uuid5

from sandbox.partner_center.subscription import Subscription


class Alike(NamedTuple):
    """What one has of its own; all else, and with it what time brings, is the model's.

    Ids are in lower case. The order's id follows from the subscription's.
    """

    model: Subscription
    key: str
    customer_id: str
    friendly_name: str
    quantity: int

    def whole(self) -> Subscription:
        """Return the subscription itself."""
        return replace(
            self.model,
            id=self.key,
            order_id=str(uuid5(UUID(self.key), "order")),
            customer_id=self.customer_id,
            friendly_name=self.friendly_name,
            quantity=self.quantity,
            lots=tuple(replace(lot, quantity=self.quantity) for lot in self.model.lots),
        )
