"""A whole sandbox in process."""

import random
from datetime import UTC, datetime

import pytest

from sandbox.assembly import assemble
from sandbox.identity import new_identity
from sandbox.scenarios import SCENARIOS
from sandbox.world import World
from tests.sandbox_scenarios.browser import Sandbox

STORY_DAY = datetime(2026, 6, 16, 14, 0, tzinfo=UTC)


@pytest.fixture
def sandbox() -> Sandbox:
    rng = random.Random(1)  # noqa: S311  # repeatable on purpose, nothing secret
    world = World(new_identity(rng), rng=rng, scenarios=SCENARIOS)
    app = assemble(world)
    world.clock.set(STORY_DAY)
    return Sandbox(world, app)


@pytest.fixture
def demo(sandbox: Sandbox) -> Sandbox:
    sandbox.world.reset("demo", seed=1)
    return sandbox
