"""See in Dynamics that a plain field was changed which Partner Center holds too.

Status and quantity make changes of their own; of other fields the poll compares the value with
what both sides were left with, so that an echo of ours makes nobody suspect (rules.md 1.8).
"""

from collections.abc import Iterable, Iterator

from sync.mapping import Entity, MalformedRowError, Record, Value
from sync.mapping_made import held_here, named_in
from sync.mapping_sides import stored, there
from sync.ports import Tx
from sync.reconcile import STATE, Direction, rights_of, shown
from sync.remote import Row
from sync.sides import DIFFERING

_REASON = "changed in Dynamics"


def followed(entity: Entity) -> tuple[str, ...]:
    """Return the fields whose columns tell what is compared with Partner Center."""
    named = (part for name in _compared(entity) for part in _told_by(entity, name))
    return tuple(dict.fromkeys(one for one in named if one not in STATE))


def _compared(entity: Entity) -> tuple[str, ...]:
    return tuple(
        name
        for name, field in entity.fields.items()
        if field.partner_center
        and name not in STATE
        and rights_of(field).direction is not Direction.NONE
    )


def _told_by(entity: Entity, name: str) -> tuple[str, ...]:
    return (name, *named_in(entity.fields[name].template))


def suspect_changed(tx: Tx, entity: Entity, rows: Iterable[Row]) -> None:
    """Suspect the rows of which such a field differs from what it was left with."""
    names = _compared(entity)
    tx.suspect(_changed(tx, entity, rows, names), _REASON)


def _changed(tx: Tx, entity: Entity, rows: Iterable[Row], names: Iterable[str]) -> Iterator[str]:
    for row in rows:
        subject = entity.row_id(row)
        baseline = tx.baseline(subject)
        if baseline is None:
            continue
        moved = _moved(entity, row, names, baseline.crm)
        if not moved or _is_set_aside(tx, subject, moved):
            continue
        if not tx.open_operations(subject):  # else it is read again once they are closed
            yield subject


def _moved(entity: Entity, row: Row, names: Iterable[str], base: Row) -> Record:
    held = {one: _held(entity, row, one) for one in names if one in base}
    return {
        name: value
        for name, (value, is_told) in held.items()
        if is_told and stored(value) != base[name]
    }


def _held(entity: Entity, row: Row, name: str) -> tuple[Value, bool]:
    """Return what a row holds for a field, and whether the row tells it at all."""
    told = {entity.id_column: row[entity.id_column]}
    for column in entity.columns(*_told_by(entity, name)):
        if column not in row:
            return None, False
        told[column] = row[column]
    try:
        record = entity.record(told)
    except MalformedRowError:
        return None, False
    field = entity.fields[name]
    return there(field, held_here(field, record)), True


def _is_set_aside(tx: Tx, subject: str, moved: Record) -> bool:
    """Tell whether these very values wait for a person already: they are no news."""
    if not any(one.code in DIFFERING for one in tx.parked(subject)):
        return False
    told = {one.field: one.crm for one in tx.differences(subject)}
    return all(told.get(name) == shown(value) for name, value in moved.items())
