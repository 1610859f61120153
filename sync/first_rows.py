"""The rows of a first read by column, as the store takes them; shapes only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from lifecycle.decisions import Standing
from sync.state import Point


class AlreadyKnownError(Exception):
    """Something is known of one of the rows; nothing of them may be stored unseen."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stand:
    """Where rows stand, and what that means; one object for all rows that stand alike."""

    point: Point
    accepted: Standing | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRows:
    """Subscriptions that were never seen before; every column is as long as `ids`."""

    ids: Sequence[str]
    versions: Sequence[int]
    stands: Sequence[Stand]
    contracts: Sequence[str | None]
    modified_at: Sequence[datetime]
    deactivate_on: Sequence[date | None]
    licences: Sequence[str]
    """Empty where a row names none."""
    customers: Sequence[str]
    providers: Sequence[str]
    seen_on: date


class FirstRowsTx(Protocol):
    """The part of a transaction about the first read."""

    def put_first(self, given: FirstRows) -> None:
        """Store snapshots and links of rows that are new.

        Raise AlreadyKnownError when one of them has a snapshot or a link, or when any change log
        or baseline is known; the caller's transaction is rolled back by it.
        """
        ...

    def end_first(self) -> None:
        """Make up for what was put off while rows were stored quickly."""
        ...
