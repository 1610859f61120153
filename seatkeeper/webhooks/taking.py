"""What the work loop makes of nudges: marks to look, never a fact."""

from seatkeeper.webhooks.nudges import Nudges
from sync.engine import Engine
from sync.ports import Tx

_REASON = "a webhook of the provider"


def take_nudges(engine: Engine, nudges: Nudges) -> bool:
    """Mark the named licences' subscriptions as suspect; tell whether a cycle is wanted now."""
    asked = nudges.take()
    return asked.poll | _suspect(engine, asked.licences)


def _suspect(engine: Engine, licences: frozenset[str]) -> bool:
    """Mark who names the licences; those that nobody names wait for the provider's poll."""

    def tx_suspect(tx: Tx) -> bool:
        links = tx.linked(licences)
        found = {one.subscription_id for some in links.values() for one in some}
        tx.suspect(sorted(found), _REASON)
        return bool(found)

    return bool(licences) and engine.ports.store.tx(tx_suspect)
