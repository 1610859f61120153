"""Turn a judgement into what is to be written and sent: logs, lines, provider steps. Pure.

`seatkeeper plan` prints what this module returns; `journal` stores it before anything is sent.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from billing.lines import NewLine
from billing.settlement import due_until, settle
from billing.terms import ProcessRefunds, RefundChoice, RefundDecision, decide_refund
from lifecycle.decisions import Decision
from lifecycle.states import Money, ProviderIntent, Provisioning
from sync import ids
from sync.edits import LINE_EDITED, edited_trouble, part, removed_logs, with_removed
from sync.judge import Decided, Judgement, Policy
from sync.model import ChangeLog, Context, Contract, ProviderKind, Subscription
from sync.planned import Case, Plan, PlannedLog
from sync.provision_plan import is_open, with_provisioning
from sync.provisioning import steps
from sync.settling import (
    billed_lines,
    invoiced_until,
    open_cycle,
    terms_of,
    timeline_of,
)
from sync.wording import money_words


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
    if moves or case.parked_code == LINE_EDITED:
        base = _with_money(base, case)
    return _with_draft(with_provisioning(base, case, policy), case)


def _with_money(base: Plan, case: Case) -> Plan:
    """Settle; lines that touch what a person edited wait, and so do all while one must decide."""
    contract, subscription = case.context.contract, case.context.subscription
    if contract is None or subscription is None:
        return base
    removed = removed_logs(case.context.logs, case.unrefunded)
    owed = _owed(case, base.logs, removed)
    today = case.moment.today
    logs = tuple(
        log if log.decided.effective_on > today else _with_refund(log, owed, contract.currency)
        for log in base.logs
    )
    base = replace(base, logs=logs, removed=removed)
    if case.undecided is not None:
        return base
    billed, lines = billed_lines(case.context.lines), case.context.lines
    parted = part(owed, lines, billed, case.subscription_id, case.gone)
    base = replace(base, lines=parted.lines)
    if not parted.proposed:
        return base
    trouble = edited_trouble(subscription, parted.proposed, contract.currency)
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
    schedule = policy.rulebook.schedule_decreases
    wanted = steps(judgement.standing, case.licence, case.hold, case.moment, schedule=schedule)
    return wanted.scheduled_on


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


def _with_refund(planned: PlannedLog, lines: Sequence[NewLine], currency: str) -> PlannedLog:
    """Name the credit on the log, or say that there was nothing to refund."""
    if planned.log.refund_decision != RefundDecision.REFUNDED:
        return planned
    credit = sum((line.amount for line in lines if line.amount < 0), Decimal(0))
    if credit:
        return replace(planned, refund=money_words(currency, credit))
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
    return tuple(settle(timeline, terms, billed, through=today, uncovered_until=until))


def _with_draft(base: Plan, case: Case) -> Plan:
    if not base.lines or case.context.contract is None:
        return base
    draft = case.context.draft
    if draft is not None:
        return replace(base, draft=draft)
    cycle = open_cycle(case.context.contract, case.context.closed, case.moment.today)
    return replace(base, new_draft=cycle)
