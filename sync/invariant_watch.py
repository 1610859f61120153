"""Judge the invariants once a day, and remember how many are broken (rules.md 4.18). Writes no row.

What is remembered is shown as metrics; `seatkeeper verify` tells each one.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sync.engine import Engine
from sync.findings import judge_rows, judge_state
from sync.invariants import Finding
from sync.ports import Tx

INVARIANTS = (
    "credits",
    "invoice numbers",
    "invoice total",
    "logged twice",
    "lost work",
    "seats",
    "stale state",
    "trail",
)
"""What must hold; a finding of one that only wants to be seen counts as no violation."""
LOOKED_AT = ("credit owed", "credits", "invoice numbers", "rows")
"""What a person should see."""
MOST_ROWS_FROM = 20_000
"""With more subscriptions the rows at Dataverse are left to `verify`: they are held in memory."""
_DAILY = timedelta(days=1)
_JUDGED = "invariants judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the last look found, by name."""

    at: datetime
    violations: Mapping[str, int]
    findings: Mapping[str, int]


def judge_daily(engine: Engine) -> bool:
    """Judge when the last look is a day old; return whether it was. Raises RemoteError."""
    now = engine.now()
    last = engine.ports.store.look(judged)
    if last is not None and last.at <= now < last.at + _DAILY:
        return False
    found = list(_found(engine))
    text = json.dumps(
        {
            "at": now.isoformat(),
            "violations": Counter(one.what for one in found if one.broken),
            "findings": Counter(one.what for one in found if not one.broken),
        }
    )
    engine.ports.store.tx(lambda tx: tx.set_meta(_JUDGED, text))
    return True


def judged(tx: Tx) -> Judged | None:
    """Return what the last look found; None before the first."""
    text = tx.meta(_JUDGED)
    if not text:
        return None
    told = json.loads(text)
    return Judged(
        at=datetime.fromisoformat(told["at"]),
        violations=told["violations"],
        findings=told["findings"],
    )


def _found(engine: Engine) -> Iterator[Finding]:
    store = engine.ports.store
    yield from judge_state(store)
    if store.look(lambda tx: tx.counts()).subscriptions <= MOST_ROWS_FROM:
        yield from judge_rows(engine)
