"""Where a recorded test plays: clients, and while recording a sandbox behind them."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from connector.auth import (
    PARTNER_CENTER_SCOPE,
    ClientSecret,
    Credential,
    SignIn,
    dataverse_scope,
    token_source,
)
from connector.dataverse.client import DataverseClient
from connector.http import Http, Limits
from connector.partner_center.client import PartnerCenterClient
from connector.service import TokenSource
from sandbox.identity import Identity
from sandbox.server import Running
from sandbox.settings import Settings
from sandbox.world import World
from tests.connector.scripted import Clockwork
from tests.recorded.names import CANARIES, STAND_INS, Names, identity_of

NOON = datetime(2026, 6, 16, 12, 0, tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class Stage:
    """Clients signed in under the names of the run; `world` is there only while recording."""

    names: Names
    identity: Identity
    effects: Clockwork
    ca_file: str | None
    world: World | None = None

    def prepare(self, act: Callable[[World], object]) -> None:
        """Change the world behind the services while recording; the replay has the outcome."""
        if self.world is not None:
            with self.world.acting(self.names.person_id):
                act(self.world)

    def http(self) -> Http:
        return Http(self.effects, self.ca_file, limits=Limits(read_seconds=30))

    def tokens(self, scope: str, credential: Credential | None = None) -> TokenSource:
        sign_in = SignIn(
            scope=scope,
            credential=credential or ClientSecret(secret=self.names.client_secret),
            client_id=self.names.client_id,
            authority=f"{self.names.origin}/{self.names.tenant_id}",
        )
        return token_source(sign_in, self.http(), self.effects)

    @property
    def dataverse_scope(self) -> str:
        return dataverse_scope(self.names.origin)

    def crm(self, page_size: int = 2) -> DataverseClient:
        tokens = self.tokens(self.dataverse_scope)
        return DataverseClient(self.http(), tokens, self.effects, self.names.origin, page_size)

    def partner(self) -> PartnerCenterClient:
        tokens = self.tokens(PARTNER_CENTER_SCOPE)
        return PartnerCenterClient(self.http(), tokens, self.effects, self.names.origin)


def replaying() -> Stage:
    """Return a stage without a world."""
    identity = identity_of(STAND_INS)
    return Stage(names=STAND_INS, identity=identity, effects=Clockwork(), ca_file=None)


def recording(running: Running) -> Stage:
    """Return a stage on an emptied sandbox that carries the canaries."""
    names = replace(CANARIES, origin=running.base_url)
    world, identity = running.world, identity_of(names)
    world.identity = identity
    # What the sandbox makes up is the same in every recording and on replay.
    world.rng = random.Random(20260616)  # noqa: S311  # repeatable on purpose
    world.settings.change(Settings().as_dict())
    world.reset("empty")
    world.clock.set(NOON)
    return Stage(
        names=names,
        identity=identity,
        effects=Clockwork(),
        ca_file=str(Path(running.ready["ca_file"])),
        world=world,
    )
