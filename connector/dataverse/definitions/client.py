"""Reads the definitions of an environment and carries out the steps of an installation.

A step is sent once. After trouble the definitions are read again and planned anew: what was made
is then there, whatever the answer was.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from connector.dataverse.definitions import bodies, reading
from connector.dataverse.definitions.bodies import MODEL, Words
from connector.dataverse.faults import fault_of
from connector.dataverse.odata import with_options
from connector.dataverse.wire import API, OK, Wire
from connector.documents import mapping, render, text, whole
from connector.http import Http, Reply
from connector.service import Request, TokenSource
from sync.ports import Effects
from sync.remote import Json, NotFound, Refused, Row
from sync.schema.found import Found, FoundTable
from sync.schema.steps import (
    AddColumn,
    AddKey,
    AddOption,
    AddReason,
    Assign,
    BuildKey,
    ChangeColumn,
    Grant,
    MakePublisher,
    MakeRole,
    MakeSolution,
    MakeTable,
    Mark,
    NameReason,
    Publish,
    SetDefault,
    Step,
    SwitchOn,
)
from sync.schema.wanted import Kind, Publisher, Schema, Solution

ABSENT: Final = 404
UNDER_WAY: Final = "The installation of Seatkeeper's tables is under way."
ENDED: Final = "Seatkeeper's tables."
NAMES_PER_FILTER: Final = 20
ENGLISH: Final = 1033


class Definitions:
    """The definitions of one environment."""

    def __init__(self, http: Http, tokens: TokenSource, effects: Effects, url: str) -> None:
        self._wire = Wire(http, tokens, effects, url)
        self._base = url.rstrip("/") + API
        self._words = Words(language=ENGLISH)
        self._solution = ""

    def read(self, schema: Schema) -> Found:
        """Read what is there of a schema. Raise SignInFailed, Unavailable, Refused."""
        who = self._get("WhoAmI()")
        language = whole(self._first("organizations", "languagecode").get("languagecode"))
        self._words = Words(language=language or ENGLISH)
        publisher = self._publisher(schema.publisher)
        solution = self._solution_row(schema.solution)
        self._solution = schema.solution.name if solution else ""
        role_id = text(self._role(schema.role).get("roleid"))
        user_id = text(who.get("UserId")).lower()
        return Found(
            language=self._words.language,
            unit_id=text(who.get("BusinessUnitId")).lower(),
            publisher_id=text(publisher.get("publisherid")),
            publisher_prefix=text(publisher.get("customizationprefix")),
            publisher_option_prefix=whole(publisher.get("customizationoptionvalueprefix")) or 0,
            solution_id=text(solution.get("solutionid")),
            under_way=text(solution.get("description")) == UNDER_WAY,
            tables=self._tables(schema.tables),
            role_id=role_id,
            known_privileges=self._privileges(schema.privileges()),
            held_privileges=self._held(role_id),
            user_id=user_id,
            user_has_role=self._has_role(user_id, role_id),
        )

    def rights(self) -> frozenset[str]:
        """Return the names, in lower case, of what we may do with all rows of the organisation.

        Raises SignInFailed, Unavailable, Refused.
        """
        user_id = text(self._get("WhoAmI()").get("UserId")).lower()
        answer = self._get(f"systemusers({user_id})/{MODEL}.RetrieveUserPrivileges()")
        return frozenset(text(one.get("PrivilegeName")).lower() for one in _everywhere(answer))

    def carry_out(self, step: Step) -> None:
        """Send a step. Raise Unavailable, Refused, SignInFailed; it may be done even then."""
        match step:
            case MakePublisher() | MakeSolution() | Mark():
                self._own(step)
            case MakeTable() | SwitchOn() | AddColumn() | ChangeColumn():
                self._shape(step)
            case AddOption() | AddReason() | NameReason() | SetDefault():
                self._act(*self._option(step))
            case AddKey() | BuildKey():
                self._key(step)
            case MakeRole() | Grant() | Assign():
                self._right(step)
            case Publish():
                self._act("PublishXml", {"ParameterXml": publication(step.tables)})

    # --- writes --------------------------------------------------------------------------------

    def _own(self, step: MakePublisher | MakeSolution | Mark) -> None:
        match step:
            case MakePublisher(publisher=wanted):
                names: Row = {"uniquename": wanted.name, "friendlyname": wanted.label}
                prefixes: Row = {
                    "customizationprefix": wanted.prefix,
                    "customizationoptionvalueprefix": wanted.option_prefix,
                }
                self._send("POST", "publishers", {**names, **prefixes})
            case MakeSolution():
                self._make_solution(step)
            case Mark():
                row_id = text(self._solution_row(step.solution).get("solutionid"))
                told = ENDED if step.ended else UNDER_WAY
                self._send("PATCH", f"solutions({row_id})", {"description": told})

    def _make_solution(self, step: MakeSolution) -> None:
        publisher_id = text(self._publisher(step.publisher).get("publisherid"))
        body: Row = {
            "uniquename": step.solution.name,
            "friendlyname": step.solution.label,
            "version": step.solution.version,
            "description": UNDER_WAY,
            "publisherid@odata.bind": f"/publishers({publisher_id})",
        }
        self._send("POST", "solutions", body)
        self._solution = step.solution.name

    def _shape(self, step: MakeTable | SwitchOn | AddColumn | ChangeColumn) -> None:
        match step:
            case MakeTable(table=table):
                self._act("EntityDefinitions", bodies.table_body(table, self._words))
            case AddColumn(table=table, column=column) if column.kind is Kind.LOOKUP:
                body = bodies.relationship_body(table, column, self._words)
                self._act("RelationshipDefinitions", body)
            case AddColumn(table=table, column=column):
                body = bodies.column_body(column, self._words, audited=table.audited)
                self._act(f"{reading.definition(table.name)}/Attributes", body)
            case SwitchOn(table=table):
                path = reading.definition(table.name)
                self._change(path, path, _switched(step))
            case ChangeColumn(table=table, name=name):
                source = reading.column_path(table.name, name, step.type)
                self._change(source, source.rpartition("/")[0], _changed(step))

    def _change(self, source: str, path: str, facts: Row) -> None:
        """Put a whole definition back with some facts changed; labels of all languages stay."""
        whole_one = dict(self._get(source))
        whole_one.pop("@odata.context", None)
        kind = source.rpartition("/")[2]
        typed = {"@odata.type": kind} if kind.startswith(MODEL) else {}
        self._send("PUT", path, {**whole_one, **typed, **facts}, {"MSCRM.MergeLabels": "true"})

    def _option(
        self, step: AddOption | AddReason | NameReason | SetDefault
    ) -> tuple[str, Mapping[str, Json]]:
        where: Row = {
            "EntityLogicalName": step.table.name,
            "AttributeLogicalName": "statecode" if isinstance(step, SetDefault) else "statuscode",
        }
        match step:
            case AddOption(column=column, value=value, label=label, shared=shared):
                own: Row = {**where, "AttributeLogicalName": column.name}
                place: Row = {"OptionSetName": shared} if shared else own
                return "InsertOptionValue", {
                    **place,
                    "Value": value,
                    "Label": self._words.label(label),
                    "SolutionUniqueName": self._solution,
                }
            case AddReason(reason=reason):
                return "InsertStatusValue", {
                    **where,
                    "Value": reason.value,
                    "Label": self._words.label(reason.label),
                    "StateCode": reason.state,
                    "SolutionUniqueName": self._solution,
                }
            case NameReason(reason=reason):
                own_label = self._words.label(reason.label)
                named: Row = {"Value": reason.value, "Label": own_label, "MergeLabels": True}
                return "UpdateOptionValue", {**where, **named}
            case SetDefault(reason=reason):
                default: Row = {"Value": reason.state, "DefaultStatusCode": reason.value}
                return "UpdateStateValue", {**where, **default, "MergeLabels": True}

    def _key(self, step: AddKey | BuildKey) -> None:
        match step:
            case AddKey(table=table, key=key):
                path = f"{reading.definition(table.name)}/Keys"
                self._act(path, bodies.key_body(key, self._words))
            case BuildKey(table=table, name=name):
                body: Row = {"EntityLogicalName": table.name, "EntityKeyLogicalName": name}
                self._act("ReactivateEntityKey", body)

    def _right(self, step: MakeRole | Grant | Assign) -> None:
        match step:
            case MakeRole(name=name, unit_id=unit_id):
                unit = {"businessunitid@odata.bind": f"/businessunits({unit_id})"}
                told = "What Seatkeeper needs, and no more."
                self._act("roles", {"name": name, "description": told, **unit})
            case Grant(role=role, privileges=privileges):
                self._grant(role, privileges)
            case Assign(role=role, user_id=user_id):
                row_id = text(self._role(role).get("roleid"))
                link: Row = {"@odata.id": f"{self._base}/roles({row_id})"}
                path = f"systemusers({user_id})/systemuserroles_association/$ref"
                self._send("POST", path, link)

    def _grant(self, role: str, names: tuple[str, ...]) -> None:
        known = self._privileges(names)
        missing = [name for name in names if name.lower() not in known]
        if missing:
            raise Refused(f"Dataverse does not know the privileges {', '.join(missing)}.")
        given: list[Row] = [
            {
                "@odata.type": f"{MODEL}.RolePrivilege",
                "PrivilegeId": known[name.lower()],
                "Depth": "Global",
            }
            for name in names
        ]
        row_id = text(self._role(role).get("roleid"))
        self._act(f"roles({row_id})/{MODEL}.AddPrivilegesRole", {"Privileges": given})

    def _act(self, path: str, body: Row) -> None:
        """Post what becomes a part of the solution."""
        part = {"MSCRM.SolutionUniqueName": self._solution} if self._solution else {}
        self._send("POST", path, body, part)

    def _send(
        self, method: str, path: str, body: Row, headers: Mapping[str, str] | None = None
    ) -> None:
        sent = {"Content-Type": "application/json", **(headers or {})}
        request = Request(method=method, path=path, headers=sent, body=render(body))
        reply = self._wire.service.send(request)
        if not 200 <= reply.status < 300:  # noqa: PLR2004  # the class of success
            raise fault_of(reply).error()

    # --- reads ---------------------------------------------------------------------------------

    def _get(self, path: str) -> Row:
        return mapping(self._wire.get(path, reading.STRONG).exact())

    def _first(self, set_name: str, columns: str, where: str = "") -> Row:
        path = with_options(set_name, {"$select": columns, "$filter": where})
        return next(iter(reading.members(self._get(path))), {})

    def _publisher(self, wanted: Publisher) -> Row:
        columns = "publisherid,customizationprefix,customizationoptionvalueprefix"
        return self._first("publishers", columns, _named("uniquename", wanted.name))

    def _solution_row(self, wanted: Solution) -> Row:
        return self._first("solutions", "solutionid,description", _named("uniquename", wanted.name))

    def _role(self, name: str) -> Row:
        return self._first("roles", "roleid", _named("name", name))

    def _tables(self, names: Iterable[str]) -> dict[str, FoundTable]:
        found = {}
        for name in names:
            paths = reading.table_paths(name)
            replies = self._wire.get_all([(path, reading.STRONG) for path in paths])
            if replies[0].status != ABSENT:
                found[name] = reading.found_table([_document(reply) for reply in replies])
        return found

    def _privileges(self, names: Iterable[str]) -> dict[str, str]:
        wanted, found = sorted(set(names)), {}
        for start in range(0, len(wanted), NAMES_PER_FILTER):
            some = wanted[start : start + NAMES_PER_FILTER]
            where = " or ".join(_named("name", name) for name in some)
            path = with_options("privileges", {"$select": "privilegeid,name", "$filter": where})
            for row in reading.members(self._get(path)):
                found[text(row.get("name")).lower()] = text(row.get("privilegeid")).lower()
        return found

    def _held(self, role_id: str) -> frozenset[str]:
        if not role_id:
            return frozenset()
        answer = self._get(f"roles({role_id})/{MODEL}.RetrieveRolePrivilegesRole()")
        return frozenset(text(one.get("PrivilegeId")).lower() for one in _everywhere(answer))

    def _has_role(self, user_id: str, role_id: str) -> bool:
        if not role_id:
            return False
        path = f"systemusers({user_id})/systemuserroles_association"
        held = reading.members(self._get(with_options(path, {"$select": "roleid"})))
        return any(text(one.get("roleid")) == role_id for one in held)


def publication(tables: Iterable[str]) -> str:
    """Write what is to be published."""
    named = "".join(f"<entity>{name}</entity>" for name in tables)
    return f"<importexportxml><entities>{named}</entities></importexportxml>"


def _everywhere(answer: Row) -> list[Row]:
    """Return the privileges of an answer that hold for all rows."""
    held = reading.members({"value": answer.get("RolePrivileges")})
    return [one for one in held if one.get("Depth") == "Global"]


def _switched(step: SwitchOn) -> Row:
    tracked: Row = {"ChangeTrackingEnabled": True} if step.tracking else {}
    audited = bodies.managed("canmodifyauditsettings", value=True)
    return {**tracked, "IsAuditEnabled": audited} if step.auditing else tracked


def _changed(step: ChangeColumn) -> Row:
    facts: dict[str, Json] = {}
    if step.length:
        facts["MaxLength"] = step.length
    if step.precision:
        facts["Precision"] = step.precision
    if step.auditing:
        facts["IsAuditEnabled"] = bodies.managed("canmodifyauditsettings", value=True)
    return facts


def _named(column: str, name: str) -> str:
    return f"{column} eq '{reading.quoted(name)}'"


def _document(reply: Reply) -> Row:
    if reply.status == ABSENT:
        raise NotFound("a definition went away while it was read; run it again", status=ABSENT)
    if reply.status != OK:
        raise fault_of(reply).error()
    return mapping(reply.exact())
