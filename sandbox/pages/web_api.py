"""What the pages ask of Dataverse, as any client does: PATCH with If-Match, and the history."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from werkzeug import Request, Response
from werkzeug.test import EnvironBuilder

from sandbox.pages.people import Person
from sandbox.world import Principal, World

ROOT = "/api/data/v9.2/"
SETS = {
    "sk_subscription": "sk_subscriptions",
    "sk_changelog": "sk_changelogs",
    "sk_billingcontract": "sk_billingcontracts",
    "sk_invoice": "sk_invoices",
}
STALE = "Somebody changed this row after you opened the page. Look at it again, then repeat."


class WriteRefused(Exception):
    """Dataverse did not take a write; the text is for a person."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.code = status


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAt:
    """A row, and the version of it that the person saw; none means: whatever it is."""

    table: str
    id: str
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One column of an audit row."""

    column: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """An audit row as the history of a form shows it."""

    at: str
    who: str
    edits: tuple[Edit, ...]

    def changes(self, *columns: str) -> bool:
        """Tell whether one of the columns has another value since."""
        return any(edit.column in columns and edit.old != edit.new for edit in self.edits)


def patch(world: World, row: RowAt, changes: dict[str, object], by: Person) -> None:
    """Change a row as a person; raise WriteRefused."""
    tag = f'W/"{quote(row.version)}"' if row.version else "*"
    path = f"{ROOT}{SETS[row.table]}({row.id})"
    builder = EnvironBuilder(path, method="PATCH", json=changes, headers=[("If-Match", tag)])
    answer = _ask(world, builder, by)
    if answer.status_code == HTTPStatus.PRECONDITION_FAILED:
        raise WriteRefused(HTTPStatus.PRECONDITION_FAILED, STALE)
    if answer.status_code >= HTTPStatus.BAD_REQUEST:
        text = json.loads(answer.get_data())["error"]["message"]
        raise WriteRefused(HTTPStatus(answer.status_code), text)


def history(world: World, table: str, row_id: str, by: Person) -> list[Audited]:
    """Return the audit history of a row, newest first."""
    target = {"@odata.type": f"Microsoft.Dynamics.CRM.{table}", f"{table}id": row_id}
    path = f"{ROOT}RetrieveRecordChangeHistory(Target=@t)?@t={quote(json.dumps(target))}"
    answer = _ask(world, EnvironBuilder(path), by)
    if answer.status_code != HTTPStatus.OK:
        return []
    found = json.loads(answer.get_data())["AuditDetailCollection"]["AuditDetails"]
    return [_audited(detail) for detail in found]


def _ask(world: World, builder: EnvironBuilder, by: Person) -> Response:
    caller = Principal(
        client=by.name, user_id=by.id, name=by.name, audience="dataverse", app_only=False
    )
    return world.dataverse.handle(Request(builder.get_environ()), caller)


def _audited(detail: dict[str, Any]) -> Audited:
    record = detail.get("AuditRecord") or {}
    old, new = _plain(detail.get("OldValue")), _plain(detail.get("NewValue"))
    return Audited(
        at=str(record.get("createdon", "")),
        who=str(record.get("_userid_value@OData.Community.Display.V1.FormattedValue", "")),
        edits=tuple(
            Edit(column=name, old=str(old.get(name, "")), new=str(new.get(name, "")))
            for name in dict.fromkeys([*old, *new])
        ),
    )


def _plain(values: dict[str, Any] | None) -> dict[str, Any]:
    """Return the columns of a row, with the text of a choice in place of its number."""
    given = values or {}
    shown = "@OData.Community.Display.V1.FormattedValue"
    return {
        name.removeprefix("_").removesuffix("_value"): given.get(name + shown, value)
        for name, value in given.items()
        if "@" not in name
    }
