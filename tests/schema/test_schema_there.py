"""`schema install` where tables are: it adds and widens, and stops before it would break."""

from dataclasses import replace

import pytest

from sandbox.dataverse.definitions import label
from tests.schema.installed import bare, options, shape, with_tables


def changed(place, column, **facts):
    """Redefine a column of the subscription as a person could have made it."""
    path = f"EntityDefinitions(LogicalName='sk_subscription')/Attributes(LogicalName='{column}')"
    whole = place.sends("GET", path)
    place.sends("PUT", path, {**whole, **facts})


def replaced(place, column, kind, table="sk_subscription", **facts):
    """Put a column of another type in the place of one."""
    attributes = f"EntityDefinitions(LogicalName='{table}')/Attributes"
    place.sends("DELETE", f"{attributes}(LogicalName='{column}')")
    body = {
        "@odata.type": f"Microsoft.Dynamics.CRM.{kind}AttributeMetadata",
        "SchemaName": column,
        "DisplayName": label(column),
        **facts,
    }
    place.sends("POST", attributes, body)


@pytest.fixture
def there():
    """Return an organisation in which all is installed, for a test to change."""
    place = bare()
    place.install()
    return place


def test_a_shorter_column_is_widened_and_a_longer_one_left(there):
    changed(there, "sk_offerid", MaxLength=50)
    changed(there, "sk_name", MaxLength=400)
    assert there.words()[1:-2] == ["widen sk_subscription.sk_offerid to 200 characters"]
    there.install()
    columns = shape(there, "sk_subscription")["columns"]
    assert (columns["sk_offerid"][1], columns["sk_name"][1]) == (200, 400)


def test_a_coarser_column_is_made_finer(there):
    changed(there, "sk_unitprice", Precision=2)
    changed(there, "sk_taxpercent", Precision=6)
    assert there.words()[1:-2] == ["widen sk_subscription.sk_unitprice to 4 decimal places"]
    there.install()
    columns = shape(there, "sk_subscription")["columns"]
    assert (columns["sk_unitprice"][2], columns["sk_taxpercent"][2]) == (4, 6)


def test_tracking_and_auditing_are_turned_on_for_the_table_and_its_columns(there):
    off = {"Value": False}
    path = "EntityDefinitions(LogicalName='sk_subscription')"
    there.sends("PUT", path, {**there.sends("GET", path), "IsAuditEnabled": off})
    changed(there, "statuscode", IsAuditEnabled=off)
    changed(there, "sk_quantity", IsAuditEnabled=off)
    assert there.words()[1:-2] == [
        "turn on auditing of sk_subscription",
        "turn on auditing of sk_subscription.sk_quantity",
        "turn on auditing of sk_subscription.statuscode",
    ]
    there.install()
    assert shape(there, "sk_subscription") == shape(with_tables(), "sk_subscription")
    assert options(there, "sk_subscription", "Status")["statuscode"][126310000][0] == "Paused"


def test_a_missing_option_is_added_and_a_label_of_a_person_stays(there):
    where = {"EntityLogicalName": "sk_subscription", "AttributeLogicalName": "sk_refundchoice"}
    there.sends("POST", "DeleteOptionValue", {**where, "Value": 126310002})
    there.sends(
        "POST", "UpdateOptionValue", {**where, "Value": 126310001, "Label": label("Erstatten")}
    )
    assert there.words()[1:-2] == [
        "add option 126310002 'Do Not Refund' to sk_subscription.sk_refundchoice"
    ]
    there.install()
    found = options(there, "sk_subscription", "Picklist")["sk_refundchoice"]
    assert {value: one[0] for value, one in found.items()} == {
        126310000: "Use Contract",
        126310001: "Erstatten",
        126310002: "Do Not Refund",
    }


def test_a_missing_status_reason_is_added_and_the_name_of_a_person_stays(there):
    where = {"EntityLogicalName": "sk_subscription", "AttributeLogicalName": "statuscode"}
    there.sends("POST", "DeleteOptionValue", {**where, "Value": 126310002})
    there.sends("POST", "UpdateOptionValue", {**where, "Value": 2, "Label": label("On hold")})
    assert there.words()[1:-2] == ["add status reason 126310002 'Expired' to sk_subscription"]
    there.install()
    found = options(there, "sk_subscription", "Status")["statuscode"]
    assert (found[2][:2], found[126310002][:2]) == (("On hold", 1), ("Expired", 1))


def test_an_option_is_added_to_a_choice_that_columns_share(there):
    choice = {
        "Name": "sk_shared",
        "Options": [{"Value": 126310000, "Label": label("Use Contract")}],
    }
    there.sends("POST", "GlobalOptionSetDefinitions", choice)
    bind = {"GlobalOptionSet@odata.bind": "/GlobalOptionSetDefinitions(Name='sk_shared')"}
    replaced(there, "sk_refundchoice", "Picklist", **bind)
    there.install()
    shared = there.sends("GET", "GlobalOptionSetDefinitions(Name='sk_shared')")["Options"]
    assert [one["Value"] for one in shared] == [126310000, 126310001, 126310002]
    assert there.words() == []


CONFLICTS = [
    pytest.param("sk_offerid", "Integer", {}, "as Integer, and text", id="type"),
    pytest.param(
        "sk_startdate",
        "DateTime",
        {"DateTimeBehavior": {"Value": "UserLocal"}},
        "a time of day, and date is wanted",
        id="a date with a time",
    ),
    pytest.param(
        "sk_cancellableuntil",
        "DateTime",
        {"DateTimeBehavior": {"Value": "DateOnly"}},
        "a date without a time, and instant",
        id="an instant without a time",
    ),
]


@pytest.mark.parametrize(("column", "kind", "facts", "said"), CONFLICTS)
def test_a_column_of_another_type_is_a_finding_and_nothing_is_written(
    there, column, kind, facts, said
):
    replaced(there, column, kind, **facts)
    changed(there, "sk_name", MaxLength=50)
    mark = there.world.journal.last
    plan = there.install()
    [finding] = plan.findings
    assert finding.path == ("tables", "sk_subscription", "columns", column, "type")
    assert said in finding.message
    assert finding.remedy
    assert there.writes_since(mark) == []


def relate(place, **facts):
    there = "RelationshipDefinitions"
    place.sends("DELETE", f"{there}(SchemaName='sk_subscription_sk_providerid')")
    lookup = {
        "@odata.type": "Microsoft.Dynamics.CRM.LookupAttributeMetadata",
        "SchemaName": "sk_providerid",
        "DisplayName": label("Provider"),
    }
    body = {
        "@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata",
        "SchemaName": "sk_other",
        "ReferencedEntity": "sk_provider",
        "ReferencingEntity": "sk_subscription",
        "ReferencingEntityNavigationPropertyName": "sk_providerid",
        "Lookup": lookup,
        **facts,
    }
    place.sends("POST", there, body)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"ReferencedEntity": "account"}, "points to account, not to sk_provider"),
        ({"ReferencingEntityNavigationPropertyName": "sk_ProviderId"}, "through 'sk_ProviderId'"),
    ],
    ids=["another table", "another navigation property"],
)
def test_a_lookup_that_leads_elsewhere_is_a_finding(there, facts, said):
    relate(there, **facts)
    [finding] = there.plan().findings
    assert finding.path == ("tables", "sk_subscription", "columns", "sk_providerid", "to")
    assert said in finding.message


def test_a_lookup_of_the_same_shape_by_another_name_serves(there):
    relate(there)
    assert there.words() == []


def test_a_status_reason_of_another_state_is_a_finding(there):
    where = {"EntityLogicalName": "sk_subscription", "AttributeLogicalName": "statuscode"}
    there.sends("POST", "DeleteOptionValue", {**where, "Value": 126310000})
    reason = {**where, "Value": 126310000, "StateCode": 1, "Label": label("Paused")}
    there.sends("POST", "InsertStatusValue", reason)
    [finding] = there.plan().findings
    assert finding.path == ("tables", "sk_subscription", "status", 0, 126310000)
    assert finding.message == "status reason 126310000 of sk_subscription belongs to state 1"


def test_a_key_of_the_same_name_over_other_columns_is_a_finding(there):
    keys = "EntityDefinitions(LogicalName='sk_provider')/Keys"
    there.sends("DELETE", f"{keys}(LogicalName='sk_name_key')")
    body = {
        "SchemaName": "sk_name_key",
        "KeyAttributes": ["sk_connector"],
        "DisplayName": label("Key"),
    }
    there.sends("POST", keys, body)
    [finding] = there.plan().findings
    assert finding.path == ("tables", "sk_provider", "keys", "sk_name_key")


def test_a_publisher_with_another_prefix_is_a_finding():
    place = bare()
    facts = {"uniquename": "seatkeeper", "friendlyname": "Other", "customizationprefix": "sea"}
    place.sends("POST", "publishers", {**facts, "customizationoptionvalueprefix": 12631})
    [finding] = place.plan().findings
    assert finding.path == ("publisher", "name")


def test_another_entity_set_is_a_finding(there):
    table = replace(there.schema.tables["sk_invoice"], set="sk_bills")
    there.schema = replace(there.schema, tables={**there.schema.tables, "sk_invoice": table})
    [finding] = there.plan().findings
    assert finding.path == ("tables", "sk_invoice", "set")


def test_a_standard_table_that_is_not_there_is_a_finding():
    place = bare()
    account = replace(place.schema.tables["account"], name="lead")
    place.schema = replace(place.schema, tables={**place.schema.tables, "account": account})
    assert [one.path for one in place.plan().findings] == [("tables", "lead")]


def test_a_privilege_that_the_environment_does_not_know_is_left_out_and_said():
    place = bare()
    more = (*place.schema.role_privileges, "prvReadNothing")
    place.schema = replace(place.schema, role_privileges=more)
    place.install()
    plan = place.plan()
    assert plan.steps == ()
    told = "privilege prvReadNothing is not known in this environment; it is left out"
    assert plan.notes == (told,)


def test_privileges_that_were_taken_from_the_role_are_given_again(there):
    [role] = there.sends("GET", "roles?$filter=name eq 'Seatkeeper'")["value"]
    held = there.sends("GET", "roleprivilegescollection?$filter=name eq 'prvReadAccount'")["value"]
    assert role
    there.sends("DELETE", f"roleprivilegescollection({held[0]['roleprivilegesid']})")
    assert there.words()[1] == "give role Seatkeeper 1 privileges"
