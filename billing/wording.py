"""The arithmetic of a line in words, so that every amount explains itself.

`125.00 x 14/30 days (17-30 June 2025) of INV-7 line 3; day of change: used`
`10 x 12.50 x 9/30 days (22-30 June 2025), credited before on INV-8 line 2; day of change: ...`
"""

from decimal import Decimal
from fractions import Fraction

from billing.ledger import Lost, Piece
from billing.money import less_percent, round_money, with_places
from billing.moves import Moves
from billing.periods import Period
from billing.positions import Position
from billing.roots import Root
from billing.shares import in_words
from billing.terms import ChangeDay, Terms
from billing.timeline import LoggedChange

_REFUND_DAY = {ChangeDay.OLD_STATE: "used", ChangeDay.NEW_STATE: "not used"}
_CHARGE_DAY = {ChangeDay.OLD_STATE: "old state", ChangeDay.NEW_STATE: "new state"}


def charge_in_words(piece: Piece, terms: Terms, amount: Decimal) -> str:
    """Explain a new root line."""
    price = piece.price
    rate = f"{piece.seats} x {_money(price.unit_price, terms)}{_less(price.discount_percent)}"
    if piece.at_bottom and price.discount_amount:
        rate = f"({rate} less {_money(price.discount_amount, terms)})"
    if piece.period != piece.cycle:
        rate += f" x {in_words(piece.period, piece.cycle, piece.unit, terms.anchor)}"
    text = f"{rate} ({piece.period})"
    return (
        text
        + _rounding(piece.worth(terms.anchor), amount, terms)
        + _day_of_change(piece.change, _CHARGE_DAY)
    )


def correction_in_words(position: Position, moves: Moves, amount: Decimal, terms: Terms) -> str:
    """Explain a line that corrects a root line."""
    if position.root.is_void:
        return f"taken back, because {position.root.line.label} is void"
    is_refund = amount < 0
    arithmetic = _moved(position, moves, terms, is_refund=is_refund)
    days = _REFUND_DAY if is_refund else _CHARGE_DAY
    cause = _day_of_change(moves.change, days)
    if moves.ended_on is not None:
        cause = f"; the contract ends on {Period(moves.ended_on, moves.ended_on)}"
    return arithmetic + _limits(position, moves, amount, terms) + cause


def _moved(position: Position, moves: Moves, terms: Terms, *, is_refund: bool) -> str:
    root = position.root
    if not moves.runs:
        kept, standing = (_exact(one, terms) for one in (position.kept, position.standing))
        return f"{kept} is due for {root.line.label} ({root.period}), {standing} stands"
    text = ""
    for run in moves.runs:
        sign = "+" if (run.seats > 0) is is_refund else "-"
        joint = f" {sign} " if text or sign == "-" else ""
        text += joint + _run_in_words(run, root, terms)
    return text + _source(root, is_refund=is_refund)


def _run_in_words(run: Lost, root: Root, terms: Terms) -> str:
    part = in_words(run.period, root.frame, run.unit, terms.anchor)
    return f"{_rate(run, root, terms)} x {part} ({run.period})"


def _rate(run: Lost, root: Root, terms: Terms) -> str:
    """Write the rate from the billed amount, or from the unit price where that is the rate."""
    line, seats = root.line, abs(run.seats)
    by_unit = less_percent(Fraction(line.unit_price), line.discount_percent)
    if root.seat_rate == by_unit and (root.by_formula or run.seats < 0):
        return f"{seats} x {_money(line.unit_price, terms)}{_less(line.discount_percent)}"
    some = "" if seats == root.seats else f" x {seats}/{root.seats} seats"
    return f"{_exact(root.seat_rate * root.seats, terms)}{some}"


def _source(root: Root, *, is_refund: bool) -> str:
    before = [line for line in root.reversals if line.amount < 0]
    if is_refund or not before:
        return f" of {root.line.label}"
    latest = max(before, key=lambda line: (line.period.start, line.line_number, line.id))
    return f", credited before on {latest.label}"


def _limits(position: Position, moves: Moves, amount: Decimal, terms: Terms) -> str:
    if position.capped:
        return f"; no more than {_money(position.owed.room, terms)} is left of it"
    if not moves.runs:
        return ""
    moved = -sum((run.worth for run in moves.runs), Fraction(0))
    return _rounding(moved, amount, terms)


def _rounding(exact: Fraction, amount: Decimal, terms: Terms) -> str:
    """Say so when a line is not its own rounded arithmetic (rule 4.2)."""
    if round_money(exact, terms.currency) == amount:
        return ""
    return f"; {_money(amount, terms)}, so that the lines of the period add up"


def _day_of_change(change: LoggedChange | None, words: dict[ChangeDay, str]) -> str:
    return f"; day of change: {words[change.change_day]}" if change else ""


def _less(percent: Decimal) -> str:
    return f" less {_trimmed(percent)} %" if percent else ""


def _trimmed(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _exact(exact: Fraction, terms: Terms) -> str:
    return _money(round_money(exact, terms.currency), terms)


def _money(amount: Decimal, terms: Terms) -> str:
    return f"{with_places(amount, terms.currency):f}"
