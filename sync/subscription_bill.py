"""What each subscription of a contract adds to an invoice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from billing.invoice import bill
from billing.lines import BilledLine, NewLine
from billing.periods import Period
from billing.timeline import AfterEnd, Timeline
from sync.bills import SubscriptionLines
from sync.contract_end import remembered, settle_ending
from sync.due import Due, Kind
from sync.edits import hands_on, part, refunds_untold, removed_logs, with_removed
from sync.elsewhere import lines_elsewhere
from sync.engine import Engine
from sync.model import ChangeLog, Context, Contract, Subscription
from sync.ports import Tx
from sync.settling import billed_lines, terms_of, timeline_of
from sync.state import Operation, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the local state knows of a subscription."""

    seen: Seen | None
    made: tuple[Operation, ...]
    """Every write that was stored for it, or for its contract."""
    ending: str


def lines_of_all(
    engine: Engine, contract_id: str, due: Due, contexts: Sequence[Context]
) -> list[SubscriptionLines]:
    """Work out what each subscription adds; an interim invoice has only what waits."""
    subjects = [one.subscription.id for one in contexts if one.subscription]
    known = engine.ports.store.tx(lambda tx: _known(tx, contract_id, subjects))
    return [
        _lines_of(engine, one, due, known[one.subscription.id])
        for one in contexts
        if one.subscription
    ]


def _known(tx: Tx, contract_id: str, subjects: Sequence[str]) -> Mapping[str, _Known]:
    seen, by_run = tx.seen(subjects), tx.operations(contract_id)
    return {
        subject: _Known(
            seen=seen.get(subject),
            made=(*tx.operations(subject), *by_run),
            ending=remembered(tx, subject),
        )
        for subject in subjects
    }


def _lines_of(engine: Engine, context: Context, due: Due, known: _Known) -> SubscriptionLines:
    """Bill days of earlier cycles that nobody billed, then the cycle itself."""
    subscription, contract = context.subscription, context.contract
    if subscription is None or contract is None or due.kind is Kind.INTERIM:
        return SubscriptionLines(context=context)
    lines = engine.mappings.entity("invoice_line")
    hands = hands_on(lines, known.made, context.lines, engine.mappings.sets)
    if known.seen is not None:
        made = {one.target for one in known.made}
        untold = refunds_untold(context.logs, made, known.seen.first_seen_on)
        hands = replace(hands, untold=untold)
    removed = removed_logs(context.logs, hands.unrefunded)
    elsewhere = lines_elsewhere(engine, context)
    billed = billed_lines(context.lines)
    timeline = _timeline(context, subscription, due, known, with_removed(context.logs, removed))
    owe = partial(_owed, timeline, contract, due, billed)
    owed, ending = settle_ending(
        lambda after: [one for one in owe(after) if one.root not in elsewhere],
        subscription,
        contract,
        known.ending,
        global_setting=engine.policy.process_refunds,
    )
    parted = part(owed, context.lines, billed, subscription.id, hands)
    return SubscriptionLines(
        context=context,
        lines=parted.lines,
        proposed=parted.proposed,
        removed=removed,
        hands=hands,
        ending=ending,
    )


def _timeline(
    context: Context,
    subscription: Subscription,
    due: Due,
    known: _Known,
    logs: Sequence[ChangeLog],
) -> Timeline:
    seats = subscription.quantity if subscription.status.has_seats else 0
    if known.seen is not None and known.seen.accepted is not None:
        seats = known.seen.accepted.seats
    first_seen = known.seen.first_seen_on if known.seen else due.cycle.start
    return timeline_of(context, logs, seats_now=seats, first_seen_on=first_seen)


def _owed(
    timeline: Timeline,
    contract: Contract,
    due: Due,
    billed: Sequence[BilledLine],
    after_end: AfterEnd,
) -> list[NewLine]:
    whole = Period(due.cycle.start, due.cycle.end)
    through = timeline.giving_back(after_end)
    return bill(through, terms_of(contract), billed, through=due.on, cycle=whole)
