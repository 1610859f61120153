"""The audit history: who changed which columns from what to what, and when it becomes visible."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, TypeAlias

from sandbox.dataverse.columns import Scalar

Values: TypeAlias = dict[str, Scalar]


class Operation(IntEnum):
    """What the audited request did, as the `operation` column numbers it."""

    CREATE = 1
    UPDATE = 2
    DELETE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One audit row; `old` and `new` hold only the columns that changed."""

    audit_id: str
    version: int
    created_on: datetime
    user_id: str
    operation: Operation
    table: str
    row_id: str
    old: Values
    new: Values

    def document(self) -> dict[str, object]:
        """Return the entry as it is saved."""
        return {
            "version": self.version,
            "created_on": self.created_on.isoformat(),
            "user_id": self.user_id,
            "operation": int(self.operation),
            "table": self.table,
            "row_id": self.row_id,
            "old": self.old,
            "new": self.new,
        }


class AuditTrail:
    """All audit rows, by the row they speak of, oldest first."""

    def __init__(self) -> None:
        self._by_row: dict[str, list[AuditEntry]] = {}

    def add(self, entry: AuditEntry) -> Callable[[], object]:
        """Append an entry; return what takes it away again."""
        entries = self._by_row.setdefault(entry.row_id, [])
        entries.append(entry)
        return entries.pop

    def visible(self, table: str, row_id: str, until: datetime | None) -> list[AuditEntry]:
        """Return what was written up to an instant, newest first as the service lists it."""
        entries = (e for e in reversed(self._by_row.get(row_id, [])) if e.table == table)
        return [e for e in entries if until is None or e.created_on <= until]

    def everything(self, until: datetime | None) -> list[AuditEntry]:
        """Return what was written up to an instant, of all rows."""
        entries = (entry for entries in self._by_row.values() for entry in entries)
        return [e for e in entries if until is None or e.created_on <= until]

    def sort(self) -> None:
        """Put loaded entries into the order in which they were written."""
        for entries in self._by_row.values():
            entries.sort(key=lambda entry: entry.version)


def from_document(audit_id: str, document: dict[str, Any]) -> AuditEntry:
    """Read an entry as it was saved."""
    return AuditEntry(
        audit_id=audit_id,
        version=document["version"],
        created_on=datetime.fromisoformat(document["created_on"]),
        user_id=document["user_id"],
        operation=Operation(document["operation"]),
        table=document["table"],
        row_id=document["row_id"],
        old=document["old"],
        new=document["new"],
    )


def changed(before: Values, after: Values, ignored: frozenset[str]) -> tuple[Values, Values]:
    """Return the old and new values of the columns that differ, without empty ones."""
    names = [n for n in (after or before) if n not in ignored and before.get(n) != after.get(n)]
    old = {name: before[name] for name in names if before.get(name) is not None}
    new = {name: after[name] for name in names if after.get(name) is not None}
    return old, new
