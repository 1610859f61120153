"""Compare a subscription row with its licence, and say which changes the row has to follow. Pure.

The licence's own reading of its document counts for the fields that the engine knows; other
fields are read as the mapping says. What a document does not hold, or cannot be read, is not
compared: a provider that is not Partner Center has a status and seats, and mostly nothing else.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from lifecycle.states import Status
from sync.mapping import Entity, Field, Record, Value
from sync.mapping_sides import read_there, there
from sync.partner_path import carries, root_of, value_at
from sync.reconcile import STATE, Comparison, Course, Ruling, compare, shown
from sync.remote import Json, Licence, Row
from sync.sides import Baseline, Difference
from sync.state import Fact, Point, Source

ENDED = frozenset({"expired", "disabled", "deleted"})
_ENDED_HERE = frozenset({Status.CANCELLED, Status.EXPIRED})
_ONE_DAY = timedelta(days=1)
_NOT_IN_USE = "it can only be set while the subscription is active there; it is sent then"
_HAS_ENDED = "the subscription has ended there, so that nothing can be sent"


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
    always = {*STATE, "term_end"} if licence.term_ends_on else {*STATE}
    document = {**licence.held, **licence.resource}
    for name, field in named.items():
        is_own = name in own and not field.partner_end  # else the mapping says which day is meant
        if is_own and name in always:
            yield name, own[name]
        elif not carries(document, field.partner_center):
            continue  # the provider does not have it, or did not say
        elif is_own:
            yield name, own[name]
        else:
            yield from _parsed(field, value_at(document, field.partner_center))


def _parsed(field: Field, raw: Json) -> Iterator[tuple[str, Value]]:
    try:
        yield field.name, read_there(field, raw)
    except (ValueError, TypeError, ArithmeticError):
        return


def compare_licence(
    entity: Entity, row: Record, licence: Licence, baseline: Baseline | None, hold: Row | None
) -> Comparison:
    """Compare; what a suspend of ours holds is left out (rules.md 2.10)."""
    base = (baseline.crm, baseline.partner) if baseline else ({}, {})
    found = compare(entity, row, licence_record(entity, licence, row), base, hold or {})
    return found if licence.status == "active" else _later(found, entity, licence)


def _later(found: Comparison, entity: Entity, licence: Licence) -> Comparison:
    """Send nothing that a licence takes only while in use: it would answer yes, and not do it."""
    stuck = {
        name for name, one in entity.fields.items() if root_of(one.partner_center) in licence.held
    }
    if licence.status in ENDED:
        stuck |= {*STATE}  # nothing brings it back
    why = _HAS_ENDED if licence.status in ENDED else _NOT_IN_USE
    rulings = tuple(
        replace(one, course=Course.REPORTED, reason=f"{one.happened}; {why}")
        if one.course is Course.TO_PARTNER_CENTER and one.field in stuck
        else one
        for one in found.rulings
    )
    sent = {name: value for name, value in found.sent.items() if root_of(name) not in licence.held}
    return replace(found, rulings=rulings, sent=sent)


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
            effective_on=_since(comparison, standing, point, at),
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


def _since(comparison: Comparison, standing: Point, point: Point, at: datetime) -> date | None:
    """Return the day of a change that the end of a term made; it may be seen days later.

    A licence expires with the last day of its term; seats that were to go leave with the renewal.
    """
    ruling = _term_end(comparison)
    ended = _as_day(ruling.partner) if ruling else None
    if comparison.taken.get("status") == Status.EXPIRED:
        return ended if ended is not None and ended < at.date() else None
    is_decrease = point.pair == standing.pair and point.quantity < standing.quantity
    return _renewed_on(comparison, at) if is_decrease and _is_renewed(comparison) else None


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
