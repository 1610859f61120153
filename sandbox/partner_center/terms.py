"""What time does to a subscription: renewal, expiry, disabling, deletion. No clock in here."""

from calendar import monthrange
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sandbox.partner_center.subscription import Lot, Status, Subscription
from sandbox.settings import Settings

_MONTHS = {"P1M": 1, "P1Y": 12, "P3Y": 36}
_EXTENDED = "RenewToExtendedServiceTerm"
_ENDLESS = 9999  # usage-based samples end in that year


def end_of_term(start: date, term: str) -> date:
    """Return the last day (inclusive) of a term that begins on a day."""
    months = start.year * 12 + start.month - 1 + _MONTHS.get(term, 12)
    year, month = divmod(months, 12)
    day = min(start.day, monthrange(year, month + 1)[1])
    return date(year, month + 1, day) - timedelta(days=1)


def boundary(subscription: Subscription) -> datetime | None:
    """Return when the term is over: 00:00 UTC of the day after its inclusive end."""
    if subscription.term_end.year >= _ENDLESS:
        return None
    extra = timedelta(days=0 if subscription.legacy else 1)
    return datetime.combine(subscription.term_end + extra, time(), UTC)


def renewing(subscription: Subscription, now: datetime, settings: Settings) -> bool:
    """Say whether a renewal is in progress, when edits are refused."""
    ends = boundary(subscription)
    return ends is not None and ends <= now < ends + _renewal(subscription, settings)


def next_event(subscription: Subscription, settings: Settings) -> datetime | None:
    """Return when time changes the subscription next, if ever."""
    since = subscription.status_since
    match subscription.status:
        case Status.SUSPENDED if subscription.legacy:
            return since + timedelta(days=settings.legacy_suspended_days)
        case Status.ACTIVE | Status.SUSPENDED:
            ends = boundary(subscription)
            return None if ends is None else ends + _renewal(subscription, settings)
        case Status.EXPIRED:
            return since + timedelta(days=settings.expired_days)
        case Status.DISABLED:
            return since + timedelta(days=settings.disabled_days)
        case Status.NONE | Status.PENDING | Status.DELETED:
            return None


def advance(subscription: Subscription, at: datetime, settings: Settings) -> Subscription:
    """Return the subscription after the event of `next_event`."""
    match subscription.status:
        case Status.ACTIVE:
            return _term_over(subscription, at, settings)
        case Status.SUSPENDED if not subscription.legacy:
            return _turned(subscription, Status.DISABLED, at)
        case Status.EXPIRED:
            return _turned(subscription, Status.DISABLED, at)
        case _:
            return _turned(subscription, Status.DELETED, at)


def _renewal(subscription: Subscription, settings: Settings) -> timedelta:
    goes_on = subscription.status is Status.ACTIVE and subscription.auto_renew
    return timedelta(seconds=settings.renewal_seconds if goes_on else 0)


def _term_over(subscription: Subscription, at: datetime, settings: Settings) -> Subscription:
    actions = [action.get("actionType") for action in subscription.scheduled_actions or ()]
    if subscription.auto_renew or "RenewToNewTerm" in actions:
        return _renewed(subscription, at, settings)
    if subscription.legacy:
        lapsed = _turned(subscription, Status.SUSPENDED, at)
        return replace(lapsed, suspension_reasons=("Expiration",))
    if _EXTENDED in actions or (settings.extended_service_terms and "Cancel" not in actions):
        return _renewed(replace(subscription, next_term={"product": _MONTHLY}), at, settings)
    return _turned(subscription, Status.EXPIRED, at)


_MONTHLY = {"termDuration": "P1M", "billingCycle": "monthly"}


def _renewed(subscription: Subscription, at: datetime, settings: Settings) -> Subscription:
    """Begin the next term, as scheduled, with a new cancel window from the completion."""
    planned = subscription.next_term or {}
    product: dict[str, Any] = planned.get("product") or {}
    start = boundary(subscription) or at
    quantity = int(planned.get("quantity") or subscription.quantity)
    until = at + timedelta(days=settings.cancel_window_days)
    term = product.get("termDuration") or subscription.term
    return replace(
        _turned(subscription, Status.ACTIVE, at),
        offer_id=_offer(product) or subscription.offer_id,
        quantity=quantity,
        billing_cycle=str(product.get("billingCycle") or subscription.billing_cycle).lower(),
        term=term,
        started_at=start,
        term_end=_planned_end(planned) or _next_end(subscription, start.date(), term),
        cancel_until=until,
        lots=(Lot(quantity=quantity, until=until),),
        next_term=None,
        scheduled_actions=None,
    )


def _offer(product: dict[str, Any]) -> str | None:
    parts = [product.get(name) for name in ("productId", "skuId", "availabilityId")]
    return ":".join(map(str, parts)) if all(parts) else None


def _planned_end(planned: dict[str, Any]) -> date | None:
    end = planned.get("customTermEndDate")
    return date.fromisoformat(str(end)[:10]) if end else None


def _next_end(subscription: Subscription, start: date, term: str) -> date:
    last = end_of_term(start, term)
    return last + timedelta(days=1) if subscription.legacy else last


def _turned(subscription: Subscription, status: Status, at: datetime) -> Subscription:
    return replace(subscription, status=status, status_since=at, version=subscription.version + 1)
