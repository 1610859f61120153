"""Amounts as the pages show them, and the plain price of a cycle. Decides nothing."""

from decimal import Decimal

from iso4217 import Currency

from sandbox.pages.reading import Row

PERCENT = Decimal(100)


def minor_unit(currency: str | None) -> Decimal:
    """Return the smallest amount of a currency; cents without one."""
    digits = Currency(currency).exponent or 0 if currency else 2
    return Decimal(1).scaleb(-digits)


def money(amount: Decimal | None, currency: str | None) -> str:
    """Write an amount with the digits of its currency, or more when it has more."""
    if amount is None:
        return ""
    usual = -int(minor_unit(currency).as_tuple().exponent)
    kept = -int(amount.normalize().as_tuple().exponent)
    return f"{amount:,.{max(usual, kept)}f} {currency or ''}".rstrip()


def number(value: Decimal | int | None) -> str:
    """Write a number without the zeros behind it."""
    return "" if value is None else f"{Decimal(value).normalize():f}"


def per_cycle(row: Row) -> Decimal | None:
    """Return what all seats cost a cycle before tax, less the discount in percent."""
    if row["sk_unitprice"] is None or row["sk_quantity"] is None:
        return None
    left = PERCENT - (row["sk_discountpercent"] or 0)
    return Decimal(row["sk_unitprice"] * row["sk_quantity"] * left) / PERCENT
