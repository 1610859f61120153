"""The worlds a sandbox can begin with: `empty`, `demo`, `scale`, `bare`."""

from typing import Protocol

from sandbox.scenarios import bare, demo, empty, scale
from sandbox.scenarios.stage import Stage


class Scenario(Protocol):
    def __call__(self, world: Stage, *, subscriptions: int | None, seed: int) -> None: ...


SCENARIOS: dict[str, Scenario] = {
    "empty": empty.build,
    "demo": demo.build,
    "scale": scale.build,
    "bare": bare.build,
}
