"""`revert`: take a change back by a new, compensating one (rules.md 6).

The subscription row is set back to the status and quantity before the change. The next poll sees
that as an ordinary change, which is logged, sent to the provider and settled; so the write must
leave the snapshot as it is.
"""

from dataclasses import dataclass

from lifecycle.decisions import Observed, Refusal, Standing, decide
from lifecycle.states import Status
from sync.by_hand import RefusedByHandError, write_by_hand
from sync.engine import Engine
from sync.ids import log_id
from sync.mapping import MalformedRowError, Record
from sync.model import Subscription
from sync.ports import Tx
from sync.prepare import read
from sync.remote import Write
from sync.scope import OUTSIDE
from sync.state import Fact, FactState, TrailEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverted:
    """What a revert wrote."""

    subscription_id: str
    change: str
    status: str
    quantity: int
    sent: bool
    """False: stored, and sent once it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    subject: str
    fact: Fact
    before: Standing
    now: Standing


def revert(engine: Engine, change: str) -> Reverted:
    """Set a subscription back to where it stood before its newest change."""
    known = engine.ports.store.tx(lambda tx: _known(tx, change))
    row = _row(engine, known)
    _refuse_impossible(engine, known, row)
    entity = engine.mappings.entity("subscription")
    record: Record = {"status": known.before.status, "quantity": known.before.quantity}
    body = entity.body(record, engine.mappings.sets)
    write = Write(set=entity.set, id=row.id, body=body, precondition=row.etag)
    sent = write_by_hand(engine, known.subject, [("revert", write)], known.fact.key)
    return Reverted(
        subscription_id=known.subject,
        change=known.fact.key,
        status=known.before.status,
        quantity=known.before.quantity,
        sent=sent,
    )


def _known(tx: Tx, change: str) -> _Known:
    subject = tx.find_subject(change.lower()) or tx.find_subject(change)
    facts = tx.facts(subject) if subject else []
    fact = next((one for one in facts if _is_named(one, change)), None)
    if subject is None or fact is None:
        raise RefusedByHandError(
            f"no change {change} is known; give its change key or the id of its change log"
        )
    seen = tx.seen([subject]).get(subject)
    newest = [one for one in facts if one.state is not FactState.UNCHANGED][-1:]
    if newest != [fact]:
        raise RefusedByHandError(
            "only the newest change of a subscription can be reverted; that is"
            f" {newest[0].key if newest else 'none'}"
        )
    if fact.state is not FactState.DONE or tx.open_operations(subject):
        raise RefusedByHandError(
            f"the change is not finished ({fact.state}); see `seatkeeper explain {subject}`"
        )
    before = _before(tx.read_trail(subject), fact)
    if seen is None or seen.accepted is None or before is None:
        raise RefusedByHandError(
            "the state before that change is not known (a new row, or a change that another"
            " state file saw); set the row in Dynamics"
        )
    return _Known(subject=subject, fact=fact, before=before, now=seen.accepted)


def _is_named(fact: Fact, text: str) -> bool:
    """Tell a change by its key or its log; a quantity that changed with the status has its own."""
    keys = (fact.key, f"{fact.key}|quantity")
    return text.lower() in {one.lower() for key in keys for one in (key, log_id(key))}


def _before(trail: list[TrailEntry], fact: Fact) -> Standing | None:
    """Return the state that was accepted before the change, as the trail tells."""
    decided = [
        entry.facts
        for entry in trail
        if entry.event == "decided" and entry.facts.get("change") == fact.key
    ]
    if not decided or "was" not in decided[-1]:
        return None
    told = decided[-1]
    return Standing(status=Status(told["was"]), quantity=int(told["was_quantity"]))


def _row(engine: Engine, known: _Known) -> Subscription:
    try:
        context = read(engine, known.subject)
    except MalformedRowError as error:
        raise RefusedByHandError(str(error)) from error
    row = context.subscription
    if row is None:
        raise RefusedByHandError("the subscription row is gone")
    if row.hold:
        raise RefusedByHandError("the subscription is on hold (sk_hold); take it off hold first")
    if not engine.scope.holds(context):
        raise RefusedByHandError(OUTSIDE.sentence)
    return row


def _refuse_impossible(engine: Engine, known: _Known, row: Subscription) -> None:
    """Refuse what the row or the lifecycle does not allow."""
    if (row.status, row.quantity) != (known.now.status, known.now.quantity):
        raise RefusedByHandError(
            f"the row has changed since: it says {row.status}, {row.quantity} seats; run a cycle"
            " first"
        )
    wanted = Observed(
        status=known.before.status, quantity=known.before.quantity, quantity_changed=True
    )
    verdict = decide(known.now, wanted, engine.policy.rulebook)
    if verdict is None:
        raise RefusedByHandError("nothing would change")
    if isinstance(verdict, Refusal):
        raise RefusedByHandError(f"the rules do not allow it: {verdict.sentence}")
