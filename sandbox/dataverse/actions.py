"""The actions that belong to no row: publishing, tables by the dozen, keys, deletion in bulk."""

from collections.abc import Callable
from typing import Any

from sandbox.dataverse.calls import Answer, Call, answer_empty, answer_json
from sandbox.dataverse.columns import ID
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import bad_definition, bad_query, row_missing
from sandbox.dataverse.option_actions import OptionActions
from sandbox.dataverse.payload import read_object
from sandbox.dataverse.schema import Schema
from sandbox.dataverse.writer import Actor, Writer

Action = Callable[[Call], Answer]


class Actions:
    """Unbound actions by name."""

    def __init__(self, database: Database, schema: Schema, writer: Writer) -> None:
        self._database = database
        self._schema = schema
        self._writer = writer
        self._by_name: dict[str, Action] = {
            "CreateEntities": self.create_entities,
            "PublishXml": self.publish,
            "PublishAllXml": self.publish,
            "ReactivateEntityKey": self.reactivate_key,
            **OptionActions(schema).by_name,
        }

    def knows(self, name: str) -> bool:
        return name in self._by_name or name == "BulkDelete"

    def answer(self, call: Call, name: str, actor: Actor) -> Answer:
        """Run an action."""
        if name == "BulkDelete":
            return self.bulk_delete(call, actor)
        return self._by_name[name](call)

    def create_entities(self, call: Call) -> Answer:
        """Create tables with all their columns, all or none, as Microsoft's Python SDK does."""
        tables = read_object(call).get("Entities")
        if not isinstance(tables, list) or not tables:
            raise bad_definition("The required parameter 'Entities' is missing.")
        solution = call.option("SolutionUniqueName") or call.header("mscrm.solutionuniquename")
        with self._database.transaction():
            for table in tables:
                self._schema.add_table(table, solution)
        return answer_empty()

    def publish(self, call: Call) -> Answer:
        """Publish: every change is in force at once here."""
        if call.path == "PublishXml" and not read_object(call).get("ParameterXml"):
            raise bad_definition("The required parameter 'ParameterXml' is missing.")
        return answer_empty()

    def reactivate_key(self, call: Call) -> Answer:
        """Build the index of a key again."""
        body = read_object(call)
        logical = str(body.get("EntityLogicalName"))
        name = str(body.get("EntityKeyLogicalName")).lower()
        rows = self._database.tables.get(logical)
        if rows is None or all(key.name != name for key in rows.table.keys):
            raise row_missing("entitykey", name)
        self._schema.build_again(rows.table, name)
        return answer_empty()

    def bulk_delete(self, call: Call, actor: Actor) -> Answer:
        """Delete the rows of queries by primary key; the job is done when it is answered."""
        queries = read_object(call).get("QuerySet") or []
        with self._database.transaction():
            for query in queries:
                self._delete_all(query, actor)
        context = f"{call.root}$metadata#Microsoft.Dynamics.CRM.BulkDeleteResponse"
        return answer_json({"@odata.context": context, "JobId": self._database.world.new_id()})

    def _delete_all(self, query: dict[str, Any], actor: Actor) -> None:
        rows = self._database.tables.get(str(query.get("EntityName")))
        conditions = (query.get("Criteria") or {}).get("Conditions") or []
        if rows is None or len(conditions) != 1:
            raise bad_query("BulkDelete is emulated for one condition on the primary key.")
        [condition] = conditions
        if condition.get("AttributeName") != rows.table.primary_id:
            raise bad_query("BulkDelete is emulated for one condition on the primary key.")
        wanted = {str(value.get("Value")).lower() for value in condition.get("Values") or []}
        for row_id in [str(row[ID]) for row in rows.all() if row[ID] in wanted]:
            self._writer.delete(rows.table, row_id, actor)
