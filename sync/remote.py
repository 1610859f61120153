"""What the engine says to the two services and hears from them, as values and errors.

Shapes only: `connector/` renders and parses them, the engine reads them.
Errors carry the decision: try again, read again, give up, or sign in.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, TypeAlias

Json: TypeAlias = "str | int | float | Decimal | bool | Sequence[Json] | Mapping[str, Json] | None"
Row: TypeAlias = Mapping[str, Json]


class RemoteError(Exception):
    """A call to a service failed.

    RemoteError
    ├── Unavailable        no or a passing answer; try again later (`retry_after_seconds` if told)
    ├── SignInFailed       the service or the sign-in refuses who we are; a person must act
    ├── Refused            an answer that will not change by itself (status, code, message)
    │   └── NotFound       the row or subscription is not there
    └── CursorExpired      the delta link is too old or the table changed: read it in full
    """

    retryable: ClassVar[bool] = False

    def __init__(
        self, message: str, *, status: int = 0, code: str = "", correlation_id: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.correlation_id = correlation_id

    def __str__(self) -> str:
        facts = [
            f"HTTP {self.status}" if self.status else "",
            f"code {self.code}" if self.code else "",
        ]
        facts.append(f"correlation id {self.correlation_id}" if self.correlation_id else "")
        told = ", ".join(fact for fact in facts if fact)
        return f"{self.message} ({told})" if told else self.message


class Unavailable(RemoteError):
    """No answer, or one that says: later."""

    retryable: ClassVar[bool] = True

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "",
        correlation_id: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message, status=status, code=code, correlation_id=correlation_id)
        self.retry_after_seconds = retry_after_seconds


class SignInFailed(RemoteError):
    """The credentials, the audience or a permission are wrong; `message` says what to check."""


class Refused(RemoteError):
    """The service understood and said no."""


class NotFound(Refused):
    """There is no such row, table or subscription."""


class CursorExpired(RemoteError):
    """The delta link is no longer valid; a full read follows."""


class Outcome(StrEnum):
    """How a write ended, as far as its answer tells."""

    DONE = "done"
    PRECONDITION = "precondition"
    """An If-Match or If-None-Match did not hold; nothing was written. Read, then decide anew."""
    REFUSED = "refused"
    """The service said no; sending it again would not help."""
    RETRY = "retry"
    """Certainly not executed (throttled, not connected, 503): send the same again later."""
    AMBIGUOUS = "ambiguous"
    """May or may not have been executed: verify before anything else is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResult:
    """The answer to a write, or what its absence means."""

    outcome: Outcome
    status: int = 0
    code: str = ""
    message: str = ""
    correlation_id: str = ""
    retry_after_seconds: float | None = None
    body: Row = field(default_factory=dict)
    """The representation that came back (Partner Center's 200), else empty."""


# --- Dataverse ---------------------------------------------------------------------------------


class Comparison(StrEnum):
    """The filter operators that the engine needs."""

    EQ = "eq"
    NE = "ne"
    GE = "ge"
    LE = "le"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`column operator value`, physical column name; lookups as `_x_value`.

    A str that is a GUID is rendered bare for lookups (`guid=True`), else quoted.
    """

    column: str
    comparison: Comparison = Comparison.EQ
    value: str | int | date | datetime | None
    guid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One row by id (`id` given; absent = an answer without rows), or rows by conditions (and)."""

    set: str
    columns: tuple[str, ...]
    id: str | None = None
    where: tuple[Condition, ...] = ()
    order_by: tuple[str, ...] = ()
    expand: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Single-valued navigation property (schema case) and the columns wanted of it."""
    top: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadHistory:
    """The audit history of one row (RetrieveRecordChangeHistory)."""

    set: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One audited change: raw old and new values by physical column name."""

    id: str
    at: datetime
    user_id: str
    user_name: str
    operation: str
    """`create`, `update` or `delete`."""
    old: Row
    new: Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one `Read` (rows) or `ReadHistory` (history, oldest first).

    A history that cannot be read is None: the row is judged as one without auditing.
    """

    rows: tuple[Row, ...] = ()
    history: tuple[AuditEntry, ...] | None = ()


class Cells(Sequence[Row], ABC):
    """Rows of a full read that were not made into mappings; one is made of a row looked at."""

    @abstractmethod
    def column(self, name: str) -> Sequence[Json] | None:
        """Return one column of all rows; None when a row may lack it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a tracked read. `delta_link` is set on the last page only."""

    rows: Sequence[Row]
    deleted: Sequence[str] = ()
    delta_link: str | None = None
    resume: str | None = None
    """Where a full read goes on after this page; opaque, stored as the delta link is."""
    walk: str = ""
    """The full read that the page belongs to; one that began again has another name."""


CREATE_ONLY = "create"
"""Precondition: the row must not exist (`If-None-Match: *`)."""
UPDATE_ONLY = "update"
"""Precondition: the row must exist, any version (`If-Match: *`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One row to write: `PATCH set(id)`; `precondition` is CREATE_ONLY, UPDATE_ONLY or an etag."""

    set: str
    id: str
    body: Row
    precondition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Whom we talk to, read once at start."""

    id: str
    user_id: str
    audited_tables: frozenset[str]
    """Logical names for which organisation and table auditing are on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFact:
    """What the metadata says of a column."""

    name: str
    type: str
    writable: bool = True
    options: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFact:
    """What the metadata says of a table."""

    name: str
    set: str
    change_tracking: bool
    auditing: bool
    columns: Mapping[str, ColumnFact]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRules:
    """What a table asks of its rows."""

    required: frozenset[str]
    """Columns without which no row is created."""
    keys: tuple[frozenset[str], ...]
    """The alternate keys, by their columns, whose index is built."""
    navigations: Mapping[str, frozenset[str]]
    """The navigation properties of each lookup; one that points to several tables has several."""


# --- the provider ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceRef:
    """Where a subscription lives at its provider."""

    customer_id: str
    subscription_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A subscription as the provider holds it now.

    `resource` is the whole wire document: a write echoes it, because a thin PATCH loses
    auto-renew and scheduled instructions (Learn: update-a-subscription-by-id).
    """

    status: str
    """`active`, `suspended`, `deleted`, `expired`, `disabled`, `pending`, or the raw text."""
    quantity: int
    auto_renew: bool
    is_new_commerce: bool
    term_ends_on: date | None
    """The last day of the term (inclusive)."""
    cancellable_until: datetime | None
    refundable_seats: int | None
    held: Row
    """What a suspend takes: auto-renew, scheduled next-term instructions, scheduled actions."""
    etag: str
    resource: Row


class Action(StrEnum):
    """What can be asked of a provider."""

    SUSPEND = "suspend"
    REACTIVATE = "reactivate"
    RESTORE = "restore"
    """Give back what the suspend took: auto-renew and scheduled changes."""
    SET_QUANTITY = "set quantity"
    SCHEDULE_QUANTITY = "schedule quantity"
    """A decrease at renewal, where the provider refuses it now."""
    CANCEL = "cancel"
    FIELDS = "set fields"
    """Plain fields that Dynamics owns, such as the friendly name."""
