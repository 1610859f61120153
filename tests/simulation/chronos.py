"""One time for everybody, and chance from the seed: the `Effects` of a simulated run."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

BASE = datetime(2026, 1, 1, tzinfo=UTC)
"""The real time under the sandbox's emulated clock, by which tokens live."""


class Chronos:
    """Time passes only when something sleeps or the simulator lets it pass."""

    def __init__(self, seed: int) -> None:
        self.time = 0.0
        self.slept = 0
        self._rng = random.Random(f"effects {seed}")  # noqa: S311  # repeatable on purpose

    def wall(self) -> datetime:
        return BASE + timedelta(seconds=self.time)

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept += 1
        self.time += seconds

    def new_id(self) -> str:
        return str(UUID(int=self._rng.getrandbits(128), version=4))

    def random(self) -> float:
        return self._rng.random()
