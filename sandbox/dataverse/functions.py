"""The functions of the service: WhoAmI and RetrieveRecordChangeHistory."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sandbox.dataverse.audit import AuditEntry
from sandbox.dataverse.calls import Answer, Call, answer_json
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import Refused, bad_query, row_missing
from sandbox.dataverse.paths import Segment, find, parse_path
from sandbox.dataverse.people import People
from sandbox.dataverse.render import FORMATTED
from sandbox.dataverse.rows import Rows
from sandbox.dataverse.values import wire_instant
from sandbox.dataverse.writer import Actor

MODEL = "#Microsoft.Dynamics.CRM"
DEFAULT_PAGE = 5000

Function = Callable[[Call, Segment, Actor], Answer]


class Functions:
    """Functions by name; each takes the call, its segment with arguments, and who asks."""

    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people
        self.by_name: dict[str, Function] = {
            "WhoAmI": self.who_am_i,
            "RetrieveRecordChangeHistory": self.change_history,
        }

    def who_am_i(self, call: Call, _segment: Segment, actor: Actor) -> Answer:
        """Answer the ids of user, business unit and organisation."""
        return answer_json(
            {
                "@odata.context": f"{call.root}$metadata{MODEL}.WhoAmIResponse",
                "BusinessUnitId": self._people.unit_id,
                "UserId": actor.user_id,
                "OrganizationId": self._database.world.organisation_id,
            }
        )

    def change_history(self, call: Call, segment: Segment, _actor: Actor) -> Answer:
        """Answer the audit rows of one row, newest first."""
        arguments = segment.arguments or {}
        target = _argument(call, arguments, "Target")
        paging = _argument(call, arguments, "PagingInfo") if "PagingInfo" in arguments else {}
        rows, row_id = self._target(call, target)
        entries = self._database.audit.visible(rows.table.logical, row_id, self._until())
        if not entries and rows.get(row_id) is None:
            raise row_missing(rows.table.logical, row_id)
        page, size = int(paging.get("PageNumber") or 1), int(paging.get("Count") or DEFAULT_PAGE)
        shown = entries[(page - 1) * size : page * size]
        collection = {
            "MoreRecords": page * size < len(entries),
            "PagingCookie": "",
            "TotalRecordCount": len(entries),
            "AuditDetails": [self._detail(entry) for entry in shown],
        }
        context = f"{call.root}$metadata{MODEL}.RetrieveRecordChangeHistoryResponse"
        return answer_json({"@odata.context": context, "AuditDetailCollection": collection})

    def _until(self) -> Any:  # noqa: ANN401 - an instant, or None when rows show at once
        delay = self._database.world.settings.audit_delay_seconds
        if delay <= 0:
            return None
        return self._database.world.clock.now() - timedelta(seconds=delay)

    def _target(self, call: Call, target: dict[str, Any]) -> tuple[Rows, str]:
        """Return the row a Target names: `@odata.id`, or the primary key with `@odata.type`."""
        reference = target.get("@odata.id")
        if reference is not None:
            path = str(reference).removeprefix(call.root)
            address = find(self._database, parse_path(path)[0])
            return address.rows, address.row_id or address.written
        logical = str(target.get("@odata.type", "")).rpartition(".")[2]
        rows = self._database.tables.get(logical)
        row_id = None if rows is None else target.get(rows.table.primary_id)
        if rows is None or row_id is None:
            raise bad_query("The parameter 'Target' does not name a row.")
        return rows, str(row_id).lower()

    def _detail(self, entry: AuditEntry) -> dict[str, Any]:
        kind = {"@odata.type": f"{MODEL}.{entry.table}"}
        return {
            "@odata.type": f"{MODEL}.AttributeAuditDetail",
            "InvalidNewValueAttributes": [],
            "LocLabelLanguageCode": 0,
            "DeletedAttributes": {"Count": 0, "IsReadOnly": True, "Keys": [], "Values": []},
            "OldValue": {**kind, **entry.old},
            "NewValue": {**kind, **entry.new},
            "AuditRecord": self._record(entry),
        }

    def _record(self, entry: AuditEntry) -> dict[str, Any]:
        user = self._database.tables["systemuser"].get(entry.user_id)
        name = "" if user is None else user[2]
        return {
            "auditid": entry.audit_id,
            "createdon": wire_instant(entry.created_on),
            "_userid_value": entry.user_id,
            f"_userid_value@{FORMATTED}": name,
            "operation": int(entry.operation),
            "action": int(entry.operation),
            "objecttypecode": entry.table,
            "_objectid_value": entry.row_id,
        }


def _argument(call: Call, arguments: dict[str, str], name: str) -> dict[str, Any]:
    """Return a JSON argument, given in place or by a parameter alias; raise Refused if missing."""
    text = arguments.get(name, "")
    written = call.aliases.get(text, text)
    try:
        value = json.loads(written)
    except ValueError as error:
        raise Refused(400, "0x0", f"The parameter '{name}' cannot be read: {written!r}") from error
    if not isinstance(value, dict):
        raise Refused(400, "0x0", f"The parameter '{name}' is no object.")
    return value
