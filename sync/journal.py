"""Store the intent before the act: transaction T2, and the transitions of stored operations.

After T2 every write has its frozen id and body; only then does anything leave the process.
"""

import json
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from sync import guard_memory, late, sides_journal
from sync.bodies import draft_write, log_record
from sync.engine import Engine
from sync.ids import operation_id
from sync.logs import known_log, updated_log
from sync.mapping import Record
from sync.money_writes import money_writes
from sync.planned import Case, LogUpdate, Plan, PlannedLog
from sync.ports import Tx
from sync.remote import CREATE_ONLY, Action, Write
from sync.settling import Trouble
from sync.state import (
    FactState,
    KnownLog,
    Operation,
    OperationState,
    Parked,
    Service,
    Source,
    TrailEntry,
    Wake,
)
from sync.stepping import after_operations

GROUP_DRAFT = "draft"
GROUP_WRITE = "write"
GROUP_NOTE = "note"
GROUP_PERSON = "person"
"""Writes that a person at the terminal asked for; they accept nothing by themselves."""


def store_draft(engine: Engine, case: Case, plan: Plan) -> None:
    """Store the creation of a missing open invoice; it is made first, alone (rules.md 2.5)."""
    contract = case.context.contract
    if plan.new_draft is None or contract is None:
        return
    write = draft_write(engine.mappings, contract, plan.new_draft, case.context.closed)
    group = f"{GROUP_DRAFT}:{engine.ports.effects.new_id()}"
    operations = _operations(plan, group, [("open invoice", write)])
    engine.ports.store.tx(lambda tx: tx.add_operations(operations))


def store_plan(engine: Engine, case: Case, plan: Plan, *, next_number: int) -> None:
    """T2: facts, parked state and operations of one subscription, in one transaction."""
    operations = operations_of(
        engine, case, plan, next_number=next_number, name=engine.ports.effects.new_id()
    )

    def t2(tx: Tx) -> None:
        _store_facts(tx, plan, written=bool(plan.logs))
        _store_parked(engine, tx, plan)
        _store_hold(tx, case, plan)
        tx.unwake(plan.subscription_id)
        tx.add_operations(operations)
        guard_memory.count(engine, tx, case, plan)
        sides_journal.remember(engine, tx, case, plan)
        if case.is_checked:
            late.conclude(engine, tx, plan)
        tx.trail(_entries(engine, case, plan))

    engine.ports.store.tx(t2)


def operations_of(
    engine: Engine, case: Case, plan: Plan, *, next_number: int, name: str
) -> list[Operation]:
    """Return the operations of a plan; `name` makes their ids and is new for every T2."""
    group = f"{GROUP_WRITE}:{name}"
    operations = [
        *_provider_operations(plan, case, group),
        *_operations(plan, group, _writes(engine, case, plan, next_number)),
        *_note(engine, case, plan, f"{GROUP_NOTE}:{name}"),
        *after_operations(engine.steps, case, plan, group),
    ]
    return [*sides_journal.carrying(operations, case, plan)]


def _store_facts(tx: Tx, plan: Plan, *, written: bool) -> None:
    for key, state in plan.states.items():
        tx.set_fact_state([key], state)
    known = tx.seen([plan.subscription_id]).get(plan.subscription_id)
    if known is None:
        return
    if written:
        tx.put_seen([replace(known, planned=plan.standing)])
    elif known.accepted is None and plan.standing is not None:
        tx.put_seen([replace(known, accepted=plan.standing)])


def _store_parked(engine: Engine, tx: Tx, plan: Plan) -> None:
    subject = plan.subscription_id
    if plan.trouble:
        park(engine, tx, subject, plan.trouble)
    elif plan.refused:
        advice = "Set the row back, or change it to something that is allowed."
        park(engine, tx, subject, Trouble(code="refused", reason=plan.refused, advice=advice))
    else:
        unpark(engine, tx, subject)


def unpark(engine: Engine, tx: Tx, subject: str) -> None:
    """Take back a subject whose cause is gone, and say so in the trail."""
    if solved := tx.unpark(subject):
        tx.trail([engine.trail(subject, "solved", code=solved.code, reason=solved.reason)])


def park(engine: Engine, tx: Tx, subject: str, trouble: Trouble) -> None:
    """Set a subject aside for a person; the same cause keeps its first instant."""
    before = next(iter(tx.parked(subject)), None)
    since = before.since if before and before.code == trouble.code else engine.now()
    if before is None or before.reason != trouble.reason:
        tx.trail([engine.trail(subject, "parked", code=trouble.code, reason=trouble.reason)])
    tx.park(
        Parked(
            subject=subject,
            code=trouble.code,
            reason=trouble.reason,
            advice=trouble.advice,
            since=since,
        )
    )


def _store_hold(tx: Tx, case: Case, plan: Plan) -> None:
    """Keep what the provider is about to lose; never overwritten until restored (rules 2.10)."""
    taken = {Action.SUSPEND, Action.RESTORE}
    if plan.steps and taken & {*plan.steps.actions} and case.licence:
        # `case.hold` may come from the log, when the local state was lost.
        tx.set_hold(plan.subscription_id, case.hold if case.hold is not None else case.licence.held)


# --- operations --------------------------------------------------------------------------------


def _operations(plan: Plan, group: str, writes: Sequence[tuple[str, Write]]) -> list[Operation]:
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


def _note(engine: Engine, case: Case, plan: Plan, group: str) -> list[Operation]:
    """Tell the CRM user on the row, only when the text changes (rules.md 1.9)."""
    subscription = case.context.subscription
    if subscription is None or subscription.sync_message == plan.message or plan.row:
        return []  # values of the provider take the message with them
    entity = engine.mappings.entity("subscription")
    body = entity.body({"sync_message": plan.message or None}, engine.mappings.sets)
    write = Write(set=entity.set, id=subscription.id, body=body, precondition=subscription.etag)
    return _operations(plan, group, [("message", write)])


def store_failure(engine: Engine, case: Case, plan: Plan, trouble: Trouble) -> None:
    """Park a subscription whose provider said no, and tell the CRM user on the row."""
    group = f"{GROUP_NOTE}:{engine.ports.effects.new_id()}"
    notes = _note(engine, case, replace(plan, message=trouble.reason), group)

    def tx_failure(tx: Tx) -> None:
        opened = tx.open_operations(plan.subscription_id)
        earlier = [one for one in opened if one.group.startswith(GROUP_NOTE)]
        _set_state(tx, earlier, OperationState.SUPERSEDED, "another message follows")
        park(engine, tx, plan.subscription_id, trouble)
        tx.add_operations(notes)

    engine.ports.store.tx(tx_failure)


# --- outcome -----------------------------------------------------------------------------------


def freeze_outcome(
    engine: Engine, operations: Sequence[Operation], log_id: str, outcome: Record, *, release: str
) -> None:
    """Lay the provider's outcome over the log's stored body; from here on it is frozen.

    `release` names the subscription whose hold was given back and read back, else it is empty.
    """
    body = engine.mappings.entity("change_log").body(outcome, engine.mappings.sets)

    def tx_freeze(tx: Tx) -> None:
        for operation in operations:
            if operation.target == log_id:
                tx.put_operation(replace(operation, body={**operation.body, **body}))
        if release:
            tx.set_hold(release, None)

    engine.ports.store.tx(tx_freeze)


def close_group(engine: Engine, operations: Sequence[Operation], *, message: str = "") -> None:
    """T3: the change set is at Dataverse; what was planned is accepted."""

    def t3(tx: Tx) -> None:
        _set_state(tx, operations, OperationState.DONE, message)
        for subject in {operation.subject for operation in operations}:
            mine = [one for one in operations if one.subject == subject]
            if mine[0].group.startswith(GROUP_WRITE):
                _accept(engine, tx, subject, mine)

    engine.ports.store.tx(t3)


def _accept(engine: Engine, tx: Tx, subject: str, operations: Sequence[Operation]) -> None:
    keys = [key for operation in operations for key in operation.change_keys]
    done = [fact.key for fact in tx.facts(subject, FactState.PLANNED) if fact.key in set(keys)]
    tx.set_fact_state(done, FactState.DONE)
    known = tx.seen([subject]).get(subject)
    known = known and sides_journal.moved(engine, known, operations)
    sides_journal.accept(engine, tx, subject, operations)
    if known and known.planned:
        accepted = replace(known, accepted=known.planned, planned=None)
        if any(operation.action == "scheduled status" for operation in operations):
            status = engine.mappings.entity("subscription").fields["status"]
            pair = status.choices[known.planned.status]
            point = replace(known.point, pair=pair)
            claims = (*known.claims, (known.point, point))
            accepted = replace(accepted, point=point, claims=claims, deactivate_on=None)
        tx.put_seen([accepted])
    tx.put_logs(_written_logs(engine, tx, subject, operations))
    written = json.dumps(sorted({operation.action for operation in operations}))
    tx.trail([engine.trail(subject, "written", operations=written)])


def _written_logs(
    engine: Engine, tx: Tx, subject: str, operations: Sequence[Operation]
) -> Iterator[KnownLog]:
    """Return the logs as we just wrote them, so that the next poll knows them for ours."""
    entity = engine.mappings.entity("change_log")
    known = {log.id: log for log in tx.known_logs(subject)}
    for one in operations:
        row = {entity.id_column: one.target, **one.body}
        if one.set != entity.set:
            continue
        if one.precondition == CREATE_ONLY:
            made = known_log(entity, row, subject, 0)
            if made is not None:
                yield made
        elif one.target in known:
            yield updated_log(entity, row, known[one.target])


def reopen_group(engine: Engine, operations: Sequence[Operation], reason: str) -> None:
    """Decide anew from rows read now: a precondition failed and nothing was written."""

    def tx_reopen(tx: Tx) -> None:
        _set_state(tx, _with_steps(tx, operations), OperationState.SUPERSEDED, reason)
        for subject in {operation.subject for operation in operations}:
            tx.wake(Wake(subscription_id=subject, reason="decide anew"))
            if operations[0].group.startswith(GROUP_PERSON):
                asked = operations[0].action
                tx.trail([engine.trail(subject, "not done", asked=asked, reason=reason)])
                continue  # what was asked for was meant for the row as it stood
            if operations[0].group.startswith(GROUP_NOTE):
                continue  # only the message has to be written anew
            planned = [fact.key for fact in tx.facts(subject, FactState.PLANNED)]
            tx.set_fact_state(planned, FactState.WAITING)
            if _reached_provider(tx, subject, {one.group for one in operations}):
                tx.watch(subject, engine.now())  # what is decided now may not ask for it any more
            tx.trail([engine.trail(subject, "decide anew", reason=reason)])

    engine.ports.store.tx(tx_reopen)


def _reached_provider(tx: Tx, subject: str, groups: Container[str]) -> bool:
    """Tell whether a provider was told for one of these groups, which were not written."""
    return any(
        one.group in groups and one.service is Service.PROVIDER and one.attempts
        for one in tx.operations(subject)
    )


def fail_group(engine: Engine, operations: Sequence[Operation], trouble: Trouble) -> None:
    """Set the subjects aside: Dataverse refuses the change set, and nothing was written."""

    def tx_fail(tx: Tx) -> None:
        _set_state(tx, _with_steps(tx, operations), OperationState.FAILED, trouble.reason)
        for subject in {operation.subject for operation in operations}:
            planned = [fact.key for fact in tx.facts(subject, FactState.PLANNED)]
            tx.set_fact_state(planned, FactState.WAITING)
            park(engine, tx, subject, trouble)

    engine.ports.store.tx(tx_fail)


def _with_steps(tx: Tx, operations: Sequence[Operation]) -> list[Operation]:
    """Add the steps that were to follow a change set which is not written."""
    groups = {one.group for one in operations}
    subjects = {one.subject for one in operations}
    opened = [one for subject in subjects for one in tx.open_operations(subject)]
    follow = [one for one in opened if one.service is Service.STEP and one.group in groups]
    return [*operations, *follow]


def _set_state(
    tx: Tx, operations: Sequence[Operation], state: OperationState, message: str
) -> None:
    for operation in operations:
        tx.put_operation(replace(operation, state=state, message=message, not_before=None))


def _entries(engine: Engine, case: Case, plan: Plan) -> list[TrailEntry]:
    subject = plan.subscription_id
    before = [case.was, *(planned.decided.decision.standing for planned in plan.logs)]
    entries = [
        engine.trail(
            subject,
            "decided",
            change=planned.log.change_key,
            log=planned.log.id,
            was=was.status if was else "",
            was_quantity=was.quantity if was else "",
            rule=planned.decided.decision.transition,
            reason=planned.decided.decision.reason,
            effective_on=planned.log.effective_on,
            refund=planned.log.refund_decision,
            refund_reason=planned.refund_reason,
            provisioning=planned.log.provisioning,
            consequences=plan.consequences,
        )
        for planned, was in zip(plan.logs, before, strict=False)
    ]
    entries += [
        engine.trail(subject, "owed", amount=line.amount, explanation=line.explanation)
        for line in plan.lines
    ]
    if plan.refused:
        entries.append(engine.trail(subject, "refused", reason=plan.refused))
    return entries
