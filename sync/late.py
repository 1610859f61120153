"""Look again, five minutes after a write that followed an unclear one (rules.md 2.8).

A request whose answer was lost may still arrive, after the next write was done. What it then
changes is put right: the licence is compared with what the last provisioned log wanted.
"""

from datetime import timedelta

from sync.engine import Engine
from sync.planned import Plan
from sync.ports import Tx
from sync.state import Wake

AFTER = timedelta(minutes=5)
REASON = "a late effect of an unclear write"


def expect(tx: Tx, subject: str) -> None:
    """Remember that a write is unclear: the next one is looked at again."""
    if not tx.is_watched(subject):
        tx.watch(subject, None)


def look_later(engine: Engine, tx: Tx, subject: str) -> None:
    """Have the licence looked at again, if an unclear write came before this one."""
    if tx.is_watched(subject):
        tx.watch(subject, engine.now() + AFTER)


def take_up_late(engine: Engine) -> None:
    """Wake the subscriptions whose licence is to be looked at again now."""

    def tx_wake(tx: Tx) -> None:
        for subject in tx.watches_due(engine.now()):
            if not tx.open_operations(subject) and tx.wakes(subject) is None:
                tx.wake(Wake(subscription_id=subject, reason=REASON))

    engine.ports.store.tx(tx_wake)


def conclude(engine: Engine, tx: Tx, plan: Plan) -> None:
    """Stop looking when the licence was seen to be right; put it off while it cannot be seen."""
    if plan.trouble or plan.retry_provider:
        tx.watch(plan.subscription_id, engine.now() + AFTER)
    elif not plan.corrects:
        tx.unwatch(plan.subscription_id)
