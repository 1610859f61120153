"""What must hold of invoices, judged from rows (rules.md 4.16, 4.18). Pure.

```
invoice total     the totals of an issued invoice are the sums of its lines
credits           more was credited than the line had billed
invoice numbers   two invoices have one number, or a number of the year is missing
credit owed       a credit waits on a contract with nothing left to bill
```
`verify` prints what is found here; a monitor can count it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

_CLOSED = frozenset({"issued", "paid"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it must be; or, not `broken`, something that a person should see."""

    what: str
    subject: str
    told: str
    broken: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRow:
    """What is judged of an invoice."""

    id: str
    contract_id: str
    status: str
    number: str
    net_total: Decimal | None
    total: Decimal | None

    @property
    def label(self) -> str:
        return self.number or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """What is judged of a line."""

    id: str
    invoice_id: str
    reverses: str
    amount: Decimal
    """As it stands on the invoice."""
    counted: Decimal
    """As Seatkeeper wrote it, where it did (rules.md 4.9)."""
    tax: Decimal


def judge_invoices(
    invoices: Collection[InvoiceRow], lines: Collection[LineRow], billing: Collection[str]
) -> Iterator[Finding]:
    """Judge all invoices and lines; `billing` are the contracts with something left to bill."""
    void = {one.id for one in invoices if one.status == "void"}
    yield from _credits(lines, void)
    yield from _totals(invoices, lines)
    yield from _numbers(one.number for one in invoices if one.number)
    yield from _owed(invoices, lines, billing)


def _credits(lines: Iterable[LineRow], void: Collection[str]) -> Iterator[Finding]:
    """Judge what was given back; of a void line nothing is billed, and the next invoice says so."""
    credited: dict[str, Decimal] = defaultdict(Decimal)
    billed = {line.id: line for line in lines}
    for line in billed.values():
        if line.reverses and line.invoice_id not in void:
            credited[line.reverses] += line.counted
    for line_id in sorted(credited.keys() & billed.keys()):
        is_void = billed[line_id].invoice_id in void
        amount = Decimal(0) if is_void else billed[line_id].amount
        if amount + credited[line_id] < 0:
            told = f"billed {amount}, and {-credited[line_id]} of it were given back"
            yield Finding(what="credits", subject=line_id, told=told, broken=not is_void)


def _totals(invoices: Iterable[InvoiceRow], lines: Iterable[LineRow]) -> Iterator[Finding]:
    net, tax = _sums(lines)
    for one in sorted(invoices, key=lambda one: one.id):
        sums = (
            ("net_total", one.net_total, net[one.id]),
            ("total", one.total, net[one.id] + tax[one.id]),
        )
        for name, said, total in sums:
            if one.status in _CLOSED and said is not None and said != total:
                told = f"{name} of {one.label} is {said}, but its lines add up to {total}"
                yield Finding(what="invoice total", subject=one.id, told=told)


def _sums(
    lines: Iterable[LineRow],
) -> tuple[Mapping[str, Decimal], Mapping[str, Decimal]]:
    net: dict[str, Decimal] = defaultdict(Decimal)
    tax: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        net[line.invoice_id] += line.amount
        tax[line.invoice_id] += line.tax
    return net, tax


def _numbers(numbers: Iterable[str]) -> Iterator[Finding]:
    """Judge the numbers of each series, such as `INV-2025-`, from the lowest to the highest."""
    given = Counter(numbers)
    series: dict[str, set[int]] = defaultdict(set)
    for number, times in sorted(given.items()):
        prefix, dash, digits = number.rpartition("-")
        if times > 1:
            told = f"{times} invoices have the number {number}"
            yield Finding(what="invoice numbers", subject=number, told=told)
        if prefix.startswith("INV-") and digits.isdigit():
            series[prefix + dash].add(int(digits))
    for prefix, found in sorted(series.items()):
        missing = max(found) - min(found) + 1 - len(found)
        if missing:
            gap = next(one + 1 for one, other in pairwise(sorted(found)) if other > one + 1)
            told = f"{missing} numbers are missing, the first is {prefix}{gap:04d}"
            yield Finding(
                what="invoice numbers", subject=f"{prefix}{gap:04d}", told=told, broken=False
            )


def _owed(
    invoices: Iterable[InvoiceRow], lines: Iterable[LineRow], billing: Collection[str]
) -> Iterator[Finding]:
    net, tax = _sums(lines)
    for one in sorted(invoices, key=lambda one: one.id):
        owed = net[one.id] + tax[one.id]
        if one.status == "draft" and owed < 0 and one.contract_id not in billing:
            told = f"{-owed} are owed, and its contract has nothing left to bill"
            yield Finding(what="credit owed", subject=one.id, told=told, broken=False)
