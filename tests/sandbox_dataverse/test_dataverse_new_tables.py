"""New tables and columns: section 8 of the fact sheet. They are usable at once, everywhere."""

import json
from xml.etree import ElementTree

import pytest

from tests.sandbox_dataverse.sent_definitions import (
    MODEL,
    TABLE,
    attribute,
    entity,
    labelled,
    options,
)


def test_a_new_table_goes_through_every_read_and_write_path(crm, asset):
    row = crm.create("new_assets", new_name="One")
    crm.patch(f"new_assets({row})", {"new_name": "Two"})
    assert (
        crm.get("new_assets?$filter=new_name eq 'two'&$orderby=new_name")["value"][0]["new_assetid"]
        == row
    )
    assert crm.send("GET", "new_assets/$count").data == b"1"
    link = crm.get("new_assets?$select=new_name", Prefer="odata.track-changes")["@odata.deltaLink"]
    crm.send("DELETE", f"new_assets({row})")
    assert crm.get(link)["value"][0]["reason"] == "deleted"
    [found] = crm.get("EntityDefinitions?$filter=LogicalName eq 'new_asset'")["value"]
    assert (found["EntitySetName"], found["IsCustomEntity"]) == ("new_assets", True)
    root = ElementTree.fromstring(crm.send("GET", "$metadata").data)  # noqa: S314 - our own answer
    assert any(e.get("Name") == "new_asset" for e in root.iter())
    assert "new_assets" in [s["name"] for s in crm.get("")["value"]]


@pytest.mark.parametrize(
    "missing", ["SchemaName", "DisplayName", "DisplayCollectionName", "OwnershipType", "HasNotes"]
)
def test_a_table_without_a_required_property_is_refused(crm, missing):
    body = {name: value for name, value in entity().items() if name != missing}
    assert crm.refusal("POST", "EntityDefinitions", body)[0] == 400


def test_a_table_has_exactly_one_name_column(crm):
    body = entity() | {"Attributes": [attribute("String", "new_Other")]}
    assert crm.refusal("POST", "EntityDefinitions", body)[0] == 400


def test_a_name_that_is_taken_is_refused(crm, asset):
    assert crm.refusal("POST", "EntityDefinitions", entity())[0] == 400
    assert crm.refusal("POST", f"{TABLE}/Attributes", attribute("String", "new_name"))[0] == 400


def test_create_entities_makes_tables_with_all_columns_as_the_python_sdk_does(crm, post):
    choice = attribute("ComplexPicklist", "new_Kind", OptionSet=options(None, prefix="Complex"))
    more = [
        attribute("ComplexInteger", "new_Count"),
        attribute("ComplexBoolean", "new_Old"),
        choice,
    ]
    tables = [entity("new_Asset", *more, prefix="Complex"), entity("new_Box", prefix="Complex")]
    response = post("CreateEntities?SolutionUniqueName=", {"Entities": tables})
    assert response.status_code == 204
    crm.create("new_assets", new_count=3, new_old=True, new_kind=126310000)
    assert crm.get("new_boxes")["value"] == []


def test_create_entities_makes_all_tables_or_none(crm):
    tables = [entity("new_Asset", prefix="Complex"), entity("account", prefix="Complex")]
    assert crm.refusal("POST", "CreateEntities", {"Entities": tables})[0] == 400
    assert crm.refusal("GET", "new_assets") == (404, "0x8006088a")


DATE_ONLY = {"DateTimeBehavior": {"Value": "DateOnly"}, "Format": "DateOnly"}
USER_LOCAL = {"DateTimeBehavior": {"Value": "UserLocal"}, "Format": "DateAndTime"}


@pytest.mark.parametrize(
    ("defined", "sent", "shown"),
    [
        pytest.param(("String", {"MaxLength": 5}), "abcde", '"abcde"', id="String"),
        pytest.param(("Memo", {"MaxLength": 5000}), "x" * 3000, '"' + "x" * 3000, id="Memo"),
        pytest.param(("Integer", {"MinValue": 0, "MaxValue": 9}), 7, "7", id="Integer"),
        pytest.param(("BigInt", {}), 5_000_000_000, "5000000000", id="BigInt"),
        pytest.param(("Decimal", {"Precision": 2}), 1.5, "1.5000", id="Decimal"),
        pytest.param(("Double", {"Precision": 5}), 47.63958, "47.63958", id="Double"),
        pytest.param(("Money", {"PrecisionSource": 2}), 12, "12.0000", id="Money"),
        pytest.param(
            ("DateTime", USER_LOCAL),
            "2025-06-16T12:00:00+02:00",
            '"2025-06-16T10:00:00Z"',
            id="DateTime",
        ),
        pytest.param(("DateTime", DATE_ONLY), "2025-06-16", '"2025-06-16"', id="date only"),
        pytest.param(("Boolean", {"DefaultValue": True}), False, "false", id="Boolean"),
        pytest.param(("Picklist", {"OptionSet": options(1, 2)}), 2, "2", id="Picklist"),
        pytest.param(
            ("MultiSelectPicklist", {"OptionSet": options(1, 2)}), "1,2", '"1,2"', id="multi"
        ),
    ],
)
def test_a_column_of_every_type_is_written_and_read(crm, add, defined, sent, shown):
    kind, facts = defined
    earlier = crm.create("new_assets", new_name="Earlier")
    response = add(kind, "new_Value", **facts)
    assert "/Attributes(" in response.headers["OData-EntityId"]
    assert crm.get(f"new_assets({earlier})?$select=new_value")["new_value"] is None
    row = crm.create("new_assets", new_value=sent)
    body = crm.send("GET", f"new_assets({row})?$select=new_value").get_data(as_text=True)
    assert f'"new_value":{shown}' in body
    cast = f"{TABLE}/Attributes(LogicalName='new_value')/{MODEL}.{kind}AttributeMetadata"
    written = {name: fact for name, fact in facts.items() if name != "OptionSet"}
    assert {name: crm.get(cast)[name] for name in written} == written


@pytest.mark.parametrize(
    ("defined", "sent"),
    [
        pytest.param(("String", {"MaxLength": 5}), "abcdef", id="too long"),
        pytest.param(("Integer", {"MinValue": 0, "MaxValue": 9}), 10, id="too large"),
        pytest.param(("Picklist", {"OptionSet": options(1, 2)}), 3, id="no option"),
        pytest.param(
            ("MultiSelectPicklist", {"OptionSet": options(1, 2)}), "1,3", id="one of them is none"
        ),
    ],
)
def test_a_column_holds_what_its_definition_says(crm, add, defined, sent):
    add(defined[0], "new_Value", **defined[1])
    assert crm.refusal("POST", "new_assets", {"new_value": sent}) == (400, "0x80044331")


def test_a_column_that_the_system_requires_cannot_be_null(crm, add):
    add("String", "new_Value", RequiredLevel={"Value": "SystemRequired"})
    row = crm.create("new_assets", new_value="a")
    assert crm.refusal("PATCH", f"new_assets({row})", {"new_value": None}) == (400, "0x80040203")


def test_an_unknown_column_type_is_refused(crm, asset):
    refused = crm.refusal("POST", f"{TABLE}/Attributes", attribute("File", "new_Value"))
    assert refused == (400, "0x80040203")


def test_money_has_a_base_amount_by_the_rate_of_its_currency(crm, add):
    add("Money", "new_Price")
    euro = crm.create("transactioncurrencies", isocurrencycode="XEU", exchangerate=0.5)
    bind = {"transactioncurrencyid@odata.bind": f"/transactioncurrencies({euro})"}
    row = crm.create("new_assets", new_price=10, **bind)
    shown = crm.get(f"new_assets({row})")
    assert str(shown["new_price_base"]) == "20.0000"
    assert str(shown["exchangerate"]) == "0.5000"
    crm.patch(f"new_assets({row})", {"new_price": 11, "new_price_base": 99})
    assert str(crm.get(f"new_assets({row})")["new_price_base"]) == "22.0000"


def test_money_without_a_currency_takes_that_of_the_organisation(crm, add):
    add("Money", "new_Price")
    row = crm.create("new_assets", new_price=10)
    expand = "$expand=transactioncurrencyid($select=isocurrencycode)"
    shown = crm.get(f"new_assets({row})?$select=new_price&{expand}")
    assert shown["transactioncurrencyid"]["isocurrencycode"] == "USD"


def test_a_put_changes_a_definition_and_a_patch_is_refused(crm, asset):
    whole = crm.get(TABLE)
    body = {**whole, "DisplayName": labelled("Thing"), "EnforceStateTransitions": True}
    assert crm.send("PUT", TABLE, json.loads(json.dumps(body, default=str))).status_code == 204
    changed = crm.get(TABLE)
    assert changed["DisplayName"]["UserLocalizedLabel"]["Label"] == "Thing"
    assert changed["EnforceStateTransitions"] is True
    assert crm.send("PATCH", TABLE, {"DisplayName": labelled("X")}).status_code == 405


@pytest.mark.parametrize(("merge", "kept"), [("true", {1033, 1031}), ("false", {1033})])
def test_labels_of_other_languages_are_kept_only_with_merge_labels(crm, post, merge, kept):
    post("EntityDefinitions", entity(DisplayName=labelled("Asset", "Anlage")))
    body = entity(DisplayName=labelled("Thing"))
    headers = {"MSCRM.MergeLabels": merge}
    assert crm.send("PUT", TABLE, body, headers).status_code == 204
    texts = crm.get(TABLE)["DisplayName"]["LocalizedLabels"]
    assert {t["LanguageCode"] for t in texts} == kept
    assert "Thing" in [t["Label"] for t in texts]


def test_change_tracking_is_turned_on_and_never_off_again(crm, post):
    post("EntityDefinitions", entity())
    tracked = {"Prefer": "odata.track-changes"}
    assert crm.refusal("GET", "new_assets", Prefer="odata.track-changes") == (400, "0x80072491")
    body = entity(ChangeTrackingEnabled=True, IsAuditEnabled={"Value": True})
    assert crm.send("PUT", TABLE, body).status_code == 204
    assert "@odata.deltaLink" in crm.get("new_assets", **tracked)
    assert crm.get(TABLE)["IsAuditEnabled"]["Value"] is True
    body["ChangeTrackingEnabled"] = False
    assert crm.refusal("PUT", TABLE, body)[0] == 400


def test_a_put_of_a_column_keeps_its_options_as_the_python_sdk_expects(crm, add):
    add("Picklist", "new_Kind", OptionSet=options(1, 2))
    url = f"{TABLE}/Attributes(LogicalName='new_kind')"
    cast = f"{MODEL}.PicklistAttributeMetadata"
    whole = json.loads(crm.send("GET", f"{url}/{cast}").data)
    body = {**whole, "@odata.type": cast, "DisplayName": labelled("Sort")}
    response = crm.send("PUT", f"{TABLE}/Attributes({whole['MetadataId']})", body)
    assert response.status_code == 204
    shown = crm.get(f"{url}/{cast}?$expand=OptionSet")
    assert shown["DisplayName"]["LocalizedLabels"][0]["Label"] == "Sort"
    assert [o["Value"] for o in shown["OptionSet"]["Options"]] == [1, 2]


def test_a_put_of_a_column_changes_its_length(crm, add):
    add("String", "new_Value", MaxLength=5)
    body = attribute("String", "new_Value", MaxLength=6)
    url = f"{TABLE}/Attributes(LogicalName='new_value')"
    assert crm.send("PUT", url, body).status_code == 204
    crm.create("new_assets", new_value="abcdef")


def test_tables_and_columns_are_deleted_with_what_they_hold(crm, add, world):
    add("Money", "new_Price")
    row = crm.create("new_assets", new_name="A", new_price=1)
    column = f"{TABLE}/Attributes(LogicalName='new_price')"
    assert crm.send("DELETE", column).status_code == 204
    assert crm.refusal("GET", "new_assets?$select=new_price") == (400, "0x0")
    assert crm.refusal("GET", "new_assets?$select=new_price_base") == (400, "0x0")
    assert crm.get(f"new_assets({row})")["new_name"] == "A"
    assert crm.send("DELETE", TABLE, headers={"If-Match": "*"}).status_code == 204
    assert crm.refusal("GET", "new_assets") == (404, "0x8006088a")
    assert ("new_asset", row) not in world.saved


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("EntityDefinitions(LogicalName='sk_provider')", id="looked up by others"),
        pytest.param("EntityDefinitions(LogicalName='systemuser')", id="not a custom table"),
        pytest.param(
            "EntityDefinitions(LogicalName='sk_provider')/Attributes(LogicalName='sk_name')",
            id="name column",
        ),
        pytest.param(
            "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='sk_customertenantid')",
            id="part of a key",
        ),
        pytest.param(
            "EntityDefinitions(LogicalName='account')/Attributes(LogicalName='createdon')",
            id="not a custom column",
        ),
    ],
)
def test_what_is_in_use_or_belongs_to_the_system_is_not_deleted(crm, path):
    assert crm.refusal("DELETE", path) == (400, "0x8004f01f")
    assert crm.send("GET", path).status_code == 200


CHANGES = {
    "a new column": lambda crm: crm.send(
        "POST", f"{TABLE}/Attributes", attribute("Integer", "new_Late")
    ),
    "a changed column": lambda crm: crm.send(
        "PUT", f"{TABLE}/Attributes(LogicalName='new_name')", attribute("String", "new_Name")
    ),
    "a changed table": lambda crm: crm.send("PUT", TABLE, entity(ChangeTrackingEnabled=True)),
    "a new key": lambda crm: crm.send(
        "POST", f"{TABLE}/Keys", {"SchemaName": "k", "KeyAttributes": ["new_name"]}
    ),
    "a new status reason": lambda crm: crm.send(
        "POST",
        "InsertStatusValue",
        {
            "EntityLogicalName": "new_asset",
            "AttributeLogicalName": "statuscode",
            "StateCode": 0,
            "Label": labelled("New"),
        },
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_metadata_change_expires_the_delta_links_of_its_table_alone(crm, asset, change):
    crm.create("new_assets", new_name="A")
    tracked = {"Prefer": "odata.track-changes"}
    link = crm.get("new_assets?$select=new_name", **tracked)["@odata.deltaLink"]
    other = crm.get("accounts?$select=name", **tracked)["@odata.deltaLink"]
    assert CHANGES[change](crm).status_code < 300
    assert crm.refusal("GET", link) == (400, "0x80044352")
    assert crm.get(other)["value"] == []
    fresh = crm.get("new_assets?$select=new_name", **tracked)["@odata.deltaLink"]
    assert crm.get(fresh)["value"] == []
