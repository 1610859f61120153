"""The functions of the service: WhoAmI and RetrieveRecordChangeHistory."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sandbox.dataverse.audit import AuditEntry
from sandbox.dataverse.calls import Answer, Call, answer_json
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import Refused, bad_query, row_missing
from sandbox.dataverse.metadata_changes import MetadataChanges
from sandbox.dataverse.paths import Segment, find, parse_path
from sandbox.dataverse.people import People
from sandbox.dataverse.render import FORMATTED
from sandbox.dataverse.rights import require
from sandbox.dataverse.rows import Rows
from sandbox.dataverse.transitions import may_follow
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
        changes = MetadataChanges(database)
        self.by_name: dict[str, Function] = {
            "RetrieveMetadataChanges": lambda call, segment, _: changes.answer(call, segment),
            "IsValidStateTransition": self.is_valid_transition,
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

    def change_history(self, call: Call, segment: Segment, actor: Actor) -> Answer:
        """Answer the audit rows of one row, newest first."""
        require(self._database, actor.user_id, "prvReadRecordAuditHistory")
        arguments = segment.arguments or {}
        target = _argument(call, arguments, "Target")
        paging = _argument(call, arguments, "PagingInfo") if "PagingInfo" in arguments else {}
        rows, row_id = self._target(call, target)
        entries = self._database.audit.visible(rows.table.logical, row_id, self.visible_until())
        if not entries and rows.get(row_id) is None:
            raise row_missing(rows.table.logical, row_id)
        page, size = int(paging.get("PageNumber") or 1), int(paging.get("Count") or DEFAULT_PAGE)
        shown = entries[(page - 1) * size : page * size]
        collection = {
            "MoreRecords": page * size < len(entries),
            "PagingCookie": "",
            "TotalRecordCount": len(entries),
            "AuditDetails": [self.detail(entry) for entry in shown],
        }
        context = f"{call.root}$metadata{MODEL}.RetrieveRecordChangeHistoryResponse"
        return answer_json({"@odata.context": context, "AuditDetailCollection": collection})

    def is_valid_transition(self, call: Call, segment: Segment, _actor: Actor) -> Answer:
        """Answer whether a row may go to a state and reason, as far as its table says so."""
        arguments = segment.arguments or {}
        rows, row_id = self._target(call, _argument(call, arguments, "Entity"))
        row = rows.get(row_id)
        if row is None:
            raise row_missing(rows.table.logical, row_id)
        texts = (arguments.get(name, "") for name in ("NewState", "NewStatus"))
        state, reason = (call.aliases.get(text, text).strip("'") for text in texts)
        valid = may_follow(rows.table, row, state, reason)
        context = f"{call.root}$metadata{MODEL}.IsValidStateTransitionResponse"
        return answer_json({"@odata.context": context, "IsValid": valid})

    def visible_until(self) -> Any:  # noqa: ANN401 - an instant, or None when rows show at once
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

    def detail(self, entry: AuditEntry) -> dict[str, Any]:
        """Return what an audit row says, with the audit row unless a setting leaves it out."""
        kind = {"@odata.type": f"{MODEL}.{entry.table}"}
        whole = self._database.world.settings.history_has_audit_record
        record = {"AuditRecord": self._record(entry)} if whole else {}
        return {
            "@odata.type": f"{MODEL}.AttributeAuditDetail",
            "InvalidNewValueAttributes": [],
            "LocLabelLanguageCode": 0,
            "DeletedAttributes": {"Count": 0, "IsReadOnly": True, "Keys": [], "Values": []},
            "OldValue": {**kind, **entry.old},
            "NewValue": {**kind, **entry.new},
            **record,
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
