"""Make the one provider attempt for which a change set waits, and freeze its outcome on the log."""

from datetime import timedelta

from lifecycle.states import Provisioning, Status
from sync import sides_journal
from sync.bodies import story
from sync.engine import Engine, pause
from sync.held import write_held
from sync.journal import freeze_outcome, store_failure
from sync.mapping import Record
from sync.planned import Case, Plan
from sync.ports import Tx
from sync.provide import Attempt, Ending, provide
from sync.settling import Trouble
from sync.sides import REFUSED
from sync.state import Service, Wake
from sync.wording import NOT_PROVISIONED, NOT_TAKEN, UNCLEAR, join, lasting


def attempt_provider(engine: Engine, case: Case, planned: Plan) -> None:
    """Send the planned steps once; without an answer the log stays Awaiting Provisioning."""
    subject = case.subscription_id
    if planned.retry_provider:
        _retry_later(engine, subject, None)
    if planned.steps is None or case.licence is None:
        return
    if not (planned.awaits_provider or planned.corrects):
        return
    opened = engine.ports.store.tx(lambda tx: tx.open_operations(subject))
    steps = [one for one in opened if one.service is Service.PROVIDER]
    attempt = provide(engine, steps, case.licence)
    if attempt.ending in {Ending.DONE, Ending.FAILED}:
        done = attempt.ending is Ending.DONE and not planned.steps.failure
        held = attempt.licence or case.licence
        sides_journal.provided(engine, case, planned, held, done=done)
    if planned.awaits_provider:
        outcome = _outcome(engine, case, planned, attempt)
        writes = [one for one in opened if one.service is Service.DATAVERSE]
        release = subject if _is_returned(planned, attempt) else ""
        freeze_outcome(engine, writes, planned.awaits_provider, outcome, release=release)
    else:
        _corrected(engine, case, planned, attempt)
    if attempt.ending in {Ending.LATER, Ending.STALE}:
        _retry_later(engine, subject, attempt.retry_after_seconds)


def _corrected(engine: Engine, case: Case, planned: Plan, attempt: Attempt) -> None:
    """Tell how a late effect, or a change that is not let be, was put right; no log waits."""
    entry = engine.trail(
        case.subscription_id,
        "made equal" if case.comparison else "late effect",
        found=case.licence.status if case.licence else "",
        ending=attempt.ending.value,
        said=attempt.message,
    )
    returned = case.comparison is None and _is_returned(planned, attempt)

    def tx_corrected(tx: Tx) -> None:
        tx.trail([entry])
        if returned:
            tx.set_hold(case.subscription_id, None)

    engine.ports.store.tx(tx_corrected)
    told = {"subject": case.subscription_id, "ending": attempt.ending}
    if case.comparison:
        engine.ports.log.info("made equal", **told)
    else:
        engine.ports.log.warning("late effect", **told)
    left = planned.steps.failure if planned.steps else ""
    if attempt.ending is Ending.FAILED or left:
        _fail(engine, case, planned, attempt.message or left)


def _is_returned(planned: Plan, attempt: Attempt) -> bool:
    """Tell whether what a suspend took was given back: wanted active, read back as active."""
    wanted = planned.standing is not None and planned.standing.status is Status.ACTIVE
    active = attempt.licence is not None and attempt.licence.status == "active"
    return attempt.ending is Ending.DONE and wanted and active


def _outcome(engine: Engine, case: Case, planned: Plan, attempt: Attempt) -> Record:
    """Return the log's fields that the provider's answer decides."""
    hold = engine.ports.store.tx(lambda tx: tx.hold(case.subscription_id))
    held: Record = {}
    if hold is not None and not _is_returned(planned, attempt):
        held = {"held": write_held(hold)}
    told = _story(case, planned)
    left = planned.steps.failure if planned.steps else ""
    match attempt.ending:
        case Ending.DONE if not left:
            note = planned.steps.note if planned.steps else ""
            return {
                "provisioning": Provisioning.PROVISIONED,
                "provisioned_at": engine.now(),
                "message": join(note, planned.consequences, told) or None,
                **held,
            }
        case Ending.DONE | Ending.FAILED:
            failure = attempt.message or left
            _fail(engine, case, planned, failure)
            return {
                "provisioning": Provisioning.FAILED,
                "message": join(f"{NOT_PROVISIONED}{failure}", told),
                **held,
            }
        case Ending.UNCLEAR:
            return {"message": join(UNCLEAR, told), **held}
        case Ending.LATER | Ending.STALE:
            return {"message": join(NOT_TAKEN, told), **held}


def _story(case: Case, planned: Plan) -> str:
    """Return what the log tells apart from provisioning."""
    for log in planned.logs:
        if log.log.id == planned.awaits_provider:
            return story(log)
    known = (log for log in case.context.logs if log.id == planned.awaits_provider)
    return next((lasting(log.message) for log in known), "")


def _fail(engine: Engine, case: Case, planned: Plan, failure: str) -> None:
    """Park the subscription and tell the CRM user on the row as well."""
    code = planned.steps.code if planned.steps and planned.steps.code else "provisioning-failed"
    advice = "Then set the change log to Awaiting Provisioning to try again."
    if case.comparison:
        code, advice = REFUSED, "Then `seatkeeper parked retry`, or set both sides to the same."
    trouble = Trouble(code=code, reason=failure, advice=advice)
    store_failure(engine, case, planned, trouble)


def _retry_later(engine: Engine, subject: str, told: float | None) -> None:
    """Take the subject up again after a growing pause, or after the one that we were told."""

    def tx_later(tx: Tx) -> None:
        before = tx.wakes(subject)
        attempts = before.attempts + 1 if before else 1
        wait = timedelta(seconds=told) if told else pause(attempts)
        wake = Wake(
            subscription_id=subject,
            reason="provider",
            attempts=attempts,
            not_before=engine.now() + wait,
        )
        tx.wake(wake)

    engine.ports.store.tx(tx_later)
