"""Effects whose sleeping takes no time, and what a process holds of the machine."""

import random
import resource
import threading
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

_PAGE = resource.getpagesize()


@dataclass(slots=True)
class Quick:
    """Time passes when something sleeps; safe for the threads of the dispatcher."""

    rng: random.Random
    time: float = 1000.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        with self.lock:
            self.time += seconds

    def new_id(self) -> str:
        with self.lock:
            return str(UUID(int=self.rng.getrandbits(128), version=4))

    def random(self) -> float:
        with self.lock:
            return self.rng.random()


def resident_bytes() -> int:
    """Return the memory of this process that is in use."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())
