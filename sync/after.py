"""Call the `after` steps of others, once the change that they follow stands in Dynamics.

A call is an operation, stored with the change before anything was sent: a process that ends in
between calls again. One that raises stays open, so that nothing overtakes it: the subscription is
parked, and it is called again after a growing pause, or skipped by a person.
"""

from collections.abc import Sequence
from dataclasses import replace

from sync.engine import Engine, pause
from sync.parking import park, unpark
from sync.ports import Tx
from sync.settling import Trouble
from sync.state import Operation, OperationState, Service
from sync.steps import Step, read_change

FAILED = "after-step-failed"
"""The code with which a subscription is parked whose step failed."""


def call_steps(engine: Engine, opened: Sequence[Operation]) -> list[Operation]:
    """Call what is ready, in order, until one fails; return the operations that are left."""
    unwritten = {one.group for one in opened if one.service is Service.DATAVERSE}
    ready = [one for one in opened if one.service is Service.STEP and one.group not in unwritten]
    done: set[str] = set()
    for one in ready:
        if not _call(engine, one):
            break
        done.add(one.id)
    return [one for one in opened if one.id not in done]


def _call(engine: Engine, operation: Operation) -> bool:
    """Store that the call begins, call, and store how it ended."""
    begun = operation.begun(engine.now())
    engine.ports.store.tx(lambda tx: tx.put_operation(begun))
    why = _run(engine, begun)
    if why:
        _put_off(engine, begun, why)
    else:
        _conclude(engine, begun)
    return not why


def _run(engine: Engine, operation: Operation) -> str:
    """Call the step; return why it failed, or nothing."""
    step = next((one for one in engine.steps if one.name == operation.action), None)
    if step is None:
        return "it is not installed any more"
    known = engine.ports.store.tx(lambda tx: tx.known_logs(operation.subject))
    provisioning = next((log.provisioning for log in known if log.id == operation.target), "")
    return _said(step, operation, provisioning)


def _said(step: Step, operation: Operation, provisioning: str) -> str:
    try:
        step.run(read_change(operation.body, provisioning))
    except Exception as error:  # noqa: BLE001  # code of others: whatever it does, one is parked
        return f"{type(error).__name__}: {error}"
    return ""


def _put_off(engine: Engine, operation: Operation, why: str) -> None:
    name, until = operation.action, engine.now() + pause(operation.attempts)
    trouble = Trouble(
        code="after-step-failed",
        reason=f"The step {name} failed after a change was made: {why}. The change itself stands.",
        advice="Mend the step; it is called again by itself. Or `seatkeeper parked resolve` with"
        " --choose skip.",
    )
    facts = {"action": name, "said": why, "attempt": operation.attempts}

    def tx_failed(tx: Tx) -> None:
        tx.put_operation(replace(operation, message=why, not_before=until))
        park(engine, tx, operation.subject, trouble)
        tx.trail([engine.trail(operation.subject, "step failed", **facts)])

    engine.ports.store.tx(tx_failed)
    engine.ports.log.warning("step failed", subject=operation.subject, **facts)


def _conclude(engine: Engine, operation: Operation) -> None:
    subject, name = operation.subject, operation.action

    def tx_done(tx: Tx) -> None:
        tx.put_operation(replace(operation, state=OperationState.DONE, message=""))
        tx.trail(
            [engine.trail(subject, "step called", action=name, change=operation.change_keys[0])]
        )
        if any(one.code == FAILED for one in tx.parked(subject)):
            unpark(engine, tx, subject)

    engine.ports.store.tx(tx_done)
    engine.ports.log.info("step called", subject=subject, action=name)


def skip_steps(engine: Engine, subject: str) -> int:
    """Close the calls that wait for a subscription, because a person says so; return how many."""

    def tx_skip(tx: Tx) -> int:
        waiting = [one for one in tx.open_operations(subject) if one.service is Service.STEP]
        tx.add_operations(
            replace(one, state=OperationState.SUPERSEDED, message="skipped by a person")
            for one in waiting
        )
        names = ", ".join(one.action for one in waiting)
        tx.trail([engine.trail(subject, "resolved", code=FAILED, choice="skip", steps=names)])
        tx.unpark(subject)
        return len(waiting)

    return engine.ports.store.tx(tx_skip)
