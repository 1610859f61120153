"""Invoice lines: those that stand, and those that are owed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing.periods import Period


class LineKind(StrEnum):
    """What a line is for."""

    RECURRING = "recurring"
    PRORATED_CHARGE = "prorated_charge"
    REFUND = "refund"
    ONE_OFF = "one_off"
    USAGE = "usage"
    CREDIT_CARRIED_FORWARD = "credit_carried_forward"


class InvoiceState(StrEnum):
    """Where an invoice stands; lines on a void one count for nothing (rule 4.14)."""

    DRAFT = "draft"
    ISSUED = "issued"
    PAID = "paid"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledLine:
    """A line as it stands on an invoice.

    `amount` is net, as people left it. `calculated_amount` is what Seatkeeper wrote;
    None means that Seatkeeper did not write the line.
    """

    id: str
    kind: LineKind
    period: Period
    quantity: int
    unit_price: Decimal
    discount_percent: Decimal
    tax_percent: Decimal
    amount: Decimal
    calculated_amount: Decimal | None
    tax_amount: Decimal
    reverses: str | None
    invoice_state: InvoiceState
    invoice_number: str
    line_number: int
    change_key: str

    @property
    def ours(self) -> bool:
        return self.calculated_amount is not None

    @property
    def counted(self) -> Decimal:
        """The net amount that settlement counts: an edit by a person stays theirs (rule 4.9)."""
        return self.amount if self.calculated_amount is None else self.calculated_amount

    @property
    def edited(self) -> bool:
        """Say whether a person changed the amount; sync parks later changes of its days."""
        return self.ours and self.amount != self.calculated_amount

    @property
    def is_root(self) -> bool:
        """Say whether the line covers seats for its days, instead of correcting another line."""
        return self._charges_seats and self.invoice_state is not InvoiceState.VOID

    @property
    def is_void_root(self) -> bool:
        """Say whether it would be a root, had its invoice not been voided."""
        return self._charges_seats and self.invoice_state is InvoiceState.VOID

    @property
    def _charges_seats(self) -> bool:
        charges = self.kind in (LineKind.RECURRING, LineKind.PRORATED_CHARGE)
        return charges and self.reverses is None

    @property
    def label(self) -> str:
        """Name the line for people: `INV-7 line 3`; a draft has no number yet."""
        return f"{self.invoice_number or 'the draft'} line {self.line_number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """A line that is owed.

    Its id is made outside, from the subscription, `period_key` (first day of the billed cycle),
    `root` (id of the corrected root line; empty for a new root) and the number of lines ever
    emitted there, in the order in which settlement returns them (rule 2.1).
    """

    kind: LineKind
    period: Period
    quantity: int
    unit_price: Decimal
    discount_percent: Decimal
    tax_percent: Decimal
    amount: Decimal
    tax_amount: Decimal
    reverses: str | None
    explanation: str
    period_key: date
    root: str
    change_key: str
