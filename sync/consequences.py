"""What the stop that a plan is about to make means, for the log and for `plan`. Pure."""

from collections.abc import Iterable
from decimal import Decimal

from billing.lines import NewLine
from billing.money import minor_unit
from lifecycle.consequences import Margin, Stop, consequences
from sync.bodies import story
from sync.model import Contract, Subscription
from sync.planned import Case, Plan, PlannedLog
from sync.provisioning import terms_of
from sync.remote import Action
from sync.wording import join

_STOPS = {Action.SUSPEND: Stop.SUSPEND, Action.CANCEL: Stop.CANCEL}


def of_plan(case: Case, plan: Plan, *, count: bool = True) -> str:
    """Return what a deactivation or cancellation means; empty when nothing is stopped.

    `count` adds the days that are left, which a text that must not change every day leaves out.
    """
    subscription, contract = case.context.subscription, case.context.contract
    stop = next((_STOPS[one] for one in _actions(plan) if one in _STOPS), None)
    ends = plan.standing is not None and not plan.standing.status.has_seats
    if stop is None or not ends or case.licence is None or not (subscription and contract):
        return ""
    margin = _margin(plan.lines, subscription, contract)
    return join(*consequences(terms_of(case.licence), stop, margin, case.moment.now, count=count))


def paragraph(plan: Plan, planned: PlannedLog, consequence: str) -> str:
    """Tell in one paragraph what the change log is going to tell, before it is written."""
    note = plan.steps.note if plan.steps else ""
    return join(note, consequence, story(planned))


def _actions(plan: Plan) -> tuple[Action, ...]:
    return plan.steps.actions if plan.steps else ()


def _margin(lines: Iterable[NewLine], subscription: Subscription, contract: Contract) -> Margin:
    refund = -sum((line.amount for line in lines if line.amount < 0), Decimal(0))
    return Margin(
        refund=refund,
        cost_avoided=_avoided(refund, subscription),
        currency=contract.currency,
        minor_unit=minor_unit(contract.currency),
    )


def _avoided(refund: Decimal, subscription: Subscription) -> Decimal | None:
    """Return the cost of what is refunded, by today's price and cost price of a seat."""
    cost, seats = subscription.cost_price, subscription.quantity
    gross = subscription.unit_price * seats
    price = gross * (100 - subscription.discount_percent) / 100 - subscription.discount_amount
    if cost is None or price <= 0:
        return None
    return cost * seats * refund / price
