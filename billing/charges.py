"""Which days may be charged, and the new root lines for them."""

from datetime import date
from decimal import Decimal

from billing.ledger import Ledger, Piece
from billing.lines import LineKind, NewLine
from billing.money import tax_on
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


def charge(piece: Piece, amount: Decimal, terms: Terms, kind: LineKind) -> NewLine:
    """Make the new root line of a piece."""
    price = piece.price
    return NewLine(
        kind=kind,
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
