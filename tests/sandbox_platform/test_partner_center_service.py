"""Partner Center besides the PATCH: reading, audit, by hand, the form of answers, time."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.sandbox_platform.reach import Buy, Client

CUSTOMER = "/v1/customers/c0000000-0000-4000-8000-000000000001"


def read(client: Client, bought: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.call("GET", "/v1" + bought["links"]["self"]["uri"]).json()
    return found


def by_hand(client: Client, bought: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    path = f"partner-center/subscriptions/{bought['id']}"
    answer = client.control("PATCH", path, changes)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    return changed


def at(client: Client, instant: str) -> None:
    client.control("POST", "clock", {"now": instant})


def test_a_bought_subscription_has_believable_values(buy: Buy) -> None:
    made = buy()

    assert made["status"] == "active"
    assert made["offerId"].count(":") == 2
    assert made["effectiveStartDate"] == "2026-01-10T00:00:00Z"
    assert made["commitmentEndDate"] == "2027-01-09T00:00:00Z"
    assert made["commitmentEndDateTime"] == "2027-01-09T23:59:59Z"
    assert made["cancellationAllowedUntilDate"] is None
    assert made["productType"]["id"] == "OnlineServicesNCE"
    assert made["attributes"] == {"objectType": "Subscription"}


def test_given_fields_come_back_as_they_were_given(client: Client, buy: Buy) -> None:
    given = {
        "id": "AAAAAAAA-0000-4000-8000-000000000001",
        "friendlyName": "Mail",
        "quantity": 3,
        "billingCycle": "annual",
        "termDuration": "P3Y",
        "commitmentEndDate": "2028-12-31T00:00:00Z",
        "cancellationAllowedUntilDate": "2026-06-20T00:00:00Z",
        "partnerId": "517285",
        "entitlementId": "E-1",
    }

    made = buy(**given)

    assert {name: made[name] for name in given} == given
    assert read(client, made) == made
    lower = f"{CUSTOMER}/subscriptions/{made['id'].lower()}"
    assert client.call("GET", lower).json() == made


def test_all_subscriptions_of_a_customer_come_in_one_document(client: Client, buy: Buy) -> None:
    made = [buy(), buy(status="expired")]

    answer = client.call("GET", f"{CUSTOMER}/subscriptions").json()

    assert answer["items"] == made
    assert answer["totalCount"] == 2
    assert answer["attributes"] == {"objectType": "Collection"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        pytest.param(f"{CUSTOMER}/subscriptions/x", 404, 20003, id="a subscription"),
        pytest.param("/v1/customers/x/subscriptions", 404, 60003, id="a customer"),
        pytest.param("/v1/offers", 404, 1000, id="what is not emulated"),
        pytest.param("/v1/customers?size=many", 400, 3000, id="a size"),
        pytest.param("/v1/auditrecords?startDate=2026-01-01", 400, 3000, id="old records"),
    ],
)
def test_what_is_not_there(client: Client, buy: Buy, path: str, status: int, code: int) -> None:
    buy()
    refused = client.call("GET", path)

    assert (refused.status_code, refused.json()["code"]) == (status, code)


def test_a_customer_without_relationship_is_refused(client: Client) -> None:
    body = {"id": "c2", "relationshipToPartner": "none"}
    client.control("POST", "partner-center/customers", body)

    refused = client.call("GET", "/v1/customers/c2/subscriptions")

    assert (refused.status_code, refused.json()["code"]) == (403, 20002)


def test_a_subscription_is_found_under_its_own_customer_only(client: Client, buy: Buy) -> None:
    made = buy()
    client.control("POST", "partner-center/customers", {"id": "c2"})

    refused = client.call("GET", f"/v1/customers/c2/subscriptions/{made['id']}")

    assert refused.json()["code"] == 20003


def test_customers_are_paged_by_a_token_in_a_header(client: Client) -> None:
    for number in range(5):
        client.control("POST", "partner-center/customers", {"id": f"c{number}"})

    first = client.call("GET", "/v1/customers?size=3").json()
    link = first["links"]["next"]
    headers = {header["key"]: header["value"] for header in link["headers"]}
    second = client.call("GET", f"/v1{link['uri']}", headers=headers).json()

    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == ["c0", "c1", "c2", "c3", "c4"]
    assert "next" not in second["links"]
    assert client.call("GET", "/v1/customers?size=0").json()["totalCount"] == 5


def test_customers_are_found_by_the_start_of_their_name(client: Client) -> None:
    for name in ("Contoso", "Fabrikam"):
        client.control("POST", "partner-center/customers", {"companyName": name})
    wanted = {"Field": "CompanyName", "Value": "fab", "Operator": "starts_with"}

    found = client.call("GET", f"/v1/customers?filter={quote(json.dumps(wanted))}").json()

    assert [item["companyProfile"]["companyName"] for item in found["items"]] == ["Fabrikam"]


def test_request_and_correlation_ids_are_echoed(client: Client) -> None:
    ids = {"MS-RequestId": "r-1", "MS-CorrelationId": "c-1"}

    answer = client.call("GET", "/v1/customers", headers=ids)

    assert {name: answer.headers[name] for name in ids} == ids
    assert {"MS-CV", "MS-ServerId", "Request-Context"} <= set(answer.headers)


def test_bodies_can_begin_with_a_bom_and_have_crlf(client: Client) -> None:
    client.control("POST", "settings", {"partner_center_bom": True, "partner_center_crlf": True})

    for path in ("/v1/customers", "/v1/customers/unknown"):
        body = client.call("GET", path).content
        assert body.startswith(b"\xef\xbb\xbf{\r\n  ")
        assert json.loads(body.decode("utf-8-sig"))


def test_provisioning_status_refuses_an_application(client: Client, buy: Buy) -> None:
    refused = client.call("GET", f"{CUSTOMER}/subscriptions/{buy()['id']}/provisioningstatus")

    assert (refused.status_code, refused.json()["code"]) == (403, 900329)


def test_a_change_by_hand_is_audited_under_a_person(client: Client, buy: Buy) -> None:
    made = buy()
    by_hand(client, made, {"quantity": 7})

    record = client.call("GET", "/v1/auditrecords").json()["items"][0]

    assert record["userPrincipalName"] == "alex.wilber@partner.example"
    assert "applicationId" not in record
    assert json.loads(record["resourceNewValue"])["Quantity"] == 7
    commit = [entry for entry in client.journal() if entry["type"] == "commit"][-1]
    assert commit["client"] == "Alex Wilber"


def test_a_suspend_by_hand_has_the_effects_of_the_portal(client: Client, buy: Buy) -> None:
    made = buy()

    after = by_hand(client, made, {"status": "suspended"})

    assert (after["autoRenewEnabled"], after["refundableQuantity"]) == (False, None)
    assert after["suspensionReasons"] == ["CustomerCancellation"]
    assert by_hand(client, made, {"status": "active"})["suspensionReasons"] == []


def test_a_change_by_hand_of_nothing_known_is_refused(client: Client, buy: Buy) -> None:
    path = f"partner-center/subscriptions/{buy()['id']}"

    for body in ({"state": "x"}, {"quantity": -1}, {"id": "other"}, {"status": "paused"}):
        assert client.control("PATCH", path, body).status_code == 400
    assert client.control("PATCH", "partner-center/subscriptions/x", {}).status_code == 404


def test_control_reads_a_subscription_without_a_token(client: Client, buy: Buy) -> None:
    made = buy()

    assert client.control("GET", f"partner-center/subscriptions/{made['id']}").json() == made
    assert client.control("GET", "partner-center/subscriptions/x").status_code == 404


def test_audit_records_can_be_filtered_and_paged(client: Client, buy: Buy) -> None:
    made = [buy(), buy()]
    client.control("POST", "clock", {"advance_seconds": 86_400})
    by_hand(client, made[1], {"quantity": 7})
    wanted = {"Field": "ResourceType", "Value": "Subscription", "Operator": "equals"}

    def types(query: str) -> list[str]:
        found = client.call("GET", f"/v1/auditrecords?{query}").json()["items"]
        return [item["resourceType"] for item in found]

    assert types("size=2") == ["subscription", "order"]
    assert types(f"filter={quote(json.dumps(wanted))}") == ["subscription"]
    assert types("startDate=2026-06-16&endDate=2026-06-16") == ["order", "order"]
    assert types("startDate=2026-06-17") == ["subscription"]


def test_audit_records_can_be_late(client: Client, buy: Buy) -> None:
    client.control("POST", "settings", {"partner_audit_delay_seconds": 60})
    buy()

    assert client.call("GET", "/v1/auditrecords").json()["items"] == []
    client.wall.advance(60)
    assert len(client.call("GET", "/v1/auditrecords").json()["items"]) == 1


def test_a_term_renews_at_midnight_after_its_inclusive_end(client: Client, buy: Buy) -> None:
    planned = {"quantity": 4, "product": {"termDuration": "P1M", "billingCycle": "Monthly"}}
    made = buy(commitmentEndDate="2026-06-20T00:00:00Z", scheduledNextTermInstructions=planned)

    at(client, "2026-06-20T23:59:59Z")
    assert read(client, made)["quantity"] == 10
    at(client, "2026-06-21T00:00:00Z")

    renewed = read(client, made)
    assert (renewed["status"], renewed["quantity"], renewed["termDuration"]) == ("active", 4, "P1M")
    assert renewed["effectiveStartDate"] == "2026-06-21T00:00:00Z"
    assert renewed["commitmentEndDate"] == "2026-07-20T00:00:00Z"
    assert renewed["cancellationAllowedUntilDate"] == "2026-06-28T00:00:00Z"
    assert renewed["scheduledNextTermInstructions"] is None
    commit = [entry for entry in client.journal() if entry["type"] == "commit"][-1]
    assert (commit["client"], commit["after"]["quantity"]) == ("microsoft", 4)


@pytest.mark.parametrize(
    ("fields", "day", "status"),
    [
        pytest.param({"autoRenewEnabled": False}, "2026-06-21", "expired", id="without renewal"),
        pytest.param({"autoRenewEnabled": False}, "2026-07-21", "disabled", id="30 days later"),
        pytest.param({"autoRenewEnabled": False}, "2026-10-19", "deleted", id="90 days after that"),
        pytest.param({"status": "suspended"}, "2026-06-21", "disabled", id="suspended"),
        pytest.param({"status": "suspended"}, "2026-06-20", "suspended", id="suspended, last day"),
        pytest.param({"termDuration": "P1M"}, "2026-09-21", "active", id="three renewals"),
    ],
)
def test_what_time_makes_of_a_subscription_that_ends_on_20_june(
    client: Client, buy: Buy, fields: dict[str, Any], day: str, status: str
) -> None:
    made = buy(commitmentEndDate="2026-06-20T00:00:00Z", **fields)

    at(client, f"{day}T00:00:00Z")

    assert read(client, made)["status"] == status


def test_a_legacy_term_ends_at_its_end_date_and_lapses(client: Client, buy: Buy) -> None:
    ends = {"commitmentEndDate": "2026-06-20T00:00:00Z", "autoRenewEnabled": False}
    made = buy(offerId="C0BD2E08-11AC-4836-BDC7-3712E744922F", **ends)

    at(client, "2026-06-19T23:59:59Z")
    assert read(client, made)["status"] == "active"
    at(client, "2026-06-20T00:00:00Z")
    assert read(client, made)["status"] == "suspended"
    assert read(client, made)["suspensionReasons"] == ["Expiration"]


def test_a_suspended_legacy_subscription_is_deleted_after_90_days(client: Client, buy: Buy) -> None:
    made = buy(offerId="C0BD2E08-11AC-4836-BDC7-3712E744922F", status="suspended")

    at(client, "2026-09-14T08:59:59Z")
    assert read(client, made)["status"] == "suspended"
    at(client, "2026-09-14T09:00:01Z")
    assert read(client, made)["status"] == "deleted"


def test_a_renewal_in_progress_refuses_edits(client: Client, buy: Buy) -> None:
    client.control("POST", "settings", {"renewal_seconds": 3600})
    made = buy(commitmentEndDate="2026-06-20T00:00:00Z")
    at(client, "2026-06-21T00:30:00Z")

    path = "/v1" + made["links"]["self"]["uri"]
    refused = client.call("PATCH", path, json=made | {"status": "suspended"})
    assert (refused.status_code, refused.json()["code"]) == (409, 800082)

    at(client, "2026-06-21T01:00:00Z")
    assert client.call("PATCH", path, json=made | {"status": "suspended"}).status_code == 200


def test_with_extended_service_terms_an_end_needs_a_cancel_action(client: Client, buy: Buy) -> None:
    client.control("POST", "settings", {"extended_service_terms": True})
    ends = {"commitmentEndDate": "2026-06-20T00:00:00Z", "autoRenewEnabled": False}
    rolls = buy(**ends)
    stops = buy(**ends, scheduledActions=[{"scheduleType": "TermEnd", "actionType": "Cancel"}])

    at(client, "2026-06-21T00:00:00Z")

    assert (read(client, rolls)["status"], read(client, rolls)["termDuration"]) == ("active", "P1M")
    assert read(client, stops)["status"] == "expired"


def test_a_shorter_life_of_expired_subscriptions_takes_effect_at_once(
    client: Client, buy: Buy
) -> None:
    made = buy(commitmentEndDate="2026-06-20T00:00:00Z", autoRenewEnabled=False)
    at(client, "2026-06-23T00:00:00Z")
    assert read(client, made)["status"] == "expired"

    client.control("POST", "settings", {"expired_days": 1})

    assert read(client, made)["status"] == "disabled"
