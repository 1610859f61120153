"""Send stored change sets to Dataverse and store how they ended: transaction T3.

```
answer         what follows
done           closed; what was planned is accepted
precondition   read all ids back: any there = committed; none = decide anew from rows read now
refused        several together are sent alone; one alone is parked with the reason
retry          certainly not executed: the same frozen bodies later
ambiguous      read back: there = done; absent = the same frozen bodies again
```
Waiting changes of one contract share a change set, at most 50 (rules.md 2.5).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from sync import journal
from sync.confirm import find_created, is_written
from sync.engine import Engine, pause
from sync.remote import CREATE_ONLY, Outcome, RemoteError, Write, WriteResult
from sync.settling import Trouble
from sync.state import Operation, OperationState

Group = Sequence[Operation]
_SHARED = 50
_NOW = timedelta(0)


def send_groups(engine: Engine, groups: Sequence[Group]) -> None:
    """Send the change sets of one contract, together where they may travel together."""
    fresh = [group for group in groups if not _begun(group)]
    for group in groups:
        if _begun(group):
            _take_up_again(engine, group)
    for start in range(0, len(fresh), _SHARED):
        chunk = fresh[start : start + _SHARED]
        if len(chunk) > 1:
            _send_together(engine, chunk)
        else:
            send_group(engine, chunk[0])


def _begun(group: Group) -> bool:
    return any(operation.state is OperationState.SENT for operation in group)


def send_group(engine: Engine, group: Group) -> None:
    """Send one change set alone."""
    sent = _begin(engine, group)
    _conclude(engine, sent, engine.ports.crm.write(_writes(sent)))


def _send_together(engine: Engine, groups: Sequence[Group]) -> None:
    """Send several as one; when that is not accepted as it is, each goes alone."""
    sent = [_begin(engine, group) for group in groups]
    result = engine.ports.crm.write(_writes(one for group in sent for one in group))
    if result.outcome not in {Outcome.PRECONDITION, Outcome.REFUSED}:
        for group in sent:
            _conclude(engine, group, result)
        return
    for group in sent:
        if is_written(engine, group):
            _conclude(engine, group, WriteResult(outcome=Outcome.DONE))
        else:
            send_group(engine, group)


def _begin(engine: Engine, group: Group) -> Group:
    """Store that the call begins, before it does."""
    now = engine.now()
    sent = [
        replace(
            one,
            state=OperationState.SENT,
            attempts=one.attempts + 1,
            sent_at=now,
            not_before=None,
        )
        for one in group
    ]
    engine.ports.store.tx(lambda tx: tx.add_operations(sent))
    return sent


def _writes(operations: Iterable[Operation]) -> list[Write]:
    """Return the writes; an invoice that several changes touch is touched once."""
    writes: dict[tuple[str, str], Write] = {}
    for one in operations:
        write = Write(set=one.set, id=one.target, body=one.body, precondition=one.precondition)
        writes.setdefault((one.set, one.target), write)
    return list(writes.values())


def _conclude(engine: Engine, group: Group, result: WriteResult) -> None:
    _tell(engine, group, result)
    match result.outcome:
        case Outcome.DONE:
            journal.close_group(engine, group)
        case Outcome.PRECONDITION:
            _precondition(engine, group, result)
        case Outcome.RETRY:
            told = result.retry_after_seconds
            wait = timedelta(seconds=told) if told else pause(group[0].attempts)
            _postpone(engine, group, OperationState.READY, wait)
        case Outcome.AMBIGUOUS:
            _take_up_again(engine, group)
        case Outcome.REFUSED:
            journal.fail_group(engine, group, _refused(result))


def _refused(result: WriteResult) -> Trouble:
    return Trouble(
        code="dataverse-refused",
        reason=f"Dataverse refused the change: {result.message} (code {result.code or '-'}).",
        advice="Correct the row or the permission that it names; it is then tried again.",
    )


def _precondition(engine: Engine, group: Group, result: WriteResult) -> None:
    """Tell a set that was committed before from one that met a changed row (rules.md 2.6)."""
    created = any(one.precondition == CREATE_ONLY for one in group)
    if created:
        found = find_created(engine, group)
        if found.present:
            journal.close_group(engine, group, message=_missing(found.missing))
            return
    journal.reopen_group(engine, group, result.message or "a row had changed")


def _missing(missing: frozenset[str]) -> str:
    if not missing:
        return "it was there already"
    return f"removed by a person and not made again: {', '.join(sorted(missing))}"


def _take_up_again(engine: Engine, group: Group) -> None:
    """Find out what an unclear answer did; what is certainly absent is sent again, frozen."""
    try:
        written = is_written(engine, group)
    except RemoteError as error:
        _tell(engine, group, WriteResult(outcome=Outcome.AMBIGUOUS, message=error.message))
        _postpone(engine, group, OperationState.SENT, pause(group[0].attempts))
        return
    if written:
        journal.close_group(engine, group, message="its rows were read back")
        return
    ready = [replace(one, state=OperationState.READY) for one in group]
    engine.ports.store.tx(lambda tx: tx.add_operations(ready))
    if group[0].attempts > 1:
        _postpone(engine, ready, OperationState.READY, pause(group[0].attempts))
    else:
        send_group(engine, ready)


def _postpone(engine: Engine, group: Group, state: OperationState, by: timedelta) -> None:
    until = engine.now() + by if by > _NOW else None
    waiting = [replace(one, state=state, not_before=until) for one in group]
    engine.ports.store.tx(lambda tx: tx.add_operations(waiting))


def _tell(engine: Engine, group: Group, result: WriteResult) -> None:
    facts = {
        "outcome": result.outcome.value,
        "operations": len(group),
        "status": result.status,
        "code": result.code,
        "correlation_id": result.correlation_id,
        "said": result.message,
    }
    entry = engine.trail(group[0].subject, "dataverse answered", **facts)
    engine.ports.store.tx(lambda tx: tx.trail([entry]))
    engine.ports.log.info("dataverse answered", subject=group[0].subject, **facts)
