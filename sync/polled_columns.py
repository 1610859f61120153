"""Read a table in full again when the mapping names other columns of it than before.

A delta link answers with the columns it was made with; other ones would be missing for ever.
"""

import json

from sync.engine import Engine
from sync.logs import LOGGED
from sync.polled_rows import POLLED
from sync.ports import Tx
from sync.side_watch import followed

_FOLLOWED = {"subscription": POLLED, "change_log": LOGGED, "invoice": ("contract", "status")}


def follow_columns(engine: Engine) -> None:
    """Compare the followed columns with those of the last time; the rows are then compared."""
    stale = engine.ports.store.tx(lambda tx: _note(engine, tx))
    for table in stale:
        reason = "the mapping names other columns of it than before"
        engine.ports.log.warning("full read", table=table, reason=reason)


def _note(engine: Engine, tx: Tx) -> list[str]:
    stale = []
    for name, fields in _FOLLOWED.items():
        entity = engine.mappings.entity(name)
        columns = entity.columns(*fields, *(followed(entity) if name == "subscription" else ()))
        key, now = f"columns {name}", json.dumps([entity.table, *columns])
        before = tx.meta(key)
        if before is not None and before != now:
            tx.set_cursor(entity.table, None)
            stale.append(entity.table)
        if before != now:
            tx.set_meta(key, now)
    return stale
