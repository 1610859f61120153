"""Where a soak takes place: a sandbox of its own process over HTTPS, or one in this process."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sandbox.faults import read_rule
from sandbox.in_process import InProcessAdapter, open_world
from sandbox.world import World
from seatkeeper.bootstrap import Application, build
from seatkeeper.config import Config, load_config
from tests.acceptance.installed import Sandbox, running_sandbox
from tests.soak.quick import Quick

SETTINGS = {
    "SEATKEEPER__GUARDS__MAX_CHANGES": "1000000",
    "SEATKEEPER__GUARDS__MAX_PERCENT": "100",
    "SEATKEEPER__MONEY__AUTOMATIC_INVOICES": "false",
}
SUSPENDED = {"statecode": 1, "statuscode": 2}
ACTIVE = {"statecode": 0, "statuscode": 1}
LOCAL = "https://localhost"
_TOKEN_SECONDS = 1800.0
"""How long the person keeps a token; it lives for an hour."""


class Town(Protocol):
    """What a soak does to the world, and looks at in the end."""

    def subscriptions(self) -> list[dict[str, Any]]: ...

    def turn(self, subscription: str, status: dict[str, int]) -> None: ...

    def trouble(self, rule: dict[str, Any] | None) -> None: ...

    def advance(self, seconds: float) -> None: ...

    def licence_status(self, licence: str) -> str: ...

    def logs(self) -> int: ...


class Remote:
    """A sandbox in another process."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._signed_in = time.monotonic()

    def subscriptions(self) -> list[dict[str, Any]]:
        return self._sandbox.crm("GET", "sk_subscriptions")["value"]

    def turn(self, subscription: str, status: dict[str, int]) -> None:
        self._sandbox.crm("PATCH", f"sk_subscriptions({subscription})", status)

    def trouble(self, rule: dict[str, Any] | None) -> None:
        self._sandbox.control("faults", {"rules": [rule] if rule else []})

    def advance(self, seconds: float) -> None:
        if time.monotonic() - self._signed_in > _TOKEN_SECONDS:
            self._sandbox.sign_in()
            self._signed_in = time.monotonic()
        self._sandbox.control("clock", {"advance_seconds": seconds})

    def licence_status(self, licence: str) -> str:
        return self._sandbox.control(f"partner-center/subscriptions/{licence}")["status"]

    def logs(self) -> int:
        asked = "sk_changelogs?$count=true&$top=1&$select=sk_sequence"
        return int(self._sandbox.crm("GET", asked)["@odata.count"])


class Local:
    """A sandbox in this process."""

    def __init__(self, world: World) -> None:
        self._world = world

    def subscriptions(self) -> list[dict[str, Any]]:
        return [dict(row) for row in self._world.dataverse.rows("sk_subscription")]

    def turn(self, subscription: str, status: dict[str, int]) -> None:
        with self._world.acting(self._world.identity.person_id):
            self._world.dataverse.update("sk_subscription", subscription, status, by="Alex Wilber")

    def trouble(self, rule: dict[str, Any] | None) -> None:
        with self._world.lock:
            self._world.faults.replace([read_rule(rule)] if rule else [])

    def advance(self, seconds: float) -> None:
        with self._world.lock:
            self._world.clock.advance(seconds)

    def licence_status(self, licence: str) -> str:
        return str(self._world.partner_center.subscription(licence)["status"])

    def logs(self) -> int:
        return len(list(self._world.dataverse.rows("sk_changelog")))


@contextmanager
def remote(folder: Path, subscriptions: int) -> Iterator[tuple[Town, Application]]:
    """Open a sandbox over HTTPS, and an engine on it."""
    with running_sandbox(folder) as sandbox:
        scale = {"scenario": "scale", "subscriptions": subscriptions, "seed": 1}
        sandbox.control("reset", scale)
        config = load_config(sandbox.config, SETTINGS)
        with engine_on(config, None) as application:
            yield Remote(sandbox), application


@contextmanager
def local(folder: Path, subscriptions: int) -> Iterator[tuple[Town, Application]]:
    """Open a sandbox in this process, and an engine on it."""
    world, app = open_world("scale", subscriptions=subscriptions)
    sign_in = {
        "authority": f"{LOCAL}/{world.tenant_id}",
        "tenant_id": world.tenant_id,
        "client_id": world.client_id,
        "client_secret": world.client_secret,
    }
    config = Config.model_validate(
        {
            "mode": "apply",
            "dataverse": {"url": LOCAL, "sign_in": sign_in},
            "providers": {
                "partner-center": {"kind": "partner_center", "url": LOCAL, "sign_in": sign_in}
            },
            "state": f"sqlite:///{folder / 'state.db'}",
            "money": {"automatic_invoices": False},
            "guards": {"max_changes": 1_000_000, "max_percent": 100},
        }
    )
    with engine_on(config, {"https://": InProcessAdapter(app)}) as application:
        yield Local(world), application


@contextmanager
def engine_on(config: Config, adapters: Any) -> Iterator[Application]:
    """Build an engine whose pauses take no time, and close it afterwards."""
    effects = Quick(random.Random(1))  # noqa: S311  # one seed, one run
    application = build(config, effects=effects, adapters=adapters)
    try:
        yield application
    finally:
        application.close()
