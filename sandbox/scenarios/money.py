"""Amounts of the scenarios' own invoices: full cycles only, rounded once per line."""

from decimal import ROUND_HALF_UP, Decimal

from iso4217 import Currency


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Round half away from zero to the currency's minor unit."""
    minor_unit = Decimal(1).scaleb(-(Currency(currency).exponent or 0))
    return amount.quantize(minor_unit, ROUND_HALF_UP)


def net_amount(
    quantity: int, unit_price: Decimal, discount_percent: Decimal, currency: str
) -> Decimal:
    return rounded(quantity * unit_price * (1 - discount_percent / 100), currency)


def tax_amount(net: Decimal, tax_percent: Decimal, currency: str) -> Decimal:
    return rounded(net * tax_percent / 100, currency)
