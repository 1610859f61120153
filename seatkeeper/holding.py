"""The right to work on a state: a file lock for SQLite, a lease for PostgreSQL (rules.md 2.12).

A thread renews the lease over a connection of its own. When another process has it, whoever works
is told to end; the store and the fence in front of the services refuse meanwhile.
"""

import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING

import structlog

from seatkeeper.bootstrap_state import lease_of, open_store
from seatkeeper.config import Config
from seatkeeper.fenced import Leased
from seatkeeper.instance import AlreadyRunningError, single_instance
from sync.ports import Store
from sync.state import StateError, UnreachableStateError

if TYPE_CHECKING:
    from store.lease import Lease

_RENEWALS = 3
"""How often a lease is renewed before it would run out."""
_TRIES = 3
_MOMENT_SECONDS = 0.05
_DOWN_SECONDS = 2.0

log = structlog.get_logger()


@dataclass(slots=True)
class Holding:
    """What is held while a process works on a state."""

    lease: "Lease | None" = None
    lost: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)
    on_loss: Callable[[], None] = lambda: None
    _stores: list[Leased] = field(default_factory=list)

    def bind(self, store: Store, on_loss: Callable[[], None]) -> None:
        """Have a store work under the lease; `on_loss` ends the work when it is another's."""
        if self.lease is not None and isinstance(store, Leased):
            store.lease = self.lease
            self._stores.append(store)
            self.on_loss = on_loss

    def unbind(self) -> None:
        for store in self._stores:
            store.lease = None

    def renew(self) -> None:
        """Renew the lease until it is over or lost; a database that is down is asked again."""
        lease = self.lease
        while lease is not None and not self.over.wait(lease.place.lease_seconds / _RENEWALS):
            try:
                is_ours = lease.renew()
            except StateError:
                continue  # nothing is sent meanwhile; the cycle tells
            if not is_ours:
                self.lost.set()
                self.on_loss()
                return


@contextmanager
def hold_state(config: Config) -> Iterator[Holding]:
    """Hold a state; raise AlreadyRunningError when another process does."""
    place = config.state_place
    if place is None:
        with single_instance(config.state_file):
            yield Holding()
        return
    open_store(config).close()  # it makes the table of leases
    lease = lease_of(config, place, f"{platform.node()}, process {os.getpid()}")
    holding = Holding(lease=lease)
    _take(lease)
    keeper = Thread(target=holding.renew, daemon=True, name="lease")
    keeper.start()
    try:
        yield holding
    finally:
        holding.over.set()
        holding.unbind()
        keeper.join()
        lease.release()
    if holding.lost.is_set():
        raise lease.lost()


def _take(lease: "Lease") -> None:
    """Take a lease; one whose holder is gone is waited for: it may just have sent something."""
    holder = ""
    for _ in range(_TRIES):
        held = lease.take()
        if held is None:
            return
        holder = held.holder
        if held.is_alive:
            break
        log.info("waiting for the lease", holder=holder, seconds=round(held.seconds, 1))
        time.sleep(held.seconds + _MOMENT_SECONDS)
    lease.release()
    raise AlreadyRunningError(f"{holder} works on {lease.place}; stop it, or use another state")


def await_state(config: Config) -> None:
    """Wait until the database of the state answers; what waiting does not mend is raised."""
    is_down = False
    while True:
        try:
            open_store(config).close()
        except UnreachableStateError as error:
            if not is_down:
                log.warning("state unavailable", reason=str(error))
            is_down = True
            time.sleep(_DOWN_SECONDS)
        else:
            break
    if is_down:
        log.info("state is back")
