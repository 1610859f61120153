"""Cut off what of the trail is too old, and say so in the trail."""

from datetime import datetime

from sync.paused import EVERYTHING
from sync.ports import Store, Tx
from sync.state import TrailEntry

EVENT = "trail cut"
"""The store looks for it: whoever cuts must tell (`store/chain.py`)."""


def cut_trail(store: Store, before: datetime, now: datetime) -> int:
    """Take away sealed rows that are older, a limited number at once; return how many."""

    def tx_cut(tx: Tx) -> int:
        cut = tx.cut_trail(before)
        if cut is None:
            return 0
        facts = {"rows": str(cut.rows), "up_to": str(cut.up_to), "chain": cut.chain}
        tx.trail([TrailEntry(at=now, subject=EVERYTHING, event=EVENT, facts=facts)])
        return cut.rows

    total = 0
    while rows := store.tx(tx_cut):
        total += rows
    return total
