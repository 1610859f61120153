"""Writes `$metadata`: types by logical name with keys, properties and lookups."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

from sandbox.dataverse.columns import Column, Kind, Table
from sandbox.dataverse.scope import collection_name
from sandbox.dataverse.values import EDM

EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
EDM_NAMESPACE = "http://docs.oasis-open.org/odata/ns/edm"
MODEL = "Microsoft.Dynamics.CRM"


def write_edmx(tables: Iterable[Table]) -> bytes:
    """Return the whole document."""
    known = list(tables)
    root = Element("edmx:Edmx", {"Version": "4.0", "xmlns:edmx": EDMX})
    services = SubElement(root, "edmx:DataServices")
    schema = SubElement(
        services, "Schema", {"Namespace": MODEL, "Alias": "mscrm", "xmlns": EDM_NAMESPACE}
    )
    for table in known:
        _entity_type(schema, table, known)
    container = SubElement(schema, "EntityContainer", {"Name": "System"})
    for table in known:
        _entity_set(container, table)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _entity_type(schema: Element, table: Table, tables: list[Table]) -> None:
    entity = SubElement(schema, "EntityType", {"Name": table.logical})
    SubElement(SubElement(entity, "Key"), "PropertyRef", {"Name": table.primary_id})
    for column in table.columns:
        SubElement(entity, "Property", _property(table, column))
    for lookup in table.lookups.values():
        navigation = {
            "Name": lookup.navigation,
            "Type": f"mscrm.{lookup.target}",
            "Partner": collection_name(table, lookup),
        }
        target = next(t for t in tables if t.logical == lookup.target)
        constraint = {"Property": lookup.wire, "ReferencedProperty": target.primary_id}
        element = SubElement(entity, "NavigationProperty", navigation)
        SubElement(element, "ReferentialConstraint", constraint)
    for name, other, lookup in _collections(table, tables):
        kind = f"Collection(mscrm.{other.logical})"
        facts = {"Name": name, "Type": kind, "Partner": lookup.navigation}
        SubElement(entity, "NavigationProperty", facts)


def _property(table: Table, column: Column) -> dict[str, str]:
    facts = {"Name": column.wire, "Type": EDM[column.kind]}
    if column.name == table.primary_id:
        facts["Nullable"] = "false"
    if column.kind in {Kind.DECIMAL, Kind.MONEY}:
        facts["Scale"] = "Variable"
    return facts


def _collections(table: Table, tables: list[Table]) -> list[tuple[str, Table, Column]]:
    return [
        (collection_name(other, lookup), other, lookup)
        for other in tables
        for lookup in other.lookups.values()
        if lookup.target == table.logical
    ]


def _entity_set(container: Element, table: Table) -> None:
    facts = {"Name": table.set_name, "EntityType": f"{MODEL}.{table.logical}"}
    SubElement(container, "EntitySet", facts)
