"""The `audits` set: every audit row as a row of its own, and what each has in detail."""

from typing import Any

from sandbox.dataverse.audit import AuditEntry, Operation
from sandbox.dataverse.calls import Answer, Call, answer_json
from sandbox.dataverse.database import Database
from sandbox.dataverse.functions import Functions
from sandbox.dataverse.paths import Address
from sandbox.dataverse.rows import Rows
from sandbox.dataverse.values import wire_instant
from sandbox.documents import dump

SET = "audits"
ACTIONS = {Operation.CREATE: 1, Operation.UPDATE: 2, Operation.DELETE: 3}


class AuditList:
    """Lays the audit trail out as rows when they are asked for; they cannot be written."""

    def __init__(self, database: Database, functions: Functions) -> None:
        self._database = database
        self._functions = functions

    def ensure(self) -> None:
        """Make the rows of the set from what is visible of the trail."""
        table = self._database.tables["audit"].table
        rows = Rows(table)
        for entry in self._database.audit.everything(self._functions.visible_until()):
            values = self._values(entry)
            rows.put(tuple(values.get(column.wire) for column in table.columns))
        self._database.show(table.logical, rows)

    def details(self, call: Call, address: Address) -> Answer:
        """Answer what one audit row says: RetrieveAuditDetails."""
        address.existing()
        entries = self._database.audit.everything(None)
        entry = next(e for e in entries if e.audit_id == address.row_id)
        context = f"{call.root}$metadata#Microsoft.Dynamics.CRM.RetrieveAuditDetailsResponse"
        detail = self._functions.detail(entry)
        return answer_json({"@odata.context": context, "AuditDetail": detail})

    def _values(self, entry: AuditEntry) -> dict[str, Any]:
        made = wire_instant(entry.created_on)
        names = dict.fromkeys([*entry.old, *entry.new])
        changed = [
            {"logicalName": n, "oldValue": entry.old.get(n), "newValue": entry.new.get(n)}
            for n in names
        ]
        return {
            "auditid": entry.audit_id,
            "versionnumber": entry.version,
            "createdon": made,
            "modifiedon": made,
            "_userid_value": entry.user_id,
            "operation": int(entry.operation),
            "action": ACTIONS[entry.operation],
            "objecttypecode": entry.table,
            "_objectid_value": entry.row_id,
            "changedata": dump({"changedAttributes": changed}).decode(),
            "statecode": 0,
            "statuscode": 1,
        }
