"""Take up the work of one contract's subscriptions: decide, plan, store, make the provider attempt.

Level-triggered: what is to be done is read from the store and from both services at this moment.
What comes out is ready to be sent: the change sets of the contract (`waves.py` sends them).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from sync import journal
from sync.after import call_steps
from sync.apply import Group, change_sets
from sync.aside import Failures
from sync.attempt import attempt_provider
from sync.engine import LONGEST_PAUSE, Engine
from sync.planned import Prepared
from sync.ports import Tx
from sync.prepare import prepare
from sync.provide import Ending, verify
from sync.state import FactState, Operation, OperationState, Service, Wake


@dataclass(slots=True)
class Numbers:
    """The next free line number on the open invoice, while several changes share it."""

    next: int = 0


def take_up(engine: Engine, subjects: Sequence[str], failures: Failures) -> list[Group]:
    """Return the change sets that the subscriptions of one contract have ready.

    Trouble with one subscription is kept in `failures` or parked; the others go on.
    """
    numbers = Numbers()
    groups: list[Group] = []
    for subject in subjects:
        if engine.stopping():
            break
        failures.run(engine, [subject], partial(_ready, engine, subject, numbers, groups))
    return groups


def _ready(engine: Engine, subject: str, numbers: Numbers, groups: list[Group]) -> None:
    groups += _groups_of(engine, subject, numbers)


def goes_on(engine: Engine, subject: str) -> bool:
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
    if opened and not engine.observe:
        opened = call_steps(engine, opened)
        if not opened and not _is_due(engine, subject):
            return []
    if opened:
        stuck = engine.observe or all(one.service is Service.STEP for one in opened)
        return [] if stuck else _resume(engine, opened)
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
    return change_sets(opened)


def _is_due(engine: Engine, subject: str) -> bool:
    """Tell whether a subject whose steps were called has anything else to do."""
    return engine.ports.store.tx(
        lambda tx: bool(tx.facts(subject, FactState.WAITING)) or tx.wakes(subject) is not None
    )


def _observe(engine: Engine, prepared: Prepared) -> None:
    """Say what would be done; nothing leaves the process, and all of it waits for mode apply."""
    _look_later(engine, prepared.case.subscription_id)
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


def _look_later(engine: Engine, subject: str) -> None:
    """Read it again only after a pause: nothing follows from it while observing."""
    wake = Wake(subscription_id=subject, reason="observed", not_before=engine.now() + LONGEST_PAUSE)
    engine.ports.store.tx(lambda tx: tx.wake(wake) if tx.wakes(subject) else None)


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
    return change_sets(left)


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
