"""Reading rows: sections 2, 4 and 7 of the fact sheet."""

import pytest


@pytest.fixture
def account(crm):
    return crm.create("accounts", name="Contoso", sk_customertenantid="Tenant-1")


@pytest.fixture
def subscriptions(crm, account):
    bind = {"sk_accountid@odata.bind": f"/accounts({account})"}
    return [
        crm.create(
            "sk_subscriptions", sk_name=f"Plan {n}", sk_quantity=n, sk_unitprice=12.5, **bind
        )
        for n in range(1, 6)
    ]


def test_decimals_have_four_places_on_the_wire(crm, subscriptions):
    body = crm.send("GET", f"sk_subscriptions({subscriptions[0]})?$select=sk_unitprice").data
    assert b'"sk_unitprice":12.5000' in body


def test_the_primary_key_and_the_etag_always_come(crm, subscriptions):
    row = crm.get(f"sk_subscriptions({subscriptions[0]})?$select=sk_name")
    assert set(row) == {"@odata.context", "@odata.etag", "sk_name", "sk_subscriptionid"}


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        pytest.param("sk_subscriptions?$select=Name", 400, "0x0", id="unknown column"),
        pytest.param("Sk_Subscriptions", 404, "0x8006088a", id="unknown set"),
        pytest.param(
            "accounts(99999999-0000-4000-8000-000000000000)", 404, "0x80040217", id="unknown id"
        ),
        pytest.param("accounts(sk_customertenantid='x')", 404, "0x80060891", id="unknown key"),
        pytest.param("accounts?$skip=5", 400, "0x80060888", id="skip is not supported"),
        pytest.param("accounts?$filter=name eq", 400, "0x0", id="unreadable filter"),
    ],
)
def test_what_is_not_there_is_refused_with_its_own_code(crm, account, url, status, code):
    assert crm.refusal("GET", url) == (status, code)


def test_an_unknown_column_is_named_with_its_type(crm):
    message = crm.message("GET", "accounts?$select=Name")
    assert (
        message
        == "Could not find a property named 'Name' on type 'Microsoft.Dynamics.CRM.account'."
    )


def test_a_row_is_found_by_its_alternate_key_in_any_case(crm, account):
    assert crm.get("accounts(sk_customertenantid='tenant-1')")["accountid"] == account


def test_pages_follow_each_other_by_next_link_without_gaps(crm, subscriptions, ids):
    seen, url, pages = [], "sk_subscriptions?$select=sk_name", 0
    while url:
        answer = crm.get(url, Prefer="odata.maxpagesize=2")
        seen += ids(answer)
        url, pages = answer.get("@odata.nextLink"), pages + 1
    assert seen == sorted(subscriptions)
    assert pages == 3


def test_pages_keep_the_order_that_was_asked_for(crm, subscriptions):
    seen, url = [], "sk_subscriptions?$select=sk_quantity&$orderby=sk_quantity desc"
    while url:
        answer = crm.get(url, Prefer="odata.maxpagesize=2")
        seen += [row["sk_quantity"] for row in answer["value"]]
        url = answer.get("@odata.nextLink")
    assert seen == [5, 4, 3, 2, 1]


def test_a_next_link_is_absolute_on_the_host_of_the_request(crm, subscriptions):
    link = crm.get("sk_subscriptions", Prefer="odata.maxpagesize=2")["@odata.nextLink"]
    assert link.startswith("https://crm.example:8443/api/data/v9.2/sk_subscriptions?")


def test_top_is_ignored_when_a_page_size_is_preferred(crm, subscriptions):
    assert len(crm.get("sk_subscriptions?$top=1", Prefer="odata.maxpagesize=3")["value"]) == 3
    assert len(crm.get("sk_subscriptions?$top=1")["value"]) == 1


def test_preferences_that_took_effect_are_echoed(crm, subscriptions):
    response = crm.send("GET", "sk_subscriptions", headers={"Prefer": "odata.maxpagesize=2"})
    assert response.headers["Preference-Applied"] == "odata.maxpagesize=2"


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        pytest.param("sk_quantity gt 3", {4, 5}, id="gt"),
        pytest.param("sk_quantity+ge+3+and+sk_quantity+le+4", {3, 4}, id="plus for space"),
        pytest.param(
            "sk_quantity%20eq%201%20or%20sk_name%20eq%20'PLAN%202'", {1, 2}, id="any case"
        ),
        pytest.param("not(sk_quantity lt 5)", {5}, id="not without a space"),
        pytest.param("sk_quantity in (1,5)", {1, 5}, id="in"),
        pytest.param("sk_quantity in (2)", {2}, id="in a list of one"),
        pytest.param("startswith(sk_name,'plan')", {1, 2, 3, 4, 5}, id="startswith"),
        pytest.param("endswith(sk_name,'4')", {4}, id="endswith"),
        pytest.param("contains(sk_name,'a_ 3')", {3}, id="underscore is a wildcard"),
        pytest.param("sk_offerid eq null and sk_quantity ne 1", {2, 3, 4, 5}, id="null"),
        pytest.param("sk_offerid ne 'x' and sk_quantity eq 1", {1}, id="ne takes empty values in"),
        pytest.param("sk_unitprice eq 12.50 and sk_quantity eq 2", {2}, id="decimal"),
        pytest.param("sk_accountid/name eq 'contoso' and sk_quantity eq 3", {3}, id="lookup path"),
        pytest.param("createdon ge 2025-06-16T09:30:15Z and sk_quantity eq 1", {1}, id="instant"),
        pytest.param("createdon gt 2025-06-16T09:30:15.000Z", set(), id="later instant"),
        pytest.param("sk_quantity eq @p1&@p1=4", {4}, id="alias"),
        pytest.param(
            'Microsoft.Dynamics.CRM.In(PropertyName=\'sk_quantity\',PropertyValues=["1","3"])',
            {1, 3},
            id="In",
        ),
        pytest.param(
            "Microsoft.Dynamics.CRM.In(PropertyName=@p1,PropertyValues=@p2)"
            "&@p1='sk_name'&@p2=[\"plan 2\"]",
            {2},
            id="In with aliases and one value",
        ),
        pytest.param(
            "Microsoft.Dynamics.CRM.Between(PropertyName='sk_quantity',PropertyValues=['2','4'])",
            {2, 3, 4},
            id="Between",
        ),
    ],
)
def test_a_filter_chooses_rows(crm, subscriptions, filter_, expected):
    answer = crm.get(f"sk_subscriptions?%24select=sk_quantity&$filter={filter_}")
    assert {row["sk_quantity"] for row in answer["value"]} == expected


def test_a_filter_compares_lookups_with_bare_guids(crm, subscriptions, account):
    answer = crm.get(f"sk_subscriptions?$filter=_sk_accountid_value eq {account.upper()}")
    assert len(answer["value"]) == 5
    other = "00000000-0000-4000-8000-000000000000"
    assert crm.get(f"sk_subscriptions?$filter=_sk_accountid_value eq {other}")["value"] == []


def test_a_filter_reaches_into_a_collection(crm, subscriptions, account):
    collection = "sk_subscription_sk_accountid_account"
    assert len(crm.get(f"accounts?$filter={collection}/any(s:s/sk_quantity gt 4)")["value"]) == 1
    assert crm.get(f"accounts?$filter={collection}/any(s:s/sk_quantity gt 5)")["value"] == []
    assert crm.get(f"accounts?$filter={collection}/all(s:s/sk_quantity gt 1)")["value"] == []


def test_expand_gives_the_row_that_a_lookup_names(crm, subscriptions, account):
    row = crm.get(f"sk_subscriptions({subscriptions[0]})?$expand=sk_accountid($select=name)")
    assert row["sk_accountid"]["name"] == "Contoso"
    assert row["sk_accountid"]["accountid"] == account


def test_expand_gives_the_chosen_rows_of_a_collection(crm, subscriptions, account):
    options = "$select=sk_quantity;$filter=sk_quantity gt 1;$orderby=sk_quantity desc;$top=2"
    name = "sk_subscription_sk_accountid_account"
    row = crm.get(f"accounts({account})?$select=name&$expand={name}({options})")
    assert [member["sk_quantity"] for member in row[name]] == [5, 4]


def test_counts_come_as_text_and_beside_the_rows(crm, subscriptions):
    assert crm.send("GET", "sk_subscriptions/$count").data == b"5"
    assert crm.send("GET", "sk_subscriptions/$count?$filter=sk_quantity lt 3").data == b"2"
    assert crm.get("sk_subscriptions?$count=true&$top=1")["@odata.count"] == 5


def test_a_known_version_is_answered_with_304(crm, account):
    etag = crm.get(f"accounts({account})")["@odata.etag"]
    url = f"accounts({account})"
    assert crm.send("GET", url, headers={"If-None-Match": etag}).status_code == 304
    assert crm.send("GET", url, headers={"If-None-Match": "null"}).status_code == 200


def test_annotations_come_only_when_they_are_preferred(crm, subscriptions, account):
    url = f"sk_subscriptions({subscriptions[0]})?$select=statuscode,_sk_accountid_value,createdon"
    plain = crm.get(url)
    assert [name for name in plain if "@" in name[1:]] == []
    rich = crm.get(url, Prefer='odata.include-annotations="*"')
    formatted = "OData.Community.Display.V1.FormattedValue"
    assert rich[f"statuscode@{formatted}"] == "Active"
    assert rich[f"_sk_accountid_value@{formatted}"] == "Contoso"
    assert rich["_sk_accountid_value@Microsoft.Dynamics.CRM.lookuplogicalname"] == "account"
    assert rich[f"createdon@{formatted}"] == "6/16/2025 9:30 AM"


def test_one_column_can_be_read_alone(crm, subscriptions):
    assert crm.get(f"sk_subscriptions({subscriptions[1]})/sk_quantity")["value"] == 2
    assert crm.send("GET", f"sk_subscriptions({subscriptions[1]})/sk_name/$value").data == b"Plan 2"
    assert crm.send("GET", f"sk_subscriptions({subscriptions[1]})/sk_offerid").status_code == 204


def test_navigation_leads_to_a_row_or_to_rows(crm, subscriptions, account):
    assert crm.get(f"sk_subscriptions({subscriptions[0]})/sk_accountid")["accountid"] == account
    answer = crm.get(f"accounts({account})/sk_subscription_sk_accountid_account?$select=sk_name")
    assert len(answer["value"]) == 5


def test_a_key_value_with_a_quote_and_a_slash_is_one_segment(crm, world):
    world.settings.key_values_to_avoid_work = True
    row = crm.create("accounts", name="Odd", sk_customertenantid="a/b'c")
    found = crm.get("accounts(sk_customertenantid='a%2Fb''c')")
    assert found["accountid"] == row


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example:8443/api/data/v8.2/accounts",
        "https://crm.example:8443/api/data/accounts",
    ],
)
def test_another_version_is_not_understood(crm, url):
    assert crm.refusal("GET", url) == (400, "0x80060888")


@pytest.mark.parametrize("root", ["/api/data/v9.2/", "/api/data/v9.2", "/api/data/v9.1"])
def test_the_service_document_names_the_sets(crm, root):
    sets = [s["name"] for s in crm.get(f"https://crm.example:8443{root}")["value"]]
    assert "sk_billingcontracts" in sets


def test_a_verb_that_a_set_does_not_know_is_refused(crm):
    assert crm.refusal("DELETE", "accounts")[0] == 405
