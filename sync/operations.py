"""The operations of a plan: every write with its frozen id and body, before it is stored."""

from collections.abc import Sequence

from sync import sides_journal
from sync.bodies import log_record
from sync.engine import Engine
from sync.ids import operation_id
from sync.mapping import Record
from sync.money_writes import money_writes
from sync.planned import Case, LogUpdate, Plan, PlannedLog
from sync.remote import Write
from sync.state import Operation, Service, Source
from sync.stepping import after_operations

GROUP_DRAFT = "draft"
GROUP_WRITE = "write"
GROUP_NOTE = "note"
GROUP_PERSON = "person"
"""Writes that a person at the terminal asked for; they accept nothing by themselves."""


def operations_of(
    engine: Engine, case: Case, plan: Plan, *, next_number: int, name: str
) -> list[Operation]:
    """Return the operations of a plan; `name` makes their ids and is new for every T2."""
    group = f"{GROUP_WRITE}:{name}"
    operations = [
        *_provider_operations(plan, case, group),
        *of_plan(plan, group, _writes(engine, case, plan, next_number)),
        *note(engine, case, plan, f"{GROUP_NOTE}:{name}"),
        *after_operations(engine.steps, case, plan, group),
    ]
    return [*sides_journal.carrying(operations, case, plan)]


def of_plan(plan: Plan, group: str, writes: Sequence[tuple[str, Write]]) -> list[Operation]:
    """Return the named writes of a plan as operations; they carry its change keys."""
    return operations_for(plan.subscription_id, group, writes, tuple(plan.states))


def operations_for(
    subject: str,
    group: str,
    writes: Sequence[tuple[str, Write]],
    change_keys: tuple[str, ...] = (),
) -> list[Operation]:
    """Return the named writes of one change set as operations, in order."""
    return [
        Operation(
            id=operation_id(group, number),
            subject=subject,
            group=group,
            service=Service.DATAVERSE,
            action=action,
            set=write.set,
            target=write.id,
            body=write.body,
            precondition=write.precondition,
            change_keys=change_keys,
        )
        for number, (action, write) in enumerate(writes)
    ]


def _provider_operations(plan: Plan, case: Case, group: str) -> list[Operation]:
    provider, subscription = case.context.provider, case.context.subscription
    if plan.steps is None or provider is None or subscription is None:
        return []
    target = f"{case.context.customer_tenant_id}/{subscription.provider_subscription_id}"
    return [
        Operation(
            id=operation_id(group, 1000 + number),
            subject=plan.subscription_id,
            group=group,
            service=Service.PROVIDER,
            action=action.value,
            set=provider.connector,
            target=target,
            quantity=plan.standing.quantity if plan.standing else None,
            change_keys=tuple(plan.states),
        )
        for number, action in enumerate(plan.steps.actions)
    ]


def _writes(engine: Engine, case: Case, plan: Plan, next_number: int) -> list[tuple[str, Write]]:
    """Return the one change set: logs, log updates, lines, draft, scheduled status."""
    logs = [_log_create(engine, plan, planned) for planned in plan.logs]
    updates = [_log_update(engine, update) for update in plan.updates]
    awaited = [
        ("log outcome", _log_write(engine, log.id, {}, log.etag))
        for log in case.context.logs
        if log.id == plan.awaits_provider
    ]
    return [
        *logs,
        *updates,
        *awaited,
        *_removals(engine, plan),
        *money_writes(engine, case, plan, next_number),
        *_schedule(engine, case, plan),
        *sides_journal.values(engine, case, plan),
    ]


def _log_create(engine: Engine, plan: Plan, planned: PlannedLog) -> tuple[str, Write]:
    entity = engine.mappings.entity("change_log")
    record = dict(log_record(planned, plan.subscription_id))
    body = entity.new_body(record, engine.mappings.sets)
    write = Write(set=entity.set, id=planned.log.id, body=body, precondition="create")
    return f"log {planned.log.kind}", write


def _log_update(engine: Engine, update: LogUpdate) -> tuple[str, Write]:
    record: Record = {"provisioning": update.provisioning, "message": update.message}
    if update.stamp:
        record = {"provisioned_at": engine.now(), "message": update.message or None}
    action = "stamp log" if update.stamp else "close log"
    return action, _log_write(engine, update.log.id, record, update.log.etag)


def _log_write(engine: Engine, log_id: str, record: Record, etag: str) -> Write:
    entity = engine.mappings.entity("change_log")
    body = entity.body(record, engine.mappings.sets)
    return Write(set=entity.set, id=log_id, body=body, precondition=etag)


def _removals(engine: Engine, plan: Plan) -> list[tuple[str, Write]]:
    """Write on logs that a person deleted their refund; one that is updated anyway waits."""
    updated = {plan.awaits_provider, *(update.log.id for update in plan.updates)}
    return [
        (
            "refund removed",
            _log_write(engine, log.id, {"refund_decision": log.refund_decision}, log.etag),
        )
        for log in plan.removed
        if log.id not in updated
    ]


def _schedule(engine: Engine, case: Case, plan: Plan) -> list[tuple[str, Write]]:
    """Return the status of a reached deactivate-on date; it travels with the log."""
    subscription = case.context.subscription
    due = [one for one in plan.logs if one.decided.fact.source is Source.SCHEDULE]
    if not due or subscription is None or plan.standing is None:
        return []
    entity = engine.mappings.entity("subscription")
    record: Record = {"status": plan.standing.status, "deactivate_on": None}
    body = entity.body(record, engine.mappings.sets)
    write = Write(set=entity.set, id=subscription.id, body=body, precondition=subscription.etag)
    return [("scheduled status", write)]


def note(engine: Engine, case: Case, plan: Plan, group: str) -> list[Operation]:
    """Tell the CRM user on the row, only when the text changes (rules.md 1.9)."""
    subscription = case.context.subscription
    if subscription is None or subscription.sync_message == plan.message or plan.row:
        return []  # values of the provider take the message with them
    entity = engine.mappings.entity("subscription")
    body = entity.body({"sync_message": plan.message or None}, engine.mappings.sets)
    write = Write(set=entity.set, id=subscription.id, body=body, precondition=subscription.etag)
    return of_plan(plan, group, [("message", write)])
