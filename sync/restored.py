"""After a restore: what was unfinished is ambiguous, and the logs tell what was done since.

```
in the restored state              what follows
change set not finished            its rows are read first; sent again only if none is there
provider step not finished         looked at until its time has passed; never sent again, but
                                   what is wanted is planned anew from the logs and the licence
log at Dataverse that is unknown   believed: state, hold and the changes it tells (rules.md 1.4)
command that a person had queued   answered as not done
```
(rules.md 2.13)
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from lifecycle.decisions import Standing
from sync.logs import standing_of, status_told
from sync.ports import Tx
from sync.state import (
    Fact,
    FactState,
    KnownLog,
    Operation,
    OperationState,
    Service,
    TrailEntry,
)

_NOT_DONE = "the state was restored from a backup before this was done; ask again"


def mark_restored(tx: Tx, at: datetime) -> int:
    """Count every unfinished operation as ambiguous; return how many there are."""
    subjects = [subject for subject, _ in tx.due(None)]
    opened = [one for subject in subjects for one in tx.open_operations(subject)]
    tx.add_operations(_ambiguous(one) for one in opened)
    for request in tx.asked():
        tx.answer(request.id, json.dumps({"error": _NOT_DONE}))
    tx.set_meta("restored_at", at.isoformat())
    facts = {"operations": str(len(opened))}
    tx.trail([TrailEntry(at=at, subject="", event="restored", facts=facts)])
    return len(opened)


def _ambiguous(operation: Operation) -> Operation:
    """Return it as sent; a provider step without the id and body under which it went out."""
    sent = replace(operation, state=OperationState.SENT, not_before=None)
    if operation.service is Service.PROVIDER:
        return replace(sent, request_id="", body={}, sent_at=None)
    return sent


def is_restored(operation: Operation) -> bool:
    """Tell a provider step that a restored state holds as unfinished."""
    return operation.service is Service.PROVIDER and not operation.request_id


def believe_logs(tx: Tx, subject: str, fresh: Sequence[KnownLog]) -> Standing | None:
    """Take over what logs tell that the store did not know; return the state, if that is news.

    A log of our own whose answer is on its way tells nothing new.
    """
    seen = tx.seen([subject]).get(subject)
    ours = {one.target for one in tx.open_operations(subject)}
    news = [log for log in fresh if log.id not in ours]
    if seen is None or not news:
        return None
    _settle(tx, subject)
    if any(status_told(log) for log in news):
        tx.set_hold(subject, None)  # what is held now is on the log, or was given back
    standing = standing_of(tx.known_logs(subject), _seats(news, seen.point.quantity))
    if standing is None or (standing == seen.accepted and seen.planned is None):
        return None
    # What waits for late history begins its wait anew.
    tx.put_seen([replace(seen, accepted=standing, planned=None, differs_since=None)])
    _pass_over(tx, subject)
    return standing


def _seats(news: Sequence[KnownLog], known: int) -> int:
    """Return the seats that the logs tell last; one that ends the use tells none."""
    told = sorted(news, key=lambda log: log.sequence)
    return next((log.quantity_after for log in reversed(told) if log.quantity_after), known)


def _pass_over(tx: Tx, subject: str) -> None:
    """Count as history what was refused before the changes that the logs tell."""
    told = {log.change_key for log in tx.known_logs(subject)}
    for fact in tx.facts(subject, FactState.REFUSED):
        state = FactState.DONE if fact.key in told else FactState.UNCHANGED
        tx.set_fact_state([fact.key], state)


def _settle(tx: Tx, subject: str) -> None:
    waiting = tx.facts(subject, FactState.WAITING)
    for fact in settled(tx, subject, waiting):
        tx.set_fact_state([fact.key], fact.state)


def settled(tx: Tx, subject: str, facts: Iterable[Fact]) -> list[Fact]:
    """Return facts in their order; those up to the newest that a log tells are history."""
    found = list(facts)
    told = {log.change_key for log in tx.known_logs(subject)}
    last = max((place for place, fact in enumerate(found) if fact.key in told), default=-1)
    return [
        replace(fact, state=FactState.DONE if fact.key in told else FactState.UNCHANGED)
        if place <= last
        else fact
        for place, fact in enumerate(found)
    ]
