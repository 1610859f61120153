"""What our user may do in Dataverse, against what the role of `schema.yaml` gives.

Rights to definitions are proved by reading them. Partner Center tells no rights without a write.
"""

from collections.abc import Iterator

from seatkeeper.bootstrap import Application
from seatkeeper.check_results import CheckResult, failed
from seatkeeper.schema_file import open_schema
from sync.remote import RemoteError, Unavailable
from sync.schema.wanted import Schema, Table

WHAT = "rights"
NEEDED = {
    "prvReadOrganization": "who we talk to cannot be read",
    "prvReadRecordAuditHistory": "the audit history cannot be read",
    "prvReadUser": "the names of people in the audit history cannot be read",
}
"""Privileges beside those of tables, and what is missing without them."""


def check_rights(application: Application, tables: frozenset[str]) -> Iterator[CheckResult]:
    """Name each privilege that our user lacks, of the tables that are there."""
    if application.definitions is None:
        return
    schema, _ = open_schema(application.config.mappings)
    try:
        held = application.definitions.rights()
    except Unavailable as error:
        yield failed(WHAT, error)
    except RemoteError as error:
        told = f"not judged, our own rights cannot be read: {error}"
        yield CheckResult(what=WHAT, ok=True, note=True, told=told)
    else:
        yield from judge_rights(schema, held, tables)


def judge_rights(
    schema: Schema, held: frozenset[str], tables: frozenset[str]
) -> Iterator[CheckResult]:
    """Compare the rights that are held, in lower case, with those that the role gives."""
    remedy = f"give our user the role {schema.role}: `seatkeeper schema install` does"
    found = [
        CheckResult(what=f"{WHAT} to {table.name}", ok=False, told=f"lacks {lacked}; {remedy}")
        for table in schema.tables.values()
        if table.name in tables and (lacked := _lacked(table, held))
    ]
    found += [
        CheckResult(what=WHAT, ok=False, told=f"{told} ({name}); {remedy}")
        for name, told in NEEDED.items()
        if name.lower() not in held
    ]
    yield from found
    if not found:
        known = [table for table in schema.tables.values() if table.name in tables]
        count = sum(len(table.rights) for table in known)
        yield CheckResult(what=WHAT, ok=True, told=f"{count} rights to {len(known)} tables")


def _lacked(table: Table, held: frozenset[str]) -> str:
    named = zip(table.rights, table.privileges(), strict=True)
    return ", ".join(
        f"{right.replace('_', ' ')} ({name})" for right, name in named if name.lower() not in held
    )
