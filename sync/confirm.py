"""Find out what an unclear answer left unknown, by reading the services. Decides from values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync.engine import Engine
from sync.mapping import written_column
from sync.partner_path import value_at
from sync.remote import CREATE_ONLY, Action, Json, Licence, Read, Row
from sync.state import Operation


@dataclass(frozen=True, slots=True)
class Found:
    """Which rows of a change set are at Dataverse."""

    present: frozenset[str]
    missing: frozenset[str]


def find_created(engine: Engine, operations: Sequence[Operation]) -> Found:
    """Read all rows that a change set creates, in one batch (rules.md 2.6)."""
    created = [one for one in operations if one.precondition == CREATE_ONLY]
    by_set = {entity.set: entity for entity in engine.mappings.entities.values()}
    reads = [
        Read(set=one.set, columns=(by_set[one.set].id_column,), id=one.target) for one in created
    ]
    answers = engine.ports.crm.read(reads) if reads else ()
    present = {one.target for one, answer in zip(created, answers, strict=True) if answer.rows}
    return Found(
        present=frozenset(present),
        missing=frozenset(one.target for one in created if one.target not in present),
    )


def is_written(engine: Engine, operations: Sequence[Operation]) -> bool:
    """Tell whether a change set was committed: any row it creates is there, else its values are."""
    if any(one.precondition == CREATE_ONLY for one in operations):
        return bool(find_created(engine, operations).present)
    return all(_holds_values(engine, one) for one in operations)


def _holds_values(engine: Engine, operation: Operation) -> bool:
    """Compare the columns of an update with the row; a lookup is compared by its bound id."""
    written = _columns_of(engine, operation)
    columns = tuple(written.values())
    read = Read(set=operation.set, columns=columns, id=operation.target)
    rows = engine.ports.crm.read([read])[0].rows
    if not rows:
        return False
    return all(
        _same(rows[0].get(column), operation.body[name], is_bound=name != column)
        for name, column in written.items()
    )


def _columns_of(engine: Engine, operation: Operation) -> Mapping[str, str]:
    """Return the column that shows each name of a body, which an earlier mapping may have made."""
    entities = engine.mappings.entities.values()
    written = next((e.written_column for e in entities if e.set == operation.set), written_column)
    return {name: written(name) for name in operation.body}


def _same(held: Json, sent: Json, *, is_bound: bool) -> bool:
    if is_bound and isinstance(sent, str):
        return sent.lower().endswith(f"({str(held).lower()})")
    return held == sent or str(held) == str(sent)


_LEADS_TO: Mapping[Action, str] = {
    Action.SUSPEND: "suspended",
    Action.REACTIVATE: "active",
    Action.CANCEL: "deleted",
}


def shows(action: Action, licence: Licence, sent: Row, wanted: Row | None = None) -> bool:
    """Tell whether the provider shows the effect of a write; `wanted` are the fields it set."""
    if action in _LEADS_TO:
        return licence.status == _LEADS_TO[action]
    match action:
        case Action.SET_QUANTITY:
            return licence.quantity == sent.get("quantity")
        case Action.RESTORE:
            return same_held(licence.held, {name: sent.get(name) for name in licence.held})
        case Action.SCHEDULE_QUANTITY:
            return _scheduled(licence.held) == _scheduled(sent)
        case _:
            return all(
                value_at(licence.resource, name) == value for name, value in (wanted or {}).items()
            )


def _scheduled(document: Row) -> Json:
    instructions = document.get("scheduledNextTermInstructions")
    return instructions.get("quantity") if isinstance(instructions, Mapping) else None


def same_held(one: Row, other: Row) -> bool:
    """Compare what a suspend takes, by value; an absent and an empty instruction are the same."""
    names = {*one, *other}
    return all((one.get(name) or None) == (other.get(name) or None) for name in names)
