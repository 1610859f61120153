"""The emulated Dataverse: takes requests apart and hands them to those who know the answer."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from werkzeug import Request, Response

from sandbox.dataverse.actions import Actions
from sandbox.dataverse.audit_list import SET as AUDITS
from sandbox.dataverse.audit_list import AuditList
from sandbox.dataverse.batch import Batch
from sandbox.dataverse.bulk import Bulk
from sandbox.dataverse.calls import SERVICE_PATH, Answer, Call, answer_refusal
from sandbox.dataverse.catalogue import Catalogue
from sandbox.dataverse.columns import Table
from sandbox.dataverse.cookies import Cookie, read_cookie
from sandbox.dataverse.database import Database
from sandbox.dataverse.editor import Editor
from sandbox.dataverse.errors import Refused, bad_url, no_such_operation, segment_missing
from sandbox.dataverse.functions import Functions
from sandbox.dataverse.key_building import settle_keys
from sandbox.dataverse.laying import Laying, Member
from sandbox.dataverse.linked_fetch import read_any_fetch
from sandbox.dataverse.loading import load
from sandbox.dataverse.metadata import Metadata
from sandbox.dataverse.paths import Segment, find, parse_path
from sandbox.dataverse.payload import physical_values
from sandbox.dataverse.people import People
from sandbox.dataverse.ports import Principal, World
from sandbox.dataverse.reader import Reader
from sandbox.dataverse.rights import privilege_name, require
from sandbox.dataverse.roles import OF_USER, Roles
from sandbox.dataverse.schema import Schema
from sandbox.dataverse.schema_calls import SchemaCalls
from sandbox.dataverse.sql_joins import read_any_sql
from sandbox.dataverse.stripping import strip
from sandbox.dataverse.tracking import Tracking
from sandbox.dataverse.visibility import check_visible
from sandbox.dataverse.wanted import Answering
from sandbox.dataverse.writer import Actor, Writer

MODEL = "Microsoft.Dynamics.CRM."
READ_DEFINITIONS = "prvReadEntity"


class Dataverse:
    """One organisation of the Dataverse Web API, inside a world."""

    def __init__(self, world: World) -> None:
        self._database = Database(world)
        self._people = People(self._database)
        self._writer = Writer(self._database)
        self._laying = Laying(self._database)
        self._reader = Reader(self._database)
        self._answering = Answering(self._database, self._reader)
        self._tracking = Tracking(self._database, self._reader)
        self._editor = Editor(self._database, self._reader, self._writer)
        self._bulk = Bulk(self._database, self._writer)
        self._functions = Functions(self._database, self._people)
        self._metadata = Metadata(self._database)
        self._schema = Schema(self._database)
        self._schema_calls = SchemaCalls(self._database, self._schema)
        self._actions = Actions(self._database, self._schema, self._writer)
        self._roles = Roles(self._database, self._writer)
        self._catalogue = Catalogue(self._database)
        self._audits = AuditList(self._database, self._functions)

    def handle(self, request: Request, principal: Principal) -> Response:
        """Answer a request whose path begins with `/api/data/v9.x/`."""
        self._people.ensure()
        found = SERVICE_PATH.match(request.path.rstrip("/") + "/")
        if found is None:
            return _response(
                answer_refusal(
                    bad_url(f"Requested API Version in '{request.path}' was not understood.")
                )
            )
        query = parse_qsl(request.query_string.decode(), keep_blank_values=True)
        call = Call(
            method=request.method,
            root=request.host_url.rstrip("/") + found["root"],
            path=found["rest"].strip("/"),
            query=tuple(query),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.get_data(),
        )
        return _response(self._guarded(call, principal))

    def refuse(self, refused: Refused) -> Response:
        """Answer a request that is not executed, such as one too many."""
        return _response(answer_refusal(refused))

    def insert(self, logical_name: str, row: dict[str, Any], *, by: str | None = None) -> str:
        """Create a row from physical names, lookups as ids; raise Refused as the API would."""
        self._people.ensure()
        table = self._table(logical_name)
        values = physical_values(self._database, table, row)
        return str(self._writer.create(table, values, self._people.by(by))[0])

    def define(self, table: Table) -> None:
        """Put a table in force, new or changed, as a tenant with other tables has it."""
        self._schema.put(table)

    def lay(
        self,
        logical_name: str,
        model: dict[str, Any],
        names: tuple[str, ...],
        members: Iterable[Member],
    ) -> None:
        """Create many rows of an opening state: the model, with other values in named columns."""
        self._people.ensure()
        table = self._table(logical_name)
        values = physical_values(self._database, table, model)
        row = self._writer.draft(table, values, self._people.by(None))
        self._laying.lay(table, row, names, members)

    def update(
        self,
        logical_name: str,
        id: str,  # noqa: A002 - the agreed interface names it so
        changes: dict[str, Any],
        *,
        by: str | None = None,
    ) -> None:
        """Change a row; raise Refused as the API would."""
        self._people.ensure()
        table = self._table(logical_name)
        values = physical_values(self._database, table, changes)
        self._writer.update(table, id, values, self._people.by(by))

    def delete(
        self,
        logical_name: str,
        id: str,  # noqa: A002 - the agreed interface names it so
        *,
        by: str | None = None,
    ) -> None:
        """Delete a row; raise Refused when it is not there."""
        self._people.ensure()
        self._writer.delete(self._table(logical_name), id, self._people.by(by))

    def rows(self, logical_name: str) -> Iterator[dict[str, Any]]:
        """Yield the raw rows of a table, by id."""
        self._people.ensure()
        table = self._table(logical_name)
        return (table.document(row) for row in self._database.tables[logical_name].in_order())

    def clear(self) -> None:
        """Drop all rows: tables stay, delta links given out before expire."""
        self._database.clear()
        self._people.forget()

    def strip(self) -> None:
        """Take out what a customer of the platform does not have: the tables of Seatkeeper."""
        strip(self._database)

    def load(self, documents: Iterable[tuple[str, str, dict[str, Any]]]) -> None:
        """Take back what was committed and saved."""
        load(self._database, documents)

    def _table(self, logical_name: str) -> Table:
        if logical_name not in self._database.tables:
            raise segment_missing(logical_name)
        return self._database.tables[logical_name].table

    def _guarded(self, call: Call, principal: Principal) -> Answer:
        try:
            return self._answer(call, principal)
        except Refused as refused:
            return answer_refusal(refused, call)

    def _answer(self, call: Call, principal: Principal) -> Answer:
        if call.path.startswith("$batch"):
            return Batch(
                self._database, call, lambda inner: self._answer(inner, principal)
            ).answer()
        settle_keys(self._database)
        actor = self._people.actor(call, principal)
        if self._metadata.knows(call.path):
            require(self._database, actor.user_id, READ_DEFINITIONS)
            answering = self._metadata if call.method == "GET" else self._schema_calls
            return answering.answer(call)
        segments = parse_path(call.path)
        name = segments[0].name
        function = self._functions.by_name.get(name)
        if function is not None and call.method == "GET":
            return function(call, segments[0], actor)
        if call.method == "POST" and self._actions.knows(name):
            return self._actions.answer(call, name, actor)
        if function is not None or self._actions.knows(name):
            raise no_such_operation()
        self._catalogue.ensure(name)
        if name == AUDITS:
            _require_get(call)
            self._audits.ensure()
        return self._rows(call, segments, actor)

    def _rows(self, call: Call, segments: list[Segment], actor: Actor) -> Answer:
        table = self._database.rows_of_set(segments[0].name).table
        check_visible(self._database, call, table)
        if call.method == "GET":
            require(self._database, actor.user_id, privilege_name("Read", table))
        match segments:
            case [Segment(_, None)]:
                return self._set(call, table, actor)
            case [Segment(_, None), Segment(last, None)]:
                return self._of_set(call, table, last, actor)
            case [Segment()]:
                return self._row(call, segments[0], actor)
            case [Segment(), Segment(name)] if name.startswith(MODEL):
                return self._bound(call, segments[0], name.removeprefix(MODEL), actor)
            case [Segment(), Segment(name, None)]:
                return self._part(call, segments[0], name, actor)
            case [Segment(), Segment(name, None), Segment(last, None)]:
                return self._end(call, segments[0], (name, last), actor)
            case _:
                raise segment_missing(segments[-1].name)

    def _set(self, call: Call, table: Table, actor: Actor) -> Answer:
        if call.method == "POST":
            return self._editor.create(call, table, actor)
        _require_get(call)
        if self._tracking.asked(call):
            return self._tracking.answer(call, table)
        fetch, sql = call.option("fetchXml"), call.option("sql")
        if fetch is not None:
            found = read_any_fetch(self._database, table, fetch)
            return self._answering.page(call, table, found)
        if sql is not None:
            token = call.option("$skiptoken")
            cookie = Cookie() if token is None else read_cookie(token)
            found = read_any_sql(self._database, table, sql, cookie)
            return self._answering.page(call, table, found)
        return self._reader.listing(call, table)

    def _of_set(self, call: Call, table: Table, name: str, actor: Actor) -> Answer:
        if name == "$count":
            _require_get(call)
            counter = self._tracking if self._tracking.asked(call) else self._reader
            return counter.count(call, table)
        if call.method == "POST" and name.startswith(MODEL):
            return self._bulk.answer(call, table, name.removeprefix(MODEL), actor)
        raise segment_missing(name)

    def _row(self, call: Call, segment: Segment, actor: Actor) -> Answer:
        address = find(self._database, segment)
        match call.method:
            case "GET":
                return self._reader.row(call, address)
            case "PATCH":
                return self._editor.update(call, address, actor)
            case "DELETE":
                return self._editor.delete(call, address, actor)
            case _:
                raise _wrong_verb(call)

    def _bound(self, call: Call, segment: Segment, name: str, actor: Actor) -> Answer:
        """Run an action or a function of one row."""
        address = find(self._database, segment)
        match call.method, address.table.logical, name:
            case "POST", "role", "AddPrivilegesRole":
                return self._roles.add_privileges(call, address, actor)
            case "GET", "role", "RetrieveRolePrivilegesRole":
                return self._roles.privileges(call, address)
            case "GET", "systemuser", "RetrieveUserPrivileges":
                self._catalogue.ensure("privileges")
                return self._roles.privileges_of_user(call, address)
            case "GET", "audit", "RetrieveAuditDetails":
                return self._audits.details(call, address)
            case _:
                raise segment_missing(f"{MODEL}{name}")

    def _part(self, call: Call, segment: Segment, name: str, actor: Actor) -> Answer:
        address = find(self._database, segment)
        match call.method:
            case "GET" if name == OF_USER and address.table.logical == "systemuser":
                return self._roles.of_user(call, address)
            case "GET" if name in address.table.position:
                return self._reader.value(call, address, name, raw=False)
            case "GET":
                return self._reader.related(call, address, name)
            case "PUT" | "PATCH":
                return self._editor.set_column(call, address, name, actor)
            case "DELETE":
                return self._editor.clear_column(call, address, name, actor)
            case _:
                raise _wrong_verb(call)

    def _end(self, call: Call, segment: Segment, names: tuple[str, str], actor: Actor) -> Answer:
        """Answer `set(id)/name/$ref`, `/$value` and `/$count`."""
        address, (name, last) = find(self._database, segment), names
        match call.method, last:
            case "GET", "$value":
                return self._reader.value(call, address, name, raw=True)
            case "GET", "$count":
                return self._reader.count_related(address, name)
            case "POST", "$ref" if name == OF_USER and address.table.logical == "systemuser":
                return self._roles.assign(call, address, actor)
            case "PUT", "$ref":
                return self._editor.associate(call, address, name, actor)
            case "DELETE", "$ref":
                return self._editor.disassociate(call, address, name, actor)
            case _:
                raise no_such_operation()


def _require_get(call: Call) -> None:
    if call.method != "GET":
        raise _wrong_verb(call)


def _wrong_verb(call: Call) -> Refused:
    text = f"The requested resource does not support http method '{call.method}'."
    return Refused(HTTPStatus.METHOD_NOT_ALLOWED, "0x0", text)


def _response(answer: Answer) -> Response:
    headers = {
        "OData-Version": "4.0",
        "x-ms-service-request-id": str(uuid4()),
        "Cache-Control": "no-cache",
        **answer.headers,
    }
    response = Response(answer.body, answer.status, headers)
    if answer.content_type:
        response.headers["Content-Type"] = answer.content_type
    else:
        del response.headers["Content-Type"]
    return response
