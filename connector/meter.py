"""Who counts the calls that leave the house. It sees no header, no body and no query."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One attempt at one call, and how it ended."""

    lane: str
    """The service, as its calls wait together; see `Call.queue`."""
    method: str
    path: str
    status: int | None
    """None when no answer came."""
    seconds: float


class Meter(Protocol):
    """Called from every thread that sends; it is quick, and never raises."""

    def exchanged(self, exchange: Exchange) -> None:
        """Take note of a call that was answered, or was not."""
        ...

    def throttled(self, lane: str, seconds: float) -> None:
        """Take note of a service that asks for a pause."""
        ...


class Unmetered:
    """The meter of those who count nothing."""

    def exchanged(self, exchange: Exchange) -> None:
        """Count nothing."""

    def throttled(self, lane: str, seconds: float) -> None:
        """Count nothing."""
