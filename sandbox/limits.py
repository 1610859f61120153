"""How many requests a service takes in a window of real time."""

import math
from collections import defaultdict, deque
from datetime import datetime


class Limiter:
    """Sliding windows, one per key."""

    def __init__(self) -> None:
        self._taken: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def refuse(self, key: str, now: datetime, *, limit: int, window_seconds: int) -> int | None:
        """Count a request, or return after how many seconds to try again. Limit 0 is off."""
        taken = self._taken[key]
        while taken and (now - taken[0]).total_seconds() >= window_seconds:
            taken.popleft()
        if not limit or len(taken) < limit:
            taken.append(now)
            return None
        return max(1, math.ceil(window_seconds - (now - taken[0]).total_seconds()))

    def forget(self) -> None:
        """Start all windows anew."""
        self._taken.clear()
