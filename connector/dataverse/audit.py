"""The change history of a row, as RetrieveRecordChangeHistory tells it. Pure.

The service answers newest first; here it is oldest first, and only changes of columns count
(sharing, relationships and the like are skipped).
"""

from collections.abc import Iterable
from typing import Final

from connector.dates import instant
from connector.documents import mapping, sequence, text
from sync.remote import AuditEntry, Json, Row

COLUMNS_CHANGED: Final = "AttributeAuditDetail"
OPERATIONS: Final = {"1": "create", "2": "update", "3": "delete"}
SHOWN_NAME: Final = "@OData.Community.Display.V1.FormattedValue"


def collection(document: Json) -> Row:
    """Return the `AuditDetailCollection` of an answer."""
    return mapping(mapping(document).get("AuditDetailCollection"))


def next_cookie(found: Row) -> str | None:
    """Return the cookie of the next page ("" is one too); None on the last page."""
    return text(found.get("PagingCookie")) if found.get("MoreRecords") is True else None


def entries(found: Iterable[Row]) -> tuple[AuditEntry, ...] | None:
    """Turn the collections of all pages into entries, oldest first.

    None when a change comes without its audit record, as Learn says it may: then nobody can tell
    when and by whom, and the history is as good as none.
    """
    details = [mapping(d) for page in found for d in sequence(page.get("AuditDetails"))]
    if any(_is_change(detail) and not mapping(detail.get("AuditRecord")) for detail in details):
        return None
    read = [entry for detail in details if (entry := _entry(detail)) is not None]
    read.reverse()  # the sort is stable: rows of the same second keep the service's order
    return tuple(sorted(read, key=lambda entry: entry.at))


def _is_change(detail: Row) -> bool:
    return text(detail.get("@odata.type")).endswith(COLUMNS_CHANGED)


def _entry(detail: Row) -> AuditEntry | None:
    if not _is_change(detail):
        return None
    record = mapping(detail.get("AuditRecord"))
    at = instant(text(record.get("createdon")))
    if at is None:
        return None
    operation = text(record.get("operation"))
    user_id = text(record.get("_userid_value")).lower()
    return AuditEntry(
        id=text(record.get("auditid")).lower(),
        at=at,
        user_id=user_id,
        user_name=text(record.get("_userid_value" + SHOWN_NAME)) or user_id,
        operation=OPERATIONS.get(operation, operation.lower()),
        old=_values(detail.get("OldValue")),
        new=_values(detail.get("NewValue")),
    )


def _values(side: Json) -> Row:
    return {name: value for name, value in mapping(side).items() if "@" not in name}
