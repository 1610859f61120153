"""What people did to lines that Seatkeeper wrote: it is respected, and reported. Pure (4.9).

```
a line was edited               lines that would correct it, or charge its days, wait
a refund line was deleted       its change counts as Do Not Refund; the log says so
another line was deleted        a line in its place waits
```
Edited is a line with another amount than was written, or other seats, days or reversed line.
What was written before the local state began is not known. A change that its log says was
refunded then, and of which no line is there, was unrefunded by a person or never got its line:
what would give it waits as well.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import count

from billing.lines import BilledLine, NewLine
from billing.terms import RefundDecision
from sync import ids
from sync.mapping import Entity, Record
from sync.model import ChangeLog, Line, Subscription
from sync.remote import CREATE_ONLY
from sync.settling import Trouble
from sync.state import Operation, OperationState
from sync.wording import money_words

LINE_EDITED = "line-edited"
"""The code of `edited_trouble`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """Lines that can be written, and lines that wait for a person."""

    lines: tuple[NewLine, ...]
    proposed: tuple[NewLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What people did to the lines that were written for a subscription."""

    gone: frozenset[str] = frozenset()
    """Ids of the lines that they deleted."""
    unrefunded: frozenset[str] = frozenset()
    """Changes whose refund lines they deleted, none of them left."""
    rewritten: Mapping[str, str] = field(default_factory=dict)
    """Ids of lines with other seats, days or reversed line, and the line that each reversed."""
    untold: frozenset[str] = frozenset()
    """Changes whose refund was written before the local state began."""


def hands_on(
    entity: Entity, operations: Iterable[Operation], lines: Sequence[Line], sets: Mapping[str, str]
) -> Hands:
    """Compare the lines as they stand with the writes that made them."""
    made = {one.target: one for one in operations if _made_a_line(entity, one)}
    there = {line.id: line for line in lines}
    gone = {row_id: one for row_id, one in made.items() if row_id not in there}
    rewritten = {
        row_id: _reversed_by(entity, one)
        for row_id, one in made.items()
        if row_id in there and _is_other(entity, one, there[row_id], sets)
    }
    return Hands(
        gone=frozenset(gone),
        unrefunded=_refunds_deleted(entity, gone.values(), lines),
        rewritten=rewritten,
    )


def refunds_untold(
    logs: Iterable[ChangeLog], made: Collection[str], first_seen_on: date
) -> frozenset[str]:
    """Return the changes that were refunded before the local state began; `made` are its writes."""
    return frozenset(
        log.change_key
        for log in logs
        if log.change_key
        and log.id not in made
        and log.refund_decision == RefundDecision.REFUNDED
        and (log.effective_on or first_seen_on) <= first_seen_on
    )


def _made_a_line(entity: Entity, one: Operation) -> bool:
    is_create = one.set == entity.set and one.precondition == CREATE_ONLY
    return is_create and one.state is OperationState.DONE


def _is_other(entity: Entity, one: Operation, line: Line, sets: Mapping[str, str]) -> bool:
    record: Record = {
        "quantity": line.quantity,
        "period_start": line.period_start,
        "period_end": line.period_end,
        "reverses": line.reverses,
    }
    stands = entity.body(record, sets)
    return any(one.body.get(column) != value for column, value in stands.items())


def _reversed_by(entity: Entity, one: Operation) -> str:
    bound = str(one.body.get(f"{entity.fields['reverses'].navigation}@odata.bind") or "")
    return bound.rpartition("(")[2].rstrip(")")


def part(
    owed: Iterable[NewLine],
    lines: Sequence[Line],
    billed: Sequence[BilledLine],
    subject: str,
    hands: Hands,
) -> Parted:
    """Keep back what would change a line that a person edited, or put back one they deleted.

    `lines` are all that the subject has.
    """
    touched = [line for line in billed if line.edited or line.id in hands.rewritten]
    roots = {line.reverses or line.id for line in touched} | {*hands.rewritten.values()} - {""}
    there = frozenset(line.id for line in lines)
    places = hands.gone | hands.rewritten.keys()
    free: list[NewLine] = []
    proposed: list[NewLine] = []
    for line in owed:
        waits = line.root in roots or (not line.root and _shares_days(line, touched))
        waits = waits or _takes_a_place(line, subject, there, places)
        waits = waits or is_untold(line, lines, hands)
        (proposed if waits else free).append(line)
    return Parted(lines=tuple(free), proposed=tuple(proposed))


def is_untold(line: NewLine, lines: Iterable[Line], hands: Hands) -> bool:
    """Tell a credit that was written before, as its log says, and of which no line is there."""
    return (
        line.amount < 0
        and line.change_key in hands.untold
        and not any(
            one.amount < 0 and (one.change_key, one.reverses) == (line.change_key, line.reverses)
            for one in lines
        )
    )


def _shares_days(line: NewLine, touched: Iterable[BilledLine]) -> bool:
    return any(one.period.clamp(line.period).days for one in touched)


def _takes_a_place(
    line: NewLine, subject: str, there: Collection[str], places: Collection[str]
) -> bool:
    """Tell whether a line of the same period and root was written, and is gone or another."""
    for number in count():
        row_id = ids.line_id(subject, line.period_key, line.root, number)
        if row_id in places:
            return True
        if row_id not in there:
            break
    return False


def _refunds_deleted(
    entity: Entity, gone: Iterable[Operation], lines: Iterable[Line]
) -> frozenset[str]:
    amount, change = entity.column("amount"), entity.column("change_key")
    deleted = {str(one.body.get(change) or "") for one in gone if _is_below(one.body.get(amount))}
    left = {line.change_key for line in lines if line.amount < 0}
    return frozenset(deleted - left - {""})


def _is_below(value: object) -> bool:
    try:
        return Decimal(str(value)) < 0
    except InvalidOperation:
        return False


def removed_logs(logs: Iterable[ChangeLog], deleted: Collection[str]) -> tuple[ChangeLog, ...]:
    """Return the logs that are to say that a person removed their refund."""
    refunded = RefundDecision.REFUNDED.value
    return tuple(
        replace(log, refund_decision=RefundDecision.REMOVED_BY_PERSON.value)
        for log in logs
        if log.change_key and log.change_key in deleted and log.refund_decision == refunded
    )


def with_removed(logs: Sequence[ChangeLog], removed: Sequence[ChangeLog]) -> tuple[ChangeLog, ...]:
    """Return the logs as they will stand."""
    changed = {log.id: log for log in removed}
    return tuple(changed.get(log.id, log) for log in logs)


def edited_trouble(
    subscription: Subscription, proposed: Sequence[NewLine], currency: str, hands: Hands
) -> Trouble:
    """Say which amounts wait, and what a person can do."""
    amounts = ", ".join(f"{money_words(currency, one.amount)} ({one.period})" for one in proposed)
    if all(one.amount < 0 and one.change_key in hands.untold for one in proposed):
        return _untold_trouble(subscription, amounts)
    return Trouble(
        code="line-edited",
        reason=f"A person edited or deleted an invoice line of {subscription.name}; what would be"
        f" added to it waits: {amounts}.",
        advice="Take these amounts by `seatkeeper parked resolve` with --accept; or set"
        " sk_calculatedamount of the edited line to the amount that is to count, or enter a line by"
        " hand in the place of a deleted one (0.00 if nothing is to be billed).",
    )


def _untold_trouble(subscription: Subscription, amounts: str) -> Trouble:
    return Trouble(
        code="line-edited",
        reason=f"A change log of {subscription.name} says Refunded, but its refund line is not"
        f" there, and the local state began later; what would be given waits: {amounts}.",
        advice="If it was never given, give it by `seatkeeper parked resolve` with --accept; if a"
        " person took it off, set the refund decision of that change log to Removed by Person.",
    )
