"""The real world's clock, sleep and chance; everything else takes them through `Effects`."""

import random
import time
import uuid
from threading import Event


class RealEffects:
    """Effects of a running process; `stop` ends a sleep early."""

    def __init__(self, stop: Event | None = None) -> None:
        self._stop = stop or Event()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def new_id(self) -> str:
        return str(uuid.uuid4())

    def random(self) -> float:
        return random.random()  # noqa: S311  # jitter, no secret
