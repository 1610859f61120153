"""The schema as a solution package: the files of the zip that an administrator can import. Pure.

Written after the shape of exported solutions (fact sheet, section 8); columns that the platform
makes by itself are left to it. Import it into a test environment first.
"""

from collections.abc import Mapping
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from connector.dataverse.definitions.bodies import CASCADES, LARGEST_DECIMAL, LARGEST_INTEGER
from sync.schema.wanted import PLATFORM_REASONS, Column, Kind, Schema, Table

ENGLISH = "1033"
CONTENT_TYPES = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Default Extension="xml" ContentType="application/octet-stream" /></Types>'
)
_TABLE, _ROLE = "1", "20"
_WHOLE, _SHELL = "0", "2"
_TYPES: Mapping[Kind, str] = {
    Kind.TEXT: "nvarchar",
    Kind.MEMO: "ntext",
    Kind.INTEGER: "int",
    Kind.DECIMAL: "decimal",
    Kind.BOOLEAN: "bit",
    Kind.DATE: "datetime",
    Kind.INSTANT: "datetime",
    Kind.CHOICE: "picklist",
    Kind.LOOKUP: "lookup",
}
_DATE_ONLY, _USER_LOCAL = "2", "1"
_FACTS: Mapping[Kind, Mapping[str, str]] = {
    Kind.TEXT: {"Format": "text"},
    Kind.MEMO: {"Format": "textarea"},
    Kind.INTEGER: {"MinValue": str(-LARGEST_INTEGER), "MaxValue": str(LARGEST_INTEGER)},
    Kind.DECIMAL: {"MinValue": str(-LARGEST_DECIMAL), "MaxValue": str(LARGEST_DECIMAL)},
    Kind.DATE: {"Format": "date", "Behavior": _DATE_ONLY},
    Kind.INSTANT: {"Format": "datetime", "Behavior": _USER_LOCAL},
    Kind.LOOKUP: {"LookupStyle": "single"},
}
_EMPTY_BEFORE = ("Workflows", "FieldSecurityProfiles", "Templates", "EntityMaps")
_EMPTY_AFTER = ("OrganizationSettings", "optionsets", "CustomControls", "EntityDataProviders")


def solution_files(schema: Schema) -> dict[str, bytes]:
    """Return the files of the package by name."""
    return {
        "[Content_Types].xml": CONTENT_TYPES,
        "solution.xml": _document(_manifest(schema)),
        "customizations.xml": _document(_customizations(schema)),
    }


def _document(root: Element) -> bytes:
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _manifest(schema: Schema) -> Element:
    root = Element("ImportExportXml", {"version": "9.2", "SolutionPackageVersion": "9.2"})
    root.set("languagecode", ENGLISH)
    manifest = SubElement(root, "SolutionManifest")
    _text(manifest, "UniqueName", schema.solution.name)
    _labels(manifest, "LocalizedName", schema.solution.label)
    SubElement(manifest, "Descriptions")
    _text(manifest, "Version", schema.solution.version)
    _text(manifest, "Managed", "0")
    publisher = SubElement(manifest, "Publisher")
    _text(publisher, "UniqueName", schema.publisher.name)
    _labels(publisher, "LocalizedName", schema.publisher.label)
    SubElement(publisher, "Descriptions")
    _text(publisher, "CustomizationPrefix", schema.publisher.prefix)
    _text(publisher, "CustomizationOptionValuePrefix", str(schema.publisher.option_prefix))
    SubElement(publisher, "Addresses")
    roots = SubElement(manifest, "RootComponents")
    for table in schema.tables.values():
        behavior = _SHELL if table.standard else _WHOLE
        facts = {"type": _TABLE, "schemaName": table.name, "behavior": behavior}
        SubElement(roots, "RootComponent", facts)
    SubElement(roots, "RootComponent", {"type": _ROLE, "id": _role_id(schema), "behavior": _WHOLE})
    SubElement(manifest, "MissingDependencies")
    return root


def _customizations(schema: Schema) -> Element:
    root = Element("ImportExportXml")
    entities = SubElement(root, "Entities")
    for table in schema.tables.values():
        _entity(entities, table)
    _role(SubElement(root, "Roles"), schema)
    for name in _EMPTY_BEFORE:
        SubElement(root, name)
    relationships = SubElement(root, "EntityRelationships")
    for table in schema.tables.values():
        for column in table.columns.values():
            if column.kind is Kind.LOOKUP:
                _relationship(relationships, table, column)
    for name in _EMPTY_AFTER:
        SubElement(root, name)
    _text(SubElement(root, "Languages"), "Language", ENGLISH)
    return root


def _entity(parent: Element, table: Table) -> None:
    outer = SubElement(parent, "Entity")
    name = SubElement(outer, "Name", {"LocalizedName": table.label, "OriginalName": table.label})
    name.text = table.name
    entity = SubElement(SubElement(outer, "EntityInfo"), "entity", {"Name": table.name})
    if table.standard:
        entity.set("unmodified", "1")
    else:
        _labels(entity, "LocalizedName", table.label)
        _labels(entity, "LocalizedCollectionName", table.plural)
    attributes = SubElement(entity, "attributes")
    if not table.standard:
        _attribute(attributes, f"{table.name}id", table.label, "primarykey")
    for column in table.columns.values():
        _column(attributes, table, column)
    if table.reasons:
        _states(attributes, table)
        _reasons(attributes, table)
    if not table.standard:
        _facts_of(entity, table)
    _keys(entity, table)


def _facts_of(entity: Element, table: Table) -> None:
    for name, value in {
        "EntitySetName": table.set,
        "OwnershipTypeMask": "UserOwned",
        "IsAuditEnabled": _flag(table.audited),
        "ChangeTrackingEnabled": "1",
        "IsActivity": "0",
        "IntroducedVersion": "1.0.0.0",
        "IsCustomizable": "1",
    }.items():
        _text(entity, name, value)


def _attribute(parent: Element, name: str, label: str, kind: str) -> Element:
    attribute = SubElement(parent, "attribute", {"PhysicalName": name})
    for tag, value in {
        "Type": kind,
        "Name": name,
        "LogicalName": name,
        "RequiredLevel": "systemrequired" if kind in {"primarykey", "state"} else "none",
        "IntroducedVersion": "1.0.0.0",
        "IsCustomizable": "1",
    }.items():
        _text(attribute, tag, value)
    shown = SubElement(attribute, "displaynames")
    SubElement(shown, "displayname", {"description": label, "languagecode": ENGLISH})
    return attribute


def _column(parent: Element, table: Table, column: Column) -> None:
    attribute = _attribute(parent, column.name, column.label, _TYPES[column.kind])
    _text(attribute, "IsCustomField", "1")
    _text(attribute, "IsAuditEnabled", _flag(table.audited))
    masks = "ValidForAdvancedFind|ValidForForm|ValidForGrid"
    is_name = not table.standard and column is table.name_column
    _text(attribute, "DisplayMask", f"PrimaryName|{masks}" if is_name else masks)
    for name, value in _column_facts(column).items():
        _text(attribute, name, value)
    if column.kind is Kind.CHOICE:
        _options(attribute, table, column.name, column.options)
    elif column.kind is Kind.BOOLEAN:
        _options(attribute, table, column.name, {1: "Yes", 0: "No"}, kind="bit")


def _column_facts(column: Column) -> Mapping[str, str]:
    facts = dict(_FACTS.get(column.kind, {}))
    if column.length:
        facts["MaxLength"] = str(column.length)
    if column.kind is Kind.DECIMAL:
        facts["Accuracy"] = str(column.precision)
    return facts


def _options(
    attribute: Element,
    table: Table,
    name: str,
    options: Mapping[int, str],
    *,
    kind: str = "picklist",
) -> None:
    listed = SubElement(_optionset(attribute, table, name, kind), "options")
    for value, label in options.items():
        _labelled(listed, "option", {"value": str(value)}, label)


def _states(parent: Element, table: Table) -> None:
    attribute = _attribute(parent, "statecode", "Status", "state")
    listed = SubElement(_optionset(attribute, table, "statecode", "state"), "states")
    defaults = {reason.state: reason.value for reason in table.defaults()}
    for state, label in enumerate(("Active", "Inactive")):
        default = defaults.get(state, PLATFORM_REASONS[state])
        facts = {"value": str(state), "defaultstatus": str(default), "invariantname": label}
        _labelled(listed, "state", facts, label)


def _reasons(parent: Element, table: Table) -> None:
    attribute = _attribute(parent, "statuscode", "Status Reason", "status")
    listed = SubElement(_optionset(attribute, table, "statuscode", "status"), "statuses")
    for reason in table.reasons:
        facts = {"value": str(reason.value), "state": str(reason.state)}
        _labelled(listed, "status", facts, reason.label)


def _optionset(attribute: Element, table: Table, name: str, kind: str) -> Element:
    found = SubElement(attribute, "optionset", {"Name": f"{table.name}_{name}"})
    _text(found, "OptionSetType", kind)
    _text(found, "IsCustomizable", "1")
    return found


def _keys(entity: Element, table: Table) -> None:
    if not table.keys:
        return
    keys = SubElement(entity, "EntityKeys")
    for key in table.keys:
        found = SubElement(keys, "EntityKey")
        _text(found, "Name", key.name)
        _text(found, "LogicalName", key.name.lower())
        _text(found, "IntroducedVersion", "1.0.0.0")
        columns = SubElement(found, "EntityKeyAttributes")
        for column in key.columns:
            _text(columns, "AttributeName", column)


def _relationship(parent: Element, table: Table, column: Column) -> None:
    name = f"{table.name}_{column.name}"
    found = SubElement(parent, "EntityRelationship", {"Name": name})
    cascades = {f"Cascade{one}": "NoCascade" for one in CASCADES}
    for tag, value in {
        "EntityRelationshipType": "OneToMany",
        "IsCustomizable": "1",
        "IntroducedVersion": "1.0.0.0",
        "ReferencingEntityName": table.name,
        "ReferencedEntityName": column.target,
        **cascades,
        "CascadeDelete": "RemoveLink",
        "ReferencingAttributeName": column.name,
    }.items():
        _text(found, tag, value)
    roles = SubElement(found, "EntityRelationshipRoles")
    for navigation, kind in ((column.name, "1"), (name, "0")):
        role = SubElement(roles, "EntityRelationshipRole")
        _text(role, "NavigationPropertyName", navigation)
        _text(role, "RelationshipRoleType", kind)


def _role(parent: Element, schema: Schema) -> None:
    role = SubElement(parent, "Role", {"id": _role_id(schema), "name": schema.role})
    privileges = SubElement(role, "RolePrivileges")
    for name in sorted(schema.privileges()):
        SubElement(privileges, "RolePrivilege", {"name": name, "level": "Global"})


def _role_id(schema: Schema) -> str:
    """Return the same id every time, so that a second import updates the role."""
    return f"{{{uuid5(NAMESPACE_URL, f'{schema.solution.name}/{schema.role}')}}}"


def _labels(parent: Element, tag: str, label: str) -> None:
    plural = SubElement(parent, f"{tag}s")
    SubElement(plural, tag, {"description": label, "languagecode": ENGLISH})


def _labelled(parent: Element, tag: str, facts: Mapping[str, str], label: str) -> None:
    labels = SubElement(SubElement(parent, tag, dict(facts)), "labels")
    SubElement(labels, "label", {"description": label, "languagecode": ENGLISH})


def _text(parent: Element, tag: str, text: str) -> None:
    SubElement(parent, tag).text = text


def _flag(value: bool) -> str:  # noqa: FBT001  # a value
    return "1" if value else "0"
