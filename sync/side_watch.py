"""See in Dynamics that a plain field was changed which Partner Center holds too.

Status and quantity make changes of their own; of other fields the poll compares the value with
what both sides were left with, so that an echo of ours makes nobody suspect (rules.md 1.8).
"""

from collections.abc import Iterable, Iterator

from sync.mapping import Entity, MalformedRowError
from sync.mapping_sides import stored, there
from sync.ports import Tx
from sync.reconcile import STATE, Direction, rights_of
from sync.remote import Row

_REASON = "changed in Dynamics"


def followed(entity: Entity) -> tuple[str, ...]:
    """Return the plain fields that are compared with Partner Center."""
    return tuple(
        name
        for name, field in entity.fields.items()
        if field.partner_center
        and name not in STATE
        and rights_of(field).direction is not Direction.NONE
    )


def suspect_changed(tx: Tx, entity: Entity, rows: Iterable[Row]) -> None:
    """Suspect the rows of which such a field differs from what it was left with."""
    names = followed(entity)
    tx.suspect(_changed(tx, entity, rows, names), _REASON)


def _changed(tx: Tx, entity: Entity, rows: Iterable[Row], names: Iterable[str]) -> Iterator[str]:
    for row in rows:
        subject = entity.row_id(row)
        baseline = tx.baseline(subject)
        if baseline is None or not any(_differs(entity, row, one, baseline.crm) for one in names):
            continue
        if not tx.open_operations(subject):  # else it is read again once they are closed
            yield subject


def _differs(entity: Entity, row: Row, name: str, base: Row) -> bool:
    column = entity.column(name)
    if name not in base or column not in row:
        return False
    try:
        record = entity.record({entity.id_column: row[entity.id_column], column: row[column]})
    except MalformedRowError:
        return False
    return stored(there(entity.fields[name], record[name])) != base[name]
