"""What can go wrong at a service, and what the answer to a write means.

    RemoteError                 (sync.remote)
    ├── Unavailable             no or a passing answer; try again later
    │   ├── NotSent             no connection was made: certainly not executed
    │   └── NoAnswer            sent, but the answer is missing: perhaps executed
    ├── SignInFailed            who we are is refused; a person must act
    ├── Refused                 an answer that will not change by itself
    │   └── NotFound            the row, table or subscription is not there
    └── CursorExpired           the delta link is too old or the table changed

The services name their troubles in `dataverse/faults.py` and `partner_center/faults.py`;
here a `Fault` becomes an error (reads) or an outcome (writes).
"""

from dataclasses import dataclass
from enum import StrEnum

from sync.remote import (
    CursorExpired,
    NotFound,
    Outcome,
    Refused,
    RemoteError,
    SignInFailed,
    Unavailable,
    WriteResult,
)

MAX_MESSAGE = 600
"""Characters of a service's own words that are worth keeping (stack traces are not)."""

PERHAPS_EXECUTED = frozenset({408, 500, 502, 504})
"""Answers to a write that leave open whether it was executed; 503 too, without Retry-After."""


class NotSent(Unavailable):
    """No connection was made, or the call was held back; the service never saw it."""


class NoAnswer(Unavailable):
    """The call was sent and its answer is missing; a write may have been executed."""


class Meaning(StrEnum):
    """What an answer other than success asks of us."""

    RETRY = "retry"
    REREAD = "re-read"
    PERMANENT = "permanent"
    SIGN_IN = "sign-in"
    ABSENT = "absent"
    EXPIRED_CURSOR = "expired cursor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A known trouble: its class, and what a CRM user or an operator can do."""

    meaning: Meaning
    advice: str = ""
    retry_after_seconds: float | None = None
    """The wait that the documentation names, where the answer itself tells none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An answer other than success, understood."""

    meaning: Meaning
    message: str
    status: int
    code: str = ""
    correlation_id: str = ""
    retry_after_seconds: float | None = None

    def error(self) -> RemoteError:
        """Return what a read raises."""
        told = (self.message, self.status, self.code, self.correlation_id)
        match self.meaning:
            case Meaning.RETRY:
                return _unavailable(self)
            case Meaning.SIGN_IN:
                return _made(SignInFailed, told)
            case Meaning.ABSENT:
                return _made(NotFound, told)
            case Meaning.EXPIRED_CURSOR:
                return _made(CursorExpired, told)
            case Meaning.REREAD | Meaning.PERMANENT:
                return _made(Refused, told)

    def result(self) -> WriteResult:
        """Return what a write answers; raise SignInFailed, for then nothing was executed."""
        if self.meaning is Meaning.SIGN_IN:
            raise self.error()
        return WriteResult(
            outcome=self._outcome(),
            status=self.status,
            code=self.code,
            message=self.message,
            correlation_id=self.correlation_id,
            retry_after_seconds=self.retry_after_seconds,
        )

    def _outcome(self) -> Outcome:
        if self.status in PERHAPS_EXECUTED:
            return Outcome.AMBIGUOUS
        if self.status == 503 and self.retry_after_seconds is None:  # noqa: PLR2004  # an HTTP status is its own name
            return Outcome.AMBIGUOUS
        match self.meaning:
            case Meaning.RETRY:
                return Outcome.RETRY
            case Meaning.REREAD | Meaning.ABSENT:
                return Outcome.PRECONDITION
            case _:
                return Outcome.REFUSED


def unsent_or_unclear(error: Unavailable) -> WriteResult:
    """Return the outcome of a write that got no answer at all."""
    unclear = isinstance(error, NoAnswer)
    return WriteResult(
        outcome=Outcome.AMBIGUOUS if unclear else Outcome.RETRY,
        status=error.status,
        code=error.code,
        message=error.message,
        correlation_id=error.correlation_id,
        retry_after_seconds=error.retry_after_seconds,
    )


def sentence(message: str, advice: str) -> str:
    """Join a service's own words and our advice; cut what only a developer could read."""
    words = message.strip()[:MAX_MESSAGE]
    if words and advice and words[-1] not in ".!?":
        words += "."
    return f"{words} {advice}".strip()


def _unavailable(fault: Fault) -> Unavailable:
    return Unavailable(
        fault.message,
        status=fault.status,
        code=fault.code,
        correlation_id=fault.correlation_id,
        retry_after_seconds=fault.retry_after_seconds,
    )


def _made(kind: type[RemoteError], told: tuple[str, int, str, str]) -> RemoteError:
    message, status, code, correlation_id = told
    return kind(message, status=status, code=code, correlation_id=correlation_id)
