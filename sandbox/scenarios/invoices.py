"""The invoices a contract has had so far, and the open one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sandbox.scenarios.agreements import Contract, Subscription
from sandbox.scenarios.choices import InvoiceStatus, LineKind
from sandbox.scenarios.cycles import Cycle
from sandbox.scenarios.identity import id_of
from sandbox.scenarios.money import net_amount, tax_amount
from sandbox.scenarios.records import PAYMENT_DAYS, Row

DAYS_TO_PAY = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """One issued cycle of a contract with the subscriptions it bills."""

    contract: Contract
    number: int
    subscriptions: Sequence[Subscription]

    @property
    def id(self) -> str:
        return invoice_id(self.contract, self.number)

    @property
    def day(self) -> date:
        return self.contract.issue_day(self.number)

    @property
    def paid_on(self) -> date | None:
        """Customers pay six days after the issue; the newest invoice is never paid yet."""
        paid = self.day + timedelta(days=DAYS_TO_PAY)
        newest = self.number == self.contract.draft - 1
        return None if newest or paid > self.contract.today else paid


def invoice_id(contract: Contract, number: int) -> str:
    return id_of("invoice", contract.id, contract.cycle(number).start.isoformat())


def issued(contract: Contract, subscriptions: Sequence[Subscription]) -> Iterator[Issued]:
    """Yield the cycles that are issued, oldest first."""
    for number in range(contract.draft):
        billed = [each for each in subscriptions if each.billed_in(number)]
        if billed:
            yield Issued(contract=contract, number=number, subscriptions=billed)


def numbered(invoices: Iterable[Issued]) -> Iterator[tuple[str, Issued]]:
    """Give numbers in the order of issue, from 1 in each year, without gaps."""
    used: dict[int, int] = {}
    for invoice in sorted(invoices, key=lambda each: (each.day, each.contract.name)):
        year = invoice.day.year
        used[year] = used.get(year, 0) + 1
        yield f"INV-{year}-{used[year]:04d}", invoice


def issued_rows(number: str, invoice: Issued) -> list[Row]:
    """Return the invoice with its totals, then its lines."""
    lines = [
        _line_row(invoice, position, subscription)
        for position, subscription in enumerate(invoice.subscriptions, start=1)
    ]
    net = sum((line.columns["sk_amount"] for line in lines), Decimal(0))
    tax = sum((line.columns["sk_taxamount"] for line in lines), Decimal(0))
    status = InvoiceStatus.PAID if invoice.paid_on else InvoiceStatus.ISSUED
    columns = _invoice_columns(invoice.contract, invoice.number, status) | {
        "sk_name": number,
        "sk_number": number,
        "sk_issuedon": invoice.day.isoformat(),
        "sk_duedate": (invoice.day + timedelta(days=PAYMENT_DAYS)).isoformat(),
        "sk_paidon": invoice.paid_on.isoformat() if invoice.paid_on else None,
        "sk_nettotal": net,
        "sk_taxtotal": tax,
        "sk_total": net + tax,
    }
    return [Row(table="sk_invoice", columns=columns), *lines]


def draft_row(contract: Contract) -> Row:
    """Return the open invoice; its recurring lines come when it is issued."""
    columns = _invoice_columns(contract, contract.draft, InvoiceStatus.DRAFT)
    name = f"Draft {contract.name} {columns['sk_cyclestart']}"
    return Row(table="sk_invoice", columns=columns | {"sk_name": name})


def _invoice_columns(contract: Contract, number: int, status: InvoiceStatus) -> dict[str, Any]:
    cycle = contract.cycle(number)
    return {
        "sk_invoiceid": invoice_id(contract, number),
        "sk_billingcontractid": contract.id,
        "sk_cyclestart": cycle.start.isoformat(),
        "sk_cycleend": cycle.end.isoformat(),
        "sk_currencycode": contract.customer.currency,
        "statecode": status.state,
        "statuscode": int(status),
    }


def _line_row(invoice: Issued, position: int, subscription: Subscription) -> Row:
    period = invoice.contract.cycle(invoice.number)
    currency = invoice.contract.customer.currency
    net = net_amount(
        subscription.quantity, subscription.unit_price, subscription.discount_percent, currency
    )
    tax_percent = invoice.contract.customer.tax_percent
    return Row(
        table="sk_invoiceline",
        columns={
            "sk_invoicelineid": id_of("line", invoice.id, subscription.id),
            "sk_name": subscription.name,
            "sk_linenumber": position,
            "sk_invoiceid": invoice.id,
            "sk_subscriptionid": subscription.id,
            "sk_kind": int(LineKind.RECURRING),
            "sk_periodstart": period.start.isoformat(),
            "sk_periodend": period.end.isoformat(),
            "sk_quantity": subscription.quantity,
            "sk_unitprice": subscription.unit_price,
            "sk_discountpercent": subscription.discount_percent,
            "sk_taxpercent": tax_percent,
            "sk_amount": net,
            "sk_calculatedamount": net,
            "sk_taxamount": tax_amount(net, tax_percent, currency),
            "sk_explanation": _explanation(subscription, period, net),
        },
    )


def _explanation(subscription: Subscription, period: Cycle, net: Decimal) -> str:
    last = period.end - timedelta(days=1)
    discount = subscription.discount_percent
    less = f" less {discount:f}%" if discount else ""
    return (
        f"{subscription.quantity} x {subscription.unit_price}{less} = {net}"
        f" for {period.start.isoformat()} to {last.isoformat()}"
    )
