"""Turn a judgement into what is to be written and sent: logs, lines, provider steps. Pure.

`seatkeeper plan` prints what this module returns; `journal` stores it before anything is sent.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import starmap

from billing.lines import BilledLine, NewLine
from billing.settlement import due_until, settle
from billing.terms import ProcessRefunds, RefundChoice, RefundDecision, decide_refund
from billing.timeline import Timeline
from lifecycle.decisions import Decision
from lifecycle.states import Money, ProviderIntent, Provisioning
from sync import ids
from sync.accepted_lines import mark
from sync.bill_trouble import LINES_WAIT, lines_trouble
from sync.deactivating import ways_of
from sync.edits import (
    LINE_EDITED,
    edited_trouble,
    part,
    refunds_untold,
    removed_logs,
    with_removed,
)
from sync.judge import Decided, Judgement, Policy
from sync.model import ChangeLog, Context, Contract, ProviderKind, Subscription
from sync.planned import Case, Elsewhere, Plan, PlannedLog
from sync.provision_plan import is_open, with_provisioning
from sync.provisioning import steps
from sync.settling import (
    billed_lines,
    contract_trouble,
    invoiced_until,
    open_cycle,
    terms_of,
    timeline_of,
)
from sync.wording import money_words

_NO_MONEY = "changes at the provider give no refund (policies.partner_changes)"


def needs_provider(judgement: Judgement, context: Context, *, is_checked: bool = False) -> bool:
    """Tell whether the provider must be read: a log waits for it, or will; or it is checked."""
    provider = context.provider
    if judgement.trouble or provider is None or provider.kind is not ProviderKind.AUTOMATIC:
        return False
    if any(one.decision.provider is not ProviderIntent.NOTHING for one in judgement.decided):
        return True
    return is_checked or any(is_open(log) for log in context.logs)


def plan(case: Case, judgement: Judgement, policy: Policy) -> Plan:
    """Plan the work of one subscription."""
    base = Plan(
        subscription_id=case.subscription_id, states=judgement.states, standing=judgement.standing
    )
    if judgement.trouble:
        return replace(base, trouble=judgement.trouble, message=judgement.trouble.sentence)
    if judgement.refusal:
        base = replace(base, refused=judgement.refusal.sentence, message=judgement.refusal.sentence)
    base = replace(base, logs=_new_logs(case, judgement, policy))
    moves = any(log.decided.decision.money is not Money.NOTHING for log in base.logs)
    if moves or case.parked_code in {LINE_EDITED, *LINES_WAIT}:
        base = _with_money(base, case)
    return _with_draft(with_provisioning(base, case, policy), case)


def _with_money(base: Plan, case: Case) -> Plan:
    """Settle; lines that touch what a person edited wait, and so do all while one must decide."""
    contract, subscription = case.context.contract, case.context.subscription
    if contract is None or subscription is None:
        return base
    removed = removed_logs(case.context.logs, case.hands.unrefunded)
    owed = _owed(case, base.logs, removed)
    today = case.moment.today
    logs = tuple(
        log if log.decided.effective_on > today else _with_refund(log, owed, case)
        for log in base.logs
    )
    base = replace(base, logs=logs, removed=removed)
    if case.undecided is not None:
        return base
    if waits := lines_trouble(case.context):
        return replace(base, trouble=waits, message=base.message or waits.sentence)
    billed, lines = billed_lines(case.context.lines), case.context.lines
    untold = refunds_untold(case.context.logs, case.emitted, case.first_seen_on)
    hands = replace(case.hands, untold=untold)
    parted = part(owed, lines, billed, case.subscription_id, hands)
    base = replace(base, lines=parted.lines)
    if not parted.proposed:
        return base
    trouble = edited_trouble(subscription, parted.proposed, contract.currency, hands)
    if case.accepted and case.accepted == mark(trouble.reason, lines, case.emitted):
        return replace(base, lines=owed)
    return replace(base, trouble=trouble, message=base.message or trouble.sentence)


# --- logs --------------------------------------------------------------------------------------


def _new_logs(case: Case, judgement: Judgement, policy: Policy) -> tuple[PlannedLog, ...]:
    known = [log.sequence for log in case.context.logs]
    sequence = max(known, default=0)
    subscription, contract = case.context.subscription, case.context.contract
    if subscription is None or contract is None:
        return ()
    at_renewal = _scheduled_on(case, judgement, policy)
    return tuple(
        _new_log(_at(decided, at_renewal), sequence + number, subscription, contract, policy)
        for number, decided in enumerate(judgement.decided, start=1)
    )


def _scheduled_on(case: Case, judgement: Judgement, policy: Policy) -> date | None:
    """Return the renewal to which the provider puts a decrease off, by policy (rules.md 5.4)."""
    if case.licence is None or judgement.standing is None:
        return None
    ways = ways_of(policy.rulebook, case.choice)
    return steps(judgement.standing, case.licence, case.hold, case.moment, ways).scheduled_on


def _at(decided: Decided, renewal: date | None) -> Decided:
    if renewal is None or decided.decision.moved >= 0:
        return decided
    return replace(decided, effective_on=renewal)


def _new_log(
    decided: Decided,
    sequence: int,
    subscription: Subscription,
    contract: Contract,
    policy: Policy,
) -> PlannedLog:
    decision = decided.decision
    refund, reason = _refund(decision, subscription, contract, policy)
    if decided.fact.source.is_foreign and decision.moved < 0 and decision.money is Money.NOTHING:
        refund, reason = RefundDecision.DECLINED_BY_SETTING, _NO_MONEY
    log = ChangeLog(
        id=ids.log_id(decided.key),
        etag="",
        kind=decision.kind,
        quantity_before=decision.before,
        quantity_after=decision.after,
        effective_on=decided.effective_on,
        change_key=decided.key,
        sequence=sequence,
        change_day=policy.change_day,
        prorate_unit=contract.prorate_unit,
        refund_decision=refund,
        unit_price=subscription.unit_price,
        discount_percent=subscription.discount_percent,
        tax_percent=subscription.tax_percent,
        provisioning=Provisioning.AWAITING,
        provisioned_at=None,
        held="",
        message="",
    )
    return PlannedLog(log=log, decided=decided, refund_reason=reason)


def _refund(
    decision: Decision, subscription: Subscription, contract: Contract, policy: Policy
) -> tuple[RefundDecision, str]:
    """Decide the gates once; they govern credits only (rules.md 4.5)."""
    if decision.moved >= 0 or decision.money is Money.NOTHING:
        return RefundDecision.NOTHING_TO_REFUND, ""
    ruling = decide_refund(
        RefundChoice(subscription.refund_choice),
        ProcessRefunds(contract.process_refunds),
        global_setting=policy.process_refunds,
    )
    return ruling.decision, ruling.reason


def _with_refund(planned: PlannedLog, lines: Sequence[NewLine], case: Case) -> PlannedLog:
    """Name the credit on the log, or say that there was nothing to refund."""
    if planned.log.refund_decision != RefundDecision.REFUNDED:
        return planned
    contract = case.context.contract
    currency_of = {root: one.contract.currency for one in case.elsewhere for root in one.roots}
    credits_: dict[str, Decimal] = {}
    for line in (line for line in lines if line.amount < 0):
        currency = currency_of.get(line.root, contract.currency if contract else "")
        credits_[currency] = credits_.get(currency, Decimal(0)) + line.amount
    if credits_:
        return replace(planned, refund=", ".join(starmap(money_words, credits_.items())))
    log = replace(planned.log, refund_decision=RefundDecision.NOTHING_TO_REFUND)
    return replace(planned, log=log)


# --- money -------------------------------------------------------------------------------------


def _owed(
    case: Case, logs: Sequence[PlannedLog], removed: Sequence[ChangeLog]
) -> tuple[NewLine, ...]:
    context = case.context
    if context.contract is None:
        return ()
    terms = terms_of(context.contract)
    timeline = timeline_of(
        context,
        [*with_removed(context.logs, removed), *(planned.log for planned in logs)],
        seats_now=case.was.seats if case.was else 0,
        first_seen_on=case.first_seen_on,
    )
    today = case.moment.today
    until = due_until(timeline, terms, today=today, invoiced_until=invoiced_until(context, today))
    billed = billed_lines(context.lines)
    owed = settle(timeline, terms, billed, through=today, uncovered_until=until)
    foreign = {root for one in case.elsewhere for root in one.roots}
    return (
        *(line for line in owed if line.root not in foreign),
        *(line for one in case.elsewhere for line in _owed_elsewhere(one, timeline, billed, today)),
    )


def _owed_elsewhere(
    one: Elsewhere, timeline: Timeline, billed: Sequence[BilledLine], today: date
) -> list[NewLine]:
    """Correct the lines on invoices of another contract, by its terms; nothing is charged there."""
    if contract_trouble(one.contract):
        return []
    terms = terms_of(one.contract)
    owed = settle(timeline, terms, billed, through=today, uncovered_until=terms.anchor)
    return [line for line in owed if line.root in one.roots]


def _with_draft(base: Plan, case: Case) -> Plan:
    foreign = {root for one in case.elsewhere for root in one.roots}
    if case.context.contract is None or all(line.root in foreign for line in base.lines):
        return base
    draft = case.context.draft
    if draft is not None:
        return replace(base, draft=draft)
    cycle = open_cycle(case.context.contract, case.context.closed, case.moment.today)
    return replace(base, new_draft=cycle)
