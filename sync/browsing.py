"""What a person leafs through: pages of the trail, of changes, rows and parked work.

A page begins after the last one it was given; nothing is counted or sorted in full, so that a
page costs the same with ten subscriptions and a hundred thousand. The `Tx` port keeps these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sync.sides import Difference
from sync.state import Fact, FactState, Parked, Seen, TrailEntry

LOOK_AT = 10_000
"""How many rows of the trail one search for a text looks at before it asks whether to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailQuery:
    """Which part of the trail, newest first. `after` is the place of the last entry seen."""

    subject: str = ""
    event: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    """The first instant that is too late."""
    after: tuple[str, int] | None = None
    limit: int = 50
    look_at: int = LOOK_AT

    def takes(self, facts: str) -> bool:
        """Tell whether the facts of an entry, as stored, hold the wanted text."""
        return self.text.lower() in facts.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailPage:
    """Entries, and the place from which the next page goes on; None at the end."""

    entries: Sequence[TrailEntry]
    after: tuple[str, int] | None


class Browsing(Protocol):
    """The part of a transaction that a person's pages read."""

    def page_trail(self, query: TrailQuery) -> TrailPage:
        """Return entries newest first, at most `limit`, having looked at `look_at` at most."""
        ...

    def trail_after(self, sequence: int, *, limit: int = 500) -> list[TrailEntry]:
        """Return what was written behind an entry, in the order of writing; 0 is the begin."""
        ...

    def trail_end(self) -> int:
        """Return the number of the entry that was written last; 0 when there is none."""
        ...

    def trail_events(self) -> list[str]:
        """Return the names of all events in the trail."""
        ...

    def page_facts(
        self, *, before: int | None = None, state: FactState | None = None, limit: int = 50
    ) -> list[Fact]:
        """Return changes newest first, those with a smaller ordinal than `before`."""
        ...

    def page_seen(self, *, after: str = "", status: str = "", limit: int = 50) -> list[Seen]:
        """Return subscriptions by id, those behind `after`, all or with one accepted status."""
        ...

    def page_parked(
        self, *, code: str = "", after: tuple[str, str] = ("", ""), limit: int = 50
    ) -> list[Parked]:
        """Return what is parked, oldest first, behind (since, subject); all or with one code."""
        ...

    def parked_codes(self) -> Mapping[str, int]:
        """Return how many are parked with each code."""
        ...

    def oldest_waiting(self) -> datetime | None:
        """Return the instant of the oldest change that waits."""
        ...

    def page_differences(
        self, *, after: tuple[str, str, str] = ("", "", ""), limit: int = 50
    ) -> list[Difference]:
        """Return what differs, oldest first, behind (since, subscription, field)."""
        ...

    def count_differences(self) -> int: ...

    def count_suspects(self) -> int: ...

    def changes_between(self, edges: Sequence[datetime]) -> list[int]:
        """Count the changes from each instant up to the next one."""
        ...

    def sent_between(self, edges: Sequence[datetime]) -> list[int]:
        """Count the operations that were last sent from each instant up to the next one."""
        ...
