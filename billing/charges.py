"""Which days may be charged, and the new root lines for them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from billing.ledger import Ledger, Piece
from billing.lines import LineKind, NewLine
from billing.money import Owed, tax_on
from billing.periods import ONE_DAY, Period
from billing.roots import unit_on
from billing.shares import unit_at
from billing.terms import Terms
from billing.wording import charge_in_words


def chargeable(ledger: Ledger, until: date) -> Period:
    """Return the days that may be charged: from adoption or the start, up to `until`.

    Where the highest quantity of a month or cycle counts, the whole of the last one is charged.
    """
    start = max(_first_day(ledger, until), ledger.terms.anchor)
    last = until - ONE_DAY
    cycle = ledger.terms.cycle_at(last)
    unit = unit_on(last, ledger.timeline, ledger.terms)
    whole = unit_at(last, cycle, unit, ledger.terms.anchor)
    end = whole.end if whole else until
    return Period(min(start, end), end)


def _first_day(ledger: Ledger, until: date) -> date:
    timeline = ledger.timeline
    if timeline.bill_from is not None:
        return timeline.bill_from
    if timeline.starts_on is not None:
        return ledger.terms.cycle_at(timeline.starts_on).start
    known = {root.period.start for root in ledger.roots}
    known |= {timeline.first_day(change) for change in timeline.changes}
    return ledger.terms.cycle_at(min(known, default=until - ONE_DAY)).start


def owed_for(pieces: Sequence[Piece], terms: Terms) -> list[Owed]:
    """Say what new root lines would charge; never less than nothing."""
    return [Owed(exact=piece.worth(terms.anchor), room=Decimal(0), is_new=True) for piece in pieces]


def charges(
    pieces: Sequence[Piece], amounts: Sequence[Decimal], terms: Terms, whole: LineKind
) -> list[NewLine]:
    """Make the new root lines; `whole` is the kind of a full cycle.

    A piece of 0.00 gets a line only where another piece lies on it: without it, that one would
    cover the free seats instead of its own, and be charged again.
    """
    charged = [piece for piece, amount in zip(pieces, amounts, strict=True) if amount]
    return [
        _charge(piece, amount, terms, whole)
        for piece, amount in zip(pieces, amounts, strict=True)
        if amount or any(piece.period.clamp(other.period).days for other in charged)
    ]


def _charge(piece: Piece, amount: Decimal, terms: Terms, whole: LineKind) -> NewLine:
    price = piece.price
    return NewLine(
        kind=whole if piece.period == piece.cycle else LineKind.PRORATED_CHARGE,
        period=piece.period,
        quantity=piece.seats,
        unit_price=price.unit_price,
        discount_percent=price.discount_percent,
        tax_percent=price.tax_percent,
        amount=amount,
        tax_amount=tax_on(amount, price.tax_percent, terms.currency),
        reverses=None,
        explanation=charge_in_words(piece, terms, amount),
        period_key=piece.cycle.start,
        root="",
        change_key=piece.change.change_key if piece.change else "",
    )
