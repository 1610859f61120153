"""How long the sandbox takes to lay a large world, and what the world weighs."""

import time
from dataclasses import dataclass

from bench.running import Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """One reset to the scale scenario, in a sandbox that held a small world before."""

    subscriptions: int
    seconds: float
    cpu: float
    memory_mib: float


def measure(running: Sandbox, subscriptions: int) -> Laid:
    """Lay a small world, then the large one."""
    running.reset(1)
    cpu, begun = running.cpu_seconds(), time.perf_counter()
    running.reset(subscriptions)
    return Laid(
        subscriptions=subscriptions,
        seconds=time.perf_counter() - begun,
        cpu=running.cpu_seconds() - cpu,
        memory_mib=running.memory_mib(),
    )
