"""Subscriptions and customers that come in from outside: believable values for what is missing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from sandbox.clock import parse_instant
from sandbox.documents import Document
from sandbox.partner_center.errors import InputRefused
from sandbox.partner_center.names import RESOURCE_FIELDS, camel
from sandbox.partner_center.patch import suspended
from sandbox.partner_center.subscription import Lot, Status, Subscription
from sandbox.partner_center.terms import cancel_window, charge_day, end_of_term
from sandbox.settings import Settings

OFFER = "CFQ7TTC0LCHC:0002:CFQ7TTC0K971"
OFFER_NAME = "Microsoft 365 Business Premium"
_SHOWN_ONLY = {  # computed when shown, so taking them over would only freeze them
    "links",
    "attributes",
    "commitmentEndDateTime",
    "billingCycleEndDate",
    "billingCycleEndDateTime",
    "customerId",
    "contractType",
    "hasPurchasableAddons",
}


def new_subscription(
    document: Document, now: datetime, new_id: Callable[[], str], settings: Settings
) -> Subscription:
    """Make a subscription of the fields of the resource. Raises InputRefused."""
    given = _checked(document)
    created = _instant(given, "creationDate") or _instant(given, "effectiveStartDate") or now
    started = _instant(given, "effectiveStartDate") or _midnight(created)
    term = str(given.get("termDuration") or "P1Y")
    legacy = "productType" not in given and ":" not in str(given.get("offerId") or OFFER)
    last = end_of_term(started.date(), term) + timedelta(days=1 if legacy else 0)
    offer_name = str(given.get("offerName") or OFFER_NAME)
    usual = Subscription(
        id=str(given.get("id") or new_id()),
        customer_id=str(given.get("customerId")),
        order_id=str(given.get("orderId") or new_id()),
        offer_id=str(given.get("offerId") or OFFER),
        offer_name=offer_name,
        friendly_name=offer_name,
        quantity=1,
        status=Status.ACTIVE,
        auto_renew=True,
        billing_cycle="monthly",
        term=term,
        created_at=created,
        started_at=started,
        term_end=last,
        status_since=now,
        legacy=legacy,
    )
    made = _with_charge_day(overlaid(usual, given), now)
    if not legacy and "cancellationAllowedUntilDate" not in given:
        made = replace(made, cancel_until=created + cancel_window(made, settings))
    return made if "refundableQuantity" in given else _with_first_lot(made)


def _with_first_lot(made: Subscription) -> Subscription:
    if made.cancel_until is None:
        return made
    return replace(made, lots=(Lot(quantity=made.quantity, until=made.cancel_until),))


def _with_charge_day(made: Subscription, now: datetime) -> Subscription:
    return replace(made, next_charge_at=charge_day(made, now) if made.next_charge else None)


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)


def changed_by_hand(
    old: Subscription, changes: Document, now: datetime, settings: Settings
) -> Subscription:
    """Return the subscription after a person's change, which no rule refuses.

    Raises InputRefused for what is no field or no value of it.
    """
    given = _checked(changes)
    status = _status(given["status"]) if "status" in given else old.status
    moved = replace(old, status=status, status_since=now) if status is not old.status else old
    if status is Status.SUSPENDED and old.status is Status.ACTIVE:
        moved = suspended(old, now, settings)
    elif status is Status.ACTIVE:
        moved = replace(moved, suspension_reasons=())
    new = overlaid(moved, given)
    return new if new.next_charge == old.next_charge else _with_charge_day(new, now)


def overlaid(old: Subscription, given: Document) -> Subscription:
    """Put the given fields over a subscription, as they are."""
    values: dict[str, Any] = {
        attribute: _read(name, given[name], read)
        for name, (attribute, read) in _FIELDS.items()
        if name in given
    }
    unmodelled = set(given) - set(_FIELDS) - _SHOWN_ONLY
    extra = old.extra | {name: given[name] for name in sorted(unmodelled)}
    return replace(old, **values, extra=extra)


def _checked(document: Document) -> Document:
    given = camel(document)
    for name in given:
        if name not in RESOURCE_FIELDS:
            near = get_close_matches(name, RESOURCE_FIELDS) or sorted(RESOURCE_FIELDS)
            msg = f"a subscription has no {name!r}; near it: {', '.join(near)}"
            raise InputRefused(msg)
    return given


def _read(name: str, value: object, read: Callable[[Any], object]) -> object:
    try:
        return read(value)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        msg = f"{name} cannot be {value!r}: {error}"
        raise InputRefused(msg) from error


def _instant(given: Document, name: str) -> datetime | None:
    value = given.get(name)
    if value is None:
        return None
    instant = _read(name, value, parse_instant)
    return instant if isinstance(instant, datetime) else None


def _status(value: object) -> Status:
    return Status(str(_read("status", value, lambda text: Status(text.lower()))))


def _optional_instant(value: Any) -> datetime | None:  # noqa: ANN401 - JSON
    return None if value is None else parse_instant(value)


def _day(value: Any) -> date:  # noqa: ANN401 - JSON
    return parse_instant(value).date()


def _whole(value: Any) -> int:  # noqa: ANN401 - JSON
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        msg = "it must be a whole number from 0"
        raise ValueError(msg)
    return value


def _boolean(value: Any) -> bool:  # noqa: ANN401 - JSON
    if not isinstance(value, bool):
        msg = "it must be true or false"
        raise TypeError(msg)
    return value


def _text(value: Any) -> str:  # noqa: ANN401 - JSON
    if not isinstance(value, str) or not value:
        msg = "it must be a text"
        raise ValueError(msg)
    return value


def _object(value: Any) -> dict[str, Any] | None:  # noqa: ANN401 - JSON
    return None if value is None else dict(value)


def _objects(value: Any) -> list[dict[str, Any]] | None:  # noqa: ANN401 - JSON
    return [dict(inner) for inner in value] if value else None


def _texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - JSON
    return tuple(map(_text, value or ()))


def _lots(value: Any) -> tuple[Lot, ...]:  # noqa: ANN401 - JSON
    details = (value or {}).get("details", ())
    return tuple(
        Lot(quantity=_whole(lot["quantity"]), until=parse_instant(lot["allowedUntilDateTime"]))
        for lot in details
    )


def _optional_text(value: Any) -> str | None:  # noqa: ANN401 - JSON
    return value if value in (None, "") else _text(value)  # samples have an empty partnerId


_FIELDS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "id": ("id", _text),
    "orderId": ("order_id", _text),
    "offerId": ("offer_id", _text),
    "offerName": ("offer_name", _text),
    "friendlyName": ("friendly_name", _text),
    "quantity": ("quantity", _whole),
    "status": ("status", _status),
    "autoRenewEnabled": ("auto_renew", _boolean),
    "billingCycle": ("billing_cycle", _text),
    "termDuration": ("term", _text),
    "creationDate": ("created_at", parse_instant),
    "effectiveStartDate": ("started_at", parse_instant),
    "commitmentEndDate": ("term_end", _day),
    "cancellationAllowedUntilDate": ("cancel_until", _optional_instant),
    "refundableQuantity": ("lots", _lots),
    "suspensionReasons": ("suspension_reasons", _texts),
    "scheduledNextTermInstructions": ("next_term", _object),
    "nextChargeInstructions": ("next_charge", _object),
    "scheduledActions": ("scheduled_actions", _objects),
    "parentSubscriptionId": ("parent_id", _optional_text),
    "partnerId": ("partner_id", _optional_text),
    "isTrial": ("is_trial", _boolean),
}


_CUSTOMER = ("id", "companyName", "domain", "relationshipToPartner", "associatedPartnerId")


def new_customer(document: Document, new_id: Callable[[], str]) -> Document:
    """Make a customer of `id`, `companyName` and `domain`. Raises InputRefused."""
    given = camel(document)
    for name, value in given.items():
        if name not in _CUSTOMER:
            msg = f"a customer has no {name!r}; it has {', '.join(_CUSTOMER)}"
            raise InputRefused(msg)
        _read(name, value, _text)
    tenant = given.get("id") or new_id()
    usual = {
        "id": tenant,
        "companyName": f"Customer {tenant[:8]}",
        "domain": f"customer-{tenant[:8]}.example",
        "relationshipToPartner": "reseller",
    }
    return usual | given
