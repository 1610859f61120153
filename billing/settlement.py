"""Settlement: which lines are owed so that what was billed is what is desired (rule 4.2).

settle(timeline, billed) = desired - already billed, per billed period: at most one correction of
each root line, and new root lines for seats and days that no line covers. Replays, back-dating
and same-day flips therefore owe nothing twice.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from billing.charges import chargeable, charges, owed_for
from billing.ledger import Ledger, Piece, ledger_of
from billing.lines import BilledLine, LineKind, NewLine
from billing.money import balance
from billing.moves import moves_of
from billing.periods import ONE_DAY, Period
from billing.positions import Position, positions_of
from billing.terms import BillingPolicy, Terms
from billing.timeline import Timeline
from billing.wording import correction_in_words

T = TypeVar("T")


def settle(
    timeline: Timeline,
    terms: Terms,
    billed: Sequence[BilledLine],
    *,
    through: date,
    uncovered_until: date,
) -> list[NewLine]:
    """Return the lines that are owed; none when all is settled.

    `billed` is every line of the subscription. `through` is the business day: changes that take
    effect after it wait, and so do uncovered days from there on, lest days be charged of seats
    that are known to leave. Days before `uncovered_until` (exclusive) that no root line covers
    are charged; `due_until` works it out.
    Raises UnknownCurrencyError.
    """
    until = min([uncovered_until, *_still_to_come(timeline, through)])
    ledger = ledger_of(timeline.known_on(through), terms, billed, uncovered_until)
    positions = positions_of(ledger)
    pieces = ledger.uncovered(chargeable(ledger, until))
    corrected = _grouped(positions, lambda position: _cycle_of(position, terms))
    charged = _grouped(pieces, lambda piece: piece.cycle.start)
    return [
        line
        for key in sorted(corrected.keys() | charged.keys())
        for line in _settle_period(corrected.get(key, []), charged.get(key, []), ledger)
    ]


def remainder(
    timeline: Timeline,
    terms: Terms,
    billed: Sequence[BilledLine],
    owed: Sequence[NewLine],
    cycle: Period,
) -> Fraction:
    """Return what rounding left of a cycle's lines once `owed`, just settled, stands (rule 4.2)."""
    if not any(line.is_root and cycle.contains(line.period.start) for line in billed):
        return Fraction(0)
    ledger = ledger_of(timeline, terms, billed, cycle.start)
    inside = (one for one in positions_of(ledger) if cycle.contains(one.root.period.start))
    exact = sum((one.owed.exact for one in inside), Fraction(0))
    settled = sum((line.amount for line in owed if line.period_key == cycle.start), Decimal(0))
    return exact - Fraction(settled)


def due_until(timeline: Timeline, terms: Terms, *, today: date, invoiced_until: date) -> date:
    """Return the day up to which uncovered days are charged now rather than by an invoice run.

    `invoiced_until` is the exclusive end of the last cycle that an invoice run has billed.
    In advance, that is the cycle of today, at least. In arrears, cycles wait for their end,
    except that a deactivation puts the days used before it on the draft at once (rule 4.10).
    """
    cycle = terms.cycle_at(today)
    if terms.policy is BillingPolicy.ADVANCE:
        return max(cycle.end, invoiced_until)
    waiting_from = min(cycle.start, invoiced_until)
    tomorrow = today + ONE_DAY
    known = timeline.known_on(today)
    state = known.state_on(tomorrow)
    if state.governing is None or not state.is_off:
        return waiting_from
    return min(max(known.first_day(state.governing), waiting_from), tomorrow)


def _still_to_come(timeline: Timeline, through: date) -> list[date]:
    """Return the first days of changes that are logged and take effect later (rule 5.4)."""
    changes = (one for one in timeline.changes if one.effective_on > through)
    return [timeline.first_day(one) for one in changes]


def _grouped(members: Iterable[T], key: Callable[[T], date]) -> dict[date, list[T]]:
    groups: dict[date, list[T]] = {}
    for member in members:
        groups.setdefault(key(member), []).append(member)
    return groups


def _cycle_of(position: Position, terms: Terms) -> date:
    return terms.cycle_at(position.root.period.start).start


def _settle_period(
    positions: Sequence[Position], pieces: Sequence[Piece], ledger: Ledger
) -> list[NewLine]:
    """Return the lines of one billed period, which add up to its rounded exact difference."""
    terms = ledger.terms
    owed = [*(position.owed for position in positions), *owed_for(pieces, terms)]
    amounts = balance(owed, terms.currency)
    corrected, charged = amounts[: len(positions)], amounts[len(positions) :]
    return [
        *(
            _correction(position, amount, ledger)
            for position, amount in zip(positions, corrected, strict=True)
            if amount
        ),
        *charges(pieces, charged, terms, LineKind.PRORATED_CHARGE),
    ]


def _correction(position: Position, amount: Decimal, ledger: Ledger) -> NewLine:
    moves = moves_of(position, ledger)
    line = position.root.line
    return NewLine(
        kind=LineKind.REFUND if amount < 0 else LineKind.PRORATED_CHARGE,
        period=moves.period,
        quantity=moves.seats or line.quantity,
        unit_price=line.unit_price,
        discount_percent=line.discount_percent,
        tax_percent=line.tax_percent,
        amount=amount,
        tax_amount=position.tax,
        reverses=line.id,
        explanation=correction_in_words(position, moves, amount, ledger.terms),
        period_key=_cycle_of(position, ledger.terms),
        root=line.id,
        change_key=moves.change.change_key if moves.change else "",
    )
