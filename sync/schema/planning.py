"""Compare what is wanted with what is there: the steps that are missing, and what forbids them.

    there                          wanted                     then
    nothing                        anything                   make it
    a column, shorter or coarser   a longer or finer one      widen it
    a column, longer or finer      a shorter or coarser one   leave it
    a column of another type       -                          a finding; nothing is written
    more than is wanted            -                          leave it

Pure. The order of steps is one in which each finds what it needs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from lifecycle.rules import Finding
from sync.schema.columns import column_findings, column_steps
from sync.schema.found import Found, FoundTable, Index
from sync.schema.reasons import reason_findings, reason_steps
from sync.schema.steps import (
    AddColumn,
    AddKey,
    Assign,
    BuildKey,
    Grant,
    MakePublisher,
    MakeRole,
    MakeSolution,
    MakeTable,
    Mark,
    Publish,
    Step,
    SwitchOn,
)
from sync.schema.wanted import Column, Kind, Schema, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do; with findings nothing of it is done."""

    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    """What is left undone, and is no reason to stop."""


def make_plan(schema: Schema, found: Found) -> Plan:
    """Plan an installation; no step means that everything is there."""
    tables = tuple(_table_steps(schema, found))
    rights, notes = _role_steps(schema, found)
    steps = (*_owner_steps(schema, found), *_published(schema, found, tables), *rights)
    findings = (*_owner_findings(schema, found), *_table_findings(schema, found))
    return Plan(steps=_marked(schema, found, steps), findings=findings, notes=notes)


def waiting_keys(schema: Schema, found: Found) -> tuple[str, ...]:
    """Return the wanted alternate keys whose index is being built."""
    return tuple(_keys_at(schema, found, {Index.PENDING, Index.IN_PROGRESS}))


def failed_keys(schema: Schema, found: Found) -> tuple[str, ...]:
    """Return the wanted alternate keys whose index could not be built."""
    return tuple(_keys_at(schema, found, {Index.FAILED}))


def _keys_at(schema: Schema, found: Found, states: set[Index]) -> Iterator[str]:
    for table in schema.tables.values():
        there = found.tables.get(table.name)
        wanted = {frozenset(key.columns) for key in table.keys}
        for key in there.keys if there else ():
            if key.index in states and frozenset(key.columns) in wanted:
                yield f"{table.name} ({', '.join(key.columns)})"


def _owner_steps(schema: Schema, found: Found) -> Iterator[Step]:
    if not found.publisher_id:
        yield MakePublisher(publisher=schema.publisher)
    if not found.solution_id:
        yield MakeSolution(solution=schema.solution, publisher=schema.publisher)


def _marked(schema: Schema, found: Found, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Put the marks around steps; a solution that is made is made with the first mark."""
    if not steps:
        return ()
    begun = found.under_way or not found.solution_id
    first = () if begun else (Mark(solution=schema.solution, ended=False),)
    return (*first, *steps, Mark(solution=schema.solution, ended=True))


def _published(schema: Schema, found: Found, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Add the publication: of what changes, and of what an unfinished installation changed."""
    changed = {step.table.name for step in steps if not isinstance(step, _OWNERLESS)}
    names = tuple(name for name in schema.tables if found.under_way or name in changed)
    return (*steps, Publish(tables=names)) if names else steps


_OWNERLESS = (MakePublisher, MakeSolution, Mark, MakeRole, Grant, Assign, Publish)


def _table_steps(schema: Schema, found: Found) -> Iterator[Step]:
    tables = [(table, found.tables.get(table.name)) for table in schema.tables.values()]
    for parts in (_shapes, _lookups, reason_steps, _keys):
        yield from chain.from_iterable(parts(table, there) for table, there in tables)


def _shapes(table: Table, there: FoundTable | None) -> Iterator[Step]:
    if there is None:
        yield MakeTable(table=table)
        return
    auditing = table.audited and not there.audited
    if not there.tracked or auditing:
        yield SwitchOn(table=table, tracking=not there.tracked, auditing=auditing)
    yield from column_steps(table, there)


def _lookups(table: Table, there: FoundTable | None) -> Iterator[Step]:
    for column in table.columns.values():
        if column.kind is Kind.LOOKUP and not (there and column.name in there.columns):
            yield AddColumn(table=table, column=column)


def _keys(table: Table, there: FoundTable | None) -> Iterator[Step]:
    known = {frozenset(key.columns): key for key in there.keys} if there else {}
    for key in table.keys:
        same = known.get(frozenset(key.columns))
        if same is None:
            yield AddKey(table=table, key=key)
        elif same.index is Index.FAILED:
            yield BuildKey(table=table, name=same.name)


def _role_steps(schema: Schema, found: Found) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    coming = {
        name.lower()
        for table in schema.tables.values()
        if table.name not in found.tables
        for name in table.privileges()
    }
    missing, notes = [], []
    for name in schema.privileges():
        known = found.known_privileges.get(name.lower())
        if known is None and name.lower() not in coming:
            notes.append(f"privilege {name} is not known in this environment; it is left out")
        elif known is None or known not in found.held_privileges:
            missing.append(name)
    return tuple(_right_steps(schema, found, missing)), tuple(notes)


def _right_steps(schema: Schema, found: Found, missing: Iterable[str]) -> Iterator[Step]:
    privileges = tuple(missing)
    if not found.role_id:
        yield MakeRole(name=schema.role, unit_id=found.unit_id)
    if privileges:
        yield Grant(role=schema.role, privileges=privileges)
    if not found.user_has_role:
        yield Assign(role=schema.role, user_id=found.user_id)


def _owner_findings(schema: Schema, found: Found) -> Iterator[Finding]:
    wanted = schema.publisher
    there = (found.publisher_prefix, found.publisher_option_prefix)
    if found.publisher_id and there != (wanted.prefix, wanted.option_prefix):
        told = f"publisher {wanted.name} is there with prefix {there[0]!r} and {there[1]}"
        remedy = "Give the publisher here another name, or these prefixes."
        yield Finding(("publisher", "name"), told, remedy)


def _table_findings(schema: Schema, found: Found) -> Iterator[Finding]:
    for table in schema.tables.values():
        there = found.tables.get(table.name)
        path = ("tables", table.name)
        if there is not None:
            yield from _set_findings(table, there)
            yield from chain.from_iterable(
                column_findings(table, column, there.columns[column.name])
                for column in _present(table, there)
            )
            yield from reason_findings(table, there)
            yield from _key_findings(table, there)
        elif table.standard:
            told = f"table {table.name} belongs to the platform, but is not there"
            yield Finding(path, told, "Install the Dynamics app that brings it.")


def _present(table: Table, there: FoundTable) -> Iterator[Column]:
    return (column for column in table.columns.values() if column.name in there.columns)


def _set_findings(table: Table, there: FoundTable) -> Iterator[Finding]:
    if there.set != table.set:
        told = f"table {table.name} is there, and its entity set is {there.set}"
        remedy = "Correct it here and in the mappings."
        yield Finding(("tables", table.name, "set"), told, remedy)


def _key_findings(table: Table, there: FoundTable) -> Iterator[Finding]:
    named = {key.name.lower(): frozenset(key.columns) for key in there.keys}
    for key in table.keys:
        columns = named.get(key.name.lower())
        if columns is not None and columns != frozenset(key.columns):
            told = f"key {key.name} of {table.name} is there, of {', '.join(sorted(columns))}"
            path = ("tables", table.name, "keys", key.name)
            yield Finding(path, told, "Give the key here another name.")
