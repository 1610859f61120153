"""What would be done, as the document that `seatkeeper plan` prints. Sends nothing.

Runs on a copy of the state: the poll goes into the copy, the plans come from the same code that
the daemon runs.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from hashlib import sha256
from typing import TypeAlias

from sync.aside import Failures
from sync.consequences import paragraph
from sync.cycle import look_at_parked
from sync.engine import Engine
from sync.guarding import find_alarms
from sync.operations import operations_of
from sync.planned import Case, Plan, Prepared
from sync.poll import look_again, poll_subscriptions
from sync.poll_logs import poll_change_logs
from sync.prepare import prepare
from sync.provision_plan import is_open
from sync.reconcile import shown
from sync.reconciling import reconcile_suspects
from sync.remote import Action, RemoteError
from sync.schedule_due import take_scheduled
from sync.state import Operation, Service
from sync.wording import NOT_PROVISIONED

SCHEMA = 1
_TIMED = "consequences"
"""What says how many days are left, and changes with the day."""
Document: TypeAlias = dict[str, object]


def preview(engine: Engine) -> Document:
    """Return the plan document; `engine` must work on a copy of the state."""
    look_at_parked(engine)
    poll_change_logs(engine)
    poll_subscriptions(engine)
    look_again(engine)
    take_scheduled(engine)
    reconcile_suspects(engine, Failures(), ignore_pauses=True)
    due = engine.ports.store.tx(lambda tx: tx.due(None))
    subjects = [subject for subject, _ in due]
    alarms = find_alarms(engine, subjects)
    document: Document = {
        "schema": SCHEMA,
        "mapping_hash": engine.mappings.hash,
        "guards": [asdict(one) for one in alarms],
        "changes": [change for subject in subjects for change in _changes(engine, subject)],
    }
    return {"schema": SCHEMA, "hash": hash_of(document), **document}


def hash_of(document: Mapping[str, object]) -> str:
    """Hash the canonical JSON of what would be done, without what depends on the time."""
    hashed = {name: document.get(name) for name in ("schema", "mapping_hash")}
    changes = document.get("changes")
    found = changes if isinstance(changes, list) else []
    hashed["changes"] = [
        {name: value for name, value in one.items() if name != _TIMED} for one in found
    ]
    return sha256(canonical(hashed).encode()).hexdigest()


def canonical(document: Mapping[str, object]) -> str:
    """Write a document as canonical JSON; a Decimal as its text."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be printed")


def _changes(engine: Engine, subject: str) -> list[Document]:
    opened = engine.ports.store.tx(lambda tx: tx.open_operations(subject))
    if opened:
        return [_begun(subject, opened)]
    try:
        prepared = prepare(engine, subject)
    except RemoteError as error:
        return [_refused(subject, str(error))]
    return _described(engine, prepared) if prepared else []


def _begun(subject: str, opened: Sequence[Operation]) -> Document:
    return {
        **_empty(subject),
        "key": opened[0].change_keys[0] if opened[0].change_keys else "",
        "reason": "already begun: it is verified, then finished",
        "operations": [_operation(one) for one in opened],
    }


def _refused(subject: str, sentence: str) -> Document:
    return {**_empty(subject), "refused": sentence}


def _empty(subject: str) -> Document:
    return {
        "key": "",
        "subscription": subject,
        "transition": "",
        "effective_on": None,
        "origin": "dynamics",
        "reason": "",
        "refused": None,
        "consequences": "",
        "sides": [],
        "operations": [],
        "lines": [],
    }


def _described(engine: Engine, prepared: Prepared) -> list[Document]:
    case, plan = prepared.case, prepared.plan
    changes = [
        {
            **_empty(case.subscription_id),
            "key": one.log.change_key,
            "transition": one.decided.decision.transition,
            "origin": "partner_center" if one.decided.fact.source.is_foreign else "dynamics",
            "effective_on": one.log.effective_on.isoformat() if one.log.effective_on else None,
            "reason": _reason(one.decided.decision.reason, one.refund_reason, plan),
        }
        for one in plan.logs
    ]
    stuck = plan.refused or (plan.trouble.sentence if plan.trouble else "")
    operations = [_operation(one) for one in _operations(engine, case, plan)]
    if not changes:
        if not (stuck or operations):
            return []
        changes = [{**_empty(case.subscription_id), "key": next(iter(plan.states), "")}]
        changes[0]["reason"] = "" if stuck else _follow_up(case)
    changes[-1]["refused"] = stuck or None
    changes[-1]["consequences"] = _consequences(plan)
    changes[-1]["sides"] = _sides(case)
    changes[-1]["operations"] = operations
    changes[-1]["lines"] = [
        {
            "kind": line.kind.value,
            "amount": str(line.amount),
            "tax": str(line.tax_amount),
            "period": str(line.period),
            "reverses": line.reverses,
            "explanation": line.explanation,
        }
        for line in plan.lines
    ]
    return changes


def _consequences(plan: Plan) -> str:
    """Say what the last change means; first that the provider will not do it, and what to do."""
    failure = plan.steps.failure if plan.steps else ""
    last = plan.logs[-1:] if plan.consequences else ()
    told = [paragraph(plan, one, plan.consequences) for one in last]
    return " ".join([*([f"{NOT_PROVISIONED}{failure}"] if failure else []), *told])


def _reason(rule: str, refund: str, plan: Plan) -> str:
    note = plan.steps.note if plan.steps else ""
    return "; ".join(part for part in (rule, refund, note.rstrip(".")) if part)


def _sides(case: Case) -> list[Document]:
    """Return the fields on which the row and its licence differ, and what is done about each."""
    return [
        {
            "field": one.field,
            "base": one.base,
            "crm": shown(one.crm),
            "partner_center": shown(one.partner),
            "course": one.course.value,
            "reason": one.reason,
        }
        for one in (case.comparison.open if case.comparison else ())
    ]


def _follow_up(case: Case) -> str:
    if case.comparison and case.comparison.open:
        return "both sides were compared"
    waiting = [log.kind for log in case.context.logs if is_open(log)]
    return f"follow-up of {', '.join(waiting)}" if waiting else "follow-up"


def _operations(engine: Engine, case: Case, plan: Plan) -> list[Operation]:
    number = case.context.last_line_number + 1
    name = f"plan:{case.subscription_id}"
    operations = operations_of(engine, case, plan, next_number=number, name=name)
    return [_composed(engine, case, one) for one in operations]


def _composed(engine: Engine, case: Case, operation: Operation) -> Operation:
    """Show the document that the first provider step would send."""
    if operation.service is not Service.PROVIDER or case.licence is None:
        return operation
    provider = engine.ports.providers[operation.set]
    action = Action(operation.action)
    held = operation.carried if action is Action.FIELDS else case.hold
    body = provider.compose(case.licence, action, quantity=operation.quantity, held=held)
    return Operation(
        id=operation.id,
        subject=operation.subject,
        group=operation.group,
        service=operation.service,
        action=operation.action,
        set=operation.set,
        target=operation.target,
        body=body,
        precondition=case.licence.etag,
    )


def _operation(operation: Operation) -> Document:
    is_provider = operation.service is Service.PROVIDER
    service = operation.set if is_provider else operation.service.value
    target = operation.target
    if operation.service is Service.DATAVERSE:
        target = f"{operation.set}({operation.target})"
    return {
        "id": operation.id,
        "service": service,
        "action": operation.action,
        "target": target,
        "body": operation.body,
        "precondition": operation.precondition,
    }
