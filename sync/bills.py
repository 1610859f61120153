"""A contract's next invoice, worked out from rows that were read. Pure.

`waiting` are the lines that stand on the draft, `added` what the run puts to them. A credit whose
change was not provisioned stays behind, on the next draft (rules.md 2.11).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from billing.invoice import Totals, close, has_charges, totals
from billing.lines import NewLine
from billing.periods import Period
from lifecycle.states import Provisioning
from sync.contract_end import Ending
from sync.due import Due, Kind
from sync.edits import Hands
from sync.invoice_rules import InvoiceRules
from sync.model import ChangeLog, Context, Contract, Invoice, Line
from sync.settling import Cycle


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionLines:
    """What one subscription adds to an invoice."""

    context: Context
    lines: tuple[NewLine, ...] = ()
    proposed: tuple[NewLine, ...] = ()
    """Lines that would change what a person edited or deleted: they wait (rules.md 4.9)."""
    removed: tuple[ChangeLog, ...] = ()
    """Logs whose refund a person deleted."""
    hands: Hands = field(default_factory=Hands)
    ending: Ending | None = None
    """What was decided where the contract's end gives something back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A line as an invoice adds it up; one without a period belongs to the cycle."""

    period: Period
    amount: Decimal
    tax_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A contract's next invoice, before it has a number."""

    contract: Contract
    due: Due
    waiting: tuple[Line, ...]
    """Lines that are on the draft already, and are issued."""
    held: tuple[Line, ...]
    """Credits of changes that were not provisioned: they move to the next draft."""
    added: tuple[SubscriptionLines, ...]
    lift: NewLine | None
    """The line that lifts an invoice below zero to 0."""
    carried: Decimal
    """The credit with which the next draft opens (negative), in gross."""
    sums: Totals
    rolls: bool
    """Nothing is issued: the draft is empty, or has nothing but credits."""

    @property
    def cycle(self) -> Cycle:
        return self.due.cycle

    @property
    def draft(self) -> Invoice | None:
        return self.due.draft

    @property
    def new_lines(self) -> list[NewLine]:
        return [line for one in self.added for line in one.lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """A contract that has ended, and of which nothing is left to bill."""

    added: tuple[SubscriptionLines, ...]


def bill_of(
    contract: Contract,
    due: Due,
    waiting: Sequence[Line],
    added: Sequence[SubscriptionLines],
    rules: InvoiceRules,
) -> Bill:
    """Add a bill up."""
    failed = _failed(added)
    held = tuple(one for one in waiting if one.amount < 0 and one.change_key in failed)
    issued = tuple(one for one in waiting if one not in held)
    standing = _standing(due, issued, added)
    lift, carried = close(standing, contract.currency) if standing else (None, Decimal(0))
    credits_only = bool(standing) and not has_charges(standing)
    return Bill(
        contract=contract,
        due=due,
        waiting=issued,
        held=held,
        added=tuple(added),
        lift=lift,
        carried=carried,
        sums=totals([*standing, *([lift] if lift else [])]),
        rolls=not standing or (credits_only and not rules.issue_lone_credits),
    )


def is_over(bill: Bill) -> bool:
    """Tell that nothing is left to do: the contract has ended, no charge waits, none is owed."""
    ends_on: date | None = bill.contract.end_on
    has_ended = ends_on is not None and bill.cycle.start > ends_on
    return bill.rolls and not bill.new_lines and has_ended and bill.due.kind is Kind.CYCLE


def _failed(added: Sequence[SubscriptionLines]) -> frozenset[str]:
    return frozenset(
        log.change_key
        for one in added
        for log in one.context.logs
        if log.change_key and log.provisioning is Provisioning.FAILED
    )


def _standing(
    due: Due, waiting: Sequence[Line], added: Sequence[SubscriptionLines]
) -> list[Amount | NewLine]:
    billed = Period(due.billed.start, due.billed.end)
    amounts = [
        Amount(period=billed, amount=one.amount, tax_amount=one.tax_amount) for one in waiting
    ]
    return [*amounts, *(line for one in added for line in one.lines)]
