"""What the engine remembers, as values. The `Store` port keeps them; nothing here does I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from lifecycle.decisions import Standing
from sync.remote import Row


class StateError(Exception):
    """The local state cannot be used; the text says why and what to do, and nothing is sent.

    StateError
    ├── IncompatibleStateError  another organisation's, or written by a newer version
    ├── DamagedStateError       the file is no database any more, or a part of it is missing
    ├── StateSignInError        the database does not let us in
    └── UnwritableStateError    the disk is full, the file is read-only, another holds it
        ├── UnreachableStateError  the database does not answer
        └── LeaseLostError         another process may work on it by now
    """


class IncompatibleStateError(StateError):
    """The state file belongs to another organisation, or was written by a newer version."""


class DamagedStateError(StateError):
    """The state file is damaged: verify it, and restore a backup."""


class UnwritableStateError(StateError):
    """The state cannot be written just now; what was written before is whole."""


class UnreachableStateError(UnwritableStateError):
    """The database does not answer just now; nothing is sent until it does."""


class LeaseLostError(UnwritableStateError):
    """The lease of the state has run out, or is another's: nothing is written or sent."""


class StateSignInError(StateError):
    """The database refuses the user or the password."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a row stands, raw: the status pair and the quantity, as Dataverse holds them."""

    pair: tuple[int | None, ...]
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The snapshot of a subscription row, and the state that was last accepted for it."""

    id: str
    version: int
    point: Point
    """The end of the consumed history: every change up to here is a fact already."""
    accepted: Standing | None
    """What the newest change log says (a cache of it); None while the row was never understood."""
    planned: Standing | None = None
    """What becomes accepted once the stored operations are done."""
    contract_id: str | None
    modified_at: datetime
    first_seen_on: date
    deactivate_on: date | None = None
    audit_id: str = ""
    """The last audit row that became a fact."""
    claims: tuple[tuple[Point, Point], ...] = ()
    """Changes taken without audit, or written by us; each claims one later audit row."""
    differs_since: datetime | None = None
    """Business time at which the row first differed while the audit history did not yet say so; or,
    in the future, at which a row that was saved is looked at once more for late audit rows."""


class FactState(StrEnum):
    """How far a fact has come."""

    WAITING = "waiting"
    PLANNED = "planned"
    DONE = "done"
    REFUSED = "refused"
    UNCHANGED = "unchanged"
    FORGOTTEN = "forgotten"
    """A person said that nothing is to be done about it any more."""


class Source(StrEnum):
    """How we know of a change."""

    AUDIT = "audit"
    OBSERVED = "observed"
    """By comparing two reads: the instant is uncertain, steps in between are unknown."""
    NEW_ROW = "new row"
    SCHEDULE = "schedule"
    PROVIDER = "provider"
    """Changed at the provider; the row follows."""
    RENEWAL = "renewal"
    """The term went on at the provider."""

    @property
    def is_foreign(self) -> bool:
        """Tell a change that has happened at the provider already."""
        return self in {Source.PROVIDER, Source.RENEWAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One change that was seen; its key is its identity for ever."""

    key: str
    subscription_id: str
    point: Point
    """Where the row stood after the change."""
    status_changed: bool
    quantity_changed: bool
    source: Source
    at: datetime
    by: str = ""
    effective_on: date | None = None
    """The date that the person set for it, or on which a term made it, if any."""
    state: FactState = FactState.WAITING
    ordinal: int = 0


class Service(StrEnum):
    """Where an operation goes."""

    DATAVERSE = "dataverse"
    PROVIDER = "provider"
    STEP = "step"
    """A step of somebody else's package, called after a change."""


class OperationState(StrEnum):
    """How far an operation has come. READY, SENT and UNCLEAR are open."""

    READY = "ready"
    SENT = "sent"
    """The intent is stored and the call was begun: verify before sending again."""
    DONE = "done"
    FAILED = "failed"
    SUPERSEDED = "superseded"

    @property
    def is_open(self) -> bool:
        return self in {OperationState.READY, OperationState.SENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One write to a service: stored with its frozen body before it is sent.

    Operations of one `group` are one change set, in order. For the provider `body` is frozen
    when the step before it has answered (its document is the base), always before the call.
    """

    id: str
    subject: str
    """The subscription, or the contract for an invoice run."""
    group: str
    service: Service
    action: str
    set: str = ""
    target: str = ""
    body: Row = field(default_factory=dict)
    precondition: str = ""
    quantity: int | None = None
    """The seats wanted at the provider."""
    change_keys: tuple[str, ...] = ()
    ordinal: int = 0
    state: OperationState = OperationState.READY
    attempts: int = 0
    request_id: str = ""
    not_before: datetime | None = None
    sent_at: datetime | None = None
    message: str = ""
    carried: Row = field(default_factory=dict)
    """What goes with it: the fields wanted at the provider, or the baseline that follows."""

    def begun(self, now: datetime) -> "Operation":
        """Return it as it is stored right before a call: the next attempt, begun now."""
        return replace(
            self,
            state=OperationState.SENT,
            attempts=self.attempts + 1,
            sent_at=now,
            not_before=None,
        )

    def ended(self, state: OperationState, message: str) -> "Operation":
        """Return it as it is stored when it is over."""
        return replace(self, state=state, message=message, not_before=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A subscription or contract set aside for a person; it delays no other."""

    subject: str
    code: str
    reason: str
    advice: str
    since: datetime
    change_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """A subscription to take up though no new change was seen: its logs say what is wanted."""

    subscription_id: str
    reason: str
    attempts: int = 0
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailEntry:
    """One fact of the append-only trail that `explain` and `log` read."""

    at: datetime
    subject: str
    event: str
    facts: Mapping[str, str]
    sequence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailCut:
    """What was cut off the beginning of the trail; the trail must tell it."""

    rows: int
    up_to: int
    """The number of the last row that is gone."""
    chain: str
    """Its place in the chain: from there the rest is verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailFault:
    """The first row of the trail that does not fit its hash chain."""

    sequence: int
    told: str


@dataclass(frozen=True, slots=True)
class Request:
    """A command that waits for the running daemon (rules.md 2.14)."""

    id: str
    verb: str
    argument: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLog:
    """What we know of a change log at Dataverse: enough to see when a person set it."""

    id: str
    subscription_id: str
    version: int
    change_key: str
    sequence: int
    kind: str
    quantity_after: int
    provisioning: str
    stamped: bool
    """Whether `provisioned_at` is set."""


class InvoiceWork(StrEnum):
    """What is still to be done about an invoice that a person closed."""

    NOTHING = ""
    ARCHIVE = "archive"
    """It was paid: its change logs are archived, except those that have lines elsewhere."""
    CHOOSE = "choose"
    """It was voided: a person says whether its days are billed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownInvoice:
    """An invoice as it was last polled."""

    id: str
    contract_id: str
    version: int
    status: str
    work: InvoiceWork = InvoiceWork.NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A change with a provider action or money, and what it gives back (net, not negative)."""

    change_key: str
    at: datetime
    currency: str = ""
    refund: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The figures of `status`."""

    subscriptions: int
    waiting: int
    """Changes not yet decided, and subscriptions that are taken up again without a new one."""
    open_operations: int
    parked: int
    uncertain: int
    """Changes taken by comparing two reads: steps in between may have gone unseen (rules 1.6)."""
