"""What the calls ask of the work loop: look now. Lost with the process; the polls find it anyway.

A nudged cycle costs the services requests, so there are five at once and then one in two
seconds; nudges that come meanwhile are one.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

_BURST = 5.0
_EACH_SECONDS = 2.0
_LICENCES = 1000
"""More than these wait for the poll of the provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked since the last time."""

    poll: bool
    licences: frozenset[str]

    def __bool__(self) -> bool:
        return self.poll or bool(self.licences)


@dataclass(slots=True, kw_only=True)
class Nudges:
    """Threads of the listener put in, the work loop takes out."""

    wake: threading.Event
    monotonic: Callable[[], float]
    _poll: bool = False
    _licences: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _tokens: float = _BURST
    _filled_at: float = float("-inf")

    def poll(self) -> None:
        """Have Dataverse polled."""
        with self._lock:
            self._poll = True
        self.wake.set()

    def look_at(self, licence_id: str) -> None:
        """Have a licence read and compared."""
        with self._lock:
            if len(self._licences) < _LICENCES:
                self._licences.add(licence_id)
        self.wake.set()

    def pause_seconds(self) -> float:
        """Return how long the next nudge has to wait; 0 when it need not."""
        now = self.monotonic()
        filled = self._tokens + max(0.0, now - self._filled_at) / _EACH_SECONDS
        self._tokens, self._filled_at = min(_BURST, filled), now
        return max(0.0, (1.0 - self._tokens) * _EACH_SECONDS)

    def take(self) -> Asked:
        """Take out what was asked; nothing while its turn has not come."""
        if self.pause_seconds():
            return Asked(poll=False, licences=frozenset())
        with self._lock:
            asked = Asked(poll=self._poll, licences=frozenset(self._licences))
            self._poll = False
            self._licences.clear()
            self.wake.clear()
        if asked:
            self._tokens -= 1.0
        return asked
