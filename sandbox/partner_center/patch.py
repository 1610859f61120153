"""What a PATCH does to a subscription, and what it may not do (partner-center.md 4.1 to 4.6).

Pure: the instant and the settings are arguments. What a thin body leaves out of the renewal
plans is lost; reactivating restores nothing.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from sandbox.documents import Document
from sandbox.partner_center.errors import PartnerRefused
from sandbox.partner_center.subscription import BY_PARTNER, Lot, Status, Subscription
from sandbox.partner_center.terms import charge_day, charging, is_longer
from sandbox.settings import Settings

T = TypeVar("T")
_NOT_READY = "Subscription is not ready to be updated. Try again after sometime."
_CLOSED = {
    Status.DELETED: (2011, "A deleted subscription cannot be updated."),
    Status.EXPIRED: (900277, "The subscription is expired, no more updates are allowed."),
    Status.DISABLED: (800040, "The status of a disabled asset cannot be changed."),
    Status.PENDING: (800081, "The subscription cannot be updated before it is active."),
    Status.NONE: (800095, "This subscription cannot be updated."),
}
_KINDS: dict[str, type] = {
    "status": str,
    "friendlyName": str,
    "partnerId": str,
    "autoRenewEnabled": bool,
    "quantity": int,
    "scheduledNextTermInstructions": dict,
    "nextChargeInstructions": dict,
    "scheduledActions": list,
}


def patched(old: Subscription, body: Document, now: datetime, settings: Settings) -> Subscription:
    """Return the subscription after a PATCH; the same one if it changes nothing.

    `body` has camelCase names. Raises PartnerRefused.
    """
    _check_kinds(body)
    if old.status in _CLOSED:
        raise PartnerRefused(400, *_CLOSED[old.status])
    if old.updates >= settings.update_limit:
        raise PartnerRefused(400, 900311, "The subscription was updated too many times.")
    if old.parent_id and settings.add_on_needs_parent and not body.get("parentSubscriptionId"):
        raise PartnerRefused(400, 2000, "The property ParentSubscriptionId is missing.")
    wanted = _status(body, old)
    if wanted is not old.status:
        return _moved(old, wanted, body, now, settings)
    if old.status is Status.SUSPENDED:
        return _untouched(old, body, settings)
    return _edited(old, body, now, settings)


def _check_kinds(body: Document) -> None:
    for name, kind in _KINDS.items():
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise PartnerRefused(400, 3000, f"The property {name} is not valid: {value!r}.")


def _status(body: Document, old: Subscription) -> Status:
    wanted = body.get("status")
    if wanted is None:
        return old.status
    try:
        return Status(wanted.lower())
    except ValueError as error:
        raise PartnerRefused(400, 3000, f"The property status is not valid: {wanted}.") from error


def _moved(
    old: Subscription, wanted: Status, body: Document, now: datetime, settings: Settings
) -> Subscription:
    if old.is_trial:
        raise PartnerRefused(400, 800096, "The status of a trial cannot be changed.")
    match old.status, wanted:
        case Status.ACTIVE, Status.SUSPENDED:
            return suspended(_same_quantity(old, body, 2001), now, settings)
        case Status.SUSPENDED, Status.ACTIVE:
            return _reactivated(_same_quantity(old, body, settings.suspended_refusal), now)
        case _, Status.DELETED:
            return _cancelled(old, now, settings)
        case _:
            text = f"The asset status cannot be changed to {wanted} from {old.status}."
            raise PartnerRefused(400, 800040, text)


def _same_quantity(old: Subscription, body: Document, code: int) -> Subscription:
    if body.get("quantity", old.quantity) not in (old.quantity, None):
        raise PartnerRefused(400, code, "A suspended subscription cannot be updated.")
    return old


def suspended(old: Subscription, now: datetime, settings: Settings) -> Subscription:
    """Suspend: new commerce loses auto-renew and its plans, but keeps the next charge."""
    actions = old.scheduled_actions if settings.suspend_keeps_scheduled_actions else None
    new = _turned(old, Status.SUSPENDED, now)
    new = replace(new, suspension_reasons=(BY_PARTNER,))
    if old.legacy:
        return new
    return replace(new, auto_renew=False, next_term=None, scheduled_actions=actions)


def _reactivated(old: Subscription, now: datetime) -> Subscription:
    """Activate again; auto-renew stays off and plans stay gone, whatever the body says."""
    if old.held_by_microsoft:
        raise PartnerRefused(400, 800096, "The status of this subscription cannot be changed.")
    return replace(_turned(old, Status.ACTIVE, now), suspension_reasons=())


def _cancelled(old: Subscription, now: datetime, settings: Settings) -> Subscription:
    if old.legacy:
        text = f"The asset status cannot be changed to deleted from {old.status}."
        raise PartnerRefused(400, 800040, text)
    if old.cancel_until is None or now > old.cancel_until:
        text = "The cancellation window of the subscription has passed."
        raise PartnerRefused(400, settings.cancel_refusal, text)
    return replace(
        _turned(old, Status.DELETED, now), auto_renew=False, next_term=None, scheduled_actions=None
    )


def _turned(old: Subscription, status: Status, now: datetime) -> Subscription:
    return replace(old, status=status, status_since=now)


def _untouched(old: Subscription, body: Document, settings: Settings) -> Subscription:
    """Accept an echo of a suspended subscription, refuse a difference.

    A body that says "suspended" again may carry the plans from before: a suspend ends them anyway.
    """
    again = body.get("status") is not None
    same = _same(body, "quantity", old.quantity) and _same(body, "friendlyName", old.friendly_name)
    plans = (
        _same(body, "autoRenewEnabled", old.auto_renew)
        and _same(body, "scheduledNextTermInstructions", old.next_term)
        and _same(body, "scheduledActions", old.scheduled_actions)
    )
    if not same or not (again or plans):
        text = "A suspended subscription cannot be updated."
        raise PartnerRefused(400, settings.suspended_refusal, text)
    return old


def _same(body: Document, name: str, held: object) -> bool:
    return body.get(name) in (held, None)


def _edited(old: Subscription, body: Document, now: datetime, settings: Settings) -> Subscription:
    kept = None if settings.thin_patch_clears_partner else old.partner_id
    new = replace(
        _charge_planned(_planned(old, body, settings), old, body, now, settings),
        friendly_name=_or(body.get("friendlyName"), old.friendly_name),
        partner_id=_or(body.get("partnerId"), kept),
    )
    quantity = _or(body.get("quantity"), old.quantity)
    return new if quantity == old.quantity else _resized(new, quantity, now, settings)


def _or(value: T | None, kept: T) -> T:
    return kept if value is None else value


def _planned(old: Subscription, body: Document, settings: Settings) -> Subscription:
    """Take over the renewal plans of the body: echo or lose."""
    if old.legacy:
        wanted = bool(_or(body.get("autoRenewEnabled"), old.auto_renew))
        sticks = old.auto_renew and settings.legacy_auto_renew_sticks
        return replace(old, auto_renew=wanted or sticks)
    auto_renew = bool(body.get("autoRenewEnabled"))
    actions = body.get("scheduledActions") or None
    next_term = None if actions else body.get("scheduledNextTermInstructions") or None
    if old.auto_renew and not auto_renew and next_term == old.next_term:
        next_term = None  # turning auto-renew off deletes saved changes (4.4)
    _check_end(old, next_term)
    if next_term and not auto_renew:
        text = "Scheduled changes need an active subscription that renews automatically."
        raise PartnerRefused(400, 800093, text)
    return replace(
        old,
        auto_renew=auto_renew,
        next_term=next_term,
        scheduled_actions=actions,
    )


def _check_end(old: Subscription, next_term: Document | None) -> None:
    if (next_term or {}).get("customTermEndDate") and old.kind not in ("", "OnlineServicesNCE"):
        text = "A custom term end date is only for the product type OnlineServicesNCE."
        raise PartnerRefused(400, 900244, text)


def _charge_planned(
    new: Subscription, old: Subscription, body: Document, now: datetime, settings: Settings
) -> Subscription:
    """Take over what the next charge of a cycle is to change (4.5)."""
    wanted = body.get("nextChargeInstructions") or None
    if old.legacy or wanted == old.next_charge:
        return new
    if charging(old, now, settings):
        raise PartnerRefused(409, 800082, _NOT_READY)
    if wanted is not None:
        _check_charge(old, wanted.get("product") or {})
    at = charge_day(old, now) if wanted else None
    return replace(new, next_charge=wanted, next_charge_at=at)


def _check_charge(old: Subscription, product: Document) -> None:
    cycle = str(product.get("billingCycle") or old.billing_cycle).lower()
    is_allowed = old.term == "P3Y" and cycle in ("monthly", "annual")
    if cycle != old.billing_cycle and not is_allowed:
        raise PartnerRefused(400, 800085, "The billing cycle cannot be changed.")
    if is_longer(old.term, str(product.get("termDuration") or old.term)):
        raise PartnerRefused(400, 800002, "The input is not valid: a term can only be longer.")


def _resized(old: Subscription, quantity: int, now: datetime, settings: Settings) -> Subscription:
    """Change the seats at once; saved changes for the next term are deleted (4.4)."""
    if old.is_trial:
        raise PartnerRefused(400, 800095, "The seats of a trial cannot be changed.")
    if not 1 <= quantity <= settings.largest_quantity:
        raise PartnerRefused(400, 2002, "The quantity is outside of the allowed range.")
    added = quantity - old.quantity
    lots = _grown(old, added, now, settings) if added > 0 else _shrunk(old, -added, now, settings)
    return replace(old, quantity=quantity, lots=lots, next_term=None)


def _grown(old: Subscription, added: int, now: datetime, settings: Settings) -> tuple[Lot, ...]:
    until = now + timedelta(days=settings.cancel_window_days)
    return (*old.refundable(now), Lot(quantity=added, until=until))


def _shrunk(old: Subscription, removed: int, now: datetime, settings: Settings) -> tuple[Lot, ...]:
    """Give back seats, the last added first."""
    lots = list(old.refundable(now))
    if old.legacy:
        return ()
    if old.seats_are_fixed or removed > sum(lot.quantity for lot in lots):
        text = "Subscription quantity cannot be decreased."
        raise PartnerRefused(400, settings.decrease_refusal, text)
    while removed:
        last = lots.pop()
        taken = min(removed, last.quantity)
        removed -= taken
        if last.quantity > taken:
            lots.append(replace(last, quantity=last.quantity - taken))
    return tuple(lots)
