"""What `mappings/schema.yaml` wants to be in Dynamics. Values only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PLATFORM_REASONS = {0: 1, 1: 2}
"""The status reason that the platform gives each state of a new table."""
UNUSED = "Not used"
"""The label of such a reason that a table has no meaning for; nothing is ever deleted."""


class Kind(StrEnum):
    """The types of columns, by the words of the file."""

    TEXT = "text"
    MEMO = "memo"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    CHOICE = "choice"
    LOOKUP = "lookup"


class Right(StrEnum):
    """What a role may do with the rows of a table."""

    CREATE = "create"
    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    APPEND = "append"
    APPEND_TO = "append_to"

    @property
    def verb(self) -> str:
        """Return it as the names of privileges write it."""
        return "".join(part.capitalize() for part in self.split("_"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """Who the tables belong to; the prefix of names and of option values is its."""

    name: str
    label: str
    prefix: str
    option_prefix: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The solution that everything is made in."""

    name: str
    label: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; `target` is the table that a lookup points to."""

    name: str
    label: str
    kind: Kind
    length: int = 0
    precision: int = 0
    options: Mapping[int, str] = field(default_factory=dict)
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One status reason and the state it belongs to."""

    value: int
    label: str
    state: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Columns that together name at most one row."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table; a standard one is there already and only gets columns and keys."""

    name: str
    label: str
    plural: str
    set: str
    standard: bool
    audited: bool
    rights: tuple[Right, ...]
    columns: Mapping[str, Column]
    keys: tuple[Key, ...]
    reasons: tuple[Reason, ...]

    @property
    def name_column(self) -> Column:
        """Return the column that names a row: the first."""
        return next(iter(self.columns.values()))

    @property
    def plain_columns(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns.values() if column.kind is not Kind.LOOKUP)

    def defaults(self) -> Iterator[Reason]:
        """Yield the reason that each state alone means: its first."""
        for state in PLATFORM_REASONS:
            first = next((reason for reason in self.reasons if reason.state == state), None)
            if first is not None:
                yield first

    def privileges(self) -> tuple[str, ...]:
        """Return the names of the privileges that its rights are."""
        return tuple(f"prv{right.verb}{self.name}" for right in self.rights)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Everything that is wanted."""

    publisher: Publisher
    solution: Solution
    role: str
    role_privileges: tuple[str, ...]
    tables: Mapping[str, Table]

    def privileges(self) -> tuple[str, ...]:
        """Return the names of all privileges of the role."""
        own = (name for table in self.tables.values() for name in table.privileges())
        return (*own, *self.role_privileges)
