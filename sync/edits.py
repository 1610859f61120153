"""What people did to lines that Seatkeeper wrote: it is respected, and reported. Pure (4.9).

```
a line was edited               lines that would correct it wait
a refund line was deleted       its change counts as Do Not Refund; the log says so
another line was deleted        a line in its place waits
```
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from itertools import count

from billing.lines import BilledLine, NewLine
from billing.terms import RefundDecision
from sync import ids
from sync.mapping import Entity
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


def part(
    owed: Iterable[NewLine],
    lines: Sequence[Line],
    billed: Sequence[BilledLine],
    subject: str,
    gone: Collection[str],
) -> Parted:
    """Keep back what would change a line that a person edited, or put back one they deleted.

    `lines` are all that the subject has; `gone` the ids of those that were written and are not
    there any more.
    """
    touched = _edited_roots(billed)
    there = frozenset(line.id for line in lines)
    free: list[NewLine] = []
    proposed: list[NewLine] = []
    for line in owed:
        waits = line.root in touched or _takes_a_place(line, subject, there, gone)
        (proposed if waits else free).append(line)
    return Parted(lines=tuple(free), proposed=tuple(proposed))


def _edited_roots(billed: Sequence[BilledLine]) -> frozenset[str]:
    edited = [line for line in billed if line.edited]
    return frozenset(line.reverses or line.id for line in edited)


def _takes_a_place(
    line: NewLine, subject: str, there: Collection[str], gone: Collection[str]
) -> bool:
    """Tell whether a line of the same period and root was written, and is gone."""
    for number in count():
        row_id = ids.line_id(subject, line.period_key, line.root, number)
        if row_id in gone:
            return True
        if row_id not in there:
            break
    return False


def lines_gone(
    entity: Entity, operations: Iterable[Operation], there: Collection[str]
) -> dict[str, Operation]:
    """Return the lines that were written and are not there any more, by id."""
    return {
        one.target: one
        for one in operations
        if one.set == entity.set
        and one.precondition == CREATE_ONLY
        and one.state is OperationState.DONE
        and one.target not in there
    }


def refunds_deleted(
    entity: Entity, gone: Iterable[Operation], lines: Iterable[Line]
) -> frozenset[str]:
    """Return the changes whose refund lines were deleted, none of them left."""
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
    subscription: Subscription, proposed: Sequence[NewLine], currency: str
) -> Trouble:
    """Say which amounts wait, and what a person can do."""
    amounts = ", ".join(f"{money_words(currency, one.amount)} ({one.period})" for one in proposed)
    return Trouble(
        code="line-edited",
        reason=f"A person edited or deleted an invoice line of {subscription.name}; what would be"
        f" added to it waits: {amounts}.",
        advice="Set sk_calculatedamount of the edited line to the amount that is to count, or enter"
        " a line by hand in the place of a deleted one (0.00 if nothing is to be billed).",
    )
