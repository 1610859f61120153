"""The emulated time of all services. TLS, tokens and assertions live in real time, not here."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

FIRST = datetime(1900, 1, 1, tzinfo=UTC)
LAST = datetime(9000, 1, 1, tzinfo=UTC)  # leaves room for terms that end later


def real_now() -> datetime:
    """Return the real time, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the sandbox is where the emulated time comes from


def iso(instant: datetime) -> str:
    """Write an instant as ISO 8601 in UTC with a trailing Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """Read ISO 8601; a date alone is its midnight, a time without zone is UTC.

    Raises ValueError.
    """
    instant = datetime.fromisoformat(text)
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


class Clock:
    """A clock that runs on by real time from where it was set, and may go back."""

    def __init__(self, wall: Callable[[], datetime] = real_now) -> None:
        self._wall = wall
        self.offset = timedelta(0)

    def now(self) -> datetime:
        """Return the emulated time, aware, in UTC."""
        return self._wall() + self.offset

    def real(self) -> datetime:
        """Return the real time, for what must not follow the emulated clock."""
        return self._wall()

    def set(self, instant: datetime) -> None:
        """Move to an aware instant. Raises ValueError for a naive one or one out of range."""
        if instant.tzinfo is None:
            msg = f"{instant.isoformat()} has no time zone"
            raise ValueError(msg)
        self._move(instant)

    def advance(self, seconds: float) -> None:
        """Move on by seconds, or back when negative. Raises ValueError out of range."""
        try:
            self._move(self.now() + timedelta(seconds=seconds))
        except OverflowError as error:
            msg = f"the clock cannot move by {seconds:g} seconds"
            raise ValueError(msg) from error

    def _move(self, instant: datetime) -> None:
        if not FIRST <= instant < LAST:
            msg = f"the clock goes from {iso(FIRST)} to {iso(LAST)}, not to {instant.isoformat()}"
            raise ValueError(msg)
        self.offset = instant - self._wall()
