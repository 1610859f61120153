"""What the metadata says of the environment and its tables, and how it is asked. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from connector.dataverse.odata import with_options
from connector.documents import mapping, sequence, text, whole
from sync.remote import ColumnFact, Json, Organisation, Row, TableFact, TableRules

ABOUT_US: Final = ("WhoAmI()", "organizations?$select=isauditenabled")
CHOICE_KINDS: Final = (
    "PicklistAttributeMetadata",
    "StateAttributeMetadata",
    "StatusAttributeMetadata",
)
_COLUMN: Final = "ReferencingAttribute"
_NAVIGATION: Final = "ReferencingEntityNavigationPropertyName"
PATHS_PER_TABLE: Final = 1 + len(CHOICE_KINDS)


def audit_path(table: str) -> str:
    """Ask whether a table is audited."""
    return with_options(_definition(table), {"$select": "LogicalName,IsAuditEnabled"})


def table_paths(table: str) -> tuple[str, ...]:
    """Ask for a table with its columns, then for the options of each kind of choice."""
    described = {
        "$select": "LogicalName,EntitySetName,ChangeTrackingEnabled,IsAuditEnabled",
        "$expand": (
            "Attributes($select=LogicalName,AttributeType,IsValidForCreate,IsValidForUpdate)"
        ),
    }
    options = {"$select": "LogicalName", "$expand": "OptionSet($select=Options)"}
    choices = [
        f"{_definition(table)}/Attributes/Microsoft.Dynamics.CRM.{kind}" for kind in CHOICE_KINDS
    ]
    return (
        with_options(_definition(table), described),
        *(with_options(choice, options) for choice in choices),
    )


def rules_path(table: str) -> str:
    """Ask which columns a table requires, and for its alternate keys."""
    expanded = (
        "Attributes($select=LogicalName,RequiredLevel,IsValidForCreate)",
        "Keys($select=KeyAttributes,EntityKeyIndexStatus)",
        f"ManyToOneRelationships($select={_COLUMN},{_NAVIGATION})",
    )
    wanted = {"$select": "LogicalName", "$expand": ",".join(expanded)}
    return with_options(_definition(table), wanted)


def table_rules(described: Row) -> TableRules:
    """Put together what a table asks of its rows; what a form asks of a person is none of it."""
    columns = [mapping(one) for one in sequence(described.get("Attributes"))]
    keys = [mapping(one) for one in sequence(described.get("Keys"))]
    navigations: dict[str, set[str]] = {}
    for one in map(mapping, sequence(described.get("ManyToOneRelationships"))):
        navigations.setdefault(text(one.get(_COLUMN)), set()).add(text(one.get(_NAVIGATION)))
    return TableRules(
        required=frozenset(
            text(one.get("LogicalName"))
            for one in columns
            if flag(one.get("IsValidForCreate"))
            and mapping(one.get("RequiredLevel")).get("Value") == "SystemRequired"
        ),
        keys=tuple(
            frozenset(map(text, sequence(one.get("KeyAttributes"))))
            for one in keys
            if text(one.get("EntityKeyIndexStatus")) in {"Active", ""}
        ),
        navigations={name: frozenset(found) for name, found in navigations.items()},
    )


def organisation(who: Row, organizations: Row, tables: Sequence[Row]) -> Organisation:
    """Put together whom we talk to."""
    rows = sequence(organizations.get("value"))
    audited = bool(rows) and mapping(rows[0]).get("isauditenabled") is True
    names = [text(t.get("LogicalName")) for t in tables if flag(t.get("IsAuditEnabled"))]
    return Organisation(
        id=text(who.get("OrganizationId")).lower(),
        user_id=text(who.get("UserId")).lower(),
        audited_tables=frozenset(names if audited else ()),
    )


def table_fact(described: Row, choices: Sequence[Row]) -> TableFact:
    """Put together a table from its definition and its choices."""
    options = {}
    for answer in choices:
        for column in map(mapping, sequence(answer.get("value"))):
            options[text(column.get("LogicalName"))] = _options(column)
    columns = [_column(mapping(c), options) for c in sequence(described.get("Attributes"))]
    return TableFact(
        name=text(described.get("LogicalName")),
        set=text(described.get("EntitySetName")),
        change_tracking=flag(described.get("ChangeTrackingEnabled")),
        auditing=flag(described.get("IsAuditEnabled")),
        columns={column.name: column for column in columns},
    )


def flag(value: Json) -> bool:
    """Return a flag, bare or as a managed property (`{"Value": true, ...}`)."""
    return value is True or mapping(value).get("Value") is True


def _definition(table: str) -> str:
    quoted = table.replace("'", "''")
    return f"EntityDefinitions(LogicalName='{quoted}')"


def _column(column: Row, options: Mapping[str, Mapping[int, str]]) -> ColumnFact:
    name = text(column.get("LogicalName"))
    return ColumnFact(
        name=name,
        type=text(column.get("AttributeType")),
        writable=flag(column.get("IsValidForCreate")) or flag(column.get("IsValidForUpdate")),
        options=options.get(name, {}),
    )


def _options(column: Row) -> Mapping[int, str]:
    listed = [mapping(o) for o in sequence(mapping(column.get("OptionSet")).get("Options"))]
    return {
        value: _label(option)
        for option in listed
        if (value := whole(option.get("Value"))) is not None
    }


def _label(option: Row) -> str:
    return text(mapping(mapping(option.get("Label")).get("UserLocalizedLabel")).get("Label"))
