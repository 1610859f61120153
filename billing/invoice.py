"""Invoices: the lines of an invoice run, totals, and closing an invoice below zero."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from billing.charges import chargeable, charges, owed_for
from billing.ledger import ledger_of
from billing.lines import BilledLine, LineKind, NewLine
from billing.money import balance, minor_unit, with_places
from billing.periods import Period
from billing.settlement import remainder, settle
from billing.terms import Terms
from billing.timeline import Timeline


class InvoiceLine(Protocol):
    """What an invoice needs of its lines: both BilledLine and NewLine are."""

    @property
    def period(self) -> Period: ...

    @property
    def amount(self) -> Decimal: ...

    @property
    def tax_amount(self) -> Decimal: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What the lines of an invoice add up to; `total` is gross."""

    net: Decimal
    tax: Decimal
    total: Decimal


def bill(
    timeline: Timeline, terms: Terms, billed: Sequence[BilledLine], *, through: date, cycle: Period
) -> list[NewLine]:
    """Return what an invoice run adds: what is still owed for other days, and the cycle itself.

    `through` is the day of the run. Lines that a cycle in arrears has already (the used days of a
    deactivation) left a remainder, which the last new one takes (rule 4.2).
    Raises UnknownCurrencyError.
    """
    owed = settle(timeline, terms, billed, through=through, uncovered_until=cycle.start)
    left = remainder(timeline.known_on(through), terms, billed, owed, cycle)
    return [*owed, *recurring(timeline, terms, billed, cycle, left=left)]


def recurring(
    timeline: Timeline,
    terms: Terms,
    billed: Sequence[BilledLine],
    cycle: Period,
    *,
    left: Fraction = Fraction(0),
) -> list[NewLine]:
    """Bill the days of a cycle that no line covers: the coming cycle, or in arrears the last.

    A full cycle of equal seats is a Recurring line; other runs are Prorated Charge lines.
    `left` is the remainder of the lines that the cycle has. Raises UnknownCurrencyError.
    """
    ledger = ledger_of(timeline, terms, billed, cycle.end)
    pieces = ledger.uncovered(chargeable(ledger, cycle.end).clamp(cycle))
    amounts = balance(owed_for(pieces, terms), terms.currency, left=left)
    return charges(pieces, amounts, terms, LineKind.RECURRING)


def totals(lines: Sequence[InvoiceLine]) -> Totals:
    """Add up the lines as they stand."""
    net = sum((line.amount for line in lines), Decimal(0))
    tax = sum((line.tax_amount for line in lines), Decimal(0))
    return Totals(net=net, tax=tax, total=net + tax)


def has_charges(lines: Sequence[InvoiceLine]) -> bool:
    """Say whether there is anything to issue; a draft with only credits rolls on (rule 4.16)."""
    return any(line.amount > 0 for line in lines)


def close(lines: Sequence[InvoiceLine], currency: str) -> tuple[NewLine | None, Decimal]:
    """Return the line that lifts an invoice to 0.00, and the gross credit that goes on (4.16).

    (None, 0) when the total is zero or more; (None, total) when there are only credits: then
    nothing is issued and the draft stays as it is. Otherwise the next draft opens with
    `opening` of the line.
    """
    sums = totals(lines)
    nothing = minor_unit(currency) * 0
    if sums.total >= 0:
        return None, nothing
    if not has_charges(lines):
        return None, sums.total
    period = Period(
        min(line.period.start for line in lines), max(line.period.end for line in lines)
    )
    return _carried(sums, period, currency), sums.total


def opening(closing: NewLine, start: date) -> NewLine:
    """Make the line with which the next draft opens, on the day its cycle starts."""
    period = Period(start, start)
    return replace(
        closing,
        period=period,
        period_key=start,
        unit_price=-closing.unit_price,
        amount=-closing.amount,
        tax_amount=-closing.tax_amount,
        explanation="credit carried forward from the invoice before",
    )


def _carried(sums: Totals, period: Period, currency: str) -> NewLine:
    return NewLine(
        kind=LineKind.CREDIT_CARRIED_FORWARD,
        period=period,
        quantity=1,
        unit_price=with_places(-sums.net, currency),
        discount_percent=Decimal(0),
        tax_percent=Decimal(0),
        amount=with_places(-sums.net, currency),
        tax_amount=with_places(-sums.tax, currency),
        reverses=None,
        explanation=f"{with_places(-sums.total, currency)} of credit goes on to the next invoice",
        period_key=period.start,
        root="",
        change_key="",
    )
