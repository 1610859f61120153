"""The tables of the platform itself: solutions, security roles, messages, web resources, audit."""

from sandbox.dataverse.columns import Column, Kind, Option, Table
from sandbox.dataverse.tables import columns, every, lookup, memo, text

OPERATIONS = tuple(
    Option(value=number, label=label)
    for number, label in enumerate(("Create", "Update", "Delete"), start=1)
)


def _system(logical: str, set_name: str, label: str, code: int, own: list[Column]) -> Table:
    return Table(
        logical=logical,
        set_name=set_name,
        label=label,
        schema_name=label.replace(" ", ""),
        columns=every(logical, own),
        change_tracking=False,
        code=code,
    )


PUBLISHER = _system(
    "publisher",
    "publishers",
    "Publisher",
    7101,
    [
        text("friendlyname", 256),
        text("uniquename", 256),
        text("customizationprefix", 8),
        *columns(Kind.INTEGER, "customizationoptionvalueprefix"),
        memo("description", 2000),
    ],
)
SOLUTION = _system(
    "solution",
    "solutions",
    "Solution",
    7100,
    [
        text("friendlyname", 256),
        text("uniquename", 65),
        text("version", 256),
        lookup("publisherid", "publisher"),
        *columns(Kind.BOOLEAN, "ismanaged", default=False),
        memo("description", 2000),
    ],
)
ROLE = _system(
    "role",
    "roles",
    "Role",
    1036,
    [text("name"), lookup("businessunitid", "businessunit"), memo("description", 2000)],
)
PRIVILEGE = _system(
    "privilege",
    "privileges",
    "Privilege",
    1023,
    [text("name"), *columns(Kind.INTEGER, "accessright")],
)
ROLE_PRIVILEGE = _system(
    "roleprivileges",
    "roleprivilegescollection",
    "Role Privileges",
    12,
    [
        text("name"),
        lookup("roleid", "role"),
        lookup("privilegeid", "privilege"),
        *columns(Kind.INTEGER, "privilegedepthmask"),
    ],
)
USER_ROLE = _system(
    "systemuserroles",
    "systemuserrolescollection",
    "System User Roles",
    14,
    [text("name"), lookup("systemuserid", "systemuser"), lookup("roleid", "role")],
)
MESSAGE = _system("sdkmessage", "sdkmessages", "Sdk Message", 4606, [text("name", 256)])
MESSAGE_FILTER = _system(
    "sdkmessagefilter",
    "sdkmessagefilters",
    "Sdk Message Filter",
    4607,
    [
        text("name", 256),
        text("primaryobjecttypecode", 64),
        lookup("sdkmessageid", "sdkmessage"),
        *columns(Kind.BOOLEAN, "iscustomprocessingstepallowed", default=True),
    ],
)
WEB_RESOURCE = _system(
    "webresource",
    "webresourceset",
    "Web Resource",
    9333,
    [
        text("name", 256),
        text("displayname", 256),
        *columns(Kind.INTEGER, "webresourcetype"),
        memo("content", 1_073_741_823),
        memo("description", 2000),
    ],
)
COMMAND = _system(
    "appaction",
    "appactions",
    "App Action",
    10058,
    [
        text("name"),
        text("uniquename", 256),
        *columns(Kind.INTEGER, "context", "location", "onclickeventtype", "visibilitytype"),
        text("contextvalue", 256),
        text("buttonlabeltext", 250),
        lookup("onclickeventjavascriptwebresourceid", "webresource"),
        text("onclickeventjavascriptfunctionname"),
        memo("onclickeventjavascriptparameters"),
        *columns(Kind.BOOLEAN, "hidden", default=False),
    ],
)
AUDIT_LIST = _system(
    "audit",
    "audits",
    "Audit",
    4567,
    [
        text("objecttypecode", 64),
        *columns(Kind.KEY, "_objectid_value"),
        lookup("userid", "systemuser"),
        lookup("callinguserid", "systemuser"),
        Column(name="operation", kind=Kind.CHOICE, options=OPERATIONS),
        *columns(Kind.INTEGER, "action"),
        memo("changedata", 1_073_741_823),
        memo("attributemask", 100_000),
    ],
)

SYSTEM_TABLES = (
    *(PUBLISHER, SOLUTION, ROLE, PRIVILEGE, ROLE_PRIVILEGE, MESSAGE, MESSAGE_FILTER),
    *(WEB_RESOURCE, COMMAND, AUDIT_LIST, USER_ROLE),
)
