"""Tables, columns, keys and relationships through Microsoft's Python SDK, unpatched."""

from enum import IntEnum

import pytest
from PowerPlatform.Dataverse.core.errors import MetadataError


class Grade(IntEnum):
    GOLD = 1
    SILVER = 2


@pytest.fixture
def table(client):
    return client.tables.create(
        "new_Product",
        {
            "new_Title": {"type": "string", "max_length": 50},
            "new_Notes": "memo",
            "new_Stock": {"type": "int", "min_value": 0, "max_value": 9},
            "new_Price": "decimal",
            "new_Weight": "float",
            "new_SoldOn": "datetime",
            "new_Active": "bool",
            "new_Grade": Grade,
        },
        primary_column="new_ProductName",
        display_name="Product",
    )


def test_tables_are_looked_up(client):
    found = client.tables.get("sk_subscription")
    assert (found.logical_name, found.entity_set_name) == ("sk_subscription", "sk_subscriptions")
    assert found.metadata_id
    assert client.tables.get("new_nothing") is None


def test_tables_are_listed(client):
    listed = client.tables.list(select=["LogicalName", "EntitySetName"])
    assert {"account", "sk_invoice"} <= {table["LogicalName"] for table in listed}
    (one,) = client.tables.list(filter="SchemaName eq 'sk_invoice'")
    assert one["EntitySetName"] == "sk_invoices"


def test_columns_are_listed(client):
    texts = client.tables.list_columns("account", filter="AttributeType eq 'String'")
    assert "name" in {column["LogicalName"] for column in texts}
    assert client.tables.get_column("account", "name")["LogicalName"] == "name"
    assert client.tables.get_column("account", "sk_no") is None


def test_columns_are_read_with_their_limits(client):
    typed = client.tables.list_columns("account", typed=True)
    named = {column["LogicalName"]: column for column in typed}
    assert named["name"]["MaxLength"] > 0
    assert client.tables.get_column("account", "name", typed=True)["MaxLength"] > 0


def test_a_table_is_created_with_columns_of_every_kind(client, table):
    assert table.logical_name == "new_product"
    row = {
        "new_productname": "Seats",
        "new_title": "T",
        "new_notes": "a\nb",
        "new_stock": 7,
        "new_price": 12.5,
        "new_weight": 0.25,
        "new_soldon": "2025-06-16T00:00:00Z",
        "new_active": True,
        "new_grade": 2,
    }
    made = client.records.create("new_Product", row)
    read = client.records.retrieve("new_Product", made)
    assert {name: read[name] for name in row} == row


def test_a_label_of_a_new_choice_is_understood(client, table):
    made = client.records.create("new_Product", {"new_productname": "x", "new_grade": "Gold"})
    assert client.records.retrieve("new_Product", made)["new_grade"] == 1


def test_a_table_that_exists_is_not_created_again(client, table):
    with pytest.raises(MetadataError):
        client.tables.create("new_Product", {"new_Title": "string"})


def test_columns_are_added_changed_and_removed(client, table):
    client.tables.add_columns("new_Product", {"new_Colour": "string", "new_Size": "int"})
    made = client.records.create("new_Product", {"new_productname": "x", "new_colour": "red"})
    assert client.records.retrieve("new_Product", made)["new_colour"] == "red"
    client.tables.update_column("new_Product", "new_colour", {"max_length": 40})
    changed = client.tables.get_column("new_Product", "new_colour", typed=True)
    assert changed["MaxLength"] == 40
    client.tables.remove_columns("new_Product", ["new_Colour", "new_Size"])
    assert client.tables.get_column("new_Product", "new_colour") is None


def test_a_key_is_created_and_serves_upserts(client, table):
    client.tables.create_alternate_key("new_Product", "new_title_key", ["new_title"])
    (key,) = client.tables.get_alternate_keys("new_Product")
    assert (key.schema_name, key.key_attributes) == ("new_title_key", ["new_title"])
    item = {"alternate_key": {"new_title": "T"}, "record": {"new_productname": "Seats"}}
    client.records.upsert("new_Product", [item])
    client.records.upsert("new_Product", [item])
    assert len(client.records.list("new_Product")) == 1
    client.tables.delete_alternate_key("new_Product", key.metadata_id)
    assert client.tables.get_alternate_keys("new_Product") == []


def test_a_lookup_is_created_bound_and_expanded(client, table):
    made = client.tables.create_lookup_field("new_Product", "new_VendorId", "account")
    account = client.records.create("account", {"name": "Contoso"})
    product = client.records.create(
        "new_Product",
        {"new_productname": "x", "new_VendorId@odata.bind": f"/accounts({account})"},
    )
    read = client.records.retrieve("new_Product", product, expand=["new_VendorId"])
    assert read["new_VendorId"]["name"] == "Contoso"
    told = client.tables.get_relationship(made.relationship_schema_name)
    assert told.relationship_id == made.relationship_id
    client.tables.delete_relationship(made.relationship_id)
    assert client.tables.get_relationship(made.relationship_schema_name) is None


def test_the_relationships_of_a_table_are_listed(client):
    listed = client.tables.list_table_relationships("sk_billingcontract")
    ends = {(r["ReferencedEntity"], r["ReferencingEntity"]) for r in listed}
    assert ("account", "sk_billingcontract") in ends
    assert client.tables.list_relationships()


def test_a_table_is_deleted(client, table):
    client.tables.delete("new_Product")
    assert client.tables.get("new_Product") is None
