"""The steps of an installation, and each in words. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sync.schema.wanted import Column, Key, Publisher, Reason, Solution, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class MakePublisher:
    publisher: Publisher

    def words(self) -> str:
        return f"make publisher {self.publisher.name} (prefix {self.publisher.prefix})"


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSolution:
    solution: Solution
    publisher: Publisher

    def words(self) -> str:
        return f"make solution {self.solution.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Note in the solution that an installation is under way, or has ended."""

    solution: Solution
    ended: bool

    def words(self) -> str:
        how = "has ended" if self.ended else "is under way"
        return f"note in solution {self.solution.name} that the installation {how}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeTable:
    """Make a table with all columns but its lookups, tracked and, if wanted, audited."""

    table: Table

    def words(self) -> str:
        audited = ", audited" if self.table.audited else ""
        count = len(self.table.plain_columns)
        return f"make table {self.table.name} with {count} columns, changes tracked{audited}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchOn:
    """Turn on what a table has off."""

    table: Table
    tracking: bool
    auditing: bool

    def words(self) -> str:
        named = {"change tracking": self.tracking, "auditing": self.auditing}
        return f"turn on {' and '.join(n for n, on in named.items() if on)} of {self.table.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddColumn:
    table: Table
    column: Column

    def words(self) -> str:
        told = f"add column {self.table.name}.{self.column.name} ({self.column.kind})"
        return f"{told[:-1]} to {self.column.target})" if self.column.target else told


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeColumn:
    """Widen a column, or turn its auditing on. `type` is the platform's name of its type."""

    table: Table
    name: str
    type: str
    length: int | None = None
    precision: int | None = None
    auditing: bool = False

    def words(self) -> str:
        told = [f"{self.length} characters"] if self.length else []
        told += [f"{self.precision} decimal places"] if self.precision else []
        widened = [f"widen {self.table.name}.{self.name} to {' and '.join(told)}"] if told else []
        audited = [f"turn on auditing of {self.table.name}.{self.name}"] if self.auditing else []
        return "; ".join([*widened, *audited])


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOption:
    """Add an option to a choice; `shared` names the one that several columns share."""

    table: Table
    column: Column
    value: int
    label: str
    shared: str = ""

    def words(self) -> str:
        return f"add option {self.value} {self.label!r} to {self.table.name}.{self.column.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddReason:
    table: Table
    reason: Reason

    def words(self) -> str:
        reason = self.reason
        return f"add status reason {reason.value} {reason.label!r} to {self.table.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameReason:
    """Give a reason that the platform made its own label."""

    table: Table
    reason: Reason

    def words(self) -> str:
        reason = self.reason
        return f"name status reason {reason.value} of {self.table.name} {reason.label!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDefault:
    """Let a reason be what its state alone means."""

    table: Table
    reason: Reason

    def words(self) -> str:
        reason = self.reason
        return f"let state {reason.state} of {self.table.name} mean {reason.label!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddKey:
    table: Table
    key: Key

    def words(self) -> str:
        return f"add alternate key {self.key.name} to {self.table.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildKey:
    """Build an index that failed again; `name` is what the key is called there."""

    table: Table
    name: str

    def words(self) -> str:
        return f"build alternate key {self.name} of {self.table.name} again"


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeRole:
    name: str
    unit_id: str

    def words(self) -> str:
        return f"make security role {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Give the role privileges for all rows, by name."""

    role: str
    privileges: tuple[str, ...]

    def words(self) -> str:
        return f"give role {self.role} {len(self.privileges)} privileges"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign:
    """Give a user the role."""

    role: str
    user_id: str

    def words(self) -> str:
        return f"give the application user {self.user_id} the role {self.role}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Put changed definitions in force."""

    tables: tuple[str, ...]

    def words(self) -> str:
        return f"publish {', '.join(self.tables)}"


Step: TypeAlias = (
    MakePublisher
    | MakeSolution
    | Mark
    | MakeTable
    | SwitchOn
    | AddColumn
    | ChangeColumn
    | AddOption
    | AddReason
    | NameReason
    | SetDefault
    | AddKey
    | BuildKey
    | MakeRole
    | Grant
    | Assign
    | Publish
)


def document(step: Step) -> Mapping[str, object]:
    """Return a step as `--json` shows it."""
    table = getattr(step, "table", None)
    return {
        "step": type(step).__name__,
        "table": table.name if isinstance(table, Table) else None,
        "told": step.words(),
        "privileges": list(step.privileges) if isinstance(step, Grant) else [],
    }
