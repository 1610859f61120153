"""What the engine remembers of a contract: what a person still has to decide about its money.

While something is to be decided, lines of its subscriptions wait; status and provider go on, and
what is owed follows afterwards, because lines are always the difference.
"""

from sync.model import Contract
from sync.ports import Tx
from sync.settling import Trouble
from sync.state import InvoiceWork

INVOICE_VOIDED = "invoice-voided"
FREQUENCY_CHANGED = "frequency-changed"
"""The codes of what waits for a choice."""


def undecided(tx: Tx, contract: Contract) -> Trouble | None:
    """Return what a person has to decide before anything of the contract is billed."""
    void = [
        one.id for one in tx.invoices_with(InvoiceWork.CHOOSE) if one.contract_id == contract.id
    ]
    if void:
        return voided(contract.name or contract.id, void[0])
    known = tx.meta(_key(contract.id))
    if known and contract.frequency and known != contract.frequency:
        return _repriced(contract, known)
    return None


def voided(contract: str, invoice_id: str) -> Trouble:
    """Ask what follows from a void invoice (rules.md 4.14)."""
    return Trouble(
        code="invoice-voided",
        reason=f"The invoice {invoice_id} of {contract} was voided.",
        advice="Say whether its days are billed again: `seatkeeper parked resolve` with --rebill or"
        " --forget.",
    )


def _repriced(contract: Contract, known: str) -> Trouble:
    return Trouble(
        code="frequency-changed",
        reason=f"The billing contract {contract.name or contract.id} was {known} and is"
        f" {contract.frequency} now; the prices of its subscriptions are per billing cycle.",
        advice="Correct the prices, then `seatkeeper parked resolve` with --accept; or set the"
        " frequency back.",
    )


def remember_frequency(tx: Tx, contract: Contract) -> None:
    """Remember for which frequency the prices are meant (rules.md 4.12)."""
    if contract.frequency and not tx.meta(_key(contract.id)):
        tx.set_meta(_key(contract.id), contract.frequency)


def forget_frequency(tx: Tx, contract_id: str) -> None:
    """Take the next frequency that is seen as meant."""
    tx.set_meta(_key(contract_id), "")


def _key(contract_id: str) -> str:
    return f"frequency:{contract_id}"
