"""What a scenario needs of the world it is played into."""

from datetime import datetime
from typing import Any, Protocol


class Clock(Protocol):
    def now(self) -> datetime: ...


class Tables(Protocol):
    def insert(self, logical_name: str, row: dict[str, Any], *, by: str | None = None) -> str: ...


class Provider(Protocol):
    def add_customer(self, document: dict[str, Any]) -> dict[str, Any]: ...

    def add_subscription(self, document: dict[str, Any]) -> dict[str, Any]: ...


class Stage(Protocol):
    """The part of sandbox.world.World that scenarios use."""

    @property
    def clock(self) -> Clock: ...

    @property
    def dataverse(self) -> Tables: ...

    @property
    def partner_center(self) -> Provider: ...
