"""Reads and writes as OData text. Pure; the client sends it.

Everything that comes from data is percent-encoded, quotes are doubled, ids must be GUIDs.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final
from urllib.parse import quote
from uuid import UUID

from connector.documents import render
from sync.remote import CREATE_ONLY, UPDATE_ONLY, Condition, Read, ReadHistory, Row, Write

VERSION: Final = "versionnumber"
SAFE: Final = "(),'*"
"""Kept as they are in an option's value; Learn wants `+ & / : ; = ? @ $` encoded there."""
SAFE_IN_EXPAND: Final = SAFE + "$=;"
FORMATTED: Final = 'odata.include-annotations="OData.Community.Display.V1.FormattedValue"'


def guid(value: str) -> str:
    """Return the id as Dataverse writes it. Raise ValueError when it is no GUID."""
    return str(UUID(value))


def row_path(set_name: str, row_id: str) -> str:
    """Address one row."""
    return f"{set_name}({guid(row_id)})"


def read_path(read: Read) -> str:
    """Render a read: one row by id, or a query."""
    options = {"$select": ",".join(read.columns)}
    if read.expand:
        options["$expand"] = ",".join(
            f"{property_name}($select={','.join(columns)})"
            for property_name, columns in read.expand
        )
    if read.id is not None:
        return with_options(row_path(read.set, read.id), options)
    if read.where:
        options["$filter"] = " and ".join(condition_text(c) for c in read.where)
    if read.order_by:
        options["$orderby"] = ",".join(read.order_by)
    if read.top is not None:
        options["$top"] = str(read.top)
    return with_options(read.set, options)


def history_path(read: ReadHistory, page: int = 1, cookie: str = "") -> str:
    """Render a call of RetrieveRecordChangeHistory; later pages need the cookie."""
    target = {"@t": _json({"@odata.id": row_path(read.set, read.id)})}
    if page == 1:
        return with_options("RetrieveRecordChangeHistory(Target=@t)", target)
    paging = {"@p": _json({"PageNumber": page, "PagingCookie": cookie, "Count": 100})}
    return with_options("RetrieveRecordChangeHistory(Target=@t,PagingInfo=@p)", target | paging)


def tracked_path(set_name: str, columns: Sequence[str]) -> str:
    """Render the first read of a change-tracked table; the version always comes along."""
    return with_options(set_name, {"$select": ",".join(_versioned(columns))})


def newest_path(set_name: str) -> str:
    """Ask for the highest row version of a table."""
    options = {"$select": VERSION, "$orderby": f"{VERSION} desc", "$top": "1"}
    return with_options(set_name, options)


def since_path(set_name: str, columns: Sequence[str], version: int) -> str:
    """Ask for the rows from a version on."""
    options = {"$select": ",".join(_versioned(columns)), "$filter": f"{VERSION} ge {version}"}
    return with_options(set_name, options)


def with_options(path: str, options: Mapping[str, str]) -> str:
    """Append encoded query options."""
    query = "&".join(f"{name}={_quoted(name, value)}" for name, value in options.items() if value)
    return f"{path}?{query}" if query else path


def _quoted(name: str, value: str) -> str:
    return quote(value, safe=SAFE_IN_EXPAND if name == "$expand" else SAFE)


def condition_text(condition: Condition) -> str:
    """Render `column operator literal`."""
    return f"{condition.column} {condition.comparison} {literal(condition)}"


def literal(condition: Condition) -> str:
    """Render the value of a condition. Raise ValueError for a time without a zone."""
    match condition.value:
        case None:
            return "null"
        case bool() as flag:
            return "true" if flag else "false"
        case int() as number:
            return str(number)
        case datetime() as instant:
            return instant_text(instant)
        case date() as day:
            return day.isoformat()
        case str() as word:
            return guid(word) if condition.guid else "'" + word.replace("'", "''") + "'"


def instant_text(instant: datetime) -> str:
    """Render an aware instant in UTC; Dataverse keeps whole seconds, a fraction only if given."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone")
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def write_headers(write: Write) -> dict[str, str]:
    """Render the precondition: create only, update only, or one version."""
    kind = {"Content-Type": "application/json"}
    if write.precondition == CREATE_ONLY:
        return {**kind, "If-None-Match": "*"}
    if write.precondition == UPDATE_ONLY:
        return {**kind, "If-Match": "*"}
    if not write.precondition:
        # Without a precondition a PATCH creates what it does not find (Learn: upsert).
        raise ValueError(f"a write to {write.set} needs a precondition")
    return {**kind, "If-Match": write.precondition}


def _versioned(columns: Sequence[str]) -> Iterable[str]:
    return columns if VERSION in columns else (*columns, VERSION)


def _json(document: Row) -> str:
    return render(document).decode()
