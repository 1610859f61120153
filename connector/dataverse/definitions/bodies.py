"""Definitions as the Web API takes them. Pure.

Sources: Microsoft Learn, create and update table, column, choice and relationship definitions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sync.remote import Json, Row
from sync.schema.wanted import Column, Key, Kind, Table

MODEL: Final = "Microsoft.Dynamics.CRM"
LARGEST_INTEGER: Final = 2_147_483_647
LARGEST_DECIMAL: Final = 100_000_000_000
CASCADES: Final = ("Assign", "Delete", "Merge", "Reparent", "Share", "Unshare")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Writes labels in the language of the environment."""

    language: int

    def label(self, text: str) -> Row:
        one: Row = {
            "@odata.type": f"{MODEL}.LocalizedLabel",
            "Label": text,
            "LanguageCode": self.language,
        }
        return {"@odata.type": f"{MODEL}.Label", "LocalizedLabels": [one]}


def table_body(table: Table, words: Words) -> Row:
    """Define a table with all columns but its lookups, whose targets may not be there yet."""
    columns: list[Row] = [
        {**column_body(column, words, audited=table.audited), "IsPrimaryName": primary}
        for column in table.plain_columns
        for primary in (column is table.name_column,)
    ]
    return {
        "@odata.type": f"{MODEL}.EntityMetadata",
        "SchemaName": table.name,
        "DisplayName": words.label(table.label),
        "DisplayCollectionName": words.label(table.plural),
        "OwnershipType": "UserOwned",
        "IsActivity": False,
        "HasActivities": False,
        "HasNotes": False,
        "ChangeTrackingEnabled": True,
        "IsAuditEnabled": managed("canmodifyauditsettings", value=table.audited),
        "Attributes": columns,
    }


def column_body(column: Column, words: Words, *, audited: bool) -> Row:
    """Define a column; every one may be empty."""
    name = _TYPE_NAMES[column.kind]
    return {
        "@odata.type": f"{MODEL}.{name}AttributeMetadata",
        "SchemaName": column.name,
        "DisplayName": words.label(column.label),
        "RequiredLevel": managed("canmodifyrequirementlevelsettings", value="None"),
        "IsAuditEnabled": managed("canmodifyauditsettings", value=audited),
        **_facts(column, words),
    }


def relationship_body(table: Table, column: Column, words: Words) -> Row:
    """Define a lookup with its relationship; deleting the other row empties the column."""
    cascades: Row = dict.fromkeys(CASCADES, "NoCascade")
    return {
        "@odata.type": f"{MODEL}.OneToManyRelationshipMetadata",
        "SchemaName": f"{table.name}_{column.name}",
        "ReferencedEntity": column.target,
        "ReferencingEntity": table.name,
        "ReferencingEntityNavigationPropertyName": column.name,
        "CascadeConfiguration": {**cascades, "Delete": "RemoveLink"},
        "Lookup": column_body(column, words, audited=table.audited),
    }


def key_body(key: Key, words: Words) -> Row:
    """Define an alternate key."""
    name = key.name.removesuffix("_key").partition("_")[2] or key.name
    return {
        "SchemaName": key.name,
        "DisplayName": words.label(name.capitalize()),
        "KeyAttributes": list(key.columns),
    }


def managed(name: str, *, value: Json) -> Row:
    """Write a managed property."""
    return {"Value": value, "CanBeChanged": True, "ManagedPropertyLogicalName": name}


_TYPE_NAMES: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "String",
    Kind.MEMO: "Memo",
    Kind.INTEGER: "Integer",
    Kind.DECIMAL: "Decimal",
    Kind.BOOLEAN: "Boolean",
    Kind.DATE: "DateTime",
    Kind.INSTANT: "DateTime",
    Kind.CHOICE: "Picklist",
    Kind.LOOKUP: "Lookup",
}


def _facts(column: Column, words: Words) -> Row:
    match column.kind:
        case Kind.TEXT | Kind.MEMO:
            return {"MaxLength": column.length, **_FORMATS[column.kind]}
        case Kind.DECIMAL:
            return {"Precision": column.precision, **_range(LARGEST_DECIMAL)}
        case Kind.BOOLEAN:
            return {"DefaultValue": False, "OptionSet": _truth(words)}
        case Kind.CHOICE:
            return {"OptionSet": _choice(column, words)}
        case _:
            return _FORMATS.get(column.kind, {})


def _range(largest: int) -> Row:
    return {"MinValue": -largest, "MaxValue": largest}


def _choice(column: Column, words: Words) -> Row:
    options: list[Row] = [
        {"Value": value, "Label": words.label(label)} for value, label in column.options.items()
    ]
    kind = {"@odata.type": f"{MODEL}.OptionSetMetadata"}
    return {**kind, "IsGlobal": False, "OptionSetType": "Picklist", "Options": options}


def _truth(words: Words) -> Row:
    return {
        "@odata.type": f"{MODEL}.BooleanOptionSetMetadata",
        "OptionSetType": "Boolean",
        "TrueOption": {"Value": 1, "Label": words.label("Yes")},
        "FalseOption": {"Value": 0, "Label": words.label("No")},
    }


_FORMATS: Final[Mapping[Kind, Row]] = {
    Kind.TEXT: {"FormatName": {"Value": "Text"}},
    Kind.MEMO: {"Format": "TextArea"},
    Kind.INTEGER: {"Format": "None", **_range(LARGEST_INTEGER)},
    Kind.DATE: {"DateTimeBehavior": {"Value": "DateOnly"}, "Format": "DateOnly"},
    Kind.INSTANT: {"DateTimeBehavior": {"Value": "UserLocal"}, "Format": "DateAndTime"},
}
