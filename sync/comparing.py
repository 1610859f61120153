"""Compare a subscription row with its licence, and say which changes the row has to follow. Pure.

The licence's own reading of its document counts for the fields that every provider has; other
fields are read as the mapping says. What cannot be read is not compared.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from lifecycle.states import Status
from sync.mapping import Entity, Field, Record, Type, Value, parse_value
from sync.mapping_sides import there
from sync.reconcile import STATE, Comparison, Course, Ruling, compare, shown
from sync.remote import Json, Licence, Row
from sync.sides import Baseline, Difference
from sync.state import Fact, Point, Source

ENDED = frozenset({"expired", "disabled", "deleted"})
_ENDED_HERE = frozenset({Status.CANCELLED, Status.EXPIRED})
_ONE_DAY = timedelta(days=1)


def licence_record(entity: Entity, licence: Licence, row: Record) -> Record:
    """Return the mapped fields that a licence carries; those of an ended one that still mean some.

    Of a licence that has ended the seats mean nothing, and one end is as good as another.
    """
    named = {field.name: field for field in entity.fields.values() if field.partner_center}
    found = dict(_read(named, licence))
    if licence.status in ENDED:
        found.pop("quantity", None)
        if "status" in found and row.get("status") in _ENDED_HERE:
            found["status"] = there(named["status"], row["status"])
    return found


def _read(named: dict[str, Field], licence: Licence) -> Iterator[tuple[str, Value]]:
    own: Record = {
        "status": licence.status,
        "quantity": licence.quantity,
        "auto_renew": licence.auto_renew,
        "term_end": licence.term_ends_on,
        "cancellable_until": licence.cancellable_until,
    }
    for name, field in named.items():
        if name in own:
            yield name, own[name]
        elif field.partner_center in licence.resource:
            yield from _parsed(field, licence.resource[field.partner_center])


def _parsed(field: Field, raw: Json) -> Iterator[tuple[str, Value]]:
    if raw is None or field.type in {Type.CHOICE, Type.STATUS}:
        yield field.name, None if raw is None else str(raw).lower()
        return
    try:
        yield field.name, parse_value(field.type, raw)
    except (ValueError, TypeError, ArithmeticError):
        return


def compare_licence(
    entity: Entity, row: Record, licence: Licence, baseline: Baseline | None, hold: Row | None
) -> Comparison:
    """Compare; what a suspend of ours holds is left out (rules.md 2.10)."""
    base = (baseline.crm, baseline.partner) if baseline else ({}, {})
    return compare(entity, row, licence_record(entity, licence, row), base, hold or {})


def changes(
    comparison: Comparison, entity: Entity, standing: Point, subject: str, at: datetime
) -> list[Fact]:
    """Return the changes at the provider that the row follows with a change log, without keys."""
    base = Fact(
        key="",
        subscription_id=subject,
        point=standing,
        status_changed=False,
        quantity_changed=False,
        source=Source.RENEWAL,
        at=at,
    )
    found = (
        [replace(base, effective_on=_renewed_on(comparison, at))] if _is_renewed(comparison) else []
    )
    taken = comparison.taken
    point = _followed(taken, entity, standing)
    if point != standing:
        follows = replace(
            base,
            source=Source.PROVIDER,
            point=point,
            status_changed=point.pair != standing.pair,
            quantity_changed=point.quantity != standing.quantity,
        )
        found.append(follows)
    return found


def _followed(taken: Record, entity: Entity, standing: Point) -> Point:
    pair, quantity = standing.pair, taken.get("quantity", standing.quantity)
    if "status" in taken:
        pair = entity.fields["status"].choices[str(taken["status"])]
    return Point(pair, quantity if isinstance(quantity, int) else standing.quantity)


def _is_renewed(comparison: Comparison) -> bool:
    ruling = _term_end(comparison)
    if ruling is None or ruling.course is not Course.TO_CRM:
        return False
    before, now = _as_day(ruling.crm) or _as_day(ruling.base), _as_day(ruling.partner)
    return before is not None and now is not None and now > before


def _renewed_on(comparison: Comparison, at: datetime) -> date | None:
    """Return the first day of the new term, if it has begun."""
    ruling = _term_end(comparison)
    before = (_as_day(ruling.crm) or _as_day(ruling.base)) if ruling else None
    return before + _ONE_DAY if before is not None and before < at.date() else None


def _term_end(comparison: Comparison) -> Ruling | None:
    return next((one for one in comparison.rulings if one.field == "term_end"), None)


def _as_day(value: Value) -> date | None:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value.rpartition("| ")[2])
        except ValueError:
            return None
    return value if isinstance(value, date) else None


def plain(comparison: Comparison) -> Record:
    """Return what is taken over without a change log."""
    return {name: value for name, value in comparison.taken.items() if name not in STATE}


def differences(comparison: Comparison, subject: str, now: datetime) -> list[Difference]:
    """Return what differs and is not left so, for the report of differences."""
    return [
        Difference(
            subscription_id=subject,
            field=one.field,
            base=one.base,
            crm=shown(one.crm),
            partner=shown(one.partner),
            outcome=one.course.value,
            reason=one.reason,
            since=now,
        )
        for one in comparison.open
    ]


def merged(
    baseline: Baseline | None, crm: Row, partner: Row, subject: str, at: datetime
) -> Baseline:
    """Lay newly settled fields over what was known."""
    known = baseline or Baseline(subscription_id=subject, at=at)
    return replace(known, crm={**known.crm, **crm}, partner={**known.partner, **partner}, at=at)
