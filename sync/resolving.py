"""`parked resolve`: what a person may do about a parked subject, by the code it is parked with.

```
code                            choices
row-deleted                     forget: nothing is done about its changes any more
a deactivation that asks        suspend, cancel: the provider is told so
a closed cancellation window    suspend: it is suspended instead
a conflict of both sides        take: which value counts (taking.py)
a failed provisioning           again: its log is set back to Awaiting Provisioning
 ... that heals by itself       look as well: mend the cause, and it is seen to be gone
a step that failed afterwards   look: it is called again; skip: it is not
anything else                   look: only mending the cause helps
a voided invoice                rebill: its days are billed again; forget: they never are
a changed frequency             accept: the prices are meant for it
an edited line                  accept: the amounts that wait are put on the open invoice
a contract, a row that is gone  forget: the next invoice run parks a contract again if it must
```
A subject never leaves without a word: "solved" or "resolved" stands in the trail.
"""

from collections.abc import Mapping
from enum import StrEnum

from lifecycle.states import Provisioning
from sync.accepted_lines import accept, mark
from sync.after import FAILED, skip_steps
from sync.by_hand import RefusedByHandError, write_by_hand
from sync.choosing import remember
from sync.contract_choices import accept_frequency, settle_void
from sync.contract_memory import FREQUENCY_CHANGED, INVOICE_VOIDED
from sync.cycle import look_at_parked
from sync.deactivating import CHOICE
from sync.edits import LINE_EDITED
from sync.engine import Engine
from sync.mapping import MalformedRowError, Record
from sync.ports import Tx
from sync.prepare import read
from sync.provision_plan import HEALING
from sync.remote import Write
from sync.scope import OUTSIDE
from sync.sides import CONFLICT, REFUSED
from sync.state import FactState, OperationState, Parked


class Choice(StrEnum):
    """What a person may do."""

    LOOK = "look"
    """Have it looked at again, after the cause was mended."""
    AGAIN = "again"
    """Have the provider asked again."""
    FORGET = "forget"
    """Say that nothing is to be done any more."""
    REBILL = "rebill"
    """Bill the days of a voided invoice again."""
    SUSPEND = "suspend"
    """Have it suspended at its provider."""
    CANCEL = "cancel"
    """Have it cancelled at its provider, for good."""
    SKIP = "skip"
    """Leave out the step that failed."""
    TAKE = "take"
    """Say which side of a conflict counts (`taking.py`)."""
    ACCEPT = "accept"
    """Say that the prices are meant for the new frequency, or take the amounts that wait."""


_MENDING = frozenset({Choice.LOOK})
_FAILED = frozenset({Choice.AGAIN})
CHOICES: Mapping[str, frozenset[Choice]] = {
    "row-deleted": frozenset({Choice.FORGET}),
    LINE_EDITED: _MENDING | {Choice.ACCEPT},
    "provisioning-failed": _FAILED,
    "provider-refused": _FAILED,
    CONFLICT: _MENDING | {Choice.TAKE},
    REFUSED: _MENDING,
    **dict.fromkeys(HEALING, _FAILED | _MENDING),
    "cancel-window-closed": _FAILED | _MENDING | {Choice.SUSPEND},
    FAILED: _MENDING | {Choice.SKIP},
    CHOICE: _MENDING | {Choice.SUSPEND, Choice.CANCEL},
}
"""The choices of each code; a code that is not here has `look` alone."""
_GONE = frozenset({Choice.FORGET})
_OF_CONTRACTS: Mapping[str, frozenset[Choice]] = {
    INVOICE_VOIDED: frozenset({Choice.REBILL, Choice.FORGET}),
    FREQUENCY_CHANGED: frozenset({Choice.ACCEPT}),
}
_WORDS = {
    Choice.SUSPEND: "`seatkeeper parked resolve {} --choose suspend`",
    Choice.CANCEL: "`seatkeeper parked resolve {} --choose cancel`",
    Choice.SKIP: "`seatkeeper parked resolve {} --choose skip`",
    Choice.TAKE: "`seatkeeper parked resolve {} --take crm`, partner_center or a value",
    Choice.REBILL: "`seatkeeper parked resolve {} --rebill`",
    Choice.ACCEPT: "`seatkeeper parked resolve {} --accept`",
    Choice.LOOK: "mend the cause, then `seatkeeper parked resolve {}`",
    Choice.AGAIN: "`seatkeeper parked resolve {} --again`",
    Choice.FORGET: "`seatkeeper parked resolve {} --forget`",
}


def choices(tx: Tx, parked: Parked) -> frozenset[Choice]:
    """Return what may be done about a parked subscription or contract."""
    if not tx.seen([parked.subject]):
        return _OF_CONTRACTS.get(parked.code, _GONE)
    return CHOICES.get(parked.code, _MENDING)


def words(parked: Parked, allowed: frozenset[Choice]) -> str:
    """Name the choices for a person."""
    told = [text.format(parked.subject) for choice, text in _WORDS.items() if choice in allowed]
    return ", or ".join(told)


def resolve(engine: Engine, subject: str, choice: Choice) -> str:
    """Do what a person chose about a parked subject; return what follows, in a sentence."""
    if engine.observe and choice in {Choice.AGAIN, Choice.SUSPEND, Choice.CANCEL}:
        raise RefusedByHandError("mode is observe; nothing is written outside")
    parked, allowed = engine.ports.store.tx(lambda tx: _parked(tx, subject))
    if choice not in allowed:
        raise RefusedByHandError(
            f"{parked.code} cannot be resolved in this way: {parked.reason} {parked.advice}"
            f" Choices: {words(parked, allowed)}."
        )
    if parked.code == INVOICE_VOIDED:
        return settle_void(engine, parked, forget=choice is Choice.FORGET)
    if parked.code == LINE_EDITED and choice is Choice.ACCEPT:
        return _accept_lines(engine, parked)
    return _do(engine, parked, choice)


def _do(engine: Engine, parked: Parked, choice: Choice) -> str:
    match choice:
        case Choice.ACCEPT | Choice.REBILL:
            return accept_frequency(engine, parked)
        case Choice.LOOK | Choice.TAKE:
            return _look(engine, parked)
        case Choice.AGAIN:
            return _again(engine, parked)
        case Choice.FORGET:
            return _forget(engine, parked)
        case Choice.SUSPEND | Choice.CANCEL:
            return _choose(engine, parked, choice)
        case Choice.SKIP:
            return f"{skip_steps(engine, parked.subject)} steps are left out."


def _choose(engine: Engine, parked: Parked, choice: Choice) -> str:
    """Remember what was chosen for the change that asks, and have it taken up."""
    subject = parked.subject

    def tx_choose(tx: Tx) -> None:
        waiting = [fact.key for fact in tx.facts(subject, FactState.WAITING)]
        logged = [log.change_key for log in tx.known_logs(subject) if log.change_key]
        keys = waiting if parked.code == CHOICE else logged
        if not keys:
            raise RefusedByHandError("no change of it waits for a choice any more")
        remember(tx, subject, keys[-1], choice.value)
        facts = {"code": parked.code, "reason": parked.reason, "choice": choice.value}
        tx.trail([engine.trail(subject, "resolved", **facts)])

    engine.ports.store.tx(tx_choose)
    if parked.code != CHOICE:
        return _again(engine, parked)
    look_at_parked(engine, subject)
    return f"Chosen: {choice.value}. The change goes on."


def _parked(tx: Tx, subject: str) -> tuple[Parked, frozenset[Choice]]:
    found = next(iter(tx.parked(subject)), None)
    if found is None:
        raise RefusedByHandError(f"{subject} is not parked")
    return found, choices(tx, found)


def _accept_lines(engine: Engine, parked: Parked) -> str:
    """Let the amounts through that the subscription was shown with, and take it up."""
    subject = parked.subject
    try:
        lines = read(engine, subject).lines
    except MalformedRowError as error:
        raise RefusedByHandError(str(error)) from error

    def tx_accept(tx: Tx) -> None:
        accept(tx, subject, mark(parked.reason, lines, tx.emitted(subject)))
        tx.trail([engine.trail(subject, "resolved", code=parked.code, choice="accept")])

    engine.ports.store.tx(tx_accept)
    look_at_parked(engine, subject)
    return "The amounts that wait are put on the open invoice."


def _look(engine: Engine, parked: Parked) -> str:
    entry = engine.trail(parked.subject, "said to be mended", code=parked.code)
    engine.ports.store.tx(lambda tx: tx.trail([entry]))
    look_at_parked(engine, parked.subject)
    return "It is looked at again; it stays parked if the cause is still there."


def _again(engine: Engine, parked: Parked) -> str:
    """Set the failed logs back; the poll then sees them as if a person had done it in Dynamics."""
    try:
        context = read(engine, parked.subject)
    except MalformedRowError as error:
        raise RefusedByHandError(str(error)) from error
    if not engine.scope.holds(context):
        raise RefusedByHandError(OUTSIDE.sentence)
    entity = engine.mappings.entity("change_log")
    record: Record = {"provisioning": Provisioning.AWAITING}
    body = entity.body(record, engine.mappings.sets)
    writes = [
        ("provision again", Write(set=entity.set, id=log.id, body=body, precondition=log.etag))
        for log in context.logs
        if log.change_key and log.provisioning is Provisioning.FAILED
    ]
    if not writes:
        raise RefusedByHandError(
            "no change log of it is Failed Provisioning any more; `seatkeeper parked retry` looks"
            " at it again"
        )
    if write_by_hand(engine, parked.subject, writes):
        return "Its failed change log is Awaiting Provisioning again; the provider is asked."
    return "It is stored, and sent later: Seatkeeper is paused, or the service does not answer."


def _forget(engine: Engine, parked: Parked) -> str:
    """Close what waits for a subject that is gone; facts, operations and trail are kept."""
    subject = parked.subject

    def tx_forget(tx: Tx) -> None:
        opened = tx.open_operations(subject)
        if any(one.state is OperationState.SENT for one in opened):
            raise RefusedByHandError(
                "an answer is still unclear; it is verified first, by `seatkeeper run`"
            )
        if opened:
            raise RefusedByHandError("writes of it are stored and not sent yet; run a cycle first")
        waiting = tx.facts(subject, FactState.WAITING, FactState.PLANNED, FactState.REFUSED)
        tx.set_fact_state([fact.key for fact in waiting], FactState.FORGOTTEN)
        tx.unwake(subject)
        tx.clear_revisits([subject])
        tx.unpark(subject)
        facts = {"code": parked.code, "reason": parked.reason, "choice": Choice.FORGET.value}
        tx.trail([engine.trail(subject, "resolved", changes=len(waiting), **facts)])

    engine.ports.store.tx(tx_forget)
    return "It is forgotten: nothing is done about it any more. Its story is kept."
