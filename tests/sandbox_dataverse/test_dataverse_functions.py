"""WhoAmI, the audit history, metadata, and what survives a restart."""

from collections import Counter
from xml.etree import ElementTree

import pytest

from sandbox.dataverse import Dataverse, Refused


def history(crm, row, extra=""):
    target = f'@t={{"@odata.id":"sk_subscriptions({row})"}}'
    answer = crm.get(
        f"RetrieveRecordChangeHistory(Target=@t{extra and ',PagingInfo=@p'})?{target}{extra}"
    )
    return answer["AuditDetailCollection"]


@pytest.fixture
def row(crm):
    return crm.create("sk_subscriptions", sk_name="Plan", sk_quantity=10, sk_unitprice=12.5)


def test_who_am_i_tells_user_and_organisation(crm, world):
    answer = crm.get("WhoAmI()")
    assert answer["UserId"] == crm.caller.user_id
    assert answer["OrganizationId"] == world.organisation_id
    [organisation] = crm.get("organizations")["value"]
    assert organisation["organizationid"] == world.organisation_id


def test_the_history_has_the_changed_columns_newest_first(crm, row):
    crm.patch(f"sk_subscriptions({row})", {"statecode": 1, "statuscode": 2, "sk_quantity": 10})
    newest, oldest = history(crm, row)["AuditDetails"]
    kind = {"@odata.type": "#Microsoft.Dynamics.CRM.sk_subscription"}
    assert newest["OldValue"] == {**kind, "statecode": 0, "statuscode": 1}
    assert newest["NewValue"] == {**kind, "statecode": 1, "statuscode": 2}
    assert [d["AuditRecord"]["operation"] for d in (newest, oldest)] == [2, 1]
    assert oldest["OldValue"] == kind
    assert oldest["NewValue"]["sk_quantity"] == 10


def test_the_history_names_who_changed_it(crm, dataverse, row):
    dataverse.update("sk_subscription", row, {"sk_quantity": 12}, by="Alex Wilber")
    record = history(crm, row)["AuditDetails"][0]["AuditRecord"]
    formatted = "_userid_value@OData.Community.Display.V1.FormattedValue"
    assert record[formatted] == "Alex Wilber"
    assert record["_objectid_value"] == row
    assert record["createdon"] == "2025-06-16T09:30:15Z"


def test_the_history_outlives_the_row(crm, row):
    crm.send("DELETE", f"sk_subscriptions({row})")
    newest = history(crm, row)["AuditDetails"][0]
    assert newest["AuditRecord"]["operation"] == 3
    assert newest["OldValue"]["sk_name"] == "Plan"


def test_the_history_comes_in_pages(crm, row):
    for quantity in (11, 12, 13):
        crm.patch(f"sk_subscriptions({row})", {"sk_quantity": quantity})
    page = history(crm, row, '&@p={"PageNumber":2,"Count":3}')
    assert (len(page["AuditDetails"]), page["MoreRecords"], page["TotalRecordCount"]) == (
        1,
        False,
        4,
    )


def test_audit_rows_appear_late_when_the_setting_says_so(crm, row, world):
    world.settings.audit_delay_seconds = 30
    assert history(crm, row)["AuditDetails"] == []
    world.clock.advance(seconds=30)
    assert len(history(crm, row)["AuditDetails"]) == 1


def test_nothing_is_written_while_auditing_is_off(crm, row, world):
    world.settings.audit = False
    crm.patch(f"sk_subscriptions({row})", {"sk_quantity": 11})
    assert len(history(crm, row)["AuditDetails"]) == 1
    assert crm.get("organizations?$select=isauditenabled")["value"][0]["isauditenabled"] is False


def test_tables_without_audit_have_no_history(crm):
    account = crm.create("accounts", name="A")
    target = f'@t={{"@odata.id":"accounts({account})"}}'
    answer = crm.get(f"RetrieveRecordChangeHistory(Target=@t)?{target}")
    assert answer["AuditDetailCollection"]["AuditDetails"] == []


def test_status_reasons_name_their_state_in_the_metadata(crm):
    cast = "Microsoft.Dynamics.CRM.StatusAttributeMetadata"
    answer = crm.get(
        f"EntityDefinitions(LogicalName='sk_subscription')/Attributes/{cast}"
        "?$select=LogicalName&$expand=OptionSet($select=Options)"
    )
    options = answer["value"][0]["OptionSet"]["Options"]
    shown = [(o["Value"], o["State"], o["Label"]["UserLocalizedLabel"]["Label"]) for o in options]
    assert shown == [
        (1, 0, "Active"),
        (126310000, 0, "Paused"),
        (2, 1, "Suspended"),
        (126310001, 1, "Cancelled"),
        (126310002, 1, "Expired"),
    ]


def test_states_name_their_default_reason_in_the_metadata(crm):
    cast = "Microsoft.Dynamics.CRM.StateAttributeMetadata"
    table = "EntityDefinitions(LogicalName='sk_subscription')"
    url = f"{table}/Attributes(LogicalName='statecode')/{cast}"
    options = crm.get(f"{url}?$expand=OptionSet")["OptionSet"]["Options"]
    assert [(o["Value"], o["DefaultStatus"]) for o in options] == [(0, 1), (1, 2)]


def test_tables_with_change_tracking_are_found_by_filter(crm):
    answer = crm.get("EntityDefinitions?$select=LogicalName&$filter=ChangeTrackingEnabled eq true")
    found = {d["LogicalName"] for d in answer["value"]}
    assert {"account", "sk_subscription", "sk_changelog", "sk_invoiceline"} <= found
    assert "organization" not in found


def test_a_table_is_found_as_the_python_sdk_asks(crm):
    answer = crm.get(
        "EntityDefinitions?$select=LogicalName,EntitySetName,PrimaryIdAttribute"
        "&$filter=LogicalName+eq+'sk_invoiceline'"
    )
    [found] = answer["value"]
    assert found["EntitySetName"] == "sk_invoicelines"
    assert found["PrimaryIdAttribute"] == "sk_invoicelineid"


def test_definitions_are_chosen_by_query_functions_too(crm):
    chosen = "Microsoft.Dynamics.CRM.In(PropertyName='LogicalName',PropertyValues=['account'])"
    [found] = crm.get(f"EntityDefinitions?$select=LogicalName&$filter={chosen}")["value"]
    assert found["LogicalName"] == "account"


def test_facts_of_one_type_can_only_be_selected_on_its_cast(crm):
    base = "EntityDefinitions(LogicalName='sk_subscription')/Attributes"
    assert crm.refusal("GET", f"{base}?$select=MaxLength") == (400, "0x0")
    cast = f"{base}/Microsoft.Dynamics.CRM.LookupAttributeMetadata"
    targets = {
        a["LogicalName"]: a["Targets"]
        for a in crm.get(f"{cast}?$select=LogicalName,Targets")["value"]
    }
    assert targets["sk_billingcontractid"] == ["sk_billingcontract"]


def test_keys_and_audit_are_in_the_metadata(crm):
    url = "EntityDefinitions(LogicalName='sk_subscription')?$select=IsAuditEnabled&$expand=Keys"
    definition = crm.get(url)
    assert definition["IsAuditEnabled"]["Value"] is True
    [key] = definition["Keys"]
    assert key["KeyAttributes"] == ["sk_providersubscriptionid"]
    assert key["EntityKeyIndexStatus"] == "Active"


def test_the_metadata_document_has_every_table_with_its_key(crm):
    root = ElementTree.fromstring(crm.send("GET", "$metadata").data)  # noqa: S314 - our own answer
    edm = "{http://docs.oasis-open.org/odata/ns/edm}"
    tags = Counter(element.tag for element in root.iter())
    tables = len(crm.get("EntityDefinitions?$select=LogicalName")["value"])
    assert tags[f"{edm}EntityType"] == tags[f"{edm}EntitySet"] == tables
    assert tags[f"{edm}PropertyRef"] == tables


def test_rows_deletes_and_history_survive_a_restart(crm, world, row):
    gone = crm.create("sk_subscriptions", sk_name="Gone")
    link = crm.get("sk_subscriptions", Prefer="odata.track-changes")["@odata.deltaLink"]
    crm.send("DELETE", f"sk_subscriptions({gone})")
    crm.patch(f"sk_subscriptions({row})", {"sk_quantity": 11})
    users = crm.get("systemusers")
    before, audit = crm.get(f"sk_subscriptions({row})"), history(crm, row)
    crm.dataverse = Dataverse(world)
    crm.dataverse.load((table, id_, document) for (table, id_), document in world.saved.items())
    assert crm.get(f"sk_subscriptions({row})") == before
    assert crm.get("systemusers") == users
    assert history(crm, row) == audit
    found = crm.get(link)["value"]
    assert [item.get("sk_quantity", item.get("reason")) for item in found] == [11, "deleted"]


def test_scenarios_insert_by_physical_names_under_the_same_rules(dataverse, world):
    account = dataverse.insert("account", {"name": "A"})
    row = dataverse.insert("sk_subscription", {"sk_accountid": account, "sk_unitprice": "12.50"})
    [raw] = dataverse.rows("sk_subscription")
    assert (raw["sk_subscriptionid"], raw["_sk_accountid_value"]) == (row, account)
    with pytest.raises(Refused, match="Does Not Exist"):
        dataverse.insert("sk_subscription", {"sk_accountid": row})
    with pytest.raises(Refused, match="not a valid status code"):
        dataverse.update("sk_subscription", row, {"statuscode": 2})
    dataverse.delete("sk_subscription", row)
    assert list(dataverse.rows("sk_subscription")) == []
    assert len(world.commits) == 3


def test_repeating_a_value_leaves_an_audit_row_without_values(crm, row):
    crm.patch(f"sk_subscriptions({row})", {"sk_quantity": 10})
    newest, _ = history(crm, row)["AuditDetails"]
    kind = {"@odata.type": "#Microsoft.Dynamics.CRM.sk_subscription"}
    assert (newest["OldValue"], newest["NewValue"]) == (kind, kind)
    assert newest["AuditRecord"]["operation"] == 2
