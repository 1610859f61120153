"""What a Dataverse error means: `{"error": {"code", "message"}}`, by code, then by HTTP status.

Messages are localised, so only codes and statuses are looked at.
Sources: Microsoft Learn, web API error codes, service protection limits, conditional operations.
"""

from typing import Final

from connector.documents import mapping, read_error, text
from connector.errors import Fault, Lesson, Meaning, sentence
from connector.http import Reply

SIGN_IN_ADVICE: Final = (
    "Check that the app is an application user of this environment, enabled, and has the role "
    "with organisation-level read."
)
THROTTLED: Final = Lesson(meaning=Meaning.RETRY, advice="Dataverse asks to slow down.")
REREAD: Final = Lesson(meaning=Meaning.REREAD, advice="The row was changed meanwhile.")
UNKNOWN: Final = Lesson(meaning=Meaning.PERMANENT, advice="Look at the row in Dynamics.")
ABSENT: Final = Lesson(meaning=Meaning.ABSENT, advice="The row is not there, or no longer.")
TROUBLE: Final = Lesson(meaning=Meaning.RETRY, advice="Dataverse is in trouble; it is tried again.")
EXPIRED: Final = Lesson(meaning=Meaning.EXPIRED_CURSOR, advice="The table is read in full.")
MISNAMED: Final = "A name in mappings/ is not known in Dataverse: run `seatkeeper check`."
NO_SUCH_TABLE: Final = "0x8006088a"

BY_CODE: Final = {
    "0x80040217": ABSENT,
    "0x80060891": ABSENT,
    NO_SUCH_TABLE: Lesson(meaning=Meaning.ABSENT, advice="Check the entity set name in mappings/."),
    "0x80060882": REREAD,
    "0x80040237": REREAD,
    "0x80060892": Lesson(
        meaning=Meaning.PERMANENT, advice="Another row has this key already: correct one of both."
    ),
    "0x80040333": Lesson(
        meaning=Meaning.PERMANENT, advice="A duplicate detection rule refuses the row."
    ),
    "0x8006088d": Lesson(
        meaning=Meaning.PERMANENT, advice="Turn on optimistic concurrency for the table."
    ),
    "0x80048408": Lesson(
        meaning=Meaning.PERMANENT,
        advice="The status reason does not belong to the status: check mappings/.",
    ),
    "0x80072491": Lesson(
        meaning=Meaning.PERMANENT, advice="Turn on change tracking for the table."
    ),
    "0x80060888": Lesson(
        meaning=Meaning.PERMANENT, advice="The address is not understood: check dataverse.url."
    ),
    "0x0": Lesson(meaning=Meaning.PERMANENT, advice=MISNAMED),
    "0x80048d19": Lesson(meaning=Meaning.PERMANENT, advice=MISNAMED),
    "0x80044331": Lesson(
        meaning=Meaning.PERMANENT, advice="A value does not fit its column: widen the column."
    ),
    "0x80040203": Lesson(
        meaning=Meaning.PERMANENT, advice="A column that must have a value has none: fill it in."
    ),
    "0x80040265": Lesson(
        meaning=Meaning.PERMANENT, advice="A plug-in in Dynamics refuses it: ask who maintains it."
    ),
    "0x80060883": Lesson(
        meaning=Meaning.PERMANENT, advice="A version is missing: report it, it is a defect."
    ),
    "0x80044352": EXPIRED,
    "0x80040220": Lesson(
        meaning=Meaning.SIGN_IN, advice="A privilege is missing: check the app's security role."
    ),
    "0x80048306": Lesson(
        meaning=Meaning.SIGN_IN,
        advice="The app may not touch this row: its role needs organisation level.",
    ),
    "0x80044150": TROUBLE,
    "0x80044151": TROUBLE,
    "0x80072321": THROTTLED,
    "0x80072322": THROTTLED,
    "0x80072326": THROTTLED,
    "0x80072327": THROTTLED,
}

BY_STATUS: Final = {
    401: Lesson(meaning=Meaning.SIGN_IN, advice=SIGN_IN_ADVICE),
    403: Lesson(meaning=Meaning.SIGN_IN, advice=SIGN_IN_ADVICE),
    404: ABSENT,
    405: Lesson(
        meaning=Meaning.PERMANENT, advice="Dynamics does not allow it: look at what uses the row."
    ),
    408: TROUBLE,
    410: EXPIRED,
    412: REREAD,
    413: Lesson(meaning=Meaning.PERMANENT, advice="Too much at once: report it, it is a defect."),
    429: THROTTLED,
    500: TROUBLE,
    501: Lesson(
        meaning=Meaning.PERMANENT, advice="Dataverse cannot do it: report it, it is a defect."
    ),
    502: TROUBLE,
    503: TROUBLE,
    504: TROUBLE,
}


def fault_of(reply: Reply) -> Fault:
    """Understand an answer other than success, of a request or of a part of a batch."""
    code, message = _told(reply.content)
    lesson = BY_CODE.get(code.lower()) or BY_STATUS.get(reply.status, UNKNOWN)
    words = message or f"Dataverse answered HTTP {reply.status}."
    return Fault(
        meaning=lesson.meaning,
        message=sentence(words, lesson.advice),
        status=reply.status,
        code=code,
        correlation_id=reply.correlation_id,
        retry_after_seconds=reply.retry_after_seconds(),
    )


def _told(content: bytes) -> tuple[str, str]:
    try:
        error = mapping(mapping(read_error(content)).get("error"))
    except ValueError:
        return "", ""
    return text(error.get("code")), text(error.get("message"))
