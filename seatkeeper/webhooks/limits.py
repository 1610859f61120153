"""How often a caller may call, and what was said before. In memory, and bounded."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from seatkeeper.webhooks.calls import Reason, RefusedError

_WINDOW_SECONDS = 60.0
_CALLS = 600
_BAD_CALLS = 20
_ADDRESSES = 1024
_REMEMBERED = 10_000


@dataclass(slots=True)
class _Count:
    begun: float
    calls: int = 0
    bad: int = 0


@dataclass(slots=True)
class Limiter:
    """Calls of each address in a minute; who sends bad ones is not heard until it is over."""

    monotonic: Callable[[], float]
    _counts: OrderedDict[str, _Count] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self, address: str) -> None:
        """Count a call. Raise RefusedError when there were too many."""
        with self._lock:
            count = self._of(address)
            count.calls += 1
            if count.calls > _CALLS or count.bad >= _BAD_CALLS:
                raise RefusedError(Reason.LIMITED)

    def blame(self, address: str) -> None:
        """Count a call that was refused."""
        with self._lock:
            self._of(address).bad += 1

    def _of(self, address: str) -> _Count:
        now = self.monotonic()
        count = self._counts.get(address)
        if count is None or now - count.begun >= _WINDOW_SECONDS:
            count = self._counts[address] = _Count(begun=now)
            self._counts.move_to_end(address)
            if len(self._counts) > _ADDRESSES:
                self._counts.popitem(last=False)
        return count


@dataclass(slots=True)
class Heard:
    """What was said before, as digests, the latest so many."""

    _digests: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def once(self, said: bytes) -> None:
        """Remember what is said. Raise RefusedError when it was said before."""
        digest = sha256(said).digest()
        with self._lock:
            if digest in self._digests:
                raise RefusedError(Reason.REPLAYED)
            self._digests[digest] = None
            if len(self._digests) > _REMEMBERED:
                self._digests.popitem(last=False)
