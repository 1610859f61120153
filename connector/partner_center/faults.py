"""What a Partner Center error means, by the pair (HTTP status, code).

The same code means different things with another status, so the pair is the key; then the
status alone. Advice is written for the person who reads it in Dynamics or at the console.
Source: Microsoft Learn, Partner Center REST error codes and throttling guidance.
"""

from typing import Final

from connector.documents import mapping, read_error, text
from connector.errors import Fault, Lesson, Meaning, sentence
from connector.http import Reply

DAY_SECONDS: Final = 86_400.0
GONE: Final = "The subscription has ended: create a new one."
WINDOW: Final = "The window for it has closed: change it at renewal."
SUSPENDED: Final = "Activate the subscription first."
FIXED: Final = "Microsoft does not allow this change for the product: change it in Partner Center."
SIGN_IN: Final = "Check the app's sign-in and its permissions in Partner Center."
RELATION: Final = "Check the reseller relationship with the customer in Partner Center."
REFRESHED: Final = "It was changed meanwhile; it is read again."


def _later(advice: str, seconds: float | None = None) -> Lesson:
    return Lesson(meaning=Meaning.RETRY, advice=advice, retry_after_seconds=seconds)


def _reread(advice: str) -> Lesson:
    return Lesson(meaning=Meaning.REREAD, advice=advice)


def _never(advice: str) -> Lesson:
    return Lesson(meaning=Meaning.PERMANENT, advice=advice)


def _sign_in(advice: str) -> Lesson:
    return Lesson(meaning=Meaning.SIGN_IN, advice=advice)


def _absent(advice: str) -> Lesson:
    return Lesson(meaning=Meaning.ABSENT, advice=advice)


BY_PAIR: Final = {
    (400, "0"): _never("Partner Center did not understand the request: report it, it is a defect."),
    (400, "2001"): _never(SUSPENDED),
    (400, "2002"): _never("Choose a quantity within the limits of the offer."),
    (400, "2006"): _never(FIXED),
    (400, "2011"): _never(GONE),
    (400, "2054"): _never("Change the billing cycle on the order in Partner Center."),
    (400, "2055"): _reread(REFRESHED),
    (400, "3000"): _never("A value is not valid for this product: compare it in Partner Center."),
    (400, "800002"): _never("A value is not valid for this product: compare it in Partner Center."),
    (400, "800040"): _reread("Its status does not allow the change; it is read again."),
    (400, "800042"): _never(FIXED),
    (400, "800062"): _never("The subscription is not eligible for this change."),
    (400, "800063"): _never("An order cannot be cancelled here: suspend the subscription."),
    (400, "800081"): _later("The subscription has to be activated by the customer first."),
    (400, "800085"): _never("The billing cycle of this subscription cannot be changed."),
    (400, "800090"): _never("Fewer seats are not possible now: schedule the change for renewal."),
    (400, "800091"): _never(SUSPENDED),
    (400, "800093"): _never("This subscription cannot renew automatically."),
    (400, "800095"): _never("The seats of this subscription cannot be changed."),
    (400, "800096"): _never("The status of this subscription cannot be changed by a partner."),
    (400, "800097"): _never("The partner on record of this subscription cannot be changed."),
    (400, "800098"): _never("The partner on record of this subscription cannot be changed."),
    (400, "900117"): _never(f"The cancellation window has closed. {WINDOW}"),
    (400, "900213"): _never(f"The cancellation window has closed. {WINDOW}"),
    (400, "900214"): _never(f"Seats can no longer be given back. {WINDOW}"),
    (400, "900244"): _never("Only New Commerce subscriptions take an end date of their own."),
    (400, "900257"): _never(f"Seats can no longer be given back. {WINDOW}"),
    (400, "900275"): _never("Choose a quantity within the limits of the offer."),
    (400, "900277"): _never(GONE),
    (400, "900279"): _never(GONE),
    (400, "900280"): _later("It cannot be changed at the moment; it is tried again."),
    (400, "900311"): _never("It was changed too many times: ask Microsoft support."),
    (400, "900419"): _never("The customer has too many subscriptions: ask Microsoft support."),
    (401, "800001"): _sign_in(SIGN_IN),
    (401, "900420"): _sign_in(f"The token is for another service: check the scope. {SIGN_IN}"),
    (401, "900421"): _sign_in("Multi-factor sign-in is missing: use an app-only sign-in."),
    (403, "2006"): _never("The partner account may not sell this offer."),
    (403, "20002"): _never(RELATION),
    (403, "800027"): _never("Seats of this subscription cannot be added or removed."),
    (403, "800067"): _never("The offer does not allow so many seats."),
    (403, "800089"): _never("The customer has reached the limit of this product."),
    (403, "900115"): _never("The Azure plan has active Azure subscriptions: cancel them first."),
    (403, "900263"): _never("Older subscriptions do not support this: use Partner Center."),
    (403, "900308"): _sign_in(f"A role is missing. {SIGN_IN}"),
    (403, "900309"): _sign_in(f"A conditional access policy blocks the app. {SIGN_IN}"),
    (403, "900329"): _sign_in("Partner Center wants an app+user sign-in for this call."),
    (403, "900416"): _never("The customer is locked: ask Microsoft support."),
    (404, "1000"): _absent("The subscription is not known yet, or no longer."),
    (404, "20003"): _absent("The subscription is not known yet, or no longer."),
    (404, "60003"): _absent("The customer is not known: check sk_customertenantid."),
    (409, "27009"): _later("Activate the parent subscription first."),
    (409, "800060"): _later("An order is in progress; it is tried again."),
    (409, "800064"): _later("A cart is in use; it is tried again."),
    (409, "800082"): _later("The subscription is not ready yet; it is tried again."),
    (409, "900278"): _later("An operation is pending; it is tried again in a day.", DAY_SECONDS),
    (417, "800036"): _reread(REFRESHED),
    (500, "800003"): _later("Partner Center is in trouble; it is tried again."),
    (500, "800031"): _later("Partner Center is in trouble; it is tried again."),
    (500, "800094"): _later("Partner Center could not make the change; it is tried again."),
}

BY_STATUS: Final = {
    401: _sign_in(SIGN_IN),
    403: _sign_in(SIGN_IN),
    404: _absent("The subscription is not known yet, or no longer."),
    408: _later("Partner Center did not answer in time; it is tried again."),
    409: _later("It cannot be changed at the moment; it is tried again."),
    412: _reread(REFRESHED),
    417: _reread(REFRESHED),
    429: _later("Partner Center asks to slow down; it is tried again."),
    500: _later("Partner Center is in trouble; it is tried again."),
    502: _later("Partner Center is in trouble; it is tried again."),
    503: _later("Partner Center is in trouble; it is tried again."),
    504: _later("Partner Center did not answer in time; it is tried again."),
}
UNKNOWN: Final = _never("Compare the subscription in Partner Center.")


def fault_of(reply: Reply) -> Fault:
    """Understand an answer other than success."""
    code, message = _told(reply.content)
    lesson = BY_PAIR.get((reply.status, code)) or BY_STATUS.get(reply.status, UNKNOWN)
    words = message or f"Partner Center answered HTTP {reply.status}."
    told = reply.retry_after_seconds()
    return Fault(
        meaning=lesson.meaning,
        message=sentence(words, lesson.advice),
        status=reply.status,
        code=code,
        correlation_id=reply.headers.get("MS-CorrelationId") or reply.correlation_id,
        retry_after_seconds=lesson.retry_after_seconds if told is None else told,
    )


def _told(content: bytes) -> tuple[str, str]:
    """Read `{code, description}`; throttling answers `{statusCode, message}` instead."""
    try:
        error = mapping(read_error(content))
    except ValueError:
        return "", ""
    return text(error.get("code")), text(error.get("description")) or text(error.get("message"))
