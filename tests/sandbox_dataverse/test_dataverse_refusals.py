"""Every code of section 7 of the fact sheet, and the sentences of sections 4 and 7."""

import pytest

from tests.sandbox_dataverse.sent_definitions import TABLE, attribute, entity

OWN = "12121212-3434-4565-8787-909090909090"
MISSING = "99999999-0000-4000-8000-000000000000"
MODEL = "Microsoft.Dynamics.CRM"


@pytest.fixture
def account(crm):
    return crm.create("accounts", accountid=OWN, name="Contoso", sk_customertenantid="T-1")


@pytest.fixture
def row(crm):
    return crm.create("sk_subscriptions", sk_name="Plan")


def told(crm, method, url, body=None, **headers):
    """Return status, code and text of a refusal."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = crm.send(method, url, body, named)
    error = response.json["error"]
    return response.status_code, error["code"], error["message"]


REFUSED = [
    ("GET", f"accounts({MISSING})", None, {}, 404, "0x80040217"),
    ("GET", "accounts(sk_customertenantid='x')", None, {}, 404, "0x80060891"),
    ("GET", "Accounts", None, {}, 404, "0x8006088a"),
    ("POST", f"accounts/{MODEL}.Nothing", {}, {}, 404, "0x8006088a"),
    ("POST", "WhoAmI()", {}, {}, 404, ""),
    ("GET", "PublishAllXml", None, {}, 404, ""),
    ("GET", "https://crm.example:8443/api/data/accounts", None, {}, 400, "0x80060888"),
    ("GET", "accounts?$select=Name", None, {}, 400, "0x0"),
    ("POST", "accounts", {"Name": "x"}, {}, 400, "0x80048d19"),
    ("POST", "accounts", {"name": "x" * 500}, {}, 400, "0x80044331"),
    ("PATCH", f"accounts({OWN})", {"statecode": None}, {}, 400, "0x80040203"),
    ("PATCH", f"accounts({OWN})", {"statecode": 1, "statuscode": 1}, {}, 400, "0x80048408"),
    ("PATCH", f"accounts({OWN})", {}, {"If_Match": 'W/"1"'}, 412, "0x80060882"),
    ("DELETE", f"accounts({OWN})", None, {"If_Match": 'W/"1"'}, 412, "0x80060882"),
    ("PATCH", f"accounts({OWN})", {}, {"If_Match": 'W/""'}, 400, "0x80060883"),
    ("PATCH", f"accounts({OWN})", {}, {"If_Match": ""}, 400, "0x80060883"),
    ("PATCH", f"accounts({OWN})", {}, {"If_None_Match": "*"}, 412, ""),
    ("POST", "accounts", {"sk_customertenantid": "T-1"}, {}, 412, "0x80060892"),
    ("POST", "accounts", {"accountid": OWN}, {}, 412, "0x80040237"),
    ("PATCH", f"accounts({OWN})", {}, {"MSCRMCallerID": MISSING}, 403, "0x80040204"),
    ("GET", "systemusers", None, {"Prefer": "odata.track-changes"}, 400, "0x80072491"),
    ("DELETE", "accounts", None, {}, 405, "0x0"),
]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case[0]} {case[1]} {case[5]}")
def test_each_refusal_has_the_status_and_code_of_the_sheet(crm, case):
    method, url, body, headers, status, code = case
    assert told(crm, method, url, body, **headers)[:2] == (status, code)


def test_an_if_match_without_a_version_changes_nothing(crm, account):
    told(crm, "PATCH", f"accounts({OWN})", {"name": "B"}, If_Match='W/""')
    assert crm.get(f"accounts({OWN})")["name"] == "Contoso"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"statecode": 5}, "5 is not a valid state code on sk_subscription with Id {}."),
        ({"statuscode": 77}, "77 is not a valid status code on sk_subscription with Id {}."),
        (
            {"statuscode": 2},
            "2 is not a valid status code for state code sk_subscriptionState.Active"
            " on sk_subscription with Id {}.",
        ),
        ({"statecode": None}, "Attribute: statecode cannot be set to NULL"),
    ],
)
def test_refused_states_have_the_sentences_of_the_platform(crm, row, body, text):
    assert told(crm, "PATCH", f"sk_subscriptions({row})", body)[2] == text.format(row)


def test_a_missing_row_is_named_by_table_and_id(crm):
    found = told(crm, "GET", f"accounts({MISSING})")[2]
    assert found == f"account With Id = {MISSING} Does Not Exist"


def test_a_taken_key_names_its_columns_and_says_nothing_of_the_other_row(crm, account):
    _, _, text = told(crm, "POST", "accounts", {"sk_customertenantid": "T-1"})
    assert text.startswith("Entity Key ")
    assert "violated. A record with the same value for" in text
    assert account not in text


def test_a_verb_that_a_function_does_not_know_finds_no_resource(crm):
    assert told(crm, "POST", "WhoAmI()", {})[2].startswith("No HTTP resource was found")


def test_a_disabled_application_user_is_let_in_nowhere(crm, account):
    crm.get("WhoAmI()")
    user = crm.caller.user_id
    assert crm.patch(f"systemusers({user})", {"isdisabled": True}).status_code == 204
    for url in ("accounts", "WhoAmI()", "EntityDefinitions"):
        assert told(crm, "GET", url)[:2] == (403, "0x80040225")
    refused = told(crm, "PATCH", f"accounts({OWN})", {"name": "B"})
    assert refused[:2] == (403, "0x80040225")


def test_304_needs_a_table_with_optimistic_concurrency(crm, post):
    post("EntityDefinitions", entity(IsOptimisticConcurrencyEnabled=False))
    url = f"new_assets({crm.create('new_assets', new_name='A')})"
    tag = crm.get(url)["@odata.etag"]
    assert crm.send("GET", url, headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("character", list("/<>*%&:\\?+"))
def test_a_key_value_with_a_character_to_avoid_names_no_row(crm, world, character):
    value = f"a{character}b"
    coded = f"a%{ord(character):02X}b"
    row = crm.create("accounts", sk_customertenantid=value)
    url = f"accounts(sk_customertenantid='{coded}')"
    for method, body in (("GET", None), ("PATCH", {"name": "A"})):
        assert told(crm, method, url, body)[:2] == (400, "0x80060888")
    world.settings.key_values_to_avoid_work = True
    assert crm.get(url)["accountid"] == row


def test_a_key_value_may_hold_other_signs_and_dates_their_colons(crm, define):
    columns = [attribute("String", "new_Code"), attribute("DateTime", "new_At")]
    define("new_Slot", "new_Name", *columns, keys=[["new_code", "new_at"]])
    at = "2025-06-16T10:00:00Z"
    made = crm.create("new_slots", new_code="a-b.c_d e", new_at=at)
    assert crm.get(f"new_slots(new_code='a-b.c_d e',new_at={at})")["new_slotid"] == made


@pytest.mark.parametrize(("length", "status"), [(450, 204), (451, 400)])
def test_the_columns_of_a_key_hold_at_most_900_bytes(crm, add, length, status):
    add("String", "new_Long", MaxLength=length)
    key = {"SchemaName": "new_LongKey", "KeyAttributes": ["new_long"]}
    response = crm.send("POST", f"{TABLE}/Keys", key)
    assert response.status_code == status
    if status == 400:
        assert response.json["error"]["code"] == "0x80040203"
        assert "900" in response.json["error"]["message"]


def test_a_lookup_in_a_key_is_named_by_its_value(crm, define):
    account = crm.create("accounts", name="A")
    define("new_Part", "new_Name", attribute("Integer", "new_Number"))
    relationship = {
        "@odata.type": f"{MODEL}.OneToManyRelationshipMetadata",
        "SchemaName": "new_account_part",
        "ReferencedEntity": "account",
        "ReferencingEntity": "new_part",
        "Lookup": {"SchemaName": "new_Owner", "@odata.type": f"{MODEL}.LookupAttributeMetadata"},
    }
    assert crm.send("POST", "RelationshipDefinitions", relationship).status_code == 204
    key = {"SchemaName": "new_PartKey", "KeyAttributes": ["new_owner", "new_number"]}
    assert crm.send("POST", "EntityDefinitions(LogicalName='new_part')/Keys", key)
    bind = {"new_Owner@odata.bind": f"/accounts({account})"}
    made = crm.create("new_parts", new_number=2, **bind)
    url = f"new_parts(_new_owner_value={account},new_number=2)"
    assert crm.get(url)["new_partid"] == made
    answer = crm.patch(url, {"new_name": "B"})
    assert answer.headers["OData-EntityId"].endswith(f"/{url}")


def test_child_ids_come_only_with_a_representation(crm):
    lines = "sk_invoiceline_sk_invoiceid_sk_invoice"
    body = {"sk_name": "INV-1", lines: [{"sk_name": "One"}]}
    silent = crm.send("POST", "sk_invoices", body)
    assert (silent.status_code, silent.get_data()) == (204, b"")
    url = f"sk_invoices?$select=sk_name&$expand={lines}($select=sk_name)"
    told_ = crm.send("POST", url, body, {"Prefer": "return=representation"})
    assert told_.status_code == 201
    [child] = told_.json[lines]
    assert crm.get(f"sk_invoicelines({child['sk_invoicelineid']})")["sk_name"] == "One"


def test_every_answer_has_an_id_of_the_service(crm, account):
    ids = {
        crm.send(method, url, body).headers["x-ms-service-request-id"]
        for method, url, body in (
            ("GET", "accounts", None),
            ("GET", "nothings", None),
            ("PATCH", f"accounts({OWN})", {"name": "B"}),
        )
    }
    assert len(ids) == 3
