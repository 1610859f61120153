"""Take up the work of one contract's subscriptions: decide, plan, store, send, confirm.

Level-triggered: what is to be done is read from the store and from both services at this moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sync import journal
from sync.apply import Group, send_groups
from sync.attempt import attempt_provider
from sync.engine import Engine
from sync.planned import Prepared
from sync.ports import Tx
from sync.prepare import prepare
from sync.provide import Ending, verify
from sync.remote import RemoteError
from sync.settling import Trouble
from sync.state import FactState, Operation, OperationState, Service, Wake

_ROUNDS = 4


@dataclass(slots=True)
class Numbers:
    """The next free line number on the open invoice, while several changes share it."""

    next: int = 0


def take_up(engine: Engine, subjects: Sequence[str]) -> None:
    """Work on the subscriptions of one contract until nothing can be done now."""
    waiting = list(subjects)
    failure: RemoteError | None = None
    for _ in range(_ROUNDS):
        numbers = Numbers()
        groups: list[Group] = []
        for subject in waiting:
            try:
                groups += _groups_of(engine, subject, numbers)
            except RemoteError as error:
                failure = error
            except Exception as error:  # noqa: BLE001  # what we did not foresee stays with its row
                park_unforeseen(engine, subject, error)
        if not groups:
            break
        send_groups(engine, groups)
        waiting = [one for one in waiting if _goes_on(engine, one)]
    if failure is not None:
        raise failure


def park_unforeseen(engine: Engine, subject: str, error: Exception) -> None:
    """Set one subject aside for an error that nobody foresaw; the others go on."""
    engine.ports.log.warning("unforeseen", subject=subject, error=repr(error))
    trouble = Trouble(
        code="unforeseen",
        reason=f"Seatkeeper met something it does not know: {type(error).__name__}: {error}",
        advice="Report it with the output of `seatkeeper explain`; it is tried again by itself.",
    )

    def tx_park(tx: Tx) -> None:
        journal.park(engine, tx, subject, trouble)
        tx.unwake(subject)

    engine.ports.store.tx(tx_park)


def _goes_on(engine: Engine, subject: str) -> bool:
    """Tell whether a subject has work that can be done at once."""

    def read(tx: Tx) -> bool:
        opened = tx.open_operations(subject)
        if any(one.not_before or one.state is OperationState.SENT for one in opened):
            return False
        blocked = bool(tx.parked(subject)) and not tx.wakes(subject)
        return bool(opened) or (bool(tx.facts(subject, FactState.WAITING)) and not blocked)

    return engine.ports.store.tx(read)


def _groups_of(engine: Engine, subject: str, numbers: Numbers) -> list[Group]:
    """Return the change sets of a subject that are ready to be sent."""
    opened = engine.ports.store.tx(lambda tx: tx.open_operations(subject))
    if opened:
        return _resume(engine, opened)
    prepared = prepare(engine, subject)
    if prepared is None:
        return []
    if engine.observe:
        _observe(engine, prepared)
        return []
    case, planned = prepared.case, prepared.plan
    if planned.new_draft is not None:
        journal.store_draft(engine, case, planned)
    else:
        numbers.next = max(numbers.next, case.context.last_line_number + 1)
        journal.store_plan(engine, case, planned, next_number=numbers.next)
        numbers.next += len(planned.lines)
        attempt_provider(engine, case, planned)
    opened = engine.ports.store.tx(lambda tx: tx.open_operations(subject))
    return _change_sets(opened)


def _change_sets(opened: Sequence[Operation]) -> list[Group]:
    names = dict.fromkeys(one.group for one in opened if one.service is Service.DATAVERSE)
    return [
        [one for one in opened if one.group == name and one.service is Service.DATAVERSE]
        for name in names
    ]


def _observe(engine: Engine, prepared: Prepared) -> None:
    """Say what would be done; nothing is stored and nothing leaves the process."""
    engine.ports.store.tx(lambda tx: tx.unwake(prepared.case.subscription_id))
    for log in prepared.plan.logs:
        if log.log.change_key in engine.announced:
            continue
        engine.announced.add(log.log.change_key)
        engine.ports.log.info(
            "would write",
            subject=prepared.case.subscription_id,
            change=log.log.change_key,
            rule=log.decided.decision.transition,
        )


def _resume(engine: Engine, opened: Sequence[Operation]) -> list[Group]:
    """Go on with what is stored: first the provider's steps, then the change sets.

    The change set goes out with the log as Awaiting Provisioning; the log is closed afterwards,
    from what the provider then holds.
    """
    subject = opened[0].subject
    engine.contexts.pop(subject, None)  # it was read before these writes
    steps = [one for one in opened if one.service is Service.PROVIDER]
    unclear = False
    if steps and steps[0].state is OperationState.SENT:
        unclear = verify(engine, steps).ending is Ending.UNCLEAR
    elif steps:
        _supersede(engine, steps)
    if not unclear:
        _wake(engine, subject, at_once=bool(steps))
    _supersede(engine, [one for one in opened if _is_blank(one)])
    left = engine.ports.store.tx(lambda tx: tx.open_operations(subject))
    return _change_sets(left)


def _is_blank(operation: Operation) -> bool:
    """Tell a log update whose outcome was never filled in."""
    return operation.service is Service.DATAVERSE and not operation.body


def _supersede(engine: Engine, operations: Sequence[Operation]) -> None:
    closed = [replace(one, state=OperationState.SUPERSEDED) for one in operations]
    engine.ports.store.tx(lambda tx: tx.add_operations(closed))


def _wake(engine: Engine, subject: str, *, at_once: bool) -> None:
    """Have the outcome closed afterwards; a pause that runs already is kept, unless `at_once`."""
    wake = Wake(subscription_id=subject, reason="its writes were resumed")

    def tx_wake(tx: Tx) -> None:
        known = bool(tx.seen([subject]))  # a contract's invoice is woken by nobody
        if known and (at_once or tx.wakes(subject) is None):
            tx.wake(wake)

    engine.ports.store.tx(tx_wake)
