"""Tell a decided change to the steps of others, and understand what they say."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from lifecycle.decisions import Refusal, Standing
from sync import ids
from sync.judge import Decided
from sync.planned import Case, Plan
from sync.settling import Trouble
from sync.state import Operation, Service
from sync.steps import Change, Stage, State, Step, document


def change_of(case: Case, decided: Decided, was: Standing | None) -> Change:
    """Return the facts of a change, as steps are told them."""
    context, decision, fact = case.context, decided.decision, decided.fact
    row, now = context.subscription, decision.standing
    return Change(
        key=decided.key,
        log_id=ids.log_id(decided.key),
        table="subscription",
        columns=_columns(was, now),
        subscription_id=case.subscription_id,
        subscription_name=row.name if row else "",
        provider_subscription_id=row.provider_subscription_id if row else "",
        customer_tenant_id=context.customer_tenant_id,
        contract_id=(row.contract_id if row else "") or "",
        provider=context.provider.name if context.provider else "",
        kind=decision.kind,
        rule=decision.transition,
        was=State(status=was.status, quantity=was.quantity) if was else None,
        now=State(status=now.status, quantity=now.quantity),
        effective_on=decided.effective_on,
        requested_at=fact.at,
        requested_by=fact.by,
        origin="partner_center" if fact.source.is_foreign else "dynamics",
        currency=context.contract.currency if context.contract else "",
    )


def _columns(was: Standing | None, now: Standing) -> frozenset[str]:
    status = was is None or was.status is not now.status
    quantity = was is None or was.quantity != now.quantity
    return frozenset([*(["status"] if status else []), *(["quantity"] if quantity else [])])


def validate(steps: Sequence[Step], change: Change) -> Refusal | Trouble | None:
    """Ask the steps in their order; the first that says something is heard."""
    for step in steps:
        if not step.is_meant(Stage.VALIDATE, change):
            continue
        try:
            said = step.run(change)
        except Exception as error:  # noqa: BLE001  # code of others: whatever it does, one is parked
            return _failed(step, f"{type(error).__name__}: {error}")
        if said is None:
            continue
        if not isinstance(said, str) or not said.strip():
            return _failed(step, f"it said {said!r}, which is no sentence")
        return Refusal(transition=step.name, sentence=said.strip())
    return None


def _failed(step: Step, why: str) -> Trouble:
    return Trouble(
        code="validate-step-failed",
        reason=f"The step {step.name} could not judge the change: {why}.",
        advice="Mend the step, or take its package out; the change is then judged again.",
    )


def after_operations(
    steps: Sequence[Step], case: Case, plan: Plan, group: str
) -> Iterator[Operation]:
    """Return the calls that follow once the changes stand in Dynamics, in order."""
    was, number = case.was, 2000
    for planned in plan.logs:
        change = change_of(case, planned.decided, was)
        was = planned.decided.decision.standing
        mine = [line.amount for line in plan.lines if line.change_key == change.key]
        change = replace(
            change, amount=sum(mine, Decimal(0)), effective_on=planned.decided.effective_on
        )
        for step in (one for one in steps if one.is_meant(Stage.AFTER, change)):
            number += 1
            yield Operation(
                id=ids.operation_id(group, number),
                subject=case.subscription_id,
                group=group,
                service=Service.STEP,
                action=step.name,
                target=change.log_id,
                body=document(change),
                change_keys=(change.key,),
            )
