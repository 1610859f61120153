"""Send stored change sets to Dataverse and store how they ended: transaction T3.

```
answer         what follows
done           closed; what was planned is accepted
precondition   read all ids back: any there = committed; none = decide anew from rows read now
refused        several together are sent alone; one alone is parked with the reason
retry          certainly not executed: the same frozen bodies later
ambiguous      read back: there = done; absent = the same frozen bodies again
```
Waiting changes of one contract share a change set, at most 50 (rules.md 2.5); the change sets of
several contracts share a `$batch` (rules.md 2.7).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import TypeAlias

from sync import closing
from sync.aside import Failures
from sync.confirm import find_created, is_written
from sync.engine import Engine, pause
from sync.remote import CREATE_ONLY, Outcome, RemoteError, Write, WriteResult
from sync.settling import Trouble
from sync.state import Operation, OperationState, Service

Group: TypeAlias = Sequence[Operation]
"""Operations that are written together or not at all."""
Parcel: TypeAlias = Sequence[Group]
"""Groups of one contract that travel as one change set."""
_SHARED = 50
_SETS, _WRITES = 50, 400
"""Change sets and writes in one `$batch`: Dataverse takes 1,000 requests, within two minutes."""
_NOW = timedelta(0)


def change_sets(opened: Sequence[Operation]) -> list[Group]:
    """Return the open Dataverse writes of a subject, by change set and in order."""
    names = dict.fromkeys(one.group for one in opened if one.service is Service.DATAVERSE)
    return [
        [one for one in opened if one.group == name and one.service is Service.DATAVERSE]
        for name in names
    ]


def send_groups(engine: Engine, groups: Sequence[Group]) -> None:
    """Send the change sets of one contract; raise what a service could not do."""
    failures = Failures()
    send_all(engine, [groups], failures)
    if failures.errors:
        raise failures.errors[0]


def send_all(engine: Engine, contracts: Iterable[Sequence[Group]], failures: Failures) -> None:
    """Send the change sets of several contracts, together where they may travel together.

    What was begun before is concluded first, alone.
    """
    parcels: list[Parcel] = []
    for groups in contracts:
        for group in filter(_begun, groups):
            failures.run(engine, _subjects(group), partial(_take_up_again, engine, group))
        fresh = [group for group in groups if not _begun(group)]
        parcels += [fresh[start : start + _SHARED] for start in range(0, len(fresh), _SHARED)]
    batches = {str(number): batch for number, batch in enumerate(_packed(parcels))}

    def send(key: str) -> None:
        subjects = _subjects(chain.from_iterable(chain.from_iterable(batches[key])))
        failures.run(engine, subjects, partial(_send_batch, engine, batches[key], failures))

    engine.ports.dispatcher.run(list(batches), send)


def _subjects(operations: Iterable[Operation]) -> list[str]:
    return list(dict.fromkeys(one.subject for one in operations))


def _packed(parcels: Iterable[Parcel]) -> Iterator[list[Parcel]]:
    batch: list[Parcel] = []
    size = 0
    for parcel in parcels:
        writes = sum(len(group) for group in parcel)
        if batch and (len(batch) == _SETS or size + writes > _WRITES):
            yield batch
            batch, size = [], 0
        batch.append(parcel)
        size += writes
    if batch:
        yield batch


def _begun(group: Group) -> bool:
    return any(operation.state is OperationState.SENT for operation in group)


def _send_batch(engine: Engine, batch: Sequence[Parcel], failures: Failures) -> None:
    """Send the change sets in one request, once, and conclude each by its own answer."""
    sent = [_begin(engine, parcel) for parcel in batch]
    sets = [_writes(chain.from_iterable(parcel)) for parcel in sent]
    results = engine.ports.crm.write_sets(sets)
    for parcel, result in zip(sent, results, strict=True):
        subjects = _subjects(chain.from_iterable(parcel))
        failures.run(engine, subjects, partial(_conclude_parcel, engine, parcel, result))


def _conclude_parcel(engine: Engine, parcel: Parcel, result: WriteResult) -> None:
    """Conclude the groups of a change set; when it is not accepted as it is, each goes alone."""
    split = len(parcel) > 1 and result.outcome in {Outcome.PRECONDITION, Outcome.REFUSED}
    for group in parcel:
        if not split:
            _conclude(engine, group, result)
        elif is_written(engine, group):
            _conclude(engine, group, WriteResult(outcome=Outcome.DONE))
        else:
            _send_alone(engine, group)


def _send_alone(engine: Engine, group: Group) -> None:
    [sent] = _begin(engine, [group])
    _conclude(engine, sent, engine.ports.crm.write(_writes(sent)))


def _begin(engine: Engine, parcel: Parcel) -> Parcel:
    """Store that the call begins, before it does."""
    now = engine.now()
    sent = [[one.begun(now) for one in group] for group in parcel]
    engine.ports.store.tx(lambda tx: tx.add_operations(chain.from_iterable(sent)))
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
            closing.close_group(engine, group)
        case Outcome.PRECONDITION:
            _precondition(engine, group, result)
        case Outcome.RETRY:
            told = result.retry_after_seconds
            wait = timedelta(seconds=told) if told else pause(group[0].attempts)
            _postpone(engine, group, OperationState.READY, wait)
        case Outcome.AMBIGUOUS:
            _take_up_again(engine, group)
        case Outcome.REFUSED:
            closing.fail_group(engine, group, _refused(result))


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
            closing.close_group(engine, group, message=_missing(found.missing))
            return
    closing.reopen_group(engine, group, result.message or "a row had changed")


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
        closing.close_group(engine, group, message="its rows were read back")
        return
    ready = [replace(one, state=OperationState.READY) for one in group]
    engine.ports.store.tx(lambda tx: tx.add_operations(ready))
    if group[0].attempts > 1:
        _postpone(engine, ready, OperationState.READY, pause(group[0].attempts))
    else:
        _send_alone(engine, ready)


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
