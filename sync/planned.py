"""The plan of one subscription, as values: what is known, what is to be done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from billing.lines import NewLine
from lifecycle.decisions import Standing
from lifecycle.states import Provisioning
from sync.due import first
from sync.edits import Hands
from sync.judge import Decided
from sync.mapping import Record
from sync.model import ChangeLog, Context, Contract, Invoice
from sync.provisioning import Moment, Steps
from sync.reconcile import Comparison
from sync.remote import Licence, Row
from sync.settling import Cycle, Trouble
from sync.sides import Suspicion
from sync.state import FactState


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Another contract, its invoices, and the lines of the subscription on them."""

    contract: Contract
    drafts: tuple[Invoice, ...]
    closed: tuple[Invoice, ...]
    last_line_number: int
    roots: frozenset[str]

    @property
    def draft(self) -> Invoice | None:
        return first(self.drafts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything that is known about one subscription when it is taken up."""

    subscription_id: str
    was: Standing | None
    first_seen_on: date
    context: Context
    licence: Licence | None
    """None: no provider work, or the provider could not be read (then see `trouble`)."""
    provider_trouble: Trouble | None
    """Set when the provider's answer needs a person."""
    parked_code: str
    """Why it is parked, or empty."""
    hold: Row | None
    choice: str = ""
    """What a person chose for its newest change, or empty."""
    comparison: Comparison | None = None
    """How the row and its licence compare, when that is looked at."""
    suspicion: Suspicion | None = None
    """Why they are compared."""
    left_as: str = ""
    """The status that the provider was last left with, if another there is not to be undone."""
    is_checked: bool = False
    """The licence is compared with what was provisioned: an unclear write may have come late."""
    emitted: frozenset[str]
    """Ids of rows ever created for it; a line that a person deleted keeps its number."""
    elsewhere: tuple[Elsewhere, ...] = ()
    """Other contracts that lines of it belong to, from before it was moved (rules.md 4.12)."""
    hands: Hands = field(default_factory=Hands)
    """What people did to its invoice lines (rules.md 4.9)."""
    accepted: str = ""
    """The amounts beside an edited line that a person accepted, as `accepted_lines` marks them."""
    undecided: Trouble | None = None
    """What a person has to decide about its contract first; until then its lines wait."""
    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLog:
    """A change log to create, without the outcome of provisioning."""

    log: ChangeLog
    decided: Decided
    refund_reason: str
    refund: str = ""
    """The credit in words, such as `-58.33 USD`; empty when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogUpdate:
    """An existing log to update: provisioning outcome, stamp or message."""

    log: ChangeLog
    provisioning: Provisioning
    message: str
    stamp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done for one subscription, in the order in which it is done."""

    subscription_id: str
    states: Mapping[str, FactState]
    standing: Standing | None
    logs: tuple[PlannedLog, ...] = ()
    updates: tuple[LogUpdate, ...] = ()
    awaits_provider: str = ""
    """Id of the log (new or old) whose outcome the provider's answer decides."""
    retry_provider: bool = False
    """The provider gave no answer; its part is taken up again later."""
    steps: Steps | None = None
    row: Record = field(default_factory=dict)
    """Values of the provider to write on the subscription row."""
    corrects: bool = False
    """The steps put a late effect right; no log waits for them."""
    lines: tuple[NewLine, ...] = ()
    removed: tuple[ChangeLog, ...] = ()
    """Logs that are to say that a person removed their refund."""
    draft: Invoice | None = None
    new_draft: Cycle | None = None
    """Set when lines wait and the contract has no open invoice: it is made first, alone."""
    consequences: str = ""
    """What stopping it at the provider means, in sentences; the bill that goes on is a note."""
    refused: str = ""
    trouble: Trouble | None = None
    message: str = ""
    """What `sk_syncmessage` is to say; empty = nothing is wrong."""

    @property
    def has_work(self) -> bool:
        has_steps = bool(self.steps and self.steps.actions)
        return bool(self.logs or self.updates or self.lines or self.row or has_steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A case and its plan."""

    case: Case
    plan: Plan
