"""What keeps a contract from being invoiced, besides its own fields. Pure.

Nothing of such a contract is written; it is parked with the row and the remedy.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, pairwise

from billing.periods import Frequency, cycle_at
from billing.terms import Terms
from sync.model import ChangeLog, Context, Contract, Invoice
from sync.settling import Trouble, terms_of

LINES_WAIT = frozenset({"currency-mixed", "invoices-overlap", "quantities-differ"})
"""The codes of `lines_trouble`."""


def invoices_trouble(
    contract: Contract, drafts: Sequence[Invoice], closed: Sequence[Invoice]
) -> Trouble | None:
    """Find invoices in another currency, or that overlap; of a contract without trouble."""
    billed = [one for one in closed if one.was_issued]
    return _currency_trouble(contract, [*billed, *drafts]) or _overlap(terms_of(contract), billed)


def _currency_trouble(contract: Contract, invoices: Sequence[Invoice]) -> Trouble | None:
    for one in invoices:
        if one.currency not in ("", contract.currency):
            return Trouble(
                code="currency-mixed",
                reason=f"{_named(one)} is in {one.currency}, but its billing contract"
                f" {contract.name} in {contract.currency}.",
                advice=_other_currency(one, contract),
            )
    return None


def _named(invoice: Invoice) -> str:
    if invoice.was_issued:
        return f"The invoice {_name(invoice)}"
    return f"The open invoice of {invoice.cycle_start or invoice.id}"


def _other_currency(invoice: Invoice, contract: Contract) -> str:
    advice = (
        f"Set the contract back to {invoice.currency}, and make a new contract for"
        f" {contract.currency}."
    )
    if invoice.was_issued:
        return advice
    return f"If nothing else is wrong, set the open invoice to {contract.currency}. Else: {advice}"


@dataclass(frozen=True, slots=True)
class _Span:
    invoice: Invoice
    start: date
    end: date


def _overlap(terms: Terms, billed: Sequence[Invoice]) -> Trouble | None:
    spans = [span for span in _spans(billed) if not _is_interim(terms, span)]
    for one, other in combinations(spans, 2):
        if one.start < other.end and other.start < one.end:
            return Trouble(
                code="invoices-overlap",
                reason=f"The invoices {_name(one.invoice)} ({one.start} to {one.end}) and"
                f" {_name(other.invoice)} ({other.start} to {other.end}) are for the same days.",
                advice="Void the wrong one, or correct its cycle dates.",
            )
    return None


def _spans(invoices: Iterable[Invoice]) -> list[_Span]:
    return [
        _Span(one, one.cycle_start, one.cycle_end)
        for one in sorted(invoices, key=lambda one: (one.cycle_start or date.max, one.number))
        if one.cycle_start and one.cycle_end
    ]


def _is_interim(terms: Terms, span: _Span) -> bool:
    month = cycle_at(terms.anchor, Frequency.MONTHLY, span.start)
    return terms.frequency is not Frequency.MONTHLY and (month.start, month.end) == (
        span.start,
        span.end,
    )


def _name(invoice: Invoice) -> str:
    return invoice.number or invoice.id


def lines_trouble(context: Context) -> Trouble | None:
    """Find why no line may be written for a subscription, though its contract is sound."""
    if context.contract is None:
        return None
    return invoices_trouble(context.contract, context.drafts, context.closed) or seats_trouble(
        context
    )


def seats_trouble(context: Context) -> Trouble | None:
    """Find logs of a subscription that do not lead on from each other."""
    ours = [log for log in context.logs if log.change_key]
    for before, log in pairwise(ours):
        if not _leads_on(before, log):
            name = context.subscription.name if context.subscription else ""
            return Trouble(
                code="quantities-differ",
                reason=f"Change log {log.sequence} of {name} begins with {log.quantity_before}"
                f" seats, but the one before it ends with {before.quantity_after}.",
                advice="Correct the quantities on the change logs; the invoice then follows.",
            )
    return None


def _leads_on(before: ChangeLog, log: ChangeLog) -> bool:
    """Tell whether a log begins where the one before it ended; a restart begins at 0."""
    return log.quantity_before == before.quantity_after
