"""RetrieveMetadataChanges: chosen facts of chosen definitions, those since a version stamp."""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from operator import contains, eq, gt, lt, ne
from typing import Any

from sandbox.dataverse.calls import Answer, Call, answer_json
from sandbox.dataverse.columns import Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.definitions import (
    Document,
    collection_documents,
    key_documents,
    lookup_documents,
    metadata_id,
    table_document,
)
from sandbox.dataverse.errors import Refused, bad_query, version_expired
from sandbox.dataverse.metadata import attribute_documents, column_casts
from sandbox.dataverse.paths import Segment

STAMP = re.compile(r"(?P<version>\d+)!(?P<at>\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)")
TIME = "%m/%d/%Y %H:%M:%S"
MODEL = "Microsoft.Dynamics.CRM.RetrieveMetadataChangesResponse"
PARTS = ("Attributes", "Keys", "OneToManyRelationships", "ManyToOneRelationships")

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": eq,
    "NotEquals": ne,
    "In": lambda value, wanted: contains(wanted, value),
    "NotIn": lambda value, wanted: not contains(wanted, value),
    "GreaterThan": lambda value, wanted: value is not None and gt(value, wanted),
    "LessThan": lambda value, wanted: value is not None and lt(value, wanted),
}


class MetadataChanges:
    """Answers the function; the stamp is a row version with its time, like a delta token."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def answer(self, call: Call, segment: Segment) -> Answer:
        """Answer definitions; raise Refused for a stamp that expired."""
        query = self._argument(call, segment, "Query") or {}
        stamp = self._argument(call, segment, "ClientVersionStamp")
        since = 0 if stamp is None else self._since(str(stamp))
        tables = [rows.table for rows in self._database.tables.values()]
        changed = [t for t in tables if not since or self._defined_at(t.logical) > since]
        documents = [(self._whole(table), table) for table in changed]
        chosen = [d for d in documents if _holds(query.get("Criteria"), d[0])]
        return answer_json(
            {
                "@odata.context": f"{call.root}$metadata#{MODEL}",
                "ServerVersionStamp": self._stamp(),
                "EntityMetadata": [self._shown(d, t, query) for d, t in chosen],
                "DeletedMetadata": self._deleted(since),
            }
        )

    def _argument(self, call: Call, segment: Segment, name: str) -> Any:  # noqa: ANN401 - JSON
        given = (segment.arguments or {}).get(name)
        if given is None:
            return None
        text = call.aliases.get(given, given)
        if text.startswith("'"):
            return text[1:-1]
        try:
            return json.loads(text)
        except ValueError as error:
            raise bad_query(f"The parameter '{name}' cannot be read: {text!r}") from error

    def _since(self, stamp: str) -> int:
        found = STAMP.fullmatch(stamp)
        if found is None:
            raise bad_query("The client version stamp is not valid.")
        given = datetime.strptime(found["at"], TIME).replace(tzinfo=UTC)
        world = self._database.world
        too_old = world.clock.now() - given > timedelta(days=world.settings.delta_days, seconds=1)
        if too_old or int(found["version"]) < self._database.oldest_version:
            raise version_expired(world.settings.delta_expired_status)
        return int(found["version"])

    def _stamp(self) -> str:
        at = self._database.world.clock.now().astimezone(UTC).strftime(TIME)
        return f"{self._database.high_version}!{at}"

    def _defined_at(self, logical: str) -> int:
        return self._database.defined_at.get(logical, 0)

    def _whole(self, table: Table) -> Document:
        return {**table_document(table), "HasChanged": None}

    def _deleted(self, since: int) -> Document:
        gone = [
            metadata_id(name)
            for name, version in self._database.defined_at.items()
            if since and version > since and name not in self._database.tables
        ]
        keys, values = (["Entity"], [{"Count": len(gone), "Items": gone}]) if gone else ([], [])
        return {"Count": len(keys), "IsReadOnly": False, "Keys": keys, "Values": values}

    def _shown(self, document: Document, table: Table, query: Document) -> Document:
        names = _names(query.get("Properties"))
        shown = _chosen(document, names)
        for part in PARTS:
            if names is None or part in names or f"{part[:-1]}Query" in query:
                shown[part] = self._part(table, part, query)
        return shown

    def _part(self, table: Table, part: str, query: Document) -> list[Document]:
        documents: dict[str, Callable[[], list[Document]]] = {
            "Attributes": lambda: _whole_columns(table),
            "Keys": lambda: key_documents(table, self._database.world.clock.now()),
            "OneToManyRelationships": lambda: collection_documents(table, self._database),
            "ManyToOneRelationships": lambda: lookup_documents(table, self._database),
        }
        names = {"Attributes": "AttributeQuery", "Keys": "KeyQuery"}
        inner = query.get(names.get(part, "RelationshipQuery")) or {}
        kept = [d for d in documents[part]() if _holds(inner.get("Criteria"), d)]
        return [_chosen(d, _names(inner.get("Properties"))) for d in kept]


def _whole_columns(table: Table) -> list[Document]:
    """Return columns with the facts of their types, option sets included, without any cast."""
    documents = attribute_documents(table, "", everything=True)
    casts = column_casts(table)
    return [
        d | {name: part() for name, part in casts[d["LogicalName"]].items()} for d, _ in documents
    ]


def _names(properties: Document | None) -> set[str] | None:
    """Return the names that a query asks for, None for all of them."""
    if properties is None or properties.get("AllProperties"):
        return None
    return {str(name) for name in properties.get("PropertyNames") or []}


def _chosen(document: Document, names: set[str] | None) -> Document:
    if names is None:
        return dict(document)
    always = {"MetadataId", "HasChanged", "@odata.type"} | names
    return {name: fact for name, fact in document.items() if name in always}


def _holds(criteria: Document | None, document: Document) -> bool:
    if not criteria:
        return True
    tests = [*_conditions(criteria.get("Conditions") or [], document)]
    tests += [_holds(inner, document) for inner in criteria.get("Filters") or []]
    every = str(criteria.get("FilterOperator") or "And").lower() == "and"
    return all(tests) if every else any(tests)


def _conditions(conditions: Iterable[Document], document: Document) -> Iterable[bool]:
    for condition in conditions:
        name, how = condition.get("PropertyName"), str(condition.get("ConditionOperator"))
        if how not in COMPARE:
            raise Refused(400, "0x0", f"The condition operator '{how}' is not supported.")
        fact = document.get(str(name))
        value = fact["Value"] if isinstance(fact, dict) and "Value" in fact else fact
        yield COMPARE[how](value, _wanted(condition.get("Value")))


def _wanted(value: object) -> Any:  # noqa: ANN401 - comparable with a fact
    """Return the value of a condition: `{"Type": "System.String", "Value": "account"}`."""
    if not isinstance(value, dict):
        return value
    inner, kind = value.get("Value"), str(value.get("Type"))
    if isinstance(inner, str) and kind.endswith("[]"):
        return json.loads(inner) if inner.startswith("[") else inner.split(",")
    if isinstance(inner, str) and kind == "System.Boolean":
        return inner.lower() == "true"
    return int(inner) if isinstance(inner, str) and kind == "System.Int32" else inner
