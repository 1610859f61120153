"""What people were told of, kept so that a restart repeats nothing (docs/operations.md)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A trouble that people know of: since when, and when they were last told."""

    topic: str
    sentence: str
    since: datetime
    told_at: datetime


class NoticesTx(Protocol):
    """The part of a transaction about what people were told."""

    def told(self) -> list[Told]:
        """Return everything that people were told and that is not over, by topic."""
        ...

    def put_told(self, told: Iterable[Told]) -> None: ...

    def drop_told(self, topics: Iterable[str]) -> None: ...
