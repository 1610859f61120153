"""The metadata documents of tables, columns, keys and relationships, as plain facts."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sandbox.dataverse.columns import AlternateKey, Column, Kind, Option, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.scope import collection_name, collections, relationship_name
from sandbox.dataverse.values import LARGEST_DECIMAL, LARGEST_INTEGER

Document = dict[str, Any]
MODEL = "#Microsoft.Dynamics.CRM"
ENGLISH = 1033
ATTRIBUTE_TYPES = {
    Kind.KEY: "UniqueIdentifier",
    Kind.VERSION: "BigInt",
    Kind.DATETIME: "DateTime",
    Kind.DATE: "DateTime",
}


@lru_cache(maxsize=4096)
def metadata_id(*names: str) -> str:
    """Return the same id for the same thing in every world."""
    return str(uuid5(NAMESPACE_URL, "/".join(("dataverse", *names))))


TYPED_NAMES = frozenset(
    {"MaxLength", "Format", "FormatName", "MinValue", "MaxValue", "Precision", "PrecisionSource"}
    | {"DateTimeBehavior", "Targets", "DefaultValue", "DefaultFormValue", "ImeMode", "OptionSet"}
    | {"AutoNumberFormat", "CanChangeDateTimeBehavior", "IsBaseCurrency", "CalculationOf"}
)
"""What shows only on the cast of a column, or when nothing is selected."""


def label(text: str) -> Document:
    localized = {"Label": text, "LanguageCode": ENGLISH, "IsManaged": False}
    return {"LocalizedLabels": [localized], "UserLocalizedLabel": localized}


def managed(value: object, name: str) -> Document:
    return {"Value": value, "CanBeChanged": True, "ManagedPropertyLogicalName": name}


def table_document(table: Table) -> Document:
    """Return the definition of a table without its parts."""
    return {
        "MetadataId": metadata_id(table.logical),
        "LogicalName": table.logical,
        "SchemaName": table.schema_name,
        "EntitySetName": table.set_name,
        "LogicalCollectionName": table.set_name,
        "CollectionSchemaName": table.set_name,
        "PrimaryIdAttribute": table.primary_id,
        "PrimaryNameAttribute": table.primary_name,
        "ObjectTypeCode": table.code,
        "OwnershipType": "UserOwned",
        "IsActivity": False,
        "IsCustomEntity": table.custom,
        "IsManaged": False,
        "IsPrivate": False,
        "TableType": "Standard",
        "ChangeTrackingEnabled": table.change_tracking,
        "IsOptimisticConcurrencyEnabled": True,
        "EnforceStateTransitions": False,
        "IsAuditEnabled": managed(table.audited, "canmodifyauditsettings"),
        "CanChangeTrackingBeEnabled": managed(True, "canchangetrackingbeenabled"),  # noqa: FBT003
        "DisplayName": label(table.label),
        "DisplayCollectionName": label(f"{table.label}s"),
        "HasActivities": False,
        "HasNotes": False,
        **table.facts,
    }


def type_name(column: Column) -> str:
    """Return the name of the column's kind as casts use it: `Picklist`, `DateTime`, ..."""
    return ATTRIBUTE_TYPES.get(column.kind, str(column.kind))


def column_document(table: Table, column: Column) -> Document:
    """Return what every column has, whatever its type."""
    kind = type_name(column)
    own_id = column.name == table.primary_id
    writable = column.writable and column.kind is not Kind.KEY
    return {
        "@odata.type": f"{MODEL}.{kind}AttributeMetadata",
        "MetadataId": metadata_id(table.logical, column.name),
        "LogicalName": column.name,
        "SchemaName": column.named or column.name,
        "EntityLogicalName": table.logical,
        "AttributeType": "Uniqueidentifier" if column.kind is Kind.KEY else kind,
        "AttributeTypeName": {
            "Value": f"{kind}Type".replace("UniqueIdentifier", "Uniqueidentifier")
        },
        "IsPrimaryId": own_id,
        "IsPrimaryName": column.name == table.primary_name,
        "IsCustomAttribute": "_" in column.name,
        "IsLogical": False,
        "AttributeOf": None,
        "IsValidForRead": True,
        "IsValidForCreate": column.writable or own_id,
        "IsValidForUpdate": writable,
        "IsAuditEnabled": managed(column.writable, "canmodifyauditsettings"),
        "RequiredLevel": managed(
            "SystemRequired" if own_id or column.kind is Kind.STATE else "None",
            "canmodifyrequirementlevelsettings",
        ),
        "DisplayName": label(column.name.removeprefix("sk_").capitalize()),
        **{name: fact for name, fact in column.facts.items() if name not in TYPED_NAMES},
    }


def _text_facts(column: Column) -> Document:
    return {"MaxLength": column.max_length, "Format": "Text"}


def _choice_facts(column: Column) -> Document:
    return {"DefaultFormValue": column.default}


TYPED: dict[Kind, Callable[[Column], Document]] = {
    Kind.STRING: _text_facts,
    Kind.MEMO: _text_facts,
    Kind.INTEGER: lambda _: {"MinValue": -LARGEST_INTEGER - 1, "MaxValue": LARGEST_INTEGER},
    Kind.DECIMAL: lambda _: {
        "Precision": 4,
        "MinValue": -LARGEST_DECIMAL,
        "MaxValue": LARGEST_DECIMAL,
    },
    Kind.DOUBLE: lambda _: {
        "Precision": 5,
        "MinValue": -LARGEST_DECIMAL,
        "MaxValue": LARGEST_DECIMAL,
    },
    Kind.MONEY: lambda _: {
        "Precision": 4,
        "PrecisionSource": 2,
        "MinValue": -LARGEST_DECIMAL,
        "MaxValue": LARGEST_DECIMAL,
    },
    Kind.DATE: lambda _: {"Format": "DateOnly", "DateTimeBehavior": {"Value": "DateOnly"}},
    Kind.DATETIME: lambda _: {"Format": "DateAndTime", "DateTimeBehavior": {"Value": "UserLocal"}},
    Kind.LOOKUP: lambda column: {"Targets": [column.target]},
    Kind.BOOLEAN: lambda column: {"DefaultValue": bool(column.default)},
    Kind.CHOICE: _choice_facts,
    Kind.CHOICES: _choice_facts,
    Kind.STATE: _choice_facts,
    Kind.STATUS: _choice_facts,
}


def typed_facts(column: Column) -> Document:
    """Return what only a column of this type has; it shows on a cast or without `$select`."""
    facts = TYPED.get(column.kind)
    written = {name: column.facts[name] for name in TYPED_NAMES if name in column.facts}
    return ({} if facts is None else facts(column)) | (
        {} if column.kind is Kind.BOOLEAN else written
    )


def choice_set(table: Table, column: Column) -> Document:
    """Return the option set of a choice, a state or a status reason."""
    if column.global_choice:
        return global_choice_document(column.global_choice, column.options)
    kinds = {Kind.STATE: "State", Kind.STATUS: "Status"}
    return {
        "MetadataId": metadata_id(table.logical, column.name, "options"),
        "Name": f"{table.logical}_{column.name}",
        "IsGlobal": False,
        "OptionSetType": kinds.get(column.kind, "Picklist"),
        "Options": [option_document(option, column.kind) for option in column.options],
    }


def global_choice_document(name: str, options: Iterable[Option]) -> Document:
    """Return the option set that several columns share."""
    return {
        "@odata.type": f"{MODEL}.OptionSetMetadata",
        "MetadataId": metadata_id("choice", name),
        "Name": name,
        "IsGlobal": True,
        "IsCustomOptionSet": True,
        "OptionSetType": "Picklist",
        "Options": [option_document(option, Kind.CHOICE) for option in options],
    }


def truth_document(column: Column) -> Document:
    """Return the two options of a yes/no column."""
    words = {
        "TrueOption": {"Value": 1, "Label": label("Yes")},
        "FalseOption": {"Value": 0, "Label": label("No")},
    }
    return {"OptionSetType": "Boolean", **words, **column.facts.get("OptionSet", {})}


def option_document(option: Option, kind: Kind) -> Document:
    facts: Document = {"Value": option.value, "Label": label(option.label), "Color": None}
    facts |= option.facts
    if kind is Kind.STATUS:
        return {"@odata.type": f"{MODEL}.StatusOptionMetadata", **facts} | {
            "State": option.state,
            "TransitionData": option.facts.get("TransitionData"),
        }
    if kind is Kind.STATE:
        return {"@odata.type": f"{MODEL}.StateOptionMetadata", **facts} | {
            "DefaultStatus": option.default_status,
            "InvariantName": option.label,
        }
    return facts


def index_status(key: AlternateKey, now: datetime) -> str:
    """Return how far the index of a key is: it begins Pending and is then In Progress."""
    if key.failed:
        return "Failed"
    if key.pending is None:
        return "Active"
    began, ends = (datetime.fromisoformat(instant) for instant in key.pending)
    return "Pending" if now < began + (ends - began) / 2 else "In Progress"


def key_documents(table: Table, now: datetime) -> list[Document]:
    return [
        {
            "MetadataId": metadata_id(table.logical, "key", key.name),
            "LogicalName": key.name,
            "SchemaName": key.named or key.name,
            "EntityLogicalName": table.logical,
            "KeyAttributes": list(key.columns),
            "EntityKeyIndexStatus": index_status(key, now),
            "IsManaged": False,
            "DisplayName": label(key.name),
            **key.facts,
        }
        for key in table.keys
    ]


def lookup_documents(table: Table, database: Database) -> list[Document]:
    """Return the relationships in which the table looks others up (many to one)."""
    return [_relationship(table, c, database) for c in table.lookups.values()]


def collection_documents(table: Table, database: Database) -> list[Document]:
    """Return the relationships in which others look the table up (one to many)."""
    found = collections(database, table).values()
    return [_relationship(rows.table, column, database) for rows, column in found]


def _relationship(table: Table, column: Column, database: Database) -> Document:
    name = relationship_name(table, column)
    target = database.tables[column.target].table
    return {
        "@odata.type": f"{MODEL}.OneToManyRelationshipMetadata",
        "MetadataId": metadata_id("relationship", name),
        "SchemaName": name,
        "RelationshipType": "OneToManyRelationship",
        "ReferencingEntity": table.logical,
        "ReferencingAttribute": column.name,
        "ReferencingEntityNavigationPropertyName": column.navigation,
        "ReferencedEntity": target.logical,
        "ReferencedAttribute": target.primary_id,
        "ReferencedEntityNavigationPropertyName": collection_name(table, column),
        "IsCustomRelationship": "_" in name,
        "CascadeConfiguration": {
            "Assign": "NoCascade",
            "Delete": column.on_delete,
            "Merge": "NoCascade",
            "Reparent": "NoCascade",
            "Share": "NoCascade",
            "Unshare": "NoCascade",
        },
    }
