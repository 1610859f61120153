"""How stored change sets end: written, to be decided anew, or refused. Transaction T3."""

import json
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from sync import sides_journal
from sync.engine import Engine
from sync.logs import known_log, updated_log
from sync.operations import GROUP_NOTE, GROUP_PERSON, GROUP_WRITE
from sync.parking import park
from sync.ports import Tx
from sync.remote import CREATE_ONLY
from sync.settling import Trouble
from sync.state import FactState, KnownLog, Operation, OperationState, Service, Wake


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
            _take_back(tx, subject)
            if _reached_provider(tx, subject, {one.group for one in operations}):
                tx.watch(subject, engine.now())  # what is decided now may not ask for it any more
            tx.trail([engine.trail(subject, "decide anew", reason=reason)])

    engine.ports.store.tx(tx_reopen)


def _take_back(tx: Tx, subject: str) -> None:
    """Forget what was planned: nothing of it was written, and its changes wait again."""
    planned = [fact.key for fact in tx.facts(subject, FactState.PLANNED)]
    tx.set_fact_state(planned, FactState.WAITING)
    known = tx.seen([subject]).get(subject)
    if known is not None and known.planned is not None:
        tx.put_seen([replace(known, planned=None)])


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
            _take_back(tx, subject)
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
        tx.put_operation(operation.ended(state, message))
