"""Hold what the daemon wrote against the oracle's book, to the minor unit."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import groupby
from typing import Any

from tests.money_year.book import CREDIT_CARRIED, Book
from tests.money_year.calendar_oracle import commits_of, exact
from tests.money_year.years import BEGUN, Year

PLACES = {"JPY": 0, "USD": 2, "EUR": 2, "KWD": 3}
ISSUED_OR_PAID = {126310000, 126310001}

Row = Mapping[str, Any]
Cycle = tuple[date, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A cycle of a subscription of which more or less stands than is desired."""

    subscription: str
    cycle: Cycle
    stands: Fraction
    desired: Fraction
    lines: int

    def __str__(self) -> str:
        first, end = self.cycle
        return (
            f"{self.subscription} {first} to {end}: {float(self.stands):.4f} stands on"
            f" {self.lines} lines, {float(self.desired):.4f} is desired"
        )


def book_of(year: Year) -> Book:
    """Read the journal: first what was there at adoption, then what happened."""
    book = Book(adopted_on=BEGUN)
    commits = list(commits_of(year.world.journal.since(0)))
    laid = [one for one in commits if (one.at.date(), one.at.hour) < (BEGUN, 9)]
    book.read(laid)
    book.is_adopted = True
    book.read(commits[len(laid) :])
    return book


def differences(
    year: Year, today: date, added: Mapping[str, Fraction] | None = None
) -> Iterator[Difference]:
    """Compare every billed cycle of every subscription; `added` falsifies lines by their id."""
    book = book_of(year)
    standing = _standing(year, book, added or {})
    for subscription, one in book.subscriptions.items():
        unit = Fraction(1, 10 ** PLACES[one.contract.row["sk_currencycode"]])
        desired = book.desired(subscription, today)
        for cycle in sorted(desired.keys() | standing[subscription].keys()):
            lines = standing[subscription].get(cycle, [])
            stands, wanted = sum(lines, Fraction(0)), desired.get(cycle, Fraction(0))
            if abs(stands - wanted) > unit / 2:
                yield Difference(
                    subscription=subscription,
                    cycle=cycle,
                    stands=stands,
                    desired=wanted,
                    lines=len(lines),
                )


def _standing(
    year: Year, book: Book, added: Mapping[str, Fraction]
) -> dict[str, dict[Cycle, list[Fraction]]]:
    found: dict[str, dict[Cycle, list[Fraction]]] = defaultdict(lambda: defaultdict(list))
    for line in year.rows("sk_invoiceline"):
        subscription = line["_sk_subscriptionid_value"]
        if subscription is None:
            continue
        start = date.fromisoformat(line["sk_periodstart"])
        cycle = book.subscriptions[subscription].contract.cycle_of(start)
        amount = exact(line["sk_amount"]) + added.get(line["sk_invoicelineid"], 0)
        found[subscription][cycle].append(amount)
    return found


def wrong_totals(year: Year) -> list[str]:
    """Name the invoices that are not the sum of their lines, and credits that got lost."""
    lines: dict[str, list[Row]] = defaultdict(list)
    for line in year.rows("sk_invoiceline"):
        lines[line["_sk_invoiceid_value"]].append(line)
    wrong = []
    for invoice in year.rows("sk_invoice"):
        mine = lines[invoice["sk_invoiceid"]]
        net, tax = (
            sum((exact(one[name]) for one in mine), Fraction(0))
            for name in ("sk_amount", "sk_taxamount")
        )
        told = (invoice["sk_nettotal"], invoice["sk_taxtotal"], invoice["sk_total"])
        if invoice["sk_number"] and [exact(one) for one in told] != [net, tax, net + tax]:
            wrong.append(f"{invoice['sk_number']}: {told}, its lines say {net} and {tax}")
    return wrong


def carried(year: Year) -> dict[str, Fraction]:
    """Add up the credits carried forward, per contract: each leaves one invoice for the next."""
    contracts = {
        one["sk_invoiceid"]: one["_sk_billingcontractid_value"] for one in year.rows("sk_invoice")
    }
    found: dict[str, Fraction] = defaultdict(Fraction)
    for line in year.rows("sk_invoiceline"):
        if line["sk_kind"] == CREDIT_CARRIED:
            found[contracts[line["_sk_invoiceid_value"]]] += exact(line["sk_amount"])
    return dict(found)


def gaps(year: Year) -> list[str]:
    """Name the numbers that are missing or were given twice."""
    given = sorted(one["sk_number"] for one in year.rows("sk_invoice") if one["sk_number"])
    wrong = []
    for number, of_year in groupby(given, key=lambda one: one.rpartition("-")[0]):
        counted = [int(one.rpartition("-")[2]) for one in of_year]
        if counted != list(range(1, len(counted) + 1)):
            wrong.append(f"{number}: {counted}")
    return wrong
