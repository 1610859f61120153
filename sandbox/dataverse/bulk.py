"""CreateMultiple, UpdateMultiple and UpsertMultiple: all targets or none."""

from typing import Any

from sandbox.dataverse.audit import Values
from sandbox.dataverse.calls import Answer, Call, answer_empty, answer_json
from sandbox.dataverse.columns import ID, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import Refused, bad_payload, segment_missing
from sandbox.dataverse.paths import find, parse_path
from sandbox.dataverse.payload import read_document, read_values
from sandbox.dataverse.writer import Actor, Writer


class Bulk:
    """The bound actions on a table that take many targets."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    def answer(self, call: Call, table: Table, action: str, actor: Actor) -> Answer:
        """Run an action on all targets; raise Refused at the first that cannot be taken."""
        actions = {
            "CreateMultiple": self._create,
            "UpdateMultiple": self._update,
            "UpsertMultiple": self._upsert,
        }
        if action not in actions:
            raise segment_missing(f"Microsoft.Dynamics.CRM.{action}")
        targets = self._targets(call, table)
        with self._database.transaction():
            ids = [actions[action](call, table, target, actor) for target in targets]
        if action != "CreateMultiple":
            return answer_empty()
        context = f"{call.root}$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse"
        return answer_json({"@odata.context": context, "Ids": ids})

    def _targets(self, call: Call, table: Table) -> list[dict[str, Any]]:
        targets = read_document(call, table).get("Targets")
        if not isinstance(targets, list) or not all(isinstance(t, dict) for t in targets):
            raise bad_payload(table.set_name, "A collection 'Targets' was expected.")
        wanted = f"Microsoft.Dynamics.CRM.{table.logical}"
        if any(str(t.get("@odata.type")).lstrip("#") != wanted for t in targets):
            raise bad_payload(table.set_name, f"Each target needs '@odata.type': '{wanted}'.")
        return targets

    def _values(self, call: Call, table: Table, target: dict[str, Any]) -> Values:
        return read_values(self._database, table, target, call.root)

    def _create(self, call: Call, table: Table, target: dict[str, Any], actor: Actor) -> str:
        return str(self._writer.create(table, self._values(call, table, target), actor)[ID])

    def _update(self, call: Call, table: Table, target: dict[str, Any], actor: Actor) -> str:
        values = self._values(call, table, target)
        row_id = str(values.get(table.primary_id, ""))
        return str(self._writer.update(table, row_id, values, actor)[ID])

    def _upsert(self, call: Call, table: Table, target: dict[str, Any], actor: Actor) -> str:
        reference = str(target.get("@odata.id", ""))
        address = find(self._database, parse_path(reference)[0])
        values = self._values(call, table, target)
        if address.row is not None:
            return str(self._writer.update(table, address.row_id, values, actor)[ID])
        repeated = set(address.key_values or {}) & set(values)
        if repeated:
            # only on the create path, with a generic code: UpsertMultiple, fact sheet section 5
            raise Refused(400, "0x80040216", f"Key columns in the body: {', '.join(repeated)}")
        given = address.key_values or {table.primary_id: address.row_id}
        return str(self._writer.create(table, {**given, **values}, actor)[ID])
