"""Where a root line stands: what is desired of it beside what its lines say, within the caps."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from billing.ledger import Ledger
from billing.lines import BilledLine, LineKind
from billing.money import Owed, is_settled, round_money, whole_units
from billing.periods import ONE_DAY
from billing.roots import Root
from billing.timeline import AfterEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A root line's exact amounts.

    `kept` is desired, `standing` is what the lines that count add up to, `owed` is their
    difference within the caps. `tax` is rounded and goes with a line of `owed`.
    """

    root: Root
    kept: Fraction
    standing: Fraction
    owed: Owed
    tax: Decimal

    @property
    def capped(self) -> bool:
        return self.owed.exact > self.kept - self.standing


@dataclass(frozen=True, slots=True, kw_only=True)
class _Credit:
    """A credit from before adoption, and the share of it that lies on days a change governs."""

    line: BilledLine
    share: Fraction


def positions_of(ledger: Ledger) -> list[Position]:
    """Compare every root line, and every void one that was corrected, with what stands for it."""
    return [
        *(position_of(root, ledger) for root in ledger.roots),
        *(_void_position(root) for root in ledger.voided),
    ]


def _void_position(root: Root) -> Position:
    standing = _corrected(root)
    tax = sum((line.tax_amount for line in root.corrections), Decimal(0))
    owed = Owed(exact=max(-standing, Fraction(0)), room=Decimal(0), is_new=False)
    return Position(root=root, kept=Fraction(0), standing=standing, owed=owed, tax=-tax)


def position_of(root: Root, ledger: Ledger) -> Position:
    """Compare what is kept of a root line with what stands for it."""
    credits_ = _credits_before_adoption(root, ledger)
    standing = (
        Fraction(root.line.counted)
        + _corrected(root)
        + sum((Fraction(credit.line.amount) * credit.share for credit in credits_), Fraction(0))
    )
    kept = _kept(root, standing, ledger)
    owed = _within_caps(kept - standing, root, ledger)
    desired = standing + owed.exact
    return Position(
        root=root,
        kept=kept,
        standing=standing,
        owed=owed,
        tax=_tax(root, desired, credits_, ledger.terms.currency),
    )


def _kept(root: Root, standing: Fraction, ledger: Ledger) -> Fraction:
    """Return what is desired; what was given back of days after the end is not charged again."""
    most, ends_on = ledger.kept(root), ledger.timeline.ends_on
    if ends_on is None or root.period.end <= ends_on + ONE_DAY:
        return most
    least = ledger.with_timeline(ledger.timeline.giving_back(AfterEnd.NOTHING)).kept(root)
    return min(most, max(least, standing))


def _corrected(root: Root) -> Fraction:
    return sum((Fraction(line.counted) for line in root.corrections), Fraction(0))


def _credits_before_adoption(root: Root, ledger: Ledger) -> list[_Credit]:
    """List the Refund lines of others that count as credited (rule 4.6).

    On days that no change governs, what was billed is kept, and so is what was credited.
    """
    bill_from = ledger.timeline.bill_from
    if bill_from is None or root.line.ours or root.period.start > bill_from:
        return []
    refunds = (line for line in root.reversals if line.kind is LineKind.REFUND and not line.ours)
    return [_Credit(line=line, share=ledger.governed_share(line.period)) for line in refunds]


def _within_caps(difference: Fraction, root: Root, ledger: Ledger) -> Owed:
    """Hold a difference within what is left of the line (4.8) and the adoption day (4.6)."""
    room = whole_units(root.left, ledger.terms.currency)
    bill_from = ledger.timeline.bill_from
    if bill_from is not None and root.period.end <= bill_from:
        difference = min(difference, max(Fraction(0), -_corrected(root)))
    return Owed(exact=max(difference, -Fraction(room)), room=room, is_new=False)


def _is_taxed(root: Root) -> bool:
    return any(line.tax_amount for line in (root.line, *root.reversals))


def _tax(root: Root, desired: Fraction, credits_: Sequence[_Credit], currency: str) -> Decimal:
    """Work out the tax of a correction: invoiced tax x kept net / invoiced net (rule 4.13)."""
    if not (root.full and _is_taxed(root)):
        return Decimal(0)
    charged = Fraction(root.line.tax_amount)
    corrected = sum((Fraction(line.tax_amount) for line in root.corrections), Fraction(0))
    credited = sum(
        (Fraction(credit.line.tax_amount) * credit.share for credit in credits_), Fraction(0)
    )
    difference = charged * desired / root.full - charged - corrected - credited
    room = whole_units(root.tax_left, currency)
    bounded = max(difference, -Fraction(room))
    return Decimal(0) if is_settled(bounded, currency) else round_money(bounded, currency)
