"""Store what the comparison of both sides leads to, and remember what both then hold.

T2 stores the values to write and what differs; T3, and the answer of the provider, make the
baseline. So an echo never comes back: each side is compared with what it was left with.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from lifecycle.states import RETURNS
from sync.comparing import differences, licence_record, merged
from sync.engine import Engine
from sync.mapping import Record, Value
from sync.mapping_made import held_here
from sync.mapping_sides import stored, there
from sync.planned import Case, Plan
from sync.ports import Tx
from sync.reconcile import Comparison, Course, shown
from sync.remote import Action, Json, Licence, Row, Write
from sync.sides import CONFLICT, Difference
from sync.state import Operation, Point, Seen, TrailEntry

VALUES = "provider values"
"""The write that takes over what the provider holds."""
_SEATS = frozenset({Action.SET_QUANTITY, Action.SCHEDULE_QUANTITY})


def values(engine: Engine, case: Case, plan: Plan) -> Iterator[tuple[str, Write]]:
    """Yield the write of what is taken over; a message that changes goes with it."""
    row = case.context.subscription
    if not plan.row or row is None:
        return
    record: dict[str, Value] = dict(plan.row)
    if plan.message != row.sync_message:
        record["sync_message"] = plan.message or None
    entity = engine.mappings.entity("subscription")
    body = entity.body(record, engine.mappings.sets)
    yield VALUES, Write(set=entity.set, id=row.id, body=body, precondition=row.etag)


def carrying(operations: Iterable[Operation], case: Case, plan: Plan) -> Iterator[Operation]:
    """Give operations what they need when they are sent or done."""
    found = case.comparison
    for one in operations:
        if found is not None and one.action == VALUES:
            yield replace(one, carried=_settled(case, plan, found))
        elif found is not None and one.action == Action.FIELDS.value:
            yield replace(one, carried=found.sent)
        else:
            yield one


def _settled(case: Case, plan: Plan, found: Comparison) -> Row:
    releases = any(one.decided.decision.kind in RETURNS for one in plan.logs)
    marks = case.suspicion.marks if case.suspicion and plan.steps is None else 0
    return {
        "crm": dict(found.crm),
        "partner": dict(found.partner),
        "release": releases,
        "marks": marks,
    }


# --- T2 ------------------------------------------------------------------------------------------


def remember(engine: Engine, tx: Tx, case: Case, plan: Plan) -> None:
    """Remember what differs; when nothing is to be written, the comparison is done."""
    found, subject = case.comparison, case.subscription_id
    if found is None or _is_stuck(plan):
        return
    tx.put_differences(subject, differences(found, subject, engine.now()))
    tx.trail(_compared(engine, subject, found))
    if not (plan.row or plan.steps):
        _keep(engine, tx, subject, (found.crm, found.partner))
        if case.suspicion:
            tx.clear_suspicion(case.suspicion)


def _is_stuck(plan: Plan) -> bool:
    """Tell whether the plan could not take up what the comparison asks for."""
    compared = plan.row or plan.steps or (plan.trouble and plan.trouble.code == CONFLICT)
    return bool(plan.trouble or plan.refused) and not compared


def _compared(engine: Engine, subject: str, found: Comparison) -> Iterator[TrailEntry]:
    for one in found.open:
        yield engine.trail(
            subject,
            "compared",
            field=one.field,
            base=one.base,
            crm=shown(one.crm),
            partner_center=shown(one.partner),
            course=one.course.value,
            reason=one.reason,
        )


# --- when it is done -----------------------------------------------------------------------------


def accept(engine: Engine, tx: Tx, subject: str, operations: Sequence[Operation]) -> None:
    """T3: both sides hold what was taken over."""
    for one in operations:
        if one.action != VALUES:
            continue
        crm, partner = _document(one, "crm"), _document(one, "partner")
        _keep(engine, tx, subject, (crm, partner))
        _forget_differences(tx, subject, crm)
        if one.carried.get("release"):
            tx.set_hold(subject, None)
        suspicion = tx.suspicion(subject)
        if suspicion and suspicion.marks == one.carried.get("marks"):
            tx.clear_suspicion(suspicion)


def moved(engine: Engine, known: Seen, operations: Sequence[Operation]) -> Seen:
    """Return the snapshot after our own write of the provider's state; it claims its audit row."""
    if known.planned is None or not any(one.action == VALUES for one in operations):
        return known
    status = engine.mappings.entity("subscription").fields["status"]
    point = Point(status.choices[known.planned.status], known.planned.quantity)
    if point == known.point:
        return known
    return replace(known, point=point, claims=(*known.claims, (known.point, point)))


def provided(engine: Engine, case: Case, plan: Plan, licence: Licence, *, done: bool) -> None:
    """Remember what both sides hold after the provider's answer: wanted here, held there."""
    row, found = case.context.subscription, case.comparison
    if row is None or plan.standing is None:
        return
    sent = found.of(Course.TO_PARTNER_CENTER) if found and done else ()
    names = {*_stated(plan, licence, done=done), *(one.field for one in sent)}
    wanted = {"status": plan.standing.status.value, "quantity": plan.standing.quantity}
    sides = _held(engine, {**row.mapped, **wanted}, licence, names)
    subject = case.subscription_id

    def tx_provided(tx: Tx) -> None:
        _keep(engine, tx, subject, sides)
        if sent:
            _forget_differences(tx, subject, sides[0])
            if case.suspicion and not plan.row:
                tx.clear_suspicion(case.suspicion)
        elif found and not done and case.suspicion:
            tx.clear_suspicion(case.suspicion)  # it is set aside; looking at parked work asks anew
        elif done and tx.differences(subject) and licence.status == "active":
            tx.suspect([subject], "what could not be sent before may be sent now")

    engine.ports.store.tx(tx_provided)


def _stated(plan: Plan, licence: Licence, *, done: bool) -> Iterator[str]:
    """Yield what of the state is settled: seats that differ only where the steps were about them.

    A decrease that waits for the renewal is; other seats there may be news to Dynamics.
    """
    yield "status"
    alike = plan.standing is not None and plan.standing.quantity == licence.quantity
    if alike or (done and plan.steps and _SEATS & {*plan.steps.actions}):
        yield "quantity"


def _held(engine: Engine, row: Record, licence: Licence, names: Iterable[str]) -> tuple[Row, Row]:
    entity = engine.mappings.entity("subscription")
    theirs = licence_record(entity, licence, row)
    fields = [entity.fields[name] for name in sorted(names) if name in theirs and name in row]
    return (
        {one.name: stored(there(one, held_here(one, row))) for one in fields},
        {one.name: stored(there(one, theirs[one.name])) for one in fields},
    )


def _keep(engine: Engine, tx: Tx, subject: str, sides: tuple[Row, Row]) -> None:
    tx.put_baselines([merged(tx.baseline(subject), *sides, subject, engine.now())])


def _forget_differences(tx: Tx, subject: str, settled: Iterable[str]) -> None:
    gone = {*settled}
    left: list[Difference] = [one for one in tx.differences(subject) if one.field not in gone]
    tx.put_differences(subject, left)


def _document(operation: Operation, name: str) -> dict[str, Json]:
    found = operation.carried.get(name)
    return dict(found) if isinstance(found, dict) else {}
