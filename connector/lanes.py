"""Lanes: the calls to one service go, wait and slow down together.

A throttled lane is closed until the stated time; a hint of how many calls a service likes at
once (`x-ms-dop-hint`) narrows the lane; a limit that is known lets no more pass in any minute.
Nothing here sends anything.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from connector.errors import NotSent
from sync.ports import Effects

_MINUTE_SECONDS = 60.0


@dataclass(slots=True, kw_only=True)
class Lane:
    """What is known of one service."""

    closed_until: float = float("-inf")
    """On the monotonic clock."""
    width: int | None = None
    """How many calls may be under way; None while the service has told nothing."""
    under_way: int = 0
    passed: deque[float] | None = None
    """When the last calls passed, as many as may pass in a minute; None without a limit."""
    left: threading.Condition = field(default_factory=threading.Condition)
    """Guards the lane; told when a call has ended or the width has changed."""


class Lanes:
    """All lanes of a run; threads share them."""

    def __init__(self, effects: Effects, longest_wait_seconds: float) -> None:
        self._effects = effects
        self._longest = longest_wait_seconds
        self._lock = threading.Lock()
        self._lanes: dict[str, Lane] = {}

    @contextmanager
    def passing(self, name: str, place: str) -> Iterator[None]:
        """Let a call pass when the lane is open and has room; raise NotSent for a long wait."""
        lane = self._lane(name)
        self._enter(lane, place)
        try:
            yield
        finally:
            with lane.left:
                lane.under_way -= 1
                lane.left.notify_all()

    def close(self, name: str, seconds: float) -> None:
        """Let nothing pass for so long; a longer pause that was told before still holds."""
        lane, until = self._lane(name), self._effects.monotonic() + seconds
        with lane.left:
            lane.closed_until = max(until, lane.closed_until)

    def narrow(self, name: str, width: int) -> None:
        """Let at most so many calls be under way at once."""
        lane = self._lane(name)
        with lane.left:
            lane.width = width
            lane.left.notify_all()

    def limit(self, name: str, per_minute: int) -> None:
        """Let no more than so many calls pass in any minute."""
        lane = self._lane(name)
        with lane.left:
            lane.passed = deque(lane.passed or (), maxlen=per_minute)

    def _lane(self, name: str) -> Lane:
        with self._lock:
            return self._lanes.setdefault(name, Lane())

    def _enter(self, lane: Lane, place: str) -> None:
        while (pause := self._pause(lane)) > 0:
            if pause > self._longest:
                raise NotSent(
                    f"{place} waits: the host asked for a pause of {pause:.0f} s more",
                    retry_after_seconds=pause,
                )
            self._effects.sleep(pause)

    def _pause(self, lane: Lane) -> float:
        """Take a place in the lane and return 0, or return how long to wait for one."""
        with lane.left:
            lane.left.wait_for(lambda: lane.width is None or lane.under_way < lane.width)
            now, passed = self._effects.monotonic(), lane.passed
            pause = lane.closed_until - now
            if passed is not None and len(passed) == passed.maxlen:
                pause = max(pause, passed[0] + _MINUTE_SECONDS - now)
            if pause <= 0:
                lane.under_way += 1
                if passed is not None:
                    passed.append(now)
            return max(pause, 0.0)
