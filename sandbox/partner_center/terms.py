"""What time does to a subscription: renewal, expiry, disabling, deletion. No clock in here."""

from calendar import monthrange
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sandbox.partner_center.subscription import Lot, Status, Subscription
from sandbox.settings import Settings

_MONTHS = {"P1M": 1, "P1Y": 12, "P3Y": 36}
_CYCLES = {"monthly": 1, "annual": 12, "triennial": 36, "biennial": 24}
_NEW_TERM = "RenewToNewTerm"
_TO_ANOTHER = "Transition"
_EXTENDED = "RenewToExtendedServiceTerm"
_ROLLING_BOUGHT_FROM = date(2025, 4, 1)
_ROLLING_ENDS_FROM = date(2026, 5, 4)
_ENDLESS = 9999  # usage-based samples end in that year


def end_of_term(start: date, term: str) -> date:
    """Return the last day (inclusive) of a term that begins on a day."""
    return _after_months(start, _MONTHS.get(term, 12)) - timedelta(days=1)


def _after_months(start: date, months: int) -> date:
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


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


def billing_cycle_end(subscription: Subscription, now: datetime) -> date:
    """Return the last day (inclusive) of the billing cycle that an instant lies in."""
    months = _CYCLES.get(subscription.billing_cycle, 0)
    start, end = subscription.started_at.date(), subscription.term_end
    if not months:
        return end
    passed = (now.year - start.year) * 12 + now.month - start.month
    cycle = max(0, passed // months)
    last = _after_months(start, months * cycle)
    if last <= now.date():
        last = _after_months(start, months * (cycle + 1))
    return min(last - timedelta(days=1), end)


def is_longer(term: str, than: str) -> bool:
    """Say whether a term is longer than another one; unknown ones count as a year."""
    return _MONTHS.get(term, 12) > _MONTHS.get(than, 12)


def cancel_window(subscription: Subscription, settings: Settings) -> timedelta:
    """Return how long a purchase or renewal can be cancelled (4.3)."""
    if subscription.by_microsoft:
        return timedelta(days=settings.cancel_window_days)
    if settings.marketplace_window_hours:
        return timedelta(hours=settings.marketplace_window_hours)
    return timedelta(days=1 if subscription.billing_cycle == "monthly" else 14)


def charge_day(subscription: Subscription, now: datetime) -> datetime:
    """Return when the next billing cycle begins, which carries out nextChargeInstructions."""
    return _midnight_after(billing_cycle_end(subscription, now))


def charging(subscription: Subscription, now: datetime, settings: Settings) -> bool:
    """Say whether the charge of a cycle is in progress, when its instructions are read-only."""
    at = subscription.next_charge_at
    return at is not None and at <= now < at + timedelta(seconds=settings.cycle_charge_seconds)


def _midnight_after(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def next_event(subscription: Subscription, settings: Settings) -> datetime | None:
    """Return when time changes the subscription next, if ever."""
    since = subscription.status_since
    match subscription.status:
        case Status.SUSPENDED if subscription.legacy:
            return since + timedelta(days=settings.legacy_suspended_days)
        case Status.ACTIVE | Status.SUSPENDED:
            ends = boundary(subscription)
            over = None if ends is None else ends + _renewal(subscription, settings)
            return min(filter(None, (over, _charged_at(subscription, settings))), default=None)
        case Status.EXPIRED:
            return since + timedelta(days=settings.expired_days)
        case Status.DISABLED:
            return since + timedelta(days=_disabled_days(subscription, settings))
        case Status.PENDING if settings.pending_seconds:
            return since + timedelta(seconds=settings.pending_seconds)
        case Status.NONE | Status.PENDING | Status.DELETED:
            return None


def _disabled_days(subscription: Subscription, settings: Settings) -> int:
    """Return how long it stays disabled: what ended while suspended goes sooner (4.1)."""
    if subscription.suspension_reasons and settings.suspended_becomes == "disabled":
        return settings.suspended_disabled_days
    return settings.disabled_days


def advance(subscription: Subscription, at: datetime, settings: Settings) -> Subscription:
    """Return the subscription after the event of `next_event`."""
    if at == _charged_at(subscription, settings):
        return _charged(subscription)
    match subscription.status:
        case Status.ACTIVE:
            return _term_over(subscription, at, settings)
        case Status.SUSPENDED if not subscription.legacy:
            return _turned(subscription, Status(settings.suspended_becomes), at)
        case Status.PENDING:
            return _turned(subscription, Status.ACTIVE, at)
        case Status.EXPIRED:
            return _turned(subscription, Status.DISABLED, at)
        case _:
            return _turned(subscription, Status.DELETED, at)


def _charged_at(subscription: Subscription, settings: Settings) -> datetime | None:
    at = subscription.next_charge_at
    if at is None or subscription.next_charge is None:
        return None
    return at + timedelta(seconds=settings.cycle_charge_seconds)


def _charged(subscription: Subscription) -> Subscription:
    """Carry out the instructions for the charge of a cycle (4.5)."""
    planned = subscription.next_charge or {}
    product: dict[str, Any] = planned.get("product") or {}
    term = product.get("termDuration") or subscription.term
    longer = is_longer(term, subscription.term)
    end = _next_end(subscription, subscription.started_at.date(), term)
    return replace(
        subscription,
        billing_cycle=str(product.get("billingCycle") or subscription.billing_cycle).lower(),
        term=term,
        term_end=end if longer else subscription.term_end,
        quantity=int(planned.get("quantity") or subscription.quantity),
        next_charge=None,
        next_charge_at=None,
    )


def _renewal(subscription: Subscription, settings: Settings) -> timedelta:
    goes_on = subscription.status is Status.ACTIVE and subscription.auto_renew
    return timedelta(seconds=settings.renewal_seconds if goes_on else 0)


def _term_over(subscription: Subscription, at: datetime, settings: Settings) -> Subscription:
    at_end = {action.get("actionType"): action for action in _at_term_end(subscription)}
    goes_on = at_end.get(_NEW_TERM) or at_end.get(_TO_ANOTHER)
    if subscription.auto_renew or goes_on:
        planned = (goes_on or {}).get("instructions")
        instructed = replace(subscription, next_term=subscription.next_term or planned)
        return _renewed(instructed, at, settings)
    if subscription.legacy:
        lapsed = _turned(subscription, Status.SUSPENDED, at)
        return replace(lapsed, suspension_reasons=("Expiration",))
    rolls_on = settings.extended_service_terms and _may_roll_on(subscription)
    if _EXTENDED in at_end or (rolls_on and "Cancel" not in at_end):
        return _renewed(replace(subscription, next_term={"product": _MONTHLY}), at, settings)
    return _turned(subscription, Status.EXPIRED, at)


def _at_term_end(subscription: Subscription) -> list[dict[str, Any]]:
    """Return the actions for the end of the term; both spellings of the type are known (10)."""
    return [
        action
        for action in subscription.scheduled_actions or ()
        if (action.get("scheduleType") or action.get("scheduledType") or "TermEnd") == "TermEnd"
    ]


def _may_roll_on(subscription: Subscription) -> bool:
    """Say whether Extended Service Terms apply, by purchase and end (partner-center.md 4.6)."""
    bought = subscription.created_at.date() >= _ROLLING_BOUGHT_FROM
    return bought and subscription.term_end >= _ROLLING_ENDS_FROM


_MONTHLY = {"termDuration": "P1M", "billingCycle": "monthly"}


def _renewed(subscription: Subscription, at: datetime, settings: Settings) -> Subscription:
    """Begin the next term, as scheduled, with a new cancel window from the completion."""
    planned = subscription.next_term or {}
    product: dict[str, Any] = planned.get("product") or {}
    start = boundary(subscription) or at
    quantity = int(planned.get("quantity") or subscription.quantity)
    until = at + cancel_window(subscription, settings)
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
