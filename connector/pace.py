"""A token bucket: how many requests background work may make beside real work.

Every request to the service takes a token, real work's as well; only background work waits for
one. So the two together stay below the limit as long as real work alone does.
"""

import threading
from typing import Final

from sync.ports import Effects

PER_MINUTE: Final = 500
"""Requests a minute that Partner Center takes for a tenant (Learn: api-throttling-guidance)."""
BURST_SECONDS: Final = 10.0
"""How long the bucket fills when nobody asks."""
_MINUTE: Final = 60.0
_HUNDRED: Final = 100


class Pace:
    """The tokens of one tenant; threads share it."""

    def __init__(self, effects: Effects, share_percent: int, per_minute: int = PER_MINUTE) -> None:
        self._effects = effects
        self._rate = per_minute * share_percent / _HUNDRED / _MINUTE
        self._most = max(self._rate * BURST_SECONDS, 1.0)
        self._tokens = self._most
        self._filled_at = effects.monotonic()
        self._lock = threading.Lock()

    def spend(self) -> None:
        """Take a token for a request; real work may leave the bucket in debt, for a while."""
        with self._lock:
            self._fill()
            self._tokens = max(self._tokens - 1.0, -self._most)

    def room(self) -> int:
        """Return how many requests background work may make now."""
        with self._lock:
            self._fill()
            return max(int(self._tokens), 0)

    def _fill(self) -> None:
        now = self._effects.monotonic()
        self._tokens = min(self._tokens + (now - self._filled_at) * self._rate, self._most)
        self._filled_at = now
