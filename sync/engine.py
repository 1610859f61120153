"""What every step of the engine works with: ports, mappings, policy. No behaviour of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from sync.detect import Watched
from sync.feed import LicenceFeed
from sync.guards import Limits, Load
from sync.invoice_rules import InvoiceRules
from sync.judge import Policy
from sync.mapping_files import Mappings
from sync.model import Context
from sync.ports import Crm, Dispatcher, Effects, Provider, Store
from sync.remote import Licence
from sync.scope import EVERYBODY, Scope
from sync.state import TrailEntry
from sync.steps import Step
from sync.sweep_state import SweepPlan

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
UNCLEAR_PAUSE = timedelta(seconds=120)
"""How long an unclear provider write is given to show: its timeout plus 60 s (rules.md 2.8)."""


class Log(Protocol):
    """Where events go: one event per fact, `event` and key=value pairs, never a secret."""

    def info(self, event: str, /, **facts: object) -> None: ...

    def warning(self, event: str, /, **facts: object) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The doors to the world."""

    crm: Crm
    providers: Mapping[str, Provider]
    store: Store
    effects: Effects
    dispatcher: Dispatcher
    log: Log
    feeds: Mapping[str, LicenceFeed] = field(default_factory=dict)
    """The providers that can tell of all their licences, by connection."""


@dataclass(slots=True, kw_only=True)
class Engine:
    """One running engine. `contexts` are rows read with the poll, used once in the same cycle."""

    ports: Ports
    mappings: Mappings
    policy: Policy
    audit_wait_seconds: int
    observe: bool = False
    scope: Scope = EVERYBODY
    audited: frozenset[str] = frozenset()
    contexts: dict[str, Context] = field(default_factory=dict)
    stopping: Callable[[], bool] = lambda: False
    """Asked between subscriptions: an operator wants the process to end."""
    announced: set[str] = field(default_factory=set)
    """Changes that observe mode has told already."""
    limits: Limits = field(default_factory=Limits)
    """How much may change before a person looks at the plan."""
    invoices: InvoiceRules = field(default_factory=InvoiceRules)
    resting: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    """Contracts of which nothing is due: the version of the row, and the end of their day."""
    licences: dict[str, Licence] = field(default_factory=dict)
    """Licences read for comparing, used once in the same cycle."""
    unripe: dict[str, datetime] = field(default_factory=dict)
    """Suspects that cannot be compared yet, and when they are looked at again."""
    unanswered: set[str] = field(default_factory=set)
    """Suspects about which a provider did not answer."""
    weighed: tuple[object, Load] | None = None
    """What waits, and how much it would change: worked out once while nothing moves."""
    steps: tuple[Step, ...] = ()
    """What other packages do around a change."""
    sweeps: SweepPlan = field(default_factory=SweepPlan)
    """When all licences are listed; the default is never by itself."""
    sleeping: dict[str, datetime] = field(default_factory=dict)
    """Scheduled deactivations that are not due yet in their contract's zone."""

    @property
    def watched(self) -> Watched:
        subscriptions = self.mappings.entity("subscription")
        return Watched(
            status=subscriptions.fields["status"].columns,
            quantity=subscriptions.column("quantity"),
            effective_on=subscriptions.column("change_effective_on"),
        )

    def now(self) -> datetime:
        """Return business time (rules.md 1.10)."""
        return self.ports.crm.now()

    def trail(self, subject: str, event: str, **facts: object) -> TrailEntry:
        told = {name: str(value) for name, value in facts.items() if value not in (None, "")}
        return TrailEntry(at=self.now(), subject=subject, event=event, facts=told)


def apart(engine: Engine, store: Store) -> Engine:
    """Return an engine on another store that shares nothing which is remembered in between."""
    return replace(
        engine,
        ports=replace(engine.ports, store=store),
        contexts={},
        licences={},
        unripe={},
        unanswered=set(),
        resting={},
        sleeping={},
        weighed=None,
    )


def pause(attempts: int) -> timedelta:
    """Return the growing pause before the next attempt."""
    return min(FIRST_PAUSE * (1 << min(attempts, 10)), LONGEST_PAUSE)
