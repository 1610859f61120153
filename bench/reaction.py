"""How long it takes from the CRM user's write until Partner Center holds the licence suspended.

The real daemon in a process of its own, polling once a second. Both instants come from the
sandbox's journal: the commit of the row, and the commit of the licence.
"""

import random
import time
from dataclasses import dataclass
from pathlib import Path

from bench.crm_user import SUSPENDED, CrmUser, Subscription, committed
from bench.running import Sandbox, daemon
from seatkeeper.config import load_config
from store.sqlite import SqliteStore

PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """Seconds from write to suspended, each change made alone."""

    seconds: tuple[float, ...]
    poll_seconds: float

    def percentile(self, percent: int) -> float:
        """Return the nearest-rank percentile."""
        ordered = sorted(self.seconds)
        return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def measure(running: Sandbox, *, samples: int) -> Reaction:
    """Deactivate one subscription after the other, at any moment between two polls."""
    running.reset(max(samples, 50))
    config = load_config(running.config_file, {})
    dice = random.Random(1)
    user = CrmUser(running)
    try:
        with daemon(running):
            _await_adoption(config.state_file)
            taken = [_sample(running, user, one, dice) for one in user.subscriptions(samples)]
    finally:
        user.close()
    return Reaction(seconds=tuple(taken), poll_seconds=config.poll_seconds)


def _sample(
    running: Sandbox, user: CrmUser, subscription: Subscription, dice: random.Random
) -> float:
    time.sleep(dice.uniform(0.0, 1.0))
    before = running.last()
    user.change(subscription, dict(SUSPENDED))
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        time.sleep(LOOK_SECONDS)
        entries = running.since(before)
        written = committed(entries, subscription.id, dict(SUSPENDED))
        followed = committed(entries, subscription.provider_id, {"status": "suspended"})
        if written and followed:
            return (followed - written).total_seconds()
    raise RuntimeError(f"{subscription.provider_id} was not suspended; see the daemon's log")


def _await_adoption(state_file: Path) -> None:
    """Wait until the daemon has taken what is there as its baseline."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if state_file.exists():
            store = SqliteStore(state_file)
            done = store.tx(lambda tx: tx.meta("last_success"))
            store.close()
            if done:
                return
        time.sleep(LOOK_SECONDS)
    raise RuntimeError("the daemon did not start its work")
