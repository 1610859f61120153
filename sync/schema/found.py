"""What Dynamics has of the wanted tables. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Index(StrEnum):
    """How far the index of an alternate key is, by the platform's words."""

    PENDING = "Pending"
    IN_PROGRESS = "In Progress"
    ACTIVE = "Active"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundOption:
    """An option; of a status reason with its state, of a state with its default reason."""

    label: str
    state: int | None = None
    default: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundColumn:
    """A column; `type` is the platform's word, and says of a date whether it has no time."""

    name: str
    type: str
    date_only: bool
    length: int
    precision: int
    audited: bool
    options: Mapping[int, FoundOption] = field(default_factory=dict)
    shared: str = ""
    """The name of the choice that it shares with other columns."""
    targets: tuple[str, ...] = ()
    navigation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundKey:
    """An alternate key."""

    name: str
    columns: tuple[str, ...]
    index: Index


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTable:
    """A table."""

    name: str
    set: str
    tracked: bool
    audited: bool
    columns: Mapping[str, FoundColumn]
    keys: tuple[FoundKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything that is there; ids are of rows."""

    language: int
    unit_id: str
    publisher_id: str = ""
    publisher_prefix: str = ""
    publisher_option_prefix: int = 0
    solution_id: str = ""
    under_way: bool = False
    """An installation was begun and has not ended: what it changed may be unpublished."""
    tables: Mapping[str, FoundTable] = field(default_factory=dict)
    role_id: str = ""
    known_privileges: Mapping[str, str] = field(default_factory=dict)
    """Ids by name in lower case, of those that are wanted."""
    held_privileges: frozenset[str] = frozenset()
    """Ids of those that the role has for all rows."""
    user_id: str = ""
    user_has_role: bool = False
