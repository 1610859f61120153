"""What the console is given by the wiring: the state, the mappings, and what others do for it.

The console itself knows no configuration, no lock and no service; every command goes through
`ask`, the same queue that the command line uses, with the person's name in it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Protocol, TypeAlias

from sync.mapping_files import Mappings
from sync.ports import Store
from sync.reading_invoices import Draft, IssuedInvoice
from sync.reading_names import Named
from sync.sides import Side
from sync.state import Fact, TrailEntry
from sync.unmatched import Unmatched

Document: TypeAlias = Mapping[str, object]


class NotDoneError(Exception):
    """What a person asked for was not done; the text says why."""


class Role(IntEnum):
    """What a person may do; each may do what the one before may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is signed in."""

    name: str
    role: Role


class Words(Protocol):
    """How dates and amounts are written where the people are."""

    def money(self, amount: Decimal, currency: str) -> str: ...

    def day(self, day: date | None) -> str: ...

    def days(self, first: date | None, last: date | None) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """A line of the next invoice: already on the draft, or put there by the run."""

    is_new: bool
    kind: str
    amount: Decimal
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NextInvoice:
    """A contract's next invoice as a run would issue it."""

    contract: str
    currency: str
    first_day: date
    lines: Sequence[BillLine]
    net: Decimal
    tax: Decimal
    total: Decimal
    carried: Decimal
    rolls: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """Something wrong in the mappings: where, what, and what to do."""

    place: str
    message: str
    remedy: str


class SignIn(Protocol):
    """Signing in by Microsoft Entra."""

    def begin(self, answer_to: str) -> Document:
        """Begin; the document is kept until the answer comes, `auth_uri` is where to go."""
        ...

    def finish(self, begun: Document, answer: Mapping[str, str]) -> Person | None:
        """Take the answer in; None when the person has no role here. Raise NotDoneError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the configuration says of the console."""

    hosts: frozenset[str] = frozenset({"localhost", "127.0.0.1", "[::1]"})
    """The names by which a browser may reach it."""
    address: str = ""
    """The address that people use, where it is another than the one asked for."""
    is_secure: bool = False
    """It is reached by https only."""
    session_minutes: int = 480
    idle_minutes: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the pages are made of. Callables may raise NotDoneError with a sentence."""

    store: Store
    settings: Settings
    words: Words
    now: Callable[[], datetime]
    """Real time: sessions live by it."""
    mappings: Callable[[], Mappings]
    facts: Callable[[], Mapping[str, str]]
    """What the configuration says, for the overview."""
    defects: Callable[[], Sequence[Defect]]
    sentence: Callable[[TrailEntry, Mapping[str, Fact]], str]
    """Tells an entry of the trail in words."""
    names: Callable[[Sequence[str]], Mapping[str, Named]]
    find: Callable[[str], Sequence[Named]]
    sides: Callable[[str], Sequence[Side]]
    valued: Callable[[Sequence[Unmatched]], Sequence[Unmatched]]
    """Adds what each is worth a month."""
    plan: Callable[[], Document]
    drafts: Callable[[], Sequence[Draft]]
    issued: Callable[[date, date], Sequence[IssuedInvoice]]
    next_invoice: Callable[[str], NextInvoice | None]
    next_due: Callable[[], date | None]
    """The earliest day on which a contract's next invoice is due."""
    ask: Callable[[str, Mapping[str, str | None]], Sequence[Document]]
    """Has a command carried out, as the command line does."""
    sign_in: SignIn | None = None
    """None: people come by a one-time link."""
