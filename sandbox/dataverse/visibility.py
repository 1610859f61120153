"""The time until a new definition is known everywhere; `Consistency: Strong` does not wait.

Fact sheet sections 2 and 8: metadata is cached for about 30 seconds, new columns may be refused.
"""

from datetime import timedelta

from sandbox.dataverse.calls import Call
from sandbox.dataverse.columns import Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import segment_missing, unknown_property


def check_visible(database: Database, call: Call, table: Table) -> None:
    """Raise Refused while a table, or a column that is selected, is too new for this read."""
    seconds = database.world.settings.definition_cache_seconds
    if seconds <= 0 or (call.header("consistency") or "").lower() == "strong":
        return
    known = database.world.clock.now() - timedelta(seconds=seconds)
    fresh = {
        name
        for (logical, name), at in database.made_at.items()
        if logical == table.logical and at > known
    }
    if "" in fresh:
        raise segment_missing(table.set_name)
    for name in (call.option("$select") or "").split(","):
        if name.strip() in fresh:
            raise unknown_property(name.strip(), table.logical)
