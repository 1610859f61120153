"""Subscription documents: what they say, and what to send to change them. Pure.

A PATCH echoes the whole document: what a thin body leaves out is lost (auto-renew is set off,
instructions are deleted; Learn: update-a-subscription-by-id). Money and unknown fields pass
through untouched.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from connector.dates import day, instant
from connector.documents import mapping, sequence, text, whole
from sync.remote import Action, Json, Licence, Refused, Row

AUTO_RENEW: Final = "autoRenewEnabled"
NEXT_TERM: Final = "scheduledNextTermInstructions"
ACTIONS: Final = "scheduledActions"
HELD: Final = (AUTO_RENEW, NEXT_TERM, ACTIONS)
"""What a suspend takes away and a reactivation does not give back."""
KNOWN: Final = {
    "status": {"none", "active", "pending", "suspended", "expired", "disabled", "deleted"},
    "billingCycle": {"unknown", "none", "monthly", "annual", "triennial", "biennial", "one_time"},
    "termDuration": {"P1M", "P1Y", "P3Y"},
}
"""The documented values; others are kept as they are, and reported."""
DATES: Final = ("commitmentEndDate", "cancellationAllowedUntilDate")
NEVER: Final = "0001-01-01"
_STATUS: Final[Mapping[Action, str]] = {
    Action.SUSPEND: "suspended",
    Action.REACTIVATE: "active",
    Action.CANCEL: "deleted",
}
OFFER_PARTS: Final = 3
"""A New Commerce offer id is product:sku:availability."""


def normalised(document: Json) -> Row:
    """Return the document with camelCase names; Microsoft's samples also show PascalCase."""
    row = mapping(document)
    return mapping(_camel(row)) if "Id" in row and "id" not in row else row


def licence(resource: Row) -> Licence:
    """Read a subscription; an unknown status stays as it is, missing fields are empty."""
    document = normalised(resource)
    modern = is_new_commerce(document)
    return Licence(
        status=status_of(document),
        quantity=whole(document.get("quantity")) or 0,
        auto_renew=document.get(AUTO_RENEW) is True,
        is_new_commerce=modern,
        term_ends_on=_last_day(text(document.get("commitmentEndDate")), modern=modern),
        cancellable_until=instant(text(document.get("cancellationAllowedUntilDate"))),
        refundable_seats=whole(mapping(document.get("refundableQuantity")).get("totalQuantity")),
        held={name: document.get(name) for name in HELD},
        etag=text(mapping(document.get("attributes")).get("etag")),
        resource=document,
    )


def status_of(document: Row) -> str:
    """Return the status in lower case, whatever it says; samples also show `Active`."""
    return text(document.get("status")).strip().lower()


def surprises(document: Row) -> tuple[str, ...]:
    """Tell the values that no documentation names and the dates that cannot be read."""
    found = [
        f"{name} {told!r}"
        for name, known in KNOWN.items()
        if (told := text(document.get(name)))
        and told.strip().lower() not in {word.lower() for word in known}
    ]
    found += [
        f"{name} {told!r}"
        for name in DATES
        if (told := text(document.get(name)))
        and instant(told) is None
        and not told.startswith(NEVER)
    ]
    return tuple(found)


def is_new_commerce(document: Row) -> bool:
    """Tell New Commerce by the product type, or by an offer id of three parts."""
    kind = text(mapping(document.get("productType")).get("id"))
    return kind.endswith("NCE") or len(_offer(document)) == OFFER_PARTS


def compose(current: Licence, action: Action, *, quantity: int | None, held: Row | None) -> Row:
    """Return the whole document to send for one action.

    Raises ValueError when an argument is missing, Refused when the document cannot express it.
    """
    document = dict(current.resource)
    document.update(_intent(document, action, quantity=quantity, held=held))
    if document.get(ACTIONS):
        # Never both; the scheduled actions are the newer form and win (Extended Service Terms).
        document.pop(NEXT_TERM, None)
    elif document.get(NEXT_TERM):
        document.pop(ACTIONS, None)
    return document


def shows(resource: Row, sent: Row) -> bool:
    """Tell whether a subscription that was read holds what was sent.

    A suspend turns auto-renew and schedules off by itself, so they count while active only.
    """
    wanted = status_of(sent)
    names = ["quantity", AUTO_RENEW] if wanted == "active" else ["quantity"]
    same = all(resource.get(name) == sent.get(name) for name in names)
    return (
        status_of(resource) == wanted
        and same
        and (wanted != "active" or _schedule_shows(resource, sent))
    )


def _schedule_shows(resource: Row, sent: Row) -> bool:
    wanted = mapping(sent.get(NEXT_TERM)).get("quantity")
    return wanted is None or mapping(resource.get(NEXT_TERM)).get("quantity") == wanted


def _intent(document: Row, action: Action, *, quantity: int | None, held: Row | None) -> Row:
    match action:
        case Action.SUSPEND | Action.REACTIVATE | Action.CANCEL:
            return {"status": _STATUS[action]}
        case Action.RESTORE:
            return _restored(held)
        case Action.SET_QUANTITY:
            return {"quantity": _wanted(quantity)}
        case Action.SCHEDULE_QUANTITY:
            return _scheduled(document, _wanted(quantity))
        case Action.FIELDS:
            return _set(document, held or {})


def _set(document: Row, values: Row) -> Row:
    """Return the fields that change; of `outer.inner` the whole outer one, as it then is.

    What was scheduled for the next term goes as a whole when one of its fields is emptied.
    """
    changed: dict[str, Json] = {}
    for name, value in sorted(values.items(), key=lambda one: one[1] is not None):
        root, *inner = name.split(".")
        outer = changed.get(root, document.get(root))
        if root == NEXT_TERM and inner and value is not None and not outer:
            outer = _scheduled({**document, ACTIONS: None}, whole(document.get("quantity")) or 0)[
                NEXT_TERM
            ]
        emptied = root == NEXT_TERM and value is None
        changed[root] = None if emptied else _placed(outer, inner, value)
    return changed


def _placed(outer: Json, inner: Sequence[str], value: Json) -> Json:
    if not inner:
        return value
    held = mapping(outer)
    return {**held, inner[0]: _placed(held.get(inner[0]), inner[1:], value)}


def _wanted(quantity: int | None) -> int:
    if quantity is None:
        raise ValueError("a change of the quantity needs one")
    return quantity


def _restored(held: Row | None) -> Row:
    """Give back what was set; what was empty stays as the subscription has it now."""
    if held is None:
        raise ValueError("a restore needs what was held")
    given = {name: held[name] for name in (NEXT_TERM, ACTIONS) if held.get(name)}
    if ACTIONS in given:
        given.pop(NEXT_TERM, None)
    elif NEXT_TERM in given:
        given[ACTIONS] = None
    return {AUTO_RENEW: held.get(AUTO_RENEW) is True, **given}


def _scheduled(document: Row, quantity: int) -> Row:
    """Schedule a quantity for the next term, keeping the product."""
    parts = _offer(document)
    if len(parts) != OFFER_PARTS:
        raise Refused("an older subscription takes no change at renewal; change it now")
    if document.get(ACTIONS):
        return {ACTIONS: _renewing_with(document, quantity)}
    product = {
        "productId": parts[0],
        "skuId": parts[1],
        "availabilityId": parts[2],
        "billingCycle": document.get("billingCycle"),
        "termDuration": document.get("termDuration"),
    }
    planned = mapping(document.get(NEXT_TERM))
    return {NEXT_TERM: {"product": product, **planned, "quantity": quantity}}


def _renewing_with(document: Row, quantity: int) -> list[Json]:
    """Put the quantity into the scheduled renewal."""
    actions = [dict(mapping(action)) for action in sequence(document.get(ACTIONS))]
    renewals = [a for a in actions if text(a.get("actionType")).startswith("RenewTo")]
    if not renewals:
        raise Refused("the subscription ends with its term; there is no renewal to change")
    renewals[0]["instructions"] = {**mapping(renewals[0].get("instructions")), "quantity": quantity}
    return list(actions)


def _offer(document: Row) -> list[str]:
    return text(document.get("offerId")).split(":")


def _last_day(told: str, *, modern: bool) -> date | None:
    """Return the last day of the term: New Commerce tells it, older ones tell the day after."""
    found = day(told)
    return found - timedelta(days=0 if modern else 1) if found else None


def _camel(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {name[:1].lower() + name[1:]: _camel(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_camel(inner) for inner in value]
    return value
