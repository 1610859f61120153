"""The metadata documents of tables, columns, keys and relationships, as plain facts."""

from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sandbox.dataverse.columns import Column, Kind, Option, Table
from sandbox.dataverse.database import Database
from sandbox.dataverse.scope import collection_name, collections
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


def metadata_id(*names: str) -> str:
    """Return the same id for the same thing in every world."""
    return str(uuid5(NAMESPACE_URL, "/".join(("dataverse", *names))))


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
        "TableType": "Standard",
        "ChangeTrackingEnabled": table.change_tracking,
        "IsOptimisticConcurrencyEnabled": True,
        "EnforceStateTransitions": False,
        "IsAuditEnabled": managed(table.audited, "canmodifyauditsettings"),
        "CanChangeTrackingBeEnabled": managed(True, "canchangetrackingbeenabled"),  # noqa: FBT003
        "DisplayName": label(table.label),
        "DisplayCollectionName": label(f"{table.label}s"),
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
        "SchemaName": column.name,
        "EntityLogicalName": table.logical,
        "AttributeType": "Uniqueidentifier" if column.kind is Kind.KEY else kind,
        "AttributeTypeName": {
            "Value": f"{kind}Type".replace("UniqueIdentifier", "Uniqueidentifier")
        },
        "IsPrimaryId": own_id,
        "IsPrimaryName": column.name == table.primary_name,
        "IsCustomAttribute": column.name.startswith("sk_"),
        "IsLogical": False,
        "IsValidForRead": True,
        "IsValidForCreate": column.writable or own_id,
        "IsValidForUpdate": writable,
        "IsAuditEnabled": managed(column.writable, "canmodifyauditsettings"),
        "RequiredLevel": managed(
            "SystemRequired" if own_id or column.kind is Kind.STATE else "None",
            "canmodifyrequirementlevelsettings",
        ),
        "DisplayName": label(column.name.removeprefix("sk_").capitalize()),
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
    Kind.DATE: lambda _: {"Format": "DateOnly", "DateTimeBehavior": {"Value": "DateOnly"}},
    Kind.DATETIME: lambda _: {"Format": "DateAndTime", "DateTimeBehavior": {"Value": "UserLocal"}},
    Kind.LOOKUP: lambda column: {"Targets": [column.target]},
    Kind.BOOLEAN: lambda column: {"DefaultValue": bool(column.default)},
    Kind.CHOICE: _choice_facts,
    Kind.STATE: _choice_facts,
    Kind.STATUS: _choice_facts,
}


def typed_facts(column: Column) -> Document:
    """Return what only a column of this type has; it shows on a cast or without `$select`."""
    facts = TYPED.get(column.kind)
    return {} if facts is None else facts(column)


def choice_set(table: Table, column: Column) -> Document:
    """Return the option set of a choice, a state or a status reason."""
    kinds = {Kind.CHOICE: "Picklist", Kind.STATE: "State", Kind.STATUS: "Status"}
    return {
        "MetadataId": metadata_id(table.logical, column.name, "options"),
        "Name": f"{table.logical}_{column.name}",
        "IsGlobal": False,
        "OptionSetType": kinds[column.kind],
        "Options": [option_document(option, column.kind) for option in column.options],
    }


def option_document(option: Option, kind: Kind) -> Document:
    facts: Document = {"Value": option.value, "Label": label(option.label), "Color": None}
    if kind is Kind.STATUS:
        return {"@odata.type": f"{MODEL}.StatusOptionMetadata", **facts} | {
            "State": option.state,
            "TransitionData": None,
        }
    if kind is Kind.STATE:
        return {"@odata.type": f"{MODEL}.StateOptionMetadata", **facts} | {
            "DefaultStatus": option.default_status,
            "InvariantName": option.label,
        }
    return facts


def key_documents(table: Table) -> list[Document]:
    return [
        {
            "MetadataId": metadata_id(table.logical, "key", key.name),
            "LogicalName": key.name,
            "SchemaName": key.name,
            "EntityLogicalName": table.logical,
            "KeyAttributes": list(key.columns),
            "EntityKeyIndexStatus": "Active",
            "IsManaged": False,
            "DisplayName": label(key.name),
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
    name = collection_name(table, column)
    target = database.tables[column.target].table
    return {
        "@odata.type": f"{MODEL}.OneToManyRelationshipMetadata",
        "MetadataId": metadata_id("relationship", name),
        "SchemaName": name,
        "RelationshipType": "OneToManyRelationship",
        "ReferencingEntity": table.logical,
        "ReferencingAttribute": column.name,
        "ReferencingEntityNavigationPropertyName": column.name,
        "ReferencedEntity": target.logical,
        "ReferencedAttribute": target.primary_id,
        "ReferencedEntityNavigationPropertyName": name,
    }
