"""Options, relationships and keys that clients define: section 8 of the fact sheet."""

import json
import re

import pytest

from tests.sandbox_dataverse.sent_definitions import (
    ANNOTATED,
    KEY,
    LABEL,
    MODEL,
    TABLE,
    column_of,
    labelled,
    options,
    relationship,
)


@pytest.mark.parametrize("form", ["id", "name"])
def test_columns_share_a_global_choice(crm, add, shared, post, form):
    written = {"id": shared, "name": "/GlobalOptionSetDefinitions(Name='new_size')"}[form]
    add("Picklist", "new_Size", **{"GlobalOptionSet@odata.bind": written})
    post("InsertOptionValue", {"OptionSetName": "new_size", "Label": labelled("Huge")})
    row = crm.create("new_assets", new_size=126310002)
    assert crm.get(f"new_assets({row})", Prefer=ANNOTATED)[f"new_size{LABEL}"] == "Huge"
    cast = f"{TABLE}/Attributes(LogicalName='new_size')/{MODEL}.PicklistAttributeMetadata"
    found = crm.get(f"{cast}?$expand=OptionSet")["OptionSet"]
    assert (found["IsGlobal"], found["Name"], len(found["Options"])) == (True, "new_size", 3)
    assert crm.refusal("DELETE", "GlobalOptionSetDefinitions(Name='new_size')")[0] == 400


def test_a_global_choice_is_listed_changed_and_deleted(crm, shared):
    url = "GlobalOptionSetDefinitions(Name='new_size')"
    body = {"Name": "new_size", "DisplayName": labelled("Extent")}
    assert crm.send("PUT", url, body).status_code == 204
    assert crm.get(url)["DisplayName"]["LocalizedLabels"][0]["Label"] == "Extent"
    [found] = crm.get("GlobalOptionSetDefinitions")["value"]
    assert [o["Value"] for o in found["Options"]] == [126310000, 126310001]
    assert crm.send("DELETE", shared.partition("v9.2/")[2]).status_code == 204
    assert crm.get("GlobalOptionSetDefinitions")["value"] == []


def shown_options(crm, name, kind="Picklist"):
    cast = f"{TABLE}/Attributes(LogicalName='{name}')/{MODEL}.{kind}AttributeMetadata"
    found = crm.get(f"{cast}?$expand=OptionSet")["OptionSet"]["Options"]
    return {o["Value"]: o["Label"]["UserLocalizedLabel"]["Label"] for o in found}


def test_options_are_added_renamed_ordered_and_deleted(crm, add, post):
    add("Picklist", "new_Kind", OptionSet=options(1, 2))
    answer = post("InsertOptionValue", column_of("new_kind", Label=labelled("Third")))
    assert json.loads(answer.data)["NewOptionValue"] == 126310000
    post("InsertOptionValue", column_of("new_kind", Label=labelled("Ninth"), Value=9))
    post("UpdateOptionValue", column_of("new_kind", Label=labelled("First"), Value=1))
    post("OrderOption", column_of("new_kind", Values=[9, 126310000, 2, 1]))
    post("DeleteOptionValue", column_of("new_kind", Value=2))
    assert list(shown_options(crm, "new_kind").items()) == [
        (9, "Ninth"),
        (126310000, "Third"),
        (1, "First"),
    ]
    row = crm.create("new_assets", new_kind=9)
    assert crm.get(f"new_assets({row})", Prefer=ANNOTATED)[f"new_kind{LABEL}"] == "Ninth"
    assert crm.refusal("POST", "new_assets", {"new_kind": 2}) == (400, "0x80044331")


@pytest.mark.parametrize(
    ("action", "body"),
    [
        pytest.param("InsertOptionValue", {"Value": 1, "Label": labelled("A")}, id="taken"),
        pytest.param("UpdateOptionValue", {"Value": 5, "Label": labelled("A")}, id="unknown"),
        pytest.param("DeleteOptionValue", {"Value": 5}, id="nothing to delete"),
        pytest.param("OrderOption", {"Values": [1]}, id="not all of them"),
    ],
)
def test_an_option_that_is_not_there_or_there_already_is_refused(crm, add, action, body):
    add("Picklist", "new_Kind", OptionSet=options(1, 2))
    assert crm.refusal("POST", action, column_of("new_kind", body))[0] == 400


def test_labels_of_options_are_merged_when_asked(crm, add, post):
    add("Picklist", "new_Kind", OptionSet={"Options": [{"Value": 1, "Label": labelled("A", "B")}]})
    new = {"Value": 1, "Label": labelled("C"), "MergeLabels": True}
    post("UpdateOptionValue", column_of("new_kind", new))
    cast = f"{TABLE}/Attributes(LogicalName='new_kind')/{MODEL}.PicklistAttributeMetadata"
    [option] = crm.get(f"{cast}?$expand=OptionSet")["OptionSet"]["Options"]
    assert [t["Label"] for t in option["Label"]["LocalizedLabels"]] == ["C", "B"]


def test_a_state_gets_another_default_reason(crm, asset, post):
    lost = post("InsertStatusValue", column_of("statuscode", StateCode=1, Label=labelled("Lost")))
    value = json.loads(lost.data)["NewOptionValue"]
    body = {"EntityLogicalName": "new_asset", "AttributeLogicalName": "statecode", "Value": 1}
    post("UpdateStateValue", {**body, "DefaultStatusCode": value})
    row = crm.create("new_assets", new_name="A")
    crm.patch(f"new_assets({row})", {"statecode": 1})
    assert crm.get(f"new_assets({row})")["statuscode"] == value
    assert crm.refusal("POST", "UpdateStateValue", {**body, "DefaultStatusCode": 1})[0] == 400


def test_a_status_reason_needs_a_state_that_there_is(crm, asset):
    body = column_of("statuscode", StateCode=7, Label=labelled("Lost"))
    assert crm.refusal("POST", "InsertStatusValue", body)[0] == 400


def test_navigation_properties_keep_the_case_of_the_schema_name(crm, asset, post):
    post("RelationshipDefinitions", relationship())
    account = crm.create("accounts", name="A")
    small = {"new_accountid@odata.bind": f"/accounts({account})"}
    assert crm.refusal("POST", "new_assets", small) == (400, "0x80048d19")
    bind = {"new_AccountId@odata.bind": f"/accounts({account})"}
    row = crm.create("new_assets", **bind)
    shown = crm.get(f"new_assets({row})", Prefer=ANNOTATED)
    assert shown["_new_accountid_value"] == account
    noted = "_new_accountid_value@Microsoft.Dynamics.CRM.associatednavigationproperty"
    assert shown[noted] == "new_AccountId"


@pytest.mark.usefixtures("asset")
@pytest.mark.parametrize(
    ("delete", "status", "left"),
    [("RemoveLink", 204, [None]), ("Cascade", 204, []), ("Restrict", 405, ["linked"])],
)
def test_a_relationship_says_what_a_deletion_does(crm, post, delete, status, left):
    post("RelationshipDefinitions", relationship(delete))
    account = crm.create("accounts", name="A")
    crm.create("new_assets", **{"new_AccountId@odata.bind": f"/accounts({account})"})
    assert crm.send("DELETE", f"accounts({account})").status_code == status
    links = [row["_new_accountid_value"] for row in crm.get("new_assets")["value"]]
    assert links == [account if link == "linked" else link for link in left]


def test_relationships_are_found_by_name_and_deleted_with_their_lookup(crm, asset, post):
    response = post("RelationshipDefinitions", relationship())
    [found] = crm.get("RelationshipDefinitions?$filter=SchemaName eq 'new_account_asset'")["value"]
    assert f"({found['MetadataId']})" in response.headers["OData-EntityId"]
    assert found["ReferencingEntityNavigationPropertyName"] == "new_AccountId"
    ends = crm.get(f"{TABLE}/ManyToOneRelationships?$select=SchemaName")["value"]
    assert "new_account_asset" in [end["SchemaName"] for end in ends]
    assert crm.get(f"{TABLE}/ManyToManyRelationships")["value"] == []
    url = f"RelationshipDefinitions({found['MetadataId']})"
    assert crm.send("DELETE", url).status_code == 204
    assert crm.refusal("GET", "new_assets?$select=_new_accountid_value") == (400, "0x0")


def test_many_to_many_is_refused_as_not_emulated(crm):
    body = {"@odata.type": f"{MODEL}.ManyToManyRelationshipMetadata", "SchemaName": "new_mm"}
    assert crm.send("POST", "RelationshipDefinitions", body).status_code == 501


def index_status(crm):
    [key] = crm.get(f"{TABLE}/Keys")["value"]
    return key["EntityKeyIndexStatus"]


def test_a_key_is_pending_until_its_index_is_built(crm, asset, post, world):
    world.settings.key_index_seconds = 60
    post(f"{TABLE}/Keys", KEY)
    assert index_status(crm) == "Pending"
    crm.create("new_assets", new_name="A")
    assert crm.refusal("GET", "new_assets(new_name='A')") == (412, "0x80060892")
    world.clock.advance(seconds=31)
    assert index_status(crm) == "In Progress"
    world.clock.advance(seconds=30)
    assert index_status(crm) == "Active"
    assert crm.get("new_assets(new_name='a')")["new_name"] == "A"
    assert crm.refusal("POST", "new_assets", {"new_name": "A"}) == (412, "0x80060892")


def test_a_key_over_duplicates_fails_until_it_is_reactivated(crm, asset, post, world):
    double = [crm.create("new_assets", new_name="Same") for _ in range(2)]
    post(f"{TABLE}/Keys", KEY)
    assert index_status(crm) == "Failed"
    crm.send("DELETE", f"new_assets({double[0]})")
    body = {"EntityLogicalName": "new_asset", "EntityKeyLogicalName": "new_assetkey"}
    post("ReactivateEntityKey", body)
    assert index_status(crm) == "Active"
    assert crm.get("new_assets(new_name='Same')")["new_assetid"] == double[1]


def test_a_key_is_read_by_its_id_and_deleted(crm, asset, post):
    response = post(f"{TABLE}/Keys", KEY)
    url = response.headers["OData-EntityId"].partition("v9.2/")[2]
    assert re.fullmatch(re.escape(f"{TABLE}/Keys(") + r"[0-9a-f-]{36}\)", url)
    assert crm.get(url)["KeyAttributes"] == ["new_name"]
    assert crm.send("DELETE", url).status_code == 204
    assert crm.get(f"{TABLE}/Keys")["value"] == []
    assert crm.refusal("GET", "new_assets(new_name='A')")[0] == 400


def test_a_table_has_at_most_ten_keys_of_sixteen_columns(crm, asset, post):
    for number in range(10):
        post(f"{TABLE}/Keys", {**KEY, "SchemaName": f"new_Key{number}"})
    assert crm.refusal("POST", f"{TABLE}/Keys", {**KEY, "SchemaName": "new_Eleventh"})[0] == 400
    many = {"SchemaName": "new_Wide", "KeyAttributes": ["new_name"] * 17}
    assert crm.refusal("POST", f"{TABLE}/Keys", many)[0] == 400


@pytest.mark.parametrize("kind", ["Memo", "Boolean", "Double", "Money"])
def test_only_some_types_can_be_in_a_key(crm, add, kind):
    add(kind, "new_Value")
    body = {"SchemaName": "new_K", "KeyAttributes": ["new_value"]}
    assert crm.refusal("POST", f"{TABLE}/Keys", body)[0] == 400


def test_a_lookup_and_a_choice_can_be_in_a_key(crm, add, post):
    post("RelationshipDefinitions", relationship())
    add("Picklist", "new_Kind", OptionSet=options(1, 2))
    post(f"{TABLE}/Keys", {"SchemaName": "k", "KeyAttributes": ["new_accountid", "new_kind"]})
    account = crm.create("accounts", name="A")
    bind = {"new_AccountId@odata.bind": f"/accounts({account})"}
    row = crm.create("new_assets", new_kind=2, **bind)
    found = crm.get(f"new_assets(_new_accountid_value={account},new_kind=2)")
    assert found["new_assetid"] == row
