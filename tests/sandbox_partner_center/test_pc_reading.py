"""Paging, filters, audit records, headers and the error table (partner-center.md 2, 3.5, 5, 6)."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from sandbox import tokens
from tests.sandbox_partner_center.partner_reach import (
    CUSTOMER,
    LEGACY,
    ORIGIN,
    SCOPE,
    C,
    Partner,
    path_of,
    refusal,
)

# partner-center.md 5: what the sandbox answers only when a fault rule asks for it
TABLE = [
    (400, 2006),
    (400, 2054),
    (400, 800042),
    (400, 800062),
    (400, 800085),
    (400, 800097),
    (400, 800098),
    (400, 900244),
    (400, 900275),
    (400, 900279),
    (400, 900280),
    (400, 900419),
    (403, 2006),
    (403, 800027),
    (403, 800067),
    (403, 800089),
    (403, 900115),
    (403, 900308),
    (403, 900309),
    (403, 900416),
    (409, 800060),
    (409, 800064),
    (409, 900278),
    (417, 800036),
    (500, 800003),
    (500, 800031),
    (500, 800094),
]


def customers(partner: Partner, *names: str) -> None:
    for number, name in enumerate(names):
        made = {"id": f"c{number}", "companyName": name, "associatedPartnerId": f"{number}00"}
        partner.control("POST", "partner-center/customers", made)


def filtered(path: str, **wanted: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}filter={quote(json.dumps(wanted))}"


@pytest.mark.parametrize("pair", TABLE, ids=str)
def test_5_every_row_of_the_error_table_can_be_ordered(
    partner: Partner, pair: tuple[int, int]
) -> None:
    bought = partner.buy()
    rule = {"service": "partner_center", "method": "PATCH", "status": pair[0], "code": pair[1]}
    partner.control("POST", "faults", {"rules": [rule | {"times": 1}]})

    assert refusal(partner.patch(bought, {"quantity": 12})) == pair
    assert partner.read(bought) == bought


def test_5_a_code_needs_a_status_and_partner_center(partner: Partner) -> None:
    for rule in ({"status": 400, "code": 1}, {"service": "partner_center", "code": 1}):
        answer = partner.session.post(
            f"{ORIGIN}/_sandbox/faults",
            json={"rules": [{"drop": "after_commit"} | rule]},
            timeout=5,
        )
        assert answer.status_code == 400


@pytest.mark.parametrize(
    ("path", "pair"),
    [
        (f"{C}/subscriptions/x", (404, 20003)),
        ("/v1/customers/x", (404, 60003)),
        ("/v1/nothing", (404, 1000)),
        (f"{C}/orders/x", (404, 20003)),
        (f"{C}/carts/x", (404, 1000)),
        (f"{C}/subscriptions/x/addons", (404, 20003)),
        ("/v1/auditrecords/x", (404, 1000)),
    ],
)
def test_5_what_is_not_there_is_404(partner: Partner, path: str, pair: tuple[int, int]) -> None:
    assert refusal(partner.call("GET", path)) == pair


def test_5_a_customer_without_relationship_is_refused(partner: Partner) -> None:
    lost = {"id": "c9", "relationshipToPartner": "none"}
    partner.control("POST", "partner-center/customers", lost)

    for path in ("subscriptions", "orders", "subscriptions/customTermEndDates"):
        assert refusal(partner.call("GET", f"/v1/customers/c9/{path}")) == (403, 20002)


def test_5_a_401_says_the_realm_beside_the_error(partner: Partner) -> None:
    answer = partner.session.get(ORIGIN + C, timeout=5)

    assert refusal(answer) == (401, 800001)
    realm = f"OAuth realm=urn:cpsvc:cpid:{partner.world.tenant_id}"
    assert answer.headers["WWW-Authenticate"] == realm


@pytest.mark.parametrize("size", ["", "?size=0"])
def test_6_all_customers_come_when_no_size_is_given(partner: Partner, size: str) -> None:
    customers(partner, "A", "B", "D")

    found = partner.get(f"/v1/customers{size}")

    assert (found["totalCount"], len(found["items"])) == (4, 4)
    assert "continuationToken" not in found


def test_6_customers_are_paged_by_a_token_that_goes_into_a_header(partner: Partner) -> None:
    customers(partner, "A", "B", "D")
    seen: list[str] = []
    page = partner.get("/v1/customers?size=3")
    while token := page.get("continuationToken"):
        seen += [item["id"] for item in page["items"]]
        path = "/v1/customers?size=3&seekOperation=Next"
        page = partner.get(path, **{"MS-ContinuationToken": token})
    seen += [item["id"] for item in page["items"]]

    assert seen == [CUSTOMER, "c0", "c1", "c2"]
    assert partner.get("/v1/customers?size=3&seekOperation=First")["items"][0]["id"] == CUSTOMER
    bad = partner.call("GET", "/v1/customers?seekOperation=Next", **{"MS-ContinuationToken": "?"})
    assert refusal(bad) == (400, 3000)
    assert refusal(partner.call("GET", "/v1/customers?seekOperation=Last")) == (400, 3000)


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("CompanyName", "con", ["c0"]),
        ("Domain", "fabrikam", [CUSTOMER]),
        ("IndirectReseller", "100", ["c1"]),
        ("IndirectCloudSolutionProvider", "000", ["c0"]),
    ],
)
def test_6_customers_are_filtered_by_the_start_of_a_field(
    partner: Partner, field: str, value: str, found: list[str]
) -> None:
    customers(partner, "Contoso", "Adatum")
    path = filtered("/v1/customers", Field=field, Value=value, Operator="starts_with")

    items = partner.get(path)["items"]

    assert [item["id"] for item in items] == found
    resellers = {CUSTOMER: None, "c0": "000", "c1": "100"}
    assert [item.get("associatedPartnerId") for item in items] == [resellers[x] for x in found]


def test_6_a_filter_stays_in_the_link_to_the_next_page(partner: Partner) -> None:
    customers(partner, "Contoso", "Contoso 2", "Adatum", "Contoso 3")
    path = filtered("/v1/customers?size=2", Field="CompanyName", Value="contoso")

    link = partner.get(path)["links"]["next"]
    token = {header["key"]: header["value"] for header in link["headers"]}
    second = partner.get(f"/v1{link['uri']}", **token)

    assert [item["id"] for item in second["items"]] == ["c3"]


def test_6_subscriptions_of_a_reseller_are_paged_by_offset(partner: Partner) -> None:
    partner.buy()
    made = [partner.buy(partnerId="4847383") for _ in range(3)]

    found = partner.get(f"{C}/subscriptions?mpn_id=4847383&offset=1&size=1")

    assert found["items"] == [made[1]]
    assert refusal(partner.call("GET", f"{C}/subscriptions?mpn_id=1&offset=x")) == (400, 3000)


def test_3_5_audit_records_go_back_90_days_and_30_without_a_date(partner: Partner) -> None:
    bought = partner.buy()
    partner.wait(31 * 86_400)
    partner.by_hand(bought, quantity=7)

    def types(query: str = "") -> list[str]:
        found = partner.get(f"/v1/auditrecords{query}")["items"]
        return [item["operationType"] for item in found]

    assert types() == ["update_subscription"]
    assert types("?startDate=2026-06-16") == ["update_subscription", "create_order"]
    assert types("?startDate=2026-06-16&endDate=2026-06-16") == ["create_order"]
    assert types("?startDate=2026-04-18")[-1] == "create_order"
    early = partner.call("GET", "/v1/auditrecords?startDate=2026-04-17")
    assert refusal(early) == (400, 3000)


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"Field": "CompanyName", "Value": "brik", "Operator": "substring"}, 2),
        ({"Field": "CompanyName", "Value": "brik", "Operator": "equals"}, 0),
        ({"Field": "CustomerId", "Value": CUSTOMER.upper(), "Operator": "equals"}, 2),
        ({"Field": "ResourceType", "Value": "Subscription", "Operator": "equals"}, 1),
    ],
)
def test_3_5_audit_records_are_filtered(
    partner: Partner, wanted: dict[str, str], count: int
) -> None:
    partner.by_hand(partner.buy(), quantity=7)

    assert partner.get(filtered("/v1/auditrecords", **wanted))["totalCount"] == count


@pytest.mark.parametrize(
    "wanted",
    [{"Field": "Price", "Value": "1"}, {"Field": "CustomerId", "Value": "1", "Operator": "like"}],
)
def test_3_5_an_unknown_filter_is_refused(partner: Partner, wanted: dict[str, str]) -> None:
    assert refusal(partner.call("GET", filtered("/v1/auditrecords", **wanted))) == (400, 3000)


def test_3_5_audit_records_are_paged_newest_first(partner: Partner) -> None:
    bought = partner.buy()
    for quantity in (7, 8):
        partner.wait(60)
        partner.by_hand(bought, quantity=quantity)

    first = partner.get("/v1/auditrecords?size=2")
    following = "/v1/auditrecords?size=2&seekOperation=Next"
    second = partner.get(following, **{"MS-ContinuationToken": first["continuationToken"]})

    dates = [item["operationDate"] for item in first["items"] + second["items"]]
    assert dates == sorted(dates, reverse=True)
    assert len(dates) == 3
    one = first["items"][0]
    assert partner.get(f"/v1/auditrecords/{one['id']}") == one


def test_3_5_audit_records_can_be_late(partner: Partner) -> None:
    partner.settings(partner_audit_delay_seconds=60)
    partner.buy()
    assert partner.get("/v1/auditrecords")["items"] == []
    partner.wait(60)
    assert partner.get("/v1/auditrecords")["totalCount"] == 1


def test_3_5_what_the_clock_changes_is_audited_under_microsofts_application(
    partner: Partner,
) -> None:
    partner.buy(commitmentEndDate="2026-06-20")
    partner.at("2026-06-21T00:00:00Z")

    record = partner.get("/v1/auditrecords")["items"][0]

    assert record["applicationId"] == "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"


def test_3_5_a_person_through_an_application_is_named_with_it(partner: Partner) -> None:
    bought = partner.buy()
    partner.call("PATCH", path_of(bought), bought | {"quantity": 12}, person=True)

    record = partner.get("/v1/auditrecords")["items"][0]

    assert record["userPrincipalName"] == "alex.wilber@partner.example"
    assert record["applicationId"] == partner.world.client_id


def test_3_5_the_person_is_a_user_principal_name_however_the_setting_names_them(
    partner: Partner,
) -> None:
    bought = partner.buy()
    for person in ("Megan Bowen", "megan@fabrikam.example"):
        partner.settings(person=person)
        partner.by_hand(bought, quantity=bought["quantity"] + len(person))

    named = [item["userPrincipalName"] for item in partner.get("/v1/auditrecords")["items"][:2]]

    assert named == ["megan@fabrikam.example", "megan.bowen@partner.example"]


def test_3_5_an_accepted_change_is_audited_under_who_asked_for_it(partner: Partner) -> None:
    partner.settings(accepted_seconds=30)
    bought = partner.buy()
    body, name = bought | {"quantity": 12}, {"MS-CorrelationId": "c-1"}
    partner.call("PATCH", path_of(bought), body, person=True, **name)
    partner.wait(30)

    record = partner.get("/v1/auditrecords")["items"][0]

    assert record["userPrincipalName"] == "alex.wilber@partner.example"
    assert record["applicationId"] == partner.world.client_id
    assert record["originalCorrelationId"] == "c-1"


@pytest.mark.parametrize("written", [False, True])
def test_3_5_a_refused_change_can_leave_a_record_that_failed(
    partner: Partner, *, written: bool
) -> None:
    partner.settings(audit_refusals=written)
    bought = partner.buy()
    assert refusal(partner.patch(bought, bought | {"quantity": 9})) == (400, 800090)

    found = partner.get("/v1/auditrecords")["items"]

    assert [item["operationStatus"] for item in found] == ["failed"] * written + ["succeeded"]
    values = [
        json.loads(found[0][name]) for name in ("resourceOldValue", "resourceNewValue") if written
    ]
    assert all(value["Quantity"] == 10 for value in values)
    assert partner.read(bought) == bought


def test_3_5_a_record_names_the_kind_of_operation(partner: Partner) -> None:
    bought, legacy, trial = partner.buy(), partner.buy(**LEGACY), partner.buy(isTrial=True)
    target = {"toCatalogItemId": "CFQ7TTC0LFLX:0001:CFQ7TTC0K39X"}
    partner.call("POST", f"{path_of(bought)}/transitions", target | {"quantity": 4})
    order = f"{C}/orders/{legacy['orderId']}"
    partner.call("PATCH", order, {"BillingCycle": "Annual"})
    partner.call("POST", f"{path_of(trial)}/conversions", {}, person=True)
    partner.patch(legacy, {"friendlyName": "Mail"})

    found = partner.get("/v1/auditrecords?size=5")["items"]

    assert [(item["operationType"], item["resourceType"]) for item in found] == [
        ("update_subscription", "subscription"),
        ("convert_trial_subscription", "subscription"),
        ("update_order", "order"),
        ("upgrade_subscription", "subscription"),
        ("create_order", "order"),
    ]
    assert json.loads(found[2]["resourceNewValue"])["BillingCycle"] == "annual"


@pytest.mark.parametrize(("amr", "told"), [(["pwd", "mfa"], "true"), (["pwd"], "false")])
def test_1_the_mfa_self_test_answers_in_a_header(
    partner: Partner, amr: list[str], told: str
) -> None:
    claims = tokens.person_claims(partner.world, SCOPE) | {"amr": amr}
    token = tokens.issue(partner.world, f"{ORIGIN}/", claims)
    asked = {"Authorization": f"Bearer {token}", "ValidateMfa": "true"}

    answer = partner.session.get(ORIGIN + C, headers=asked, timeout=5)

    assert answer.headers["isMfaCompliant"] == told
    assert "isMfaCompliant" not in partner.call("GET", C, person=True).headers
    assert "isMfaCompliant" not in partner.call("GET", C, ValidateMfa="true").headers


def test_1_only_a_person_reads_the_support_contact(partner: Partner) -> None:
    path = f"{path_of(partner.buy())}/supportcontact"

    assert refusal(partner.call("GET", path)) == (403, 900329)
    found = partner.call("GET", path, person=True).json()
    assert found["attributes"] == {"objectType": "SupportContact"}


def test_2_the_contract_version_need_not_be_sent(partner: Partner) -> None:
    assert (
        partner.call("GET", C).content
        == partner.call("GET", C, **{"MS-Contract-Version": "v1"}).content
    )


def test_2_empty_properties_can_be_left_out(partner: Partner) -> None:
    bought = partner.buy()
    partner.settings(partner_center_omits_empty=True)

    thin = partner.read(bought)

    assert {name for name, value in bought.items() if value is None} == set(bought) - set(thin)
    assert None not in thin.values()


def test_2_ids_are_compared_without_case(partner: Partner) -> None:
    bought = partner.buy(**LEGACY, id="83EF9D05-4169-4EF9-9657-0E86B1EAB1DE")

    found = partner.get(f"/v1/customers/{CUSTOMER.upper()}/subscriptions/{bought['id'].lower()}")

    assert found["id"] == "83EF9D05-4169-4EF9-9657-0E86B1EAB1DE"


def test_2_a_request_body_may_begin_with_a_bom(partner: Partner) -> None:
    bought = partner.buy()
    body = b"\xef\xbb\xbf" + json.dumps({**bought, "quantity": 11}).encode()
    url = ORIGIN + path_of(bought)

    answer: Any = partner.session.patch(url, data=body, headers=partner.bearer(), timeout=5)

    assert answer.json()["quantity"] == 11
