"""What is known of the two sides of a subscription, as values (rules.md 5)."""

from dataclasses import dataclass, field
from datetime import datetime

from sync.remote import Row

CONFLICT = "conflict"
"""The code of a subscription whose sides were both changed, to different values."""
REFUSED = "value-refused"
"""The code of one whose provider refuses the value that Dynamics holds."""
DIFFERING = frozenset({CONFLICT, REFUSED})
"""What only a new comparison of both sides solves; other changes go on meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one side holds, in words; `told` says when and how that is known, or why it is not."""

    name: str
    status: str
    quantity: str
    told: str


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
