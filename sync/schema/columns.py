"""Compare the columns of a table that is there with the wanted ones. Pure."""

from collections.abc import Iterator

from lifecycle.rules import Finding
from sync.schema.found import FoundColumn, FoundTable
from sync.schema.steps import AddColumn, AddOption, ChangeColumn, Step
from sync.schema.wanted import Column, Kind, Table

ACCEPTED = {
    Kind.TEXT: {"String", "Memo"},
    Kind.MEMO: {"Memo"},
    Kind.INTEGER: {"Integer", "BigInt"},
    Kind.DECIMAL: {"Decimal", "Money"},
    Kind.BOOLEAN: {"Boolean"},
    Kind.DATE: {"DateTime"},
    Kind.INSTANT: {"DateTime"},
    Kind.CHOICE: {"Picklist"},
    Kind.LOOKUP: {"Lookup", "Customer"},
}
"""The types that serve a kind, the one that is made first; `check` accepts the same."""
STATUS_COLUMNS = ("statecode", "statuscode")


def column_steps(table: Table, there: FoundTable) -> Iterator[Step]:
    """Add what is missing and widen what is narrower; lookups are added later."""
    for column in table.columns.values():
        found = there.columns.get(column.name)
        if found is not None:
            yield from _changes(table, column, found)
        elif column.kind is not Kind.LOOKUP:
            yield AddColumn(table=table, column=column)
    for name in STATUS_COLUMNS if table.audited else ():
        status = there.columns.get(name)
        if status is not None and not status.audited:
            yield ChangeColumn(table=table, name=name, type=status.type, auditing=True)


def _changes(table: Table, column: Column, found: FoundColumn) -> Iterator[Step]:
    length = column.length if 0 < found.length < column.length else None
    coarse = found.type == "Decimal" and found.precision < column.precision
    precision = column.precision if coarse else None
    auditing = table.audited and not found.audited
    if length or precision or auditing:
        yield ChangeColumn(
            table=table,
            name=column.name,
            type=found.type,
            length=length,
            precision=precision,
            auditing=auditing,
        )
    for value, label in column.options.items():
        if value not in found.options:
            yield AddOption(
                table=table, column=column, value=value, label=label, shared=found.shared
            )


def column_findings(table: Table, column: Column, found: FoundColumn) -> Iterator[Finding]:
    """Find what no widening mends: another type, another target, another way to write it."""
    path = ("tables", table.name, "columns", column.name)
    name = f"{table.name}.{column.name}"
    if found.type not in ACCEPTED[column.kind]:
        told = f"column {name} is there as {found.type}, and {column.kind} is wanted"
        yield Finding((*path, "type"), told, _OTHER_COLUMN)
    elif found.type == "DateTime" and found.date_only is not (column.kind is Kind.DATE):
        shown = "a date without a time" if found.date_only else "a time of day"
        told = f"column {name} is there as {shown}, and {column.kind} is wanted"
        yield Finding((*path, "type"), told, _BEHAVIOUR)
    elif column.kind is Kind.LOOKUP:
        yield from _lookup_findings(name, column, found)


def _lookup_findings(name: str, column: Column, found: FoundColumn) -> Iterator[Finding]:
    table = name.partition(".")[0]
    path = ("tables", table, "columns", column.name)
    if column.target not in found.targets:
        told = f"column {name} points to {', '.join(found.targets)}, not to {column.target}"
        yield Finding((*path, "to"), told, _OTHER_COLUMN)
    elif found.navigation not in ("", column.name):
        told = f"column {name} is written through {found.navigation!r}, not by its own name"
        yield Finding((*path, "to"), told, _OTHER_COLUMN)


_OTHER_COLUMN = (
    "Give the column here and in the mappings another name, or remove the one in Dynamics."
)
_BEHAVIOUR = (
    "Change the behaviour of the column in Dynamics, which is possible once, or give the column"
    " here and in the mappings another name."
)
