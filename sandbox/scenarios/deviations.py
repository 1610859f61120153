"""The subscriptions that are other than usual: suspended, paused, ended, legacy, not linked."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from sandbox.scenarios.agreements import Subscription, expired_term, term_of
from sandbox.scenarios.choices import Frequency, SubscriptionStatus

FEWEST_CYCLES = 2  # what ended needs a cycle in which it was billed

Deviation = Callable[[Subscription], Subscription]


def suspended(usual: Subscription) -> Subscription:
    return _held(usual, SubscriptionStatus.SUSPENDED)


def paused(usual: Subscription) -> Subscription:
    return _held(usual, SubscriptionStatus.PAUSED)


def _held(usual: Subscription, status: SubscriptionStatus) -> Subscription:
    """Give it a year: a monthly term that is suspended does not live to the next month."""
    return replace(usual, status=status, term=term_of(usual.contract, "P1Y"))


def cancelled(usual: Subscription) -> Subscription:
    return replace(usual, status=SubscriptionStatus.CANCELLED)


def expired(usual: Subscription) -> Subscription:
    return replace(usual, status=SubscriptionStatus.EXPIRED, term=expired_term(usual.contract))


def not_linked(usual: Subscription) -> Subscription:
    return replace(usual, linked=False)


def legacy(usual: Subscription) -> Subscription:
    return replace(usual, legacy=True, term=term_of(usual.contract, "P1Y"))


def smaller_at_renewal(usual: Subscription) -> Subscription:
    return replace(usual, seats_at_renewal=max(1, usual.quantity - 1))


AT_PROVIDER: tuple[Deviation, ...] = (
    suspended,
    paused,
    expired,
    cancelled,
    suspended,
    not_linked,
    legacy,
    smaller_at_renewal,
    paused,
    suspended,
    not_linked,
    legacy,
    smaller_at_renewal,
    legacy,
)
BY_HAND: tuple[Deviation, ...] = (suspended,)


def with_deviations(
    bought: list[Subscription], spared: set[str], dice: Random
) -> list[Subscription]:
    """Let some subscriptions deviate, never the spared ones (by id)."""
    free = [each for each in bought if each.id not in spared and _has_history(each)]
    dice.shuffle(free)
    free.sort(key=_is_slow)
    automatic = [each.id for each in free if each.provider_id]
    by_hand = [each.id for each in free if not each.provider_id]
    deviating = dict(zip(automatic, AT_PROVIDER, strict=False))
    deviating |= dict(zip(by_hand, BY_HAND, strict=False))
    return [deviating[each.id](each) if each.id in deviating else each for each in bought]


def _has_history(bought: Subscription) -> bool:
    return bought.contract.draft >= FEWEST_CYCLES


def _is_slow(bought: Subscription) -> bool:
    """Put monthly contracts first: what ended with an annual cycle would be long gone."""
    return bought.contract.frequency is not Frequency.MONTHLY
