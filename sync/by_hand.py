"""Writes that a person at the terminal asks for: stored before they are sent, like any other.

They accept nothing: what they lead to is seen by the next poll, as an ordinary change.
"""

from collections.abc import Sequence

from sync.apply import send_groups
from sync.engine import Engine
from sync.operations import GROUP_PERSON, operations_for
from sync.paused import is_paused
from sync.ports import Tx
from sync.remote import Write
from sync.state import OperationState


class RefusedByHandError(Exception):
    """What a person asks for cannot be done; the text says why and what to do."""


def write_by_hand(
    engine: Engine, subject: str, named: Sequence[tuple[str, Write]], about: str = ""
) -> bool:
    """Store the writes as one change set and send it; tell whether it was sent and confirmed.

    Paused, or while a service is down, it stays stored and is sent later.
    """
    group = f"{GROUP_PERSON}:{engine.ports.effects.new_id()}"
    operations = operations_for(subject, group, named)

    def tx_store(tx: Tx) -> None:
        tx.add_operations(operations)
        tx.trail([engine.trail(subject, "asked by a person", asked=named[0][0], change=about)])

    engine.ports.store.tx(tx_store)
    if is_paused(engine):
        return False
    send_groups(engine, [operations])
    return _is_done(engine, subject, {one.id for one in operations})


def _is_done(engine: Engine, subject: str, ids: set[str]) -> bool:
    stored = engine.ports.store.tx(lambda tx: tx.operations(subject))
    mine = [one for one in stored if one.id in ids]
    closed = [one for one in mine if not one.state.is_open]
    if any(one.state is not OperationState.DONE for one in closed):
        raise RefusedByHandError(
            f"the row changed meanwhile, or Dataverse refuses: {closed[0].message}; look at it,"
            " and ask again"
        )
    return len(closed) == len(mine)
