"""What a scenario needs of the world it is played into."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol


class Clock(Protocol):
    def now(self) -> datetime: ...


class Tables(Protocol):
    def insert(self, logical_name: str, row: dict[str, Any], *, by: str | None = None) -> str: ...

    def lay(
        self,
        logical_name: str,
        model: dict[str, Any],
        names: tuple[str, ...],
        members: Iterable[tuple[object, ...]],
    ) -> None:
        """Insert many rows: the model, with each member's values in the named columns."""
        ...

    def strip(self) -> None:
        """Take the tables of Seatkeeper out."""
        ...


class Provider(Protocol):
    def add_customer(self, document: dict[str, Any]) -> dict[str, Any]: ...

    def add_subscription(self, document: dict[str, Any]) -> dict[str, Any]: ...

    def lay(self, model: dict[str, Any], members: Iterable[tuple[str, str, str, int]]) -> None:
        """Add many subscriptions: the model, with each one's id, customer, name and quantity."""
        ...


class Stage(Protocol):
    """The part of sandbox.world.World that scenarios use."""

    @property
    def clock(self) -> Clock: ...

    @property
    def dataverse(self) -> Tables: ...

    @property
    def partner_center(self) -> Provider: ...

    def go_on(self) -> None:
        """Raise when the sandbox is to end: asked now and then by what takes long."""
        ...
