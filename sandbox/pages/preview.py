"""What a deactivation would mean, before it is done: credit, gate, invoice, and Microsoft's side.

An estimate by these pages: what is booked is decided by Seatkeeper.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from sandbox.pages import days, estimate, money, provider, reading
from sandbox.pages.estimate import Billed, Estimate
from sandbox.pages.provider import Holding
from sandbox.pages.reading import Row
from sandbox.scenarios.choices import BillingPolicy, InvoiceStatus, ProcessRefunds, ProrateUnit
from sandbox.world import World

TAX_BASE = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The contents of the dialog; without `credit`, `no_credit` says why."""

    effective_on: date
    today: date
    is_planned: bool
    zone: str
    currency: str
    credit: Estimate | None
    no_credit: str
    tax: Decimal
    gate: str
    target: str
    there: Holding | None


def of(world: World, row: Row, effective_on: date | None = None) -> Preview:
    """Work out what deactivating a subscription on a day would give back."""
    contract = reading.maybe(world, "sk_billingcontract", row["_sk_billingcontractid_value"])
    today = days.today(world.clock.now(), contract)
    on = effective_on or today
    currency = (contract["sk_currencycode"] if contract else None) or ""
    reason = _not_estimated(contract)
    found = None if reason else _credit(world, row, on, currency)
    return Preview(
        effective_on=on,
        today=today,
        is_planned=on > today,
        zone=days.zone_of(contract),
        currency=currency,
        credit=found,
        no_credit=reason or ""
        if found
        else reason or "Nothing that was invoiced lies after this day.",
        tax=_tax(found, row, currency),
        gate=gate(contract),
        target=_target(world, contract),
        there=provider.holding(world, row["sk_providersubscriptionid"]),
    )


def gate(contract: Row | None) -> str:
    """Say what Use Contract comes to."""
    match contract and contract["sk_processrefunds"]:
        case ProcessRefunds.YES:
            return "the contract processes refunds"
        case ProcessRefunds.NO:
            return "the contract does not process refunds"
        case _:
            return (
                "the contract leaves it to Seatkeeper's own setting, which these pages do not see"
            )


def _not_estimated(contract: Row | None) -> str:
    """Say why these pages cannot estimate; empty when they can."""
    if contract is None:
        return "There is no billing contract, so nothing is billed."
    if contract["sk_billingpolicy"] == BillingPolicy.ARREARS:
        return "Billed in arrears: the days that were used are charged, nothing comes back."
    if contract["sk_prorateunit"] not in {None, ProrateUnit.DAYS}:
        return "The contract does not prorate by days; these pages estimate days only."
    return ""


def _credit(world: World, row: Row, on: date, currency: str) -> Estimate | None:
    lines = _billed(world, row["sk_subscriptionid"])
    return estimate.credit(lines, on, money.minor_unit(currency))


def _billed(world: World, subscription: str) -> Iterator[Billed]:
    """Give the lines of a subscription that count: those of invoices that are not void."""
    void = {
        invoice["sk_invoiceid"]
        for invoice in world.dataverse.rows("sk_invoice")
        if invoice["statuscode"] == InvoiceStatus.VOID
    }
    for line in reading.pointing(world, "sk_invoiceline", "sk_subscriptionid", subscription):
        start, end, amount = line["sk_periodstart"], line["sk_periodend"], line["sk_amount"]
        if line["_sk_invoiceid_value"] in void or not (start and end and amount):
            continue
        if start < end:
            yield Billed(
                start=date.fromisoformat(start), end=date.fromisoformat(end), amount=amount
            )


def _tax(credit: Estimate | None, row: Row, currency: str) -> Decimal:
    if credit is None or not row["sk_taxpercent"]:
        return Decimal(0)
    exact = credit.amount * Decimal(row["sk_taxpercent"]) / TAX_BASE
    return exact.quantize(money.minor_unit(currency), ROUND_HALF_UP)


def _target(world: World, contract: Row | None) -> str:
    """Name the invoice that the credit would land on."""
    if contract is None:
        return ""
    own = reading.pointing(
        world, "sk_invoice", "sk_billingcontractid", contract["sk_billingcontractid"]
    )
    drafts = [row for row in own if row["statuscode"] == InvoiceStatus.DRAFT]
    if not drafts:
        return "a new open invoice of the contract"
    first = min(drafts, key=lambda row: row["sk_cyclestart"] or "")
    cycle = days.span(first["sk_cyclestart"], first["sk_cycleend"])
    return f"the open invoice for {cycle}" if cycle else "the open invoice"
