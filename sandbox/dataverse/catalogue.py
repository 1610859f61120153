"""The rows that describe the organisation itself: publishers, privileges, messages.

They are made when first asked for, and again for tables that were defined since.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.dataverse.columns import Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.definitions import metadata_id
from sandbox.dataverse.tables import FIRST_OPTION
from sandbox.dataverse.values import wire_instant

RIGHTS = {
    "Create": 32,
    "Read": 1,
    "Write": 2,
    "Delete": 65536,
    "Append": 4,
    "AppendTo": 16,
    "Assign": 524288,
    "Share": 262144,
}
OTHER_PRIVILEGES = (
    *("prvReadEntity", "prvReadAttribute", "prvReadRelationship", "prvReadOptionSet"),
    *("prvReadEntityKey", "prvReadRecordAuditHistory", "prvReadAuditSummary", "prvReadUser"),
)
"""Privileges that are not of a table here, or not by its name."""
OURS = {
    "friendlyname": "Seatkeeper",
    "uniquename": "seatkeeper",
    "customizationprefix": "sk",
    "customizationoptionvalueprefix": FIRST_OPTION // 10_000,
}
MESSAGES = (
    *("Create", "CreateMultiple", "Update", "UpdateMultiple", "Upsert", "UpsertMultiple"),
    *("Delete", "Retrieve", "RetrieveMultiple"),
)


class Catalogue:
    """Makes what a set of the platform lists, unless it is there."""

    def __init__(self, database: Database, publisher: Mapping[str, Any] = OURS) -> None:
        self._database = database
        self._publisher = publisher
        self._makers: dict[str, Callable[[], None]] = {
            "publishers": self._solutions,
            "solutions": self._solutions,
            "privileges": self._privileges,
            "sdkmessages": self._messages,
            "sdkmessagefilters": self._messages,
        }

    def ensure(self, set_name: str) -> None:
        """Make the rows of a set; other sets pass by."""
        maker = self._makers.get(set_name)
        if maker is not None:
            maker()

    def _solutions(self) -> None:
        publisher = metadata_id("publisher", "default")
        self._add("publisher", publisher, dict(self._publisher))
        facts = {"friendlyname": "Default Solution", "uniquename": "Default", "version": "1.0"}
        link = {"_publisherid_value": publisher}
        self._add("solution", metadata_id("solution", "default"), {**facts, **link})

    def _privileges(self) -> None:
        for table in self._own_tables():
            for verb, right in RIGHTS.items():
                name = f"prv{verb}{table.schema_name}"
                row_id = metadata_id("privilege", name)
                self._add("privilege", row_id, {"name": name, "accessright": right})
        for name in OTHER_PRIVILEGES:
            facts = {"name": name, "accessright": RIGHTS["Read"]}
            self._add("privilege", metadata_id("privilege", name), facts)

    def _messages(self) -> None:
        for message in MESSAGES:
            message_id = metadata_id("message", message)
            self._add("sdkmessage", message_id, {"name": message})
            for table in self._own_tables():
                facts = {"primaryobjecttypecode": table.logical, "_sdkmessageid_value": message_id}
                self._add("sdkmessagefilter", metadata_id("filter", message, table.logical), facts)

    def _own_tables(self) -> list[Table]:
        return [rows.table for rows in self._database.tables.values()]

    def _add(self, logical: str, row_id: str, facts: dict[str, Any]) -> None:
        rows = self._database.tables[logical]
        if rows.get(row_id) is not None:
            return
        now = wire_instant(self._database.world.clock.now())
        stamps = {"versionnumber": self._database.next_version(), "createdon": now}
        values = {**rows.table.defaults, "statecode": 0, "statuscode": 1, **stamps, **facts}
        values |= {rows.table.primary_id: row_id, "modifiedon": now}
        row = tuple(values.get(column.wire) for column in rows.table.columns)
        self._database.seed(rows.table, row)
