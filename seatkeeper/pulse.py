"""What the work loop lets others see of it: signs of life, and what troubles it.

The loop writes, the threads of the health endpoint read; every field is replaced as a whole.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sync.remote import RemoteError, SignInFailed

_LEAST_SILENCE_SECONDS = 150.0
"""One call may take its 60 seconds and wait as long before: that is no silence."""


@dataclass(slots=True, kw_only=True)
class Pulse:
    """Signs of life of one daemon. A sign is any step of the loop, or an answered call."""

    poll_seconds: float
    monotonic: Callable[[], float] = time.monotonic
    told: Callable[[], None] = lambda: None
    """Called with every sign of life; a supervisor's watchdog is fed here."""
    beaten_at: float = field(init=False)
    begun_at: float | None = None
    met: bool = False
    """Whether the organisation was met: sign-in and Dataverse worked once."""
    trouble: Exception | None = None
    """What the last cycle failed with; None after one that failed with nothing."""
    _clock: tuple[datetime, float] | None = None

    def __post_init__(self) -> None:
        self.beaten_at = self.monotonic()

    @property
    def longest_silence_seconds(self) -> float:
        """Return how long the loop may be silent before it counts as stuck."""
        return max(3 * self.poll_seconds, _LEAST_SILENCE_SECONDS)

    @property
    def needs_sign_in(self) -> bool:
        return isinstance(self.trouble, SignInFailed)

    def beat(self) -> None:
        """Give a sign of life."""
        self.beaten_at = self.monotonic()
        self.told()

    def begun(self) -> None:
        """Take note that a cycle begins."""
        self.begun_at = self.monotonic()
        self.beat()

    def worked(self, now: datetime) -> None:
        """Take note that all services answered, and of business time."""
        self.trouble, self.met = None, True
        self._clock = (now, self.monotonic())
        self.beat()

    def failed(self, error: Exception) -> None:
        """Take note of what went wrong."""
        self.trouble = error
        self.beat()

    def complaint(self) -> str:
        """Return the sentence about what went wrong; empty when nothing did."""
        if self.trouble is None or isinstance(self.trouble, RemoteError):
            return str(self.trouble or "")
        return "the last cycle failed; see the log"

    def silent_seconds(self) -> float:
        """Return how long ago the last sign of life was."""
        return max(0.0, self.monotonic() - self.beaten_at)

    def cycle_age_seconds(self) -> float | None:
        """Return how long ago the last cycle began; None before the first."""
        return None if self.begun_at is None else max(0.0, self.monotonic() - self.begun_at)

    def now(self) -> datetime:
        """Return business time carried on by the monotonic clock; the machine's before that."""
        if self._clock is None:
            return datetime.now(UTC)  # noqa: TID251  # no service has told the time yet
        told, at = self._clock
        return told + timedelta(seconds=self.monotonic() - at)
