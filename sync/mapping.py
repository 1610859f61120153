"""Translate between Dataverse rows and records under our own names, as `mappings/` says.

Pure. Every physical name comes from the mapping; nothing else in the engine knows one.
A row that does not fit raises MalformedRowError, which names the table, row and column.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TypeAlias

from sync.remote import Json, Row

Value: TypeAlias = "str | int | bool | Decimal | date | datetime | None"
Record: TypeAlias = Mapping[str, Value]
_BIND = "@odata.bind"


class MalformedRowError(Exception):
    """A row holds a value that the mapping does not know."""

    def __init__(self, table: str, row_id: str, column: str, value: object, remedy: str) -> None:
        super().__init__(f"{table} {row_id}: column {column} holds {value!r}. {remedy}")
        self.table, self.row_id, self.column, self.remedy = table, row_id, column, remedy


class Type(StrEnum):
    """The kinds of values a mapped field can have."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    BOOLEAN = "boolean"
    DATE = "date"
    INSTANT = "instant"
    CHOICE = "choice"
    LOOKUP = "lookup"
    STATUS = "status"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: its name here, and where it lives."""

    name: str
    type: Type
    columns: tuple[str, ...]
    """One physical column; for a status the pair (status, status reason)."""
    choices: Mapping[str, tuple[int, ...]]
    target: str = ""
    bind: str = ""
    """Of a lookup: its navigation property, where that is not the column's own name."""
    shift: int = 0
    """Days from the date in the column to the date that the engine means."""
    partner_center: str = ""
    """A field of its document; one inside another is `outer.inner`."""
    partner_end: str = ""
    """Of a date: whether it is `inclusive` there, the last day, or `exclusive`, the day after."""
    template: str = ""
    """What is sent there instead of the column: a text with other fields of the row in braces."""
    constant: Value = None
    """What is sent there whatever the column holds; None: nothing is."""
    partner_choices: Mapping[str, str] = field(default_factory=dict)
    """What Partner Center calls each choice; several may share one name there."""
    owner: str = ""
    direction: str = ""
    """Where values may flow; empty = as the owner suggests."""
    enforce: bool = False
    """Whether a change on the side that does not own it is turned back."""
    write_back: Mapping[str, str] = field(default_factory=dict)
    """Which choice a word of Partner Center becomes, where several or none stand for it."""

    @property
    def navigation(self) -> str:
        """The navigation property of a lookup, as `$expand` and `@odata.bind` want it."""
        return self.bind or self.columns[0]

    @property
    def selected(self) -> tuple[str, ...]:
        """The columns as `$select` wants them: lookups as `_x_value`."""
        if self.type is Type.LOOKUP:
            return (f"_{self.columns[0]}_value",)
        return self.columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One table, its fields, and the translation of its rows."""

    name: str
    table: str
    set: str
    id_column: str
    fields: Mapping[str, Field]
    constants: Mapping[str, Json] = field(default_factory=dict)
    """What is written besides, when a row is created."""
    match: Mapping[str, str] = field(default_factory=dict)
    """The column (`dataverse`) and the field (`partner_center`) that name the same thing."""

    def columns(self, *names: str) -> tuple[str, ...]:
        """Return the `$select` of the named fields (all when none is named)."""
        wanted = names or tuple(self.fields)
        return tuple(column for name in wanted for column in self.fields[name].selected)

    def column(self, name: str) -> str:
        """Return the single column of a field, as filters and selects name it."""
        return self.fields[name].selected[0]

    def written_column(self, name: str) -> str:
        """Return the column that shows what a name in a body wrote: `_x_value` for a lookup."""
        lookups = (one for one in self.fields.values() if one.type is Type.LOOKUP)
        named = (one.selected[0] for one in lookups if f"{one.navigation}{_BIND}" == name)
        return next(named, written_column(name))

    def row_id(self, row: Row) -> str:
        """Return the primary key of a row, lower case."""
        return str(row[self.id_column]).lower()

    def record(self, row: Row) -> Record:
        """Return the fields that the row carries; raise MalformedRowError."""
        return {
            name: self._value(field, row)
            for name, field in self.fields.items()
            if field.selected[0] in row
        }

    def _value(self, field: Field, row: Row) -> Value:
        if field.type in {Type.STATUS, Type.CHOICE}:
            return self._choice(field, row)
        raw = row[field.selected[0]]
        if raw is None:
            return None
        try:
            return _shifted(_PARSERS[field.type](raw), field.shift)
        except (ValueError, TypeError, InvalidOperation, OverflowError) as error:
            remedy = f"A value of type {field.type} is expected."
            raise MalformedRowError(
                self.table, self.row_id(row), field.columns[0], raw, remedy
            ) from error

    def _choice(self, field: Field, row: Row) -> str | None:
        raw = tuple(row.get(column) for column in field.columns)
        if field.type is Type.CHOICE and raw == (None,):
            return None
        for name, values in field.choices.items():
            if values == raw:
                return name
        known = ", ".join(f"{name} {list(values)}" for name, values in field.choices.items())
        shown = raw[0] if len(raw) == 1 else list(raw)
        remedy = f"Known values: {known}. Change the row, or map the value in mappings/."
        raise MalformedRowError(
            self.table, self.row_id(row), ", ".join(field.columns), shown, remedy
        )

    def body(self, values: Record, sets: Mapping[str, str]) -> Row:
        """Return the body of a write. `sets` maps entity name -> entity set, for lookups."""
        body: dict[str, Value] = {}
        for name, value in values.items():
            field = self.fields[name]
            if field.type is Type.LOOKUP:
                target = None if value is None else f"/{sets[field.target]}({value})"
                body[f"{field.navigation}{_BIND}"] = target
            elif field.type in {Type.STATUS, Type.CHOICE}:
                parts = field.choices[str(value)] if value is not None else (None,)
                body.update(zip(field.columns, parts, strict=True))
            else:
                body[field.columns[0]] = _wire(_shifted(value, -field.shift))
        return {column: _wire(value) for column, value in body.items()}

    def new_body(self, values: Record, sets: Mapping[str, str]) -> Row:
        """Return the body of a create: the values, and the constants of the table."""
        return {**self.constants, **self.body(values, sets)}


def written_column(name: str) -> str:
    """Return the column behind a name in a body, as far as the name itself tells."""
    bound = name.removesuffix(_BIND)
    return f"_{bound}_value" if bound != name else name


def _shifted(value: Value, days: int) -> Value:
    """Move a date between its last day and the day after; anything else stays."""
    return value + timedelta(days=days) if days and isinstance(value, date) else value


def _wire(value: Value) -> str | int | bool | Decimal | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else value


def _integer(raw: object) -> int:
    if isinstance(raw, Decimal) and raw == raw.to_integral_value():
        return int(raw)  # a whole number in a column for decimals, as native lines have it
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise TypeError
    return raw


def _decimal(raw: object) -> Decimal:
    # A float has been through a lossy parser; amounts are read with Decimal only.
    if isinstance(raw, float | bool):
        raise TypeError
    return Decimal(str(raw))


def _boolean(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise TypeError
    return raw


def _date(raw: object) -> date:
    return date.fromisoformat(str(raw)[:10])


def parse_value(kind: Type, raw: Json) -> Value:
    """Parse a value of a type; raise ValueError, TypeError or ArithmeticError if it is none."""
    return _PARSERS[kind](raw)


def instant(raw: object) -> datetime:
    """Parse a Dataverse instant (UTC, `Z`)."""
    parsed = datetime.fromisoformat(str(raw))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


_PARSERS: Mapping[Type, Callable[[object], Value]] = {
    Type.TEXT: str,
    Type.INTEGER: _integer,
    Type.DECIMAL: _decimal,
    Type.MONEY: _decimal,
    Type.BOOLEAN: _boolean,
    Type.DATE: _date,
    Type.INSTANT: instant,
    Type.LOOKUP: lambda raw: str(raw).lower(),
}
