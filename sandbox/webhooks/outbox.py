"""Events on their way: when each is due, and what became of each attempt. In memory only."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter

from sandbox.settings import Settings
from sandbox.webhooks.events import Event

_MOST_DOUBLINGS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One copy of an event, and how often it was tried."""

    event: Event
    due: datetime
    number: int
    attempts: int = 0


@dataclass(slots=True, kw_only=True)
class Outbox:
    """Copies that wait, and those that were given up after the last attempt."""

    settings: Settings
    put_aside: list[Parcel] = field(default_factory=list)
    _waiting: list[Parcel] = field(default_factory=list)
    _number: int = 0

    def put(self, event: Event, now: datetime) -> None:
        """Queue an event, as often and as late as the settings say."""
        due = now + timedelta(seconds=self.settings.webhook_delay_seconds)
        for _ in range(self.settings.webhook_copies):
            self._number += 1
            self._waiting.append(Parcel(event=event, due=due, number=self._number))

    def is_due(self, now: datetime) -> bool:
        return any(parcel.due <= now for parcel in self._waiting)

    def take(self, now: datetime) -> list[Parcel]:
        """Take out what is due, in the order in which it is to be sent."""
        due = [parcel for parcel in self._waiting if parcel.due <= now]
        self._waiting = [parcel for parcel in self._waiting if parcel.due > now]
        backwards = self.settings.webhook_order == "reversed"
        return sorted(due, key=attrgetter("number"), reverse=backwards)

    def failed(self, parcel: Parcel, now: datetime) -> None:
        """Queue another attempt, each after double the pause, or put the event aside."""
        tried = replace(parcel, attempts=parcel.attempts + 1)
        if tried.attempts >= self.settings.webhook_attempts:
            self.put_aside.append(tried)
            return
        doublings = min(tried.attempts - 1, _MOST_DOUBLINGS)
        pause = self.settings.webhook_retry_seconds * 2**doublings
        self._waiting.append(replace(tried, due=now + timedelta(seconds=pause)))

    def clear(self) -> None:
        """Forget all events."""
        self._waiting.clear()
        self.put_aside.clear()
