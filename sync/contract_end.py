"""The end of a contract: whether what was billed beyond it is given back (rules.md 4.5, 4.12).

An end has no change log on which the answer could be kept. The gates are asked once, by the first
invoice run that has something to give back, and the answer is remembered for that end date.
Without the local state they are asked anew; what was given back is never charged again, and
cycles from before the loss stay as billed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from billing.lines import NewLine
from billing.terms import ProcessRefunds, RefundChoice, RefundDecision, decide_refund
from billing.timeline import AfterEnd
from sync.model import Contract, Subscription
from sync.ports import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What was decided for a subscription when its contract ended."""

    ends_on: date
    decision: RefundDecision
    reason: str
    """Empty when it was decided before."""


def settle_ending(
    bill: Callable[[AfterEnd], list[NewLine]],
    subscription: Subscription,
    contract: Contract,
    known: str,
    *,
    global_setting: bool,
) -> tuple[list[NewLine], Ending | None]:
    """Return what is owed; the gates are asked only where the end gives something back."""
    kept = bill(AfterEnd.EVERYTHING)
    if contract.end_on is None:
        return kept, None
    given_back = bill(AfterEnd.DECLINED)
    if given_back == kept:
        return kept, None
    ending = _decided(known, contract.end_on) or _asked(
        subscription, contract, contract.end_on, global_setting=global_setting
    )
    return (kept if ending.decision.declined else given_back), ending


def _decided(known: str, ends_on: date) -> Ending | None:
    day, _, decision = known.partition(" ")
    if day != ends_on.isoformat():
        return None
    return Ending(ends_on=ends_on, decision=RefundDecision(decision), reason="")


def _asked(
    subscription: Subscription, contract: Contract, ends_on: date, *, global_setting: bool
) -> Ending:
    ruling = decide_refund(
        RefundChoice(subscription.refund_choice),
        ProcessRefunds(contract.process_refunds),
        global_setting=global_setting,
    )
    return Ending(ends_on=ends_on, decision=ruling.decision, reason=ruling.reason)


def remember(tx: Tx, subscription_id: str, ending: Ending) -> None:
    """Keep the answer until the contract has another end date."""
    tx.set_meta(_key(subscription_id), f"{ending.ends_on} {ending.decision}")


def remembered(tx: Tx, subscription_id: str) -> str:
    """Return the answer that was kept, as `settle_ending` takes it; empty when there is none."""
    return tx.meta(_key(subscription_id)) or ""


def _key(subscription_id: str) -> str:
    return f"end of contract:{subscription_id}"
