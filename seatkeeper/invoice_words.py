"""How an invoice is written for a customer: amounts, dates and headings in the local format.

The digits of an amount come from ISO 4217 (rules.md 4.19); the locale decides how they look.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal, parse_pattern

from billing.money import UnknownCurrencyError, minor_unit
from sync.statement import Statement, StatementLine

_LETTERS_THEN_DIGIT = re.compile(r"([A-Z]{3})(?=\d)")
"""A code in place of a sign touches the digits in Babel's output; CLDR puts a space between."""

KINDS = {
    "recurring": "Subscription",
    "prorated_charge": "Charge for part of the period",
    "refund": "Refund",
    "one_off": "One-off item",
    "usage": "Usage",
    "credit_carried_forward": "Credit carried forward",
}


class UnknownLanguageError(Exception):
    """The name is no locale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The formats of one locale."""

    locale: Locale

    def money(self, amount: Decimal, currency: str) -> str:
        """Write an amount with the places of its currency, whatever the locale's data says."""
        digits = _places(amount, currency)
        pattern = parse_pattern(self.locale.currency_formats["standard"].pattern)
        pattern.frac_prec = (digits, digits)
        written: str = pattern.apply(amount, self.locale, currency=currency, currency_digits=False)
        return _LETTERS_THEN_DIGIT.sub("\\1\N{NO-BREAK SPACE}", written)

    def price(self, amount: Decimal, currency: str) -> str:
        """Write a price; it may have more places than an amount."""
        least = _places(Decimal(0), currency)
        pattern = parse_pattern(self.locale.decimal_formats[None].pattern)
        pattern.frac_prec = (least, max(least, 6))
        written: str = pattern.apply(amount, self.locale)
        return written

    def number(self, number: Decimal | int) -> str:
        return format_decimal(number, locale=self.locale)

    def day(self, day: date | None) -> str:
        return format_date(day, format="medium", locale=self.locale) if day else ""

    def days(self, first: date | None, last: date | None) -> str:
        """Write both ends, as people do; one day alone stands alone."""
        if first is None or last is None or first == last:
            return self.day(first or last)
        return f"{self.day(first)} \N{EN DASH} {self.day(last)}"


def words_of(locale: str) -> Words:
    """Return the formats of a locale such as `de_DE`; raise UnknownLanguageError."""
    try:
        return Words(locale=Locale.parse(locale.replace("-", "_")))
    except (UnknownLocaleError, ValueError, TypeError) as error:
        raise UnknownLanguageError(
            f"{locale!r} is no locale; write it as de_DE or en_GB"
        ) from error


def _places(amount: Decimal, currency: str) -> int:
    try:
        unit = minor_unit(currency)
    except UnknownCurrencyError:
        unit = amount
    return max(0, -int(unit.as_tuple().exponent))


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A line as it is printed."""

    number: str
    title: str
    days: str
    quantity: str
    price: str
    tax: str
    amount: str
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An invoice, all in words: what HTML, PDF and the terminal print."""

    title: str
    language: str
    is_right_to_left: bool
    facts: tuple[tuple[str, str], ...]
    lines: tuple[Written, ...]
    totals: tuple[tuple[str, str], ...]
    """Net, tax, total; the last is the one that counts."""


def document_of(statement: Statement, words: Words) -> Document:
    """Put an invoice into words."""
    currency = statement.currency
    facts = (
        ("Customer", statement.customer),
        ("Contract", statement.contract),
        ("Period", words.days(statement.first_day, statement.last_day)),
        ("Issued", words.day(statement.issued_on)),
        ("Due", words.day(statement.due_on)),
        ("Paid", words.day(statement.paid_on)),
    )
    sums = (("Net", statement.net), ("Tax", statement.tax), ("Total", statement.total))
    return Document(
        title=statement.title,
        language=words.locale.language,
        is_right_to_left=words.locale.text_direction == "rtl",
        facts=tuple((name, value) for name, value in facts if value),
        lines=tuple(_written(line, currency, words) for line in statement.lines),
        totals=tuple((name, words.money(value, currency)) for name, value in sums),
    )


def _written(line: StatementLine, currency: str, words: Words) -> Written:
    return Written(
        number=str(line.number),
        title=f"{KINDS.get(line.kind, line.kind)}: {line.subscription}".removesuffix(": "),
        days=words.days(line.first_day, line.last_day),
        quantity=words.number(line.quantity),
        price=words.price(line.unit_price, currency),
        tax=f"{words.number(line.tax_percent)} %",
        amount=words.money(line.amount, currency),
        explanation=line.explanation,
    )
