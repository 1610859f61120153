"""What a user may do with rows: everything, or what its security roles say (`enforce_roles`).

Only the application user is held to its roles; people here are System Administrators.
A role counts at organisation level only, as Seatkeeper needs it; other depths give nothing.
"""

from collections.abc import Iterator, Mapping

from sandbox.dataverse.columns import Scalar, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.errors import privilege_missing

GLOBAL = 8
_NAMES = {"systemuser": "User"}
"""Tables whose privileges are not called by their own name."""


def privilege_name(verb: str, table: Table) -> str:
    """Return what a right to a table is called: `prvReadAccount`."""
    return f"prv{verb}{_NAMES.get(table.logical, table.schema_name)}"


def roles_of(database: Database, user_id: str) -> list[str]:
    """Return the ids of the roles that a user has."""
    rows = database.tables["systemuserroles"]
    at = rows.table.position
    mine = (row for row in rows.in_order() if row[at["_systemuserid_value"]] == user_id)
    return [str(row[at["_roleid_value"]]) for row in mine]


def is_held_to_roles(database: Database, user_id: str) -> bool:
    """Tell whether a user may do only what its roles say."""
    world = database.world
    return (
        world.settings.enforce_roles and not world.building and user_id == world.application_user_id
    )


def require(database: Database, user_id: str, *privileges: str) -> None:
    """Raise Refused for the first privilege that a user lacks."""
    if not is_held_to_roles(database, user_id):
        return
    held = set(_held(database, user_id))
    for one in privileges:
        if one.lower() not in held:
            raise privilege_missing(one)


def require_write(
    database: Database, user_id: str, verb: str, table: Table, values: Mapping[str, Scalar]
) -> None:
    """Raise Refused unless a user may write a row, and set the lookups that are given."""
    if not is_held_to_roles(database, user_id):
        return
    targets = [
        database.tables[column.target].table
        for column in table.columns
        if column.target and values.get(column.wire) is not None and column.writable
    ]
    linked = [privilege_name("AppendTo", target) for target in targets]
    append = [privilege_name("Append", table)] if targets else []
    require(database, user_id, privilege_name(verb, table), *append, *linked)


def _held(database: Database, user_id: str) -> Iterator[str]:
    rows = database.tables["roleprivileges"]
    at, mine = rows.table.position, set(roles_of(database, user_id))
    for row in rows.in_order():
        whole = row[at["privilegedepthmask"]] == GLOBAL
        if whole and row[at["_roleid_value"]] in mine:
            yield str(row[at["name"]]).lower()
