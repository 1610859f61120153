"""Set a subject aside for a person, and take it back when its cause is gone."""

from sync.engine import Engine
from sync.ports import Tx
from sync.settling import Trouble
from sync.state import Parked


def unpark(engine: Engine, tx: Tx, subject: str) -> None:
    """Take back a subject whose cause is gone, and say so in the trail."""
    if solved := tx.unpark(subject):
        tx.trail([engine.trail(subject, "solved", code=solved.code, reason=solved.reason)])


def park(engine: Engine, tx: Tx, subject: str, trouble: Trouble) -> None:
    """Set a subject aside for a person; the same cause keeps its first instant."""
    before = next(iter(tx.parked(subject)), None)
    since = before.since if before and before.code == trouble.code else engine.now()
    if before is None or before.reason != trouble.reason:
        tx.trail([engine.trail(subject, "parked", code=trouble.code, reason=trouble.reason)])
    tx.park(
        Parked(
            subject=subject,
            code=trouble.code,
            reason=trouble.reason,
            advice=trouble.advice,
            since=since,
        )
    )
