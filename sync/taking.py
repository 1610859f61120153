"""`parked resolve --take`: a person says which value of a conflict counts.

The side that does not count is taken note of: it is then as it was left, and the other side's
value flows as any change does. A value of one's own is written in Dynamics, and goes on from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sync.by_hand import RefusedByHandError, write_by_hand
from sync.comparing import compare_licence
from sync.engine import Engine
from sync.foreign import ref_of
from sync.mapping import Entity, Field, MalformedRowError, Type, Value, parse_value
from sync.mapping_sides import stored, there
from sync.model import Context
from sync.ports import Tx
from sync.prepare import read
from sync.reconcile import Course, Happened, Owner, Ruling, course_of, rights_of, shown
from sync.remote import RemoteError, Row, Write
from sync.sides import CONFLICT, Baseline

CRM, PARTNER_CENTER = Owner.CRM.value, Owner.PARTNER_CENTER.value
_HAPPENED: Mapping[str, tuple[Happened, Course]] = {
    CRM: (Happened.IN_DYNAMICS, Course.TO_PARTNER_CENTER),
    PARTNER_CENTER: (Happened.AT_PARTNER_CENTER, Course.TO_CRM),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Conflict:
    """A conflict as both services hold it now."""

    context: Context
    baseline: Baseline
    rulings: tuple[Ruling, ...]


def take(engine: Engine, subject: str, value: str, field: str = "") -> str:
    """Do what a person chose about a conflict; return what follows, in a sentence."""
    if engine.observe:
        raise RefusedByHandError("mode is observe; nothing is written outside")
    found = _read(engine, subject)
    chosen = [one for one in found.rulings if field in {"", one.field}]
    if not chosen:
        names = ", ".join(one.field for one in found.rulings) or "none any more"
        raise RefusedByHandError(f"{field or subject} is in no conflict; in conflict: {names}")
    entity = engine.mappings.entity("subscription")
    if value in _HAPPENED:
        _note(engine, subject, found, {one: _left(entity, one, value) for one in chosen}, value)
        return "Taken. The other side follows."
    if len(chosen) > 1:
        raise RefusedByHandError("several fields are in conflict; name one with --field")
    return _own(engine, subject, found, chosen[0], value)


def _read(engine: Engine, subject: str) -> _Conflict:
    """Read both sides, and refuse what is no conflict any more or has moved since it was told."""
    baseline, hold = engine.ports.store.tx(lambda tx: _known(tx, subject))
    try:
        context = read(engine, subject)
        ref, provider, row = ref_of(context), context.provider, context.subscription
        if ref is None or provider is None or row is None:
            raise RefusedByHandError(
                "the row names no licence any more; `parked retry` looks again"
            )
        licence = engine.ports.providers[provider.connector].read(ref)
    except (RemoteError, MalformedRowError) as error:
        raise RefusedByHandError(f"both sides must be read first: {error}") from error
    entity = engine.mappings.entity("subscription")
    found = compare_licence(entity, row.mapped, licence, baseline, hold)
    rulings = found.of(Course.CONFLICT)
    _refuse_moved(engine, subject, rulings)
    return _Conflict(context=context, baseline=baseline, rulings=rulings)


def _known(tx: Tx, subject: str) -> tuple[Baseline, Row | None]:
    parked = next(iter(tx.parked(subject)), None)
    baseline = tx.baseline(subject)
    if parked is None or parked.code != CONFLICT or baseline is None:
        raise RefusedByHandError(f"{subject} is in no conflict")
    if tx.open_operations(subject):
        raise RefusedByHandError("writes of it are on their way; ask again when they are done")
    return baseline, tx.hold(subject)


def _refuse_moved(engine: Engine, subject: str, rulings: Sequence[Ruling]) -> None:
    told = {
        one.field: (one.crm, one.partner)
        for one in engine.ports.store.tx(lambda tx: tx.differences(subject))
    }
    for one in rulings:
        now = (shown(one.crm), shown(one.partner))
        if told.get(one.field) != now:
            engine.ports.store.tx(lambda tx: tx.suspect([subject], "moved since it was told"))
            raise RefusedByHandError(
                f"{one.field} has moved since it was told: Dynamics {now[0]}, provider {now[1]};"
                " look at it with `seatkeeper parked show`, and ask again"
            )


def _left(entity: Entity, ruling: Ruling, value: str) -> tuple[str, Value]:
    """Return which side is taken note of; refuse a way that the direction does not allow."""
    happened, course = _HAPPENED[value]
    rights = rights_of(entity.fields[ruling.field])
    if course_of(happened, rights) is not course:
        raise RefusedByHandError(
            f"the direction of {ruling.field} is {rights.direction}; change it in the mappings,"
            " or take the other side"
        )
    return ("partner", ruling.partner) if value == CRM else ("crm", ruling.crm)


def _note(
    engine: Engine,
    subject: str,
    found: _Conflict,
    left: Mapping[Ruling, tuple[str, Value]],
    value: str,
) -> None:
    crm, partner = dict(found.baseline.crm), dict(found.baseline.partner)
    for ruling, (side, held) in left.items():
        (partner if side == "partner" else crm)[ruling.field] = stored(held)
    fields = ", ".join(one.field for one in left)

    def tx_note(tx: Tx) -> None:
        tx.put_baselines([replace(found.baseline, crm=crm, partner=partner)])
        tx.suspect([subject], "a person resolved the conflict")
        tx.trail([engine.trail(subject, "resolved", code=CONFLICT, choice=value, field=fields)])

    engine.ports.store.tx(tx_note)


def _own(engine: Engine, subject: str, found: _Conflict, ruling: Ruling, value: str) -> str:
    """Write a value of one's own in Dynamics; both sides are taken note of as they are."""
    entity, row = engine.mappings.entity("subscription"), found.context.subscription
    wanted = _parsed(entity.fields[ruling.field], value)
    if row is None or stored(there(entity.fields[ruling.field], wanted)) == stored(ruling.crm):
        raise RefusedByHandError(f"{value} is what Dynamics holds; say --take crm")
    body = entity.body({ruling.field: wanted}, engine.mappings.sets)
    write = Write(set=entity.set, id=subject, body=body, precondition=row.etag)
    crm = {**found.baseline.crm, ruling.field: stored(ruling.crm)}
    partner = {**found.baseline.partner, ruling.field: stored(ruling.partner)}

    def tx_known(tx: Tx) -> None:
        tx.put_baselines([replace(found.baseline, crm=crm, partner=partner)])
        tx.suspect([subject], "a person resolved the conflict")

    engine.ports.store.tx(tx_known)
    if write_by_hand(engine, subject, [("value taken", write)], ruling.field):
        return "Written in Dynamics; Partner Center follows."
    return "It is stored, and sent later: Seatkeeper is paused, or the service does not answer."


def _parsed(field: Field, value: str) -> Value:
    """Read a value as a person writes it."""
    if field.type in {Type.CHOICE, Type.STATUS}:
        if value in field.choices:
            return value
        raise RefusedByHandError(f"{value!r} is none of: {', '.join(field.choices)}")
    given: str | int | bool = value
    if field.type is Type.BOOLEAN and value in {"yes", "no", "true", "false"}:
        given = value in {"yes", "true"}
    if field.type is Type.INTEGER and value.lstrip("-").isdigit():
        given = int(value)
    try:
        return parse_value(field.type, given)
    except (ValueError, TypeError, ArithmeticError):
        raise RefusedByHandError(f"{value!r} is no {field.type}") from None
