"""Duplicate rules: they hold only where a request turns them on (fact sheet section 2)."""

from sandbox.dataverse.audit import Values
from sandbox.dataverse.calls import Call
from sandbox.dataverse.columns import ID, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import duplicate_found
from sandbox.dataverse.key_index import folded

HEADER = "mscrm.suppressduplicatedetection"


def check_duplicates(
    database: Database, call: Call, table: Table, values: Values, row_id: str = ""
) -> None:
    """Refuse a write whose value another row has, when the client asks for that."""
    if (call.header(HEADER) or "").lower() != "false":
        return
    rules = (rule.strip() for rule in database.world.settings.duplicate_columns.split(","))
    for rule in rules:
        logical, _, name = rule.partition(".")
        value = values.get(name)
        if logical != table.logical or value is None or name not in table.position:
            continue
        at = table.position[name]
        for row in database.tables[logical].all():
            if folded(row[at]) == folded(value) and row[ID] != row_id:
                raise duplicate_found()
