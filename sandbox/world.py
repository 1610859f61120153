"""One emulated world: its lock, clock, settings, journal, and the two services that live in it.

Everything that depends on time is computed from the clock at the next request or clock move.
"""

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from sandbox.clock import Clock, iso
from sandbox.documents import Document
from sandbox.faults import Faults
from sandbox.identity import Identity
from sandbox.journal import Journal
from sandbox.persistence import NoStorage, Storage
from sandbox.settings import NAMES, Settings

if TYPE_CHECKING:
    from sandbox.dataverse import Dataverse
    from sandbox.partner_center import PartnerCenter
    from sandbox.rest_provider import RestProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who the bearer token says the caller is."""

    client: str
    user_id: str
    name: str
    audience: str
    app_only: bool = True
    mfa: bool = False


class Scenario(Protocol):
    """Lays rows into an empty world."""

    def __call__(self, world: "World", *, subscriptions: int | None, seed: int) -> None: ...


class Stopping(RuntimeError):
    """The sandbox is told to end while a scenario is being laid."""


class UnknownScenario(ValueError):
    """There is no scenario of that name."""


class World:
    """The state behind the sandbox; hold `lock` while reading or changing it."""

    dataverse: "Dataverse"
    partner_center: "PartnerCenter"
    rest_provider: "RestProvider"

    def __init__(
        self,
        identity: Identity,
        *,
        clock: Clock | None = None,
        rng: random.Random | None = None,
        scenarios: Mapping[str, Scenario] | None = None,
        storage: Storage | None = None,
    ) -> None:
        self.identity = identity
        self.stopping = threading.Event()
        self.clock = clock or Clock()
        self.rng = rng or random.SystemRandom()
        self.scenarios = dict(scenarios or {})
        self.storage = storage or NoStorage()
        self.lock = threading.RLock()
        self.settings = Settings()
        self.journal = Journal()
        self.faults = Faults(self.rng)
        self.organisation_id = self.new_id()
        self.names: frozenset[str] = frozenset({"localhost", "127.0.0.1", "::1"})
        self.number = 0
        self.after_reset: Callable[[], object] = int
        self._version = 1_000_000
        self._client = "sandbox"
        self._depth = 0
        self._building = False

    def attach(
        self,
        dataverse: "Dataverse",
        partner_center: "PartnerCenter",
        rest_provider: "RestProvider",
    ) -> None:
        """Put the services into the world; once, before anything else."""
        self.dataverse = dataverse
        self.partner_center = partner_center
        self.rest_provider = rest_provider

    @property
    def tenant_id(self) -> str:
        return self.identity.tenant_id

    @property
    def client_id(self) -> str:
        return self.identity.client_id

    @property
    def client_secret(self) -> str:
        return self.identity.client_secret

    @property
    def application_user_id(self) -> str:
        """The systemuserid of the client's application user in Dataverse."""
        return self.identity.application_user_id

    @property
    def building(self) -> bool:
        """Whether a scenario is laying down the opening state, which is not journaled."""
        return self._building

    @property
    def storing(self) -> bool:
        """Whether anything is persisted."""
        return self.storage.keeps

    def go_on(self) -> None:
        """Do nothing, unless the sandbox is to end: then raise Stopping."""
        if self.stopping.is_set():
            raise Stopping

    def new_id(self) -> str:
        """Return a random GUID."""
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def next_version(self) -> int:
        """Return the next row version; they rise over resets and restarts."""
        self._version += 1
        return self._version

    @contextmanager
    def acting(self, client: str) -> Iterator[None]:
        """Hold the lock and let commits be made by `client`; what it stored is safe afterwards."""
        with self.lock:
            earlier, self._client = self._client, client
            self._depth += 1
            try:
                yield
            finally:
                self._client = earlier
                self._depth -= 1
                self._flush()

    def commit(
        self,
        *,
        service: str,
        table: str,
        id: str,  # noqa: A002 - the name of the promised journal field
        before: Document | None,
        after: Document | None,
    ) -> None:
        """Journal a committed mutation and persist what the row now is."""
        with self.lock:
            if not self._building:
                self.journal.commit(
                    at=iso(self.clock.now()),
                    service=service,
                    client=self._client,
                    table=table,
                    id=id,
                    before=before,
                    after=after,
                )
            self.save(service=service, table=table, id=id, document=after)

    def save(self, *, service: str, table: str, id: str, document: Document | None) -> None:  # noqa: A002 - as above
        """Persist internal state without a journal entry; None deletes it."""
        self.storage.put(service=service, table=table, id=id, document=document)
        self._flush()

    def reset(self, scenario: str, *, subscriptions: int | None = None, seed: int = 1) -> None:
        """Make a new world. Clock, settings and sign-in stay; raises UnknownScenario."""
        build = self.scenarios.get(scenario)
        if build is None:
            msg = f"there is no scenario {scenario!r}; there are {', '.join(self.scenarios)}"
            raise UnknownScenario(msg)
        with self.acting("sandbox"):
            self._empty()
            self._build(build, subscriptions=subscriptions, seed=seed)
            self.keep()
        self.after_reset()

    def _build(self, build: Scenario, *, subscriptions: int | None, seed: int) -> None:
        self._building = True
        try:
            build(self, subscriptions=subscriptions, seed=seed)
        except Stopping:
            self.storage.abandon()
            raise
        finally:
            self._building = False

    def _empty(self) -> None:
        self.storage.clear()
        self.organisation_id = self.new_id()
        self.number += 1
        self.faults.replace([])
        self.journal.forget()
        self.dataverse.clear()
        self.partner_center.clear()
        self.rest_provider.clear()

    def restore(self, facts: Document) -> None:
        """Take back what `keep` persisted; numbers go on above those that were used."""
        self.organisation_id = facts["organisation_id"]
        self.number = facts["number"]
        self.clock.offset = timedelta(seconds=float(facts["clock_offset_seconds"]))
        known = {name: facts["settings"][name] for name in NAMES if name in facts["settings"]}
        self.settings.change({name: _plain(value) for name, value in known.items()})
        self._version = max(self._version, facts.get("version", 0))
        self.journal.last = facts.get("seq", 0)

    def keep(self) -> None:
        """Persist what belongs to the world itself: organisation, clock, settings."""
        facts = {
            "organisation_id": self.organisation_id,
            "number": self.number,
            "clock_offset_seconds": self.clock.offset.total_seconds(),
            "settings": self.settings.as_dict(),
            "identity": self.identity.document(),
        }
        self.storage.flush(version=self._version, seq=self.journal.last, facts=facts)

    def _flush(self) -> None:
        if not self._depth:
            self.storage.flush(version=self._version, seq=self.journal.last)


def _plain(value: object) -> object:
    """Return a setting as the control API takes it: stored decimals are floats there."""
    return float(value) if isinstance(value, Decimal) else value
