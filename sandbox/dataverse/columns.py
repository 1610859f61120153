"""What a table is made of: columns with their types, choices, keys. Holds no rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any, TypeAlias

Scalar: TypeAlias = str | int | bool | Decimal | None
Row: TypeAlias = tuple[Scalar, ...]
"""One row as it goes over the wire, by the position of the column in its table.

Instants are `YYYY-MM-DDTHH:MM:SSZ`, dates `YYYY-MM-DD`, GUIDs lower case: text that sorts.
"""

Facts: TypeAlias = Mapping[str, Any]
"""What a client wrote into a definition: it reads it back, over what follows from the shape."""

ID = 0
VERSION = 1
FIRST_OWN = 2


class Kind(StrEnum):
    """The column types that the emulation knows, by the name the metadata gives them."""

    KEY = "Uniqueidentifier"
    STRING = "String"
    MEMO = "Memo"
    INTEGER = "Integer"
    VERSION = "BigInt"
    DECIMAL = "Decimal"
    DOUBLE = "Double"
    MONEY = "Money"
    BOOLEAN = "Boolean"
    DATETIME = "DateTime"
    DATE = "DateTime (date only)"
    CHOICE = "Picklist"
    CHOICES = "MultiSelectPicklist"
    LOOKUP = "Lookup"
    STATE = "State"
    STATUS = "Status"


CODED = frozenset({Kind.CHOICE, Kind.STATE, Kind.STATUS})
WITH_OPTIONS = CODED | {Kind.CHOICES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One value of a choice; a status reason names its state, a state its default reason."""

    value: int
    label: str
    state: int | None = None
    default_status: int | None = None
    facts: Facts = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column by its logical name; `named` is its schema name where that differs.

    Of a lookup: `property_name` is the navigation property, `relationship` and `collection` are
    the names of its relationship and of the property on the other side, where a client chose them.
    """

    name: str
    kind: Kind
    max_length: int = 100
    options: tuple[Option, ...] = ()
    target: str = ""
    writable: bool = True
    default: Scalar = None
    named: str = ""
    property_name: str = ""
    relationship: str = ""
    collection: str = ""
    on_delete: str = "RemoveLink"
    global_choice: str = ""
    facts: Facts = field(default_factory=dict, hash=False)

    @property
    def wire(self) -> str:
        return f"_{self.name}_value" if self.kind is Kind.LOOKUP else self.name

    @property
    def navigation(self) -> str:
        """Return the name of the navigation property of a lookup."""
        return self.property_name or self.name

    def option(self, value: Scalar) -> Option | None:
        return next((option for option in self.options if option.value == value), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternateKey:
    """Columns that together name at most one row, once the index is built.

    `pending` are the instants at which building began and ends; none is an index that is ready.
    """

    name: str
    columns: tuple[str, ...]
    named: str = ""
    pending: tuple[str, str] | None = None
    failed: bool = False
    facts: Facts = field(default_factory=dict, hash=False)

    @property
    def active(self) -> bool:
        return self.pending is None and not self.failed


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table: names, columns in the order of a stored row, keys and switches."""

    logical: str
    set_name: str
    label: str
    schema_name: str
    columns: tuple[Column, ...]
    keys: tuple[AlternateKey, ...] = ()
    change_tracking: bool = True
    audited: bool = False
    code: int
    name_column: str = ""
    facts: Facts = field(default_factory=dict, hash=False)

    @property
    def primary_id(self) -> str:
        return self.columns[ID].name

    @property
    def primary_name(self) -> str:
        return self.name_column or self.columns[FIRST_OWN].name

    @property
    def optimistic(self) -> bool:
        return bool(self.facts.get("IsOptimisticConcurrencyEnabled", True))

    @property
    def custom(self) -> bool:
        return "_" in self.logical

    @cached_property
    def position(self) -> dict[str, int]:
        """Where the value of a wire name stands in a row."""
        return {column.wire: index for index, column in enumerate(self.columns)}

    @cached_property
    def by_wire(self) -> dict[str, Column]:
        return {column.wire: column for column in self.columns}

    @cached_property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def defaults(self) -> dict[str, Scalar]:
        """What columns hold when a create does not name them."""
        return {c.wire: c.default for c in self.columns if c.default is not None}

    @cached_property
    def lookups(self) -> dict[str, Column]:
        """Single-valued navigation properties by name."""
        return {c.navigation: c for c in self.columns if c.kind is Kind.LOOKUP}

    def document(self, row: Row) -> dict[str, Scalar]:
        """Return the raw row by wire names."""
        return dict(zip(self.position, row, strict=True))
