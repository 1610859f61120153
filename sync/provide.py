"""Send a subscription's provider steps, one attempt each, in order.

The body is frozen and the MS-RequestId stored before every call. A step that was certainly not
executed is superseded and planned anew later (level-triggered); an unclear one stays open until
a read shows its effect, or its time has passed and it is sent again under the same id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from sync import late
from sync.confirm import same_held, shows
from sync.engine import UNCLEAR_PAUSE, Engine, pause
from sync.feed import echo_key
from sync.ports import Provider, Tx
from sync.remote import (
    Action,
    Licence,
    LicenceRef,
    Outcome,
    RemoteError,
    Unavailable,
    WriteResult,
)
from sync.restored import is_restored
from sync.state import Operation, OperationState

_TRIES = 3
_UNCLEAR = "The provider's answer was lost; Seatkeeper looks whether the change was made."


class Ending(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    FAILED = "failed"
    """The provider says no; a person must act."""
    LATER = "later"
    """Nothing was executed; it is planned anew after a pause."""
    UNCLEAR = "unclear"
    """The step may or may not have been executed; it stays open."""
    STALE = "stale"
    """The document had changed; nothing was executed, and it was read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The end of an attempt, with a sentence for the CRM user when it is not done."""

    ending: Ending
    licence: Licence | None = None
    message: str = ""
    retry_after_seconds: float | None = None


def provide(engine: Engine, operations: Sequence[Operation], licence: Licence) -> Attempt:
    """Send the steps in order, beginning from what was just read."""
    attempt = Attempt(ending=Ending.DONE, licence=licence)
    for number, operation in enumerate(operations):
        attempt = _step(engine, operation, attempt.licence or licence)
        if attempt.ending is Ending.UNCLEAR:
            return attempt
        if attempt.ending is not Ending.DONE:
            _drop(engine, operations[number:], attempt)
            return attempt
    return attempt


def verify(engine: Engine, operations: Sequence[Operation]) -> Attempt:
    """Take up steps whose first was sent without a clear answer (rules.md 2.8)."""
    sent = operations[0]
    provider = _provider(engine, sent)
    try:
        licence = provider.read(ref_of(sent))
    except Unavailable as error:
        _postpone(engine, sent, pause(sent.attempts))
        return Attempt(ending=Ending.UNCLEAR, message=error.message)
    except RemoteError as error:
        attempt = Attempt(ending=Ending.FAILED, message=error.message)
        _drop(engine, operations, attempt)
        return attempt
    attempt = _verified(engine, sent, licence)
    if attempt.ending in {Ending.LATER, Ending.FAILED}:
        _drop(engine, operations, attempt)
    if attempt.ending is not Ending.DONE:
        return attempt
    return provide(engine, operations[1:], attempt.licence or licence)


def _verified(engine: Engine, sent: Operation, licence: Licence) -> Attempt:
    if sent.body and shows(Action(sent.action), licence, sent.body, sent.carried):
        _put_done(engine, sent, "its effect was read back")
        return Attempt(ending=Ending.DONE, licence=licence)
    engine.ports.store.tx(lambda tx: late.expect(tx, sent.subject))
    begun = sent.sent_at or engine.now()
    rest = UNCLEAR_PAUSE - (engine.now() - begun)
    if rest > timedelta(0):
        _postpone(engine, replace(sent, sent_at=begun), rest)
        return Attempt(ending=Ending.UNCLEAR, message=_UNCLEAR)
    if is_restored(sent):
        return Attempt(ending=Ending.LATER, message="It is planned anew after the restore.")
    return _send(engine, sent, licence)


def ref_of(operation: Operation) -> LicenceRef:
    """Return where the licence of a provider operation lives."""
    customer, _, subscription = operation.target.partition("/")
    return LicenceRef(customer_id=customer, subscription_id=subscription)


def _provider(engine: Engine, operation: Operation) -> Provider:
    return engine.ports.providers[operation.set]


def _step(engine: Engine, operation: Operation, licence: Licence) -> Attempt:
    """Freeze and send one step; a stale document is read again and sent under a new id."""
    action = Action(operation.action)
    held = engine.ports.store.tx(lambda tx: tx.hold(operation.subject))
    for _ in range(_TRIES):
        if action is Action.RESTORE and held is not None and same_held(licence.held, held):
            _put(engine, replace(operation, state=OperationState.DONE, message="nothing was lost"))
            return Attempt(ending=Ending.DONE, licence=licence)
        given = operation.carried if action is Action.FIELDS else held
        body = _provider(engine, operation).compose(
            licence, action, quantity=operation.quantity, held=given
        )
        frozen = replace(
            operation,
            body=body,
            precondition=licence.etag,
            request_id=engine.ports.effects.new_id(),
        )
        attempt = _send(engine, frozen, licence)
        if attempt.ending is not Ending.STALE:
            return attempt
        licence = attempt.licence or licence
    return Attempt(ending=Ending.LATER, message="The provider's document kept changing.")


def _send(engine: Engine, frozen: Operation, licence: Licence) -> Attempt:
    """Store that the call begins, call once, and store how it ended."""
    sent = frozen.begun(engine.now())
    _put(engine, sent)
    provider = _provider(engine, sent)
    result = provider.send(
        ref_of(sent), sent.body, request_id=sent.request_id, etag=sent.precondition
    )
    _tell(engine, sent, result)
    match result.outcome:
        case Outcome.DONE:
            return _done(engine, sent, result)
        case Outcome.AMBIGUOUS:
            return _unclear(engine, sent)
        case Outcome.PRECONDITION:
            return _stale(engine, sent, licence)
        case Outcome.RETRY:
            return Attempt(
                ending=Ending.LATER,
                message=result.message,
                retry_after_seconds=result.retry_after_seconds,
            )
        case Outcome.REFUSED:
            return Attempt(ending=Ending.FAILED, message=result.message)


def _tell(engine: Engine, sent: Operation, result: WriteResult) -> None:
    facts = {
        "action": sent.action,
        "outcome": result.outcome.value,
        "status": result.status,
        "code": result.code,
        "request_id": sent.request_id,
        "correlation_id": result.correlation_id,
        "said": result.message,
    }
    entry = engine.trail(sent.subject, "provider answered", **facts)
    engine.ports.store.tx(lambda tx: tx.trail([entry]))
    engine.ports.log.info("provider answered", subject=sent.subject, **facts)


def _done(engine: Engine, sent: Operation, result: WriteResult) -> Attempt:
    """Believe the answer only as far as its document shows the effect."""
    licence = _provider(engine, sent).licence(result.body) if result.body else None
    if licence is not None and not shows(Action(sent.action), licence, sent.body, sent.carried):
        message = f"The provider accepted the {sent.action}, but does not show it."
        return Attempt(ending=Ending.FAILED, licence=licence, message=message)
    echo = echo_key(result.correlation_id, ref_of(sent).subscription_id)
    _put_done(engine, sent, "", echo=echo)
    return Attempt(ending=Ending.DONE, licence=licence)


def _unclear(engine: Engine, sent: Operation) -> Attempt:
    """Look at once whether the effect shows; else nothing more is sent for a while."""
    try:
        licence = _provider(engine, sent).read(ref_of(sent))
    except RemoteError:
        licence = None
    if licence is not None and shows(Action(sent.action), licence, sent.body, sent.carried):
        _put_done(engine, sent, "its effect was read back")
        return Attempt(ending=Ending.DONE, licence=licence)
    engine.ports.store.tx(lambda tx: late.expect(tx, sent.subject))
    _postpone(engine, sent, UNCLEAR_PAUSE)
    return Attempt(ending=Ending.UNCLEAR, message=_UNCLEAR)


def _stale(engine: Engine, sent: Operation, licence: Licence) -> Attempt:
    _put(engine, replace(sent, state=OperationState.READY))
    try:
        latest = _provider(engine, sent).read(ref_of(sent))
    except RemoteError as error:
        return Attempt(ending=Ending.LATER, licence=licence, message=error.message)
    return Attempt(ending=Ending.STALE, licence=latest)


def _put_done(engine: Engine, sent: Operation, message: str, *, echo: str = "") -> None:
    """Close a step; look again later if an unclear write came before it.

    What the provider recorded of the write is known by its echo, and makes nobody suspect.
    """
    done = replace(sent, state=OperationState.DONE, message=message)

    def tx_done(tx: Tx) -> None:
        tx.put_operation(done)
        tx.hear([echo] if echo else [], engine.now())
        late.look_later(engine, tx, sent.subject)

    engine.ports.store.tx(tx_done)


def _put(engine: Engine, operation: Operation) -> None:
    engine.ports.store.tx(lambda tx: tx.put_operation(operation))


def _postpone(engine: Engine, sent: Operation, by: timedelta) -> None:
    _put(engine, replace(sent, state=OperationState.SENT, not_before=engine.now() + by))


def _drop(engine: Engine, operations: Sequence[Operation], attempt: Attempt) -> None:
    """Close steps that are not sent any more; what is wanted is planned anew from the logs."""
    failed = attempt.ending is Ending.FAILED
    ids = {operation.id for operation in operations}

    def tx_drop(tx: Tx) -> None:
        for one in tx.open_operations(operations[0].subject):
            if one.id in ids:
                state = OperationState.FAILED if failed else OperationState.SUPERSEDED
                tx.put_operation(replace(one, state=state, message=attempt.message))

    engine.ports.store.tx(tx_drop)
