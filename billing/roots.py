"""Root lines: what a billed line was for, exactly, and what its seats and days are worth.

Rate of a line (rule 4.7, 4.2):
Recurring, or not ours   what was billed / (seats x days of the line's period)
Prorated Charge of ours  unit price less discount / days of the contract's cycle
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product
from operator import itemgetter

from billing.lines import BilledLine, InvoiceState, LineKind
from billing.money import exact_unit, less_percent
from billing.periods import Period
from billing.shares import share
from billing.terms import ProrateUnit, Terms
from billing.timeline import Timeline

# A line of ours may carry a remainder of other lines; this many minor units still are that.
_REMAINDER_UNITS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A root line, valued: `full` is the exact charge, `seat_rate` that of a seat per frame."""

    line: BilledLine
    frame: Period
    seat_rate: Fraction
    full: Fraction
    by_formula: bool
    reversals: tuple[BilledLine, ...]

    @property
    def period(self) -> Period:
        return self.line.period

    @property
    def seats(self) -> int:
        return self.line.quantity

    @property
    def is_void(self) -> bool:
        return self.line.invoice_state is InvoiceState.VOID

    @property
    def corrections(self) -> tuple[BilledLine, ...]:
        """The reversals that Seatkeeper wrote; One-off lines reduce the cap only (rule 4.8)."""
        return tuple(
            line for line in self.reversals if line.ours and line.kind is not LineKind.ONE_OFF
        )

    @property
    def left(self) -> Fraction:
        """What is left of the line to refund, with everybody's lines as they stand."""
        return Fraction(self.line.amount) + _sum(line.amount for line in self.reversals)

    @property
    def tax_left(self) -> Fraction:
        return Fraction(self.line.tax_amount) + _sum(line.tax_amount for line in self.reversals)


def roots_of(timeline: Timeline, terms: Terms, billed: Sequence[BilledLine]) -> tuple[Root, ...]:
    """Value the root lines, in the order in which they cover seats: bottom first."""
    lines = sorted(
        (line for line in billed if line.is_root and line.quantity > 0 and line.counted >= 0),
        key=_stack_order,
    )
    reversals = _by_root(billed)
    return tuple(
        _valued(_Written(line=line, is_lowest=_is_lowest(lines[:at], line)), mine, timeline, terms)
        for at, line in enumerate(lines)
        for mine in [reversals.get(line.id, ())]
    )


def voided_of(billed: Sequence[BilledLine]) -> tuple[Root, ...]:
    """Return the void root lines that were corrected elsewhere: nothing of them is desired (4.14).

    What a standing refund gave back of such a line was never paid, so it is taken back.
    """
    void = [line for line in billed if line.is_void_root]
    reversals = _by_root(billed) if void else {}
    return tuple(
        Root(
            line=line,
            frame=line.period,
            seat_rate=Fraction(0),
            full=Fraction(0),
            by_formula=False,
            reversals=reversals[line.id],
        )
        for line in sorted(void, key=_stack_order)
        if line.id in reversals
    )


def _is_lowest(below: Sequence[BilledLine], line: BilledLine) -> bool:
    return not any(one.period.clamp(line.period).days for one in below)


def _stack_order(line: BilledLine) -> tuple[date, bool, int, str, int, str]:
    number = line.invoice_number
    is_draft = line.invoice_state is InvoiceState.DRAFT
    return (line.period.start, is_draft, len(number), number, line.line_number, line.id)


def _by_root(billed: Iterable[BilledLine]) -> dict[str, tuple[BilledLine, ...]]:
    """Group the lines by the root they reverse, also through another reversal."""
    lines = {line.id: line for line in billed if line.invoice_state is not InvoiceState.VOID}
    found: dict[str, tuple[BilledLine, ...]] = {}
    for line_id in sorted(lines):
        line = lines[line_id]
        root = _followed(line, lines)
        if line.reverses is not None:
            found[root] = (*found.get(root, ()), line)
    return found


def _followed(line: BilledLine, lines: dict[str, BilledLine]) -> str:
    seen = {line.id}
    target = line.reverses
    while target in lines and target not in seen and (above := lines[target].reverses) is not None:
        seen.add(target)
        target = above
    return target or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """A root line; the fixed discount of a cycle belongs to the lowest seats."""

    line: BilledLine
    is_lowest: bool


def _valued(
    written: _Written, reversals: tuple[BilledLine, ...], timeline: Timeline, terms: Terms
) -> Root:
    line = written.line
    if line.ours and line.kind is LineKind.PRORATED_CHARGE:
        by_formula = _by_formula(written, reversals, timeline, terms)
        if by_formula is not None:
            return by_formula
    billed = Fraction(line.counted)
    return Root(
        line=line,
        frame=line.period,
        seat_rate=billed / line.quantity,
        full=billed,
        by_formula=False,
        reversals=reversals,
    )


def _by_formula(
    written: _Written, reversals: tuple[BilledLine, ...], timeline: Timeline, terms: Terms
) -> Root | None:
    """Value a prorated line from its unit price; None when that does not give what it says."""
    line = written.line
    frame = terms.cycle_at(line.period.start)
    by_unit = less_percent(Fraction(line.unit_price) * line.quantity, line.discount_percent)
    readings = [
        (max(Fraction(0), by_unit - Fraction(fixed)), share(line.period, frame, unit, terms.anchor))
        for fixed, unit in product(*_written_with(written, timeline, terms))
    ]
    counted = Fraction(line.counted)
    minor = exact_unit(terms.currency)
    # Within a minor unit the readings cannot be told apart; then the first one is the likeliest.
    off, whole, part = min(
        ((max(minor, abs(whole * part - counted)), whole, part) for whole, part in readings),
        key=itemgetter(0),
    )
    if off > _REMAINDER_UNITS * minor:
        return None
    return Root(
        line=line,
        frame=frame,
        seat_rate=whole / line.quantity,
        full=whole * part,
        by_formula=True,
        reversals=reversals,
    )


def _written_with(
    written: _Written, timeline: Timeline, terms: Terms
) -> tuple[list[Decimal], list[ProrateUnit]]:
    """List the fixed discounts and prorate units a line may have had: it has no columns for them.

    The reading that gives what the line says is the right one; the likeliest comes first.
    """
    line = written.line
    logs = [
        one for one in timeline.changes if line.change_key and one.change_key == line.change_key
    ]
    fixed = [*(one.discount_amount for one in logs), timeline.price.discount_amount, Decimal(0)]
    if not written.is_lowest:
        fixed.reverse()
    days = unit_on(line.period.start, timeline, terms)
    return fixed, [days, *(one.prorate_unit for one in logs), terms.prorate_unit]


def _sum(amounts: Iterable[Decimal]) -> Fraction:
    return sum((Fraction(amount) for amount in amounts), Fraction(0))


def unit_on(day: date, timeline: Timeline, terms: Terms) -> ProrateUnit:
    """Return the prorate unit of a day: frozen on the log, else the contract's (rule 4.3)."""
    change = timeline.governing(day)
    return change.prorate_unit if change else terms.prorate_unit
