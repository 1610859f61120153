"""Amounts of money: exact inside, rounded once, at the line.

Knows currencies and rounding; knows nothing of days, seats or invoices.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import iso4217

HUNDRED = 100


class MoneyError(Exception):
    """An amount could not be worked out."""


class UnknownCurrencyError(MoneyError):
    """The code is no ISO 4217 currency that has a minor unit."""

    def __init__(self, currency: str) -> None:
        super().__init__(
            f"{currency!r} is no ISO 4217 currency with a minor unit; "
            "correct sk_currencycode on the billing contract"
        )
        self.currency = currency


def _minor_units() -> Mapping[str, Decimal]:
    """Read the list of ISO 4217 itself; locale data disagrees for a dozen codes (rule 4.19)."""
    return {
        str(currency.value): Decimal(1).scaleb(-currency.exponent)
        for currency in iso4217.Currency
        if currency.exponent is not None
    }


_MINOR_UNITS = _minor_units()
_EXACT_UNITS = {currency: Fraction(unit) for currency, unit in _MINOR_UNITS.items()}


def minor_unit(currency: str) -> Decimal:
    """Return the smallest amount of a currency: 0.01 for USD, 1 for JPY, 0.001 for KWD.

    Raises UnknownCurrencyError.
    """
    try:
        return _MINOR_UNITS[currency]
    except KeyError as error:
        raise UnknownCurrencyError(currency) from error


def exact_unit(currency: str) -> Fraction:
    """Return the minor unit for exact arithmetic; raise UnknownCurrencyError."""
    try:
        return _EXACT_UNITS[currency]
    except KeyError as error:
        raise UnknownCurrencyError(currency) from error


def round_money(exact: Fraction, currency: str) -> Decimal:
    """Round half away from zero to the minor unit, in whole numbers throughout.

    Raises UnknownCurrencyError.
    """
    return Decimal(_half_away(exact / exact_unit(currency))) * minor_unit(currency)


def is_settled(difference: Fraction, currency: str) -> bool:
    """Say whether a difference is at most half a minor unit, so that no line is due (rule 4.2)."""
    return abs(difference) <= exact_unit(currency) / 2


def whole_units(exact: Fraction, currency: str) -> Decimal:
    """Cut an amount that is zero or more down to whole minor units; below zero becomes zero."""
    return Decimal(max(0, exact // exact_unit(currency))) * minor_unit(currency)


def with_places(amount: Decimal, currency: str) -> Decimal:
    """Write an amount with the currency's places, and more where it has more."""
    shortest, unit = amount.normalize(), minor_unit(currency)
    places = min(int(shortest.as_tuple().exponent), int(unit.as_tuple().exponent))
    return shortest.quantize(Decimal(1).scaleb(places))


def less_percent(exact: Fraction, percent: Decimal) -> Fraction:
    """Take a discount off."""
    return exact * (HUNDRED - Fraction(percent)) / HUNDRED


def tax_on(amount: Decimal, percent: Decimal, currency: str) -> Decimal:
    """Work out the tax on a rounded net amount, rounded once."""
    return round_money(Fraction(amount) * Fraction(percent) / HUNDRED, currency)


def _half_away(exact: Fraction) -> int:
    magnitude = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return magnitude if exact >= 0 else -magnitude


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An exact difference, and how far below zero its line may go (rule 4.8).

    `is_new` says that no line stands yet, so that no earlier remainder can be part of it.
    """

    exact: Fraction
    room: Decimal
    is_new: bool


def balance(owed: Sequence[Owed], currency: str, *, left: Fraction = Fraction(0)) -> list[Decimal]:
    """Round the differences of one billed period so that they add up to the rounded exact sum.

    The last line takes the remainder, as far as its room allows; then the one before it.
    `left` is the remainder of lines that the period has already, and belongs to the sum.
    A remainder that an earlier settlement left on a line is no reason for another line: where
    several lines make up a period, a minor unit on one of them waits until the sum is off.
    0 means: no line. Raises UnknownCurrencyError.
    """
    unit = exact_unit(currency)
    total = sum((one.exact for one in owed), left)
    alone = len(owed) == 1
    if is_settled(total, currency) and _all_within(owed, unit / 2 if alone else unit * len(owed)):
        return [Decimal(0)] * len(owed)
    amounts = [
        round_money(one.exact, currency)
        if abs(one.exact) > (unit / 2 if alone or one.is_new else unit)
        else Decimal(0)
        for one in owed
    ]
    target = Decimal(0) if is_settled(total, currency) else round_money(total, currency)
    return _spread(target - sum(amounts, Decimal(0)), amounts, owed)


def _all_within(owed: Sequence[Owed], bound: Fraction) -> bool:
    return all(abs(one.exact) <= bound for one in owed)


def _spread(rest: Decimal, amounts: list[Decimal], owed: Sequence[Owed]) -> list[Decimal]:
    """Give the remainder to the last line there is, else to the largest difference."""
    lines = [at for at in reversed(range(len(owed))) if amounts[at]]
    others = [at for at in range(len(owed)) if not amounts[at]]
    order = [*lines, *sorted(others, key=lambda at: -abs(owed[at].exact))]
    spread = list(amounts)
    for place in order:
        taken = max(rest, -(owed[place].room + spread[place]))
        spread[place] += taken
        rest -= taken
    return spread
