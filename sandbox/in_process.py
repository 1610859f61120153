"""The sandbox without a socket and without files, for tests and simulations."""

import random
from collections.abc import Callable
from datetime import datetime

from sandbox.adapter import InProcessAdapter
from sandbox.app import App
from sandbox.assembly import assemble
from sandbox.clock import Clock, real_now
from sandbox.identity import new_identity
from sandbox.scenarios import SCENARIOS
from sandbox.world import World

__all__ = ["InProcessAdapter", "open_world"]


def open_world(
    scenario: str = "empty",
    seed: int = 1,
    *,
    subscriptions: int | None = None,
    wall: Callable[[], datetime] = real_now,
) -> tuple[World, App]:
    """Build a world in memory; one seed makes one world. Tokens are verified as ever.

    `wall` is the real time under the emulated clock, by which tokens live.
    """
    rng = random.Random(seed)  # noqa: S311 - repeatable on purpose
    world = World(new_identity(rng), clock=Clock(wall), rng=rng, scenarios=SCENARIOS)
    app = assemble(world)
    world.reset(scenario, subscriptions=subscriptions, seed=seed)
    return world, app
