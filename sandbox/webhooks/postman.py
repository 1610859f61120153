"""Carries due events to the callback, after an answer was given: no thread, no lock while it waits.

The callback may ask the sandbox while it is called; a callback that hangs costs ten seconds.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress

import requests

from sandbox.clock import iso
from sandbox.webhooks.desk import Desk, Registration
from sandbox.webhooks.outbox import Parcel
from sandbox.webhooks.seal import signed
from sandbox.world import World

Post = Callable[[str, bytes, Mapping[str, str]], int]
"""Send a body to an address and return the HTTP status. Raises OSError when nobody answers."""
_SECONDS = 10


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Send over the network, without proxies or redirects."""
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(
            url, data=body, headers=headers, timeout=_SECONDS, allow_redirects=False
        )
        return answer.status_code


class Postman:
    """Delivers what is due."""

    def __init__(self, world: World, carry: Post = post) -> None:
        self._world = world
        self.carry = carry

    def deliver(self) -> None:
        """Send every event that is due now."""
        world = self._world
        desk = world.partner_center.webhooks
        if not desk.outbox.is_due(world.clock.now()):
            return
        with world.lock:
            parcels = desk.outbox.take(world.clock.now())
        for parcel in parcels:
            registration = desk.registration
            if registration is not None:
                self._send(desk, registration, parcel)

    def _send(self, desk: Desk, registration: Registration, parcel: Parcel) -> None:
        body = parcel.event.body(registration.host)
        headers = signed(body, registration.host, own_header=registration.own_header)
        status: int | None = None
        with suppress(OSError):  # nobody answered: it is noted and tried again
            status = self.carry(registration.url, body, headers)
        world = self._world
        with world.lock:
            desk.settle(parcel, status, world.clock.now())
            world.journal.request(
                at=iso(world.clock.now()),
                service="webhooks",
                client="partner_center",
                method="POST",
                path=registration.url,
                status=status,
                delivered=status is not None,
            )
