"""What a Dataverse error means: `{"error": {"code", "message"}}`, by code, then by HTTP status.

Messages are localised, so only codes and statuses are looked at.
Sources: Microsoft Learn, web API error codes, service protection limits, conditional operations.
"""

from typing import Final

from connector.documents import mapping, read_fast, text
from connector.errors import Fault, Lesson, Meaning, sentence
from connector.http import Reply

SIGN_IN_ADVICE: Final = (
    "Check that the app is an application user of this environment, enabled, and has the role "
    "with organisation-level read."
)
THROTTLED: Final = Lesson(meaning=Meaning.RETRY, advice="Dataverse asks to slow down.")
REREAD: Final = Lesson(meaning=Meaning.REREAD, advice="The row was changed meanwhile.")
UNKNOWN: Final = Lesson(meaning=Meaning.PERMANENT)
NO_SUCH_TABLE: Final = "0x8006088a"

BY_CODE: Final = {
    "0x80040217": Lesson(meaning=Meaning.ABSENT),
    "0x80060891": Lesson(meaning=Meaning.ABSENT),
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
    "0x80044352": Lesson(meaning=Meaning.EXPIRED_CURSOR),
    "0x80040220": Lesson(
        meaning=Meaning.SIGN_IN, advice="A privilege is missing: check the app's security role."
    ),
    "0x80048306": Lesson(
        meaning=Meaning.SIGN_IN,
        advice="The app may not touch this row: its role needs organisation level.",
    ),
    "0x80044150": Lesson(meaning=Meaning.RETRY),
    "0x80044151": Lesson(meaning=Meaning.RETRY),
    "0x80072321": THROTTLED,
    "0x80072322": THROTTLED,
    "0x80072326": THROTTLED,
    "0x80072327": THROTTLED,
}

BY_STATUS: Final = {
    401: Lesson(meaning=Meaning.SIGN_IN, advice=SIGN_IN_ADVICE),
    403: Lesson(meaning=Meaning.SIGN_IN, advice=SIGN_IN_ADVICE),
    404: Lesson(meaning=Meaning.ABSENT),
    408: Lesson(meaning=Meaning.RETRY),
    410: Lesson(meaning=Meaning.EXPIRED_CURSOR),
    412: REREAD,
    429: THROTTLED,
    500: Lesson(meaning=Meaning.RETRY),
    502: Lesson(meaning=Meaning.RETRY),
    503: Lesson(meaning=Meaning.RETRY),
    504: Lesson(meaning=Meaning.RETRY),
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
        error = mapping(mapping(read_fast(content)).get("error"))
    except ValueError:
        return "", ""
    return text(error.get("code")), text(error.get("message"))
