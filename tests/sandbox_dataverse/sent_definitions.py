"""Definitions as clients send them, for the tests of metadata writes."""

MODEL = "Microsoft.Dynamics.CRM"
TABLE = "EntityDefinitions(LogicalName='new_asset')"
ANNOTATED = 'odata.include-annotations="*"'
LABEL = "@OData.Community.Display.V1.FormattedValue"


def labelled(*words):
    codes = (1033, 1031)
    texts = [{"Label": w, "LanguageCode": c} for w, c in zip(words, codes, strict=False)]
    return {"@odata.type": f"{MODEL}.Label", "LocalizedLabels": texts}


def attribute(kind, name, **facts):
    kind = {"@odata.type": f"{MODEL}.{kind}AttributeMetadata"}
    return {**kind, "SchemaName": name, "DisplayName": labelled(name), **facts}


def options(*values, prefix=""):
    found = [{"Value": value, "Label": labelled(f"Option {n}")} for n, value in enumerate(values)]
    kind = f"{MODEL}.{prefix}OptionSetMetadata"
    return {"@odata.type": kind, "IsGlobal": False, "OptionSetType": "Picklist", "Options": found}


def entity(name="new_Asset", *attributes, prefix="", **facts):
    first = attribute(f"{prefix}String", "new_Name", IsPrimaryName=True, MaxLength=50)
    return {
        "@odata.type": f"{MODEL}.{prefix}EntityMetadata",
        "SchemaName": name,
        "DisplayName": labelled("Asset"),
        "DisplayCollectionName": labelled("Assets"),
        "OwnershipType": "UserOwned",
        "IsActivity": False,
        "HasActivities": False,
        "HasNotes": True,
        "Attributes": [first, *attributes],
        **facts,
    }


def column_of(values, body=None, **more):
    named = {"EntityLogicalName": "new_asset", "AttributeLogicalName": values}
    return {**named, **(body or {}), **more}


def relationship(delete="RemoveLink", **facts):
    return {
        "@odata.type": f"{MODEL}.OneToManyRelationshipMetadata",
        "SchemaName": "new_account_asset",
        "ReferencedEntity": "account",
        "ReferencingEntity": "new_asset",
        "CascadeConfiguration": {"Delete": delete},
        "Lookup": attribute("Lookup", "new_AccountId"),
        **facts,
    }


KEY = {"SchemaName": "new_AssetKey", "KeyAttributes": ["new_name"]}
