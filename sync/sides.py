"""What is remembered about the two sides of a subscription, as values (rules.md 5)."""

from dataclasses import dataclass, field
from datetime import datetime

from sync.remote import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A subscription whose licence must be read and compared."""

    subscription_id: str
    reason: str
    at: datetime | None = None
    """When it changed at the provider, if a record there says so."""
    by: str = ""
    """Who changed it there, if known."""
    marks: int = 1
    """How often it was suspected: a look clears only what was said before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What each side held when both were last found or made equal, by mapping field name."""

    subscription_id: str
    crm: Row = field(default_factory=dict)
    partner: Row = field(default_factory=dict)
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field that the sides do not hold alike, and what becomes of it."""

    subscription_id: str
    field: str
    base: str
    crm: str
    partner: str
    outcome: str
    """What is done about it: `reported`, `conflict`, `to_crm`, `to_partner_center`."""
    reason: str
    since: datetime
