"""When a contract's next invoice is due, and for which days. Pure (rules.md 4.14, 4.15).

```
cycle     its cycle begins (in advance) or ends (in arrears): recurring lines and what waits
interim   an anchor day of a month within a longer cycle: only what waits
date      nothing is due; sk_nextinvoiceon is empty, or further off than the next interim day
```
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from billing.periods import ONE_DAY, Frequency, cycle_at, next_cycle
from billing.terms import BillingPolicy, Terms
from sync.invoice_rules import InvoiceRules
from sync.model import Contract, Invoice
from sync.settling import Cycle, open_cycle, terms_of


class Kind(StrEnum):
    """What there is to do for a contract."""

    CYCLE = "cycle"
    INTERIM = "interim"
    DATE = "date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is due for a contract on a day."""

    kind: Kind
    on: date
    """The day of the run, in the contract's zone."""
    cycle: Cycle
    """The cycle of the open invoice."""
    draft: Invoice | None
    billed: Cycle
    """The days that the invoice names as its own."""
    next_on: date
    """The day on which there may be something due again."""
    unissued: int
    """How many drafts of the cycle a person closed without issuing them."""


def first(drafts: Sequence[Invoice]) -> Invoice | None:
    """Of several drafts the one with the earliest cycle serves (rules.md 2.5)."""
    ordered = sorted(drafts, key=lambda one: (one.cycle_start or date.max, one.id))
    return ordered[0] if ordered else None


def due_of(
    contract: Contract,
    drafts: Sequence[Invoice],
    closed: Sequence[Invoice],
    on: date,
    rules: InvoiceRules,
) -> Due | None:
    """Say what is due for a contract that has no trouble; None when nothing is."""
    terms = terms_of(contract)
    draft = first(drafts)
    cycle = _cycle_of(contract, terms, draft, closed, on)
    issue_day = issue_day_of(terms, cycle)
    nothing = Due(
        kind=Kind.DATE,
        on=on,
        cycle=cycle,
        draft=draft,
        billed=cycle,
        next_on=_next_on(terms, cycle, on, rules),
        unissued=sum(1 for one in closed if one.cycle_start == cycle.start),
    )
    if issue_day <= on:
        next_on = _next_on(terms, following_of(terms, cycle), issue_day, rules)
        return replace(nothing, kind=Kind.CYCLE, next_on=next_on)
    if contract.end_on is not None and cycle.start > contract.end_on:
        return None
    stands = contract.next_invoice_on
    month = cycle_at(terms.anchor, Frequency.MONTHLY, on).start
    if stands is not None and stands <= on and _has_interims(terms, rules):
        before = cycle_at(terms.anchor, Frequency.MONTHLY, month - ONE_DAY).start
        return replace(nothing, kind=Kind.INTERIM, billed=Cycle(start=before, end=month))
    return nothing if stands is None or stands > nothing.next_on else None


def issue_day_of(terms: Terms, cycle: Cycle) -> date:
    """Return the day on which a cycle is invoiced."""
    return cycle.start if terms.policy is BillingPolicy.ADVANCE else cycle.end


def following_of(terms: Terms, cycle: Cycle) -> Cycle:
    """Return the cycle after one."""
    following = cycle_at(terms.anchor, terms.frequency, cycle.end)
    return Cycle(start=following.start, end=following.end)


def _has_interims(terms: Terms, rules: InvoiceRules) -> bool:
    return rules.interim and terms.frequency is not Frequency.MONTHLY


def _next_on(terms: Terms, cycle: Cycle, after: date, rules: InvoiceRules) -> date:
    """Return the day of the cycle's invoice, or of an interim one that comes before it."""
    day = issue_day_of(terms, cycle)
    if not _has_interims(terms, rules) or after < terms.anchor:
        return day
    return min(day, next_cycle(terms.anchor, Frequency.MONTHLY, after).start)


def _cycle_of(
    contract: Contract, terms: Terms, draft: Invoice | None, closed: Sequence[Invoice], on: date
) -> Cycle:
    if draft is not None and draft.cycle_start is not None:
        cycle = cycle_at(terms.anchor, terms.frequency, max(draft.cycle_start, terms.anchor))
        return Cycle(start=cycle.start, end=cycle.end)
    return open_cycle(contract, closed, on)
