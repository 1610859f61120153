"""What surrounds subscriptions: licences, resellers, links, upgrades (partner-center.md 3.1)."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from tests.sandbox_partner_center.partner_reach import (
    LEGACY,
    OFFER,
    ORIGIN,
    C,
    Partner,
    path_of,
    refusal,
)

E1 = "91FD106F-4B2C-4938-95AC-F54F74E9A239"


def test_1_licences_are_read_by_a_person_only(partner: Partner) -> None:
    assert refusal(partner.call("GET", f"{C}/subscribedskus")) == (403, 900329)
    assert partner.call("GET", f"{C}/subscribedskus", person=True).json()["items"] == []


def test_4_1_licences_say_which_seats_users_can_use(partner: Partner) -> None:
    seats = {"active": 10, "suspended": 4, "expired": 3, "disabled": 2, "deleted": 1}
    for status, quantity in seats.items():
        partner.buy(status=status, quantity=quantity)
    partner.buy(offerId="CFQ7TTC0LFLX:0001:CFQ7TTC0K39X", status="suspended", quantity=5)

    found = partner.call("GET", f"{C}/subscribedskus", person=True).json()["items"]

    counted = ("totalUnits", "activeUnits", "suspendedUnits", "warningUnits", "capabilityStatus")
    assert [tuple(item[name] for name in counted) for item in found] == [
        (13, 10, 4, 3, "Enabled"),
        (0, 0, 5, 0, "Suspended"),
    ]


def test_3_1_resellers_are_those_of_the_customers(partner: Partner) -> None:
    assert partner.get("/v1/relationships")["items"] == []
    for number, reseller in enumerate(("48", "12", "48")):
        body = {"id": f"c{number}", "associatedPartnerId": reseller}
        partner.control("POST", "partner-center/customers", body)

    assert [item["mpnId"] for item in partner.get("/v1/relationships")["items"]] == ["12", "48"]


def test_3_1_entitlements_are_what_is_no_online_service(partner: Partner) -> None:
    partner.buy()
    software = partner.buy(productType={"id": "Software", "displayName": "Software"})

    found = partner.get(f"{C}/entitlements")["items"]

    assert [item["entitledArtifacts"][0]["resourceId"] for item in found] == [software["id"]]
    assert found[0]["entitlementType"] == "software"


@pytest.mark.parametrize(("is_ours", "count"), [(True, 0), (False, 1)])
def test_3_1_only_products_of_others_have_activation_links(
    partner: Partner, *, is_ours: bool, count: int
) -> None:
    bought = partner.buy(isMicrosoftProduct=is_ours)
    line = f"{C}/orders/{bought['orderId']}/lineitems"

    assert bought["isMicrosoftProduct"] is is_ours
    assert ("activationLinks" in bought["links"]) is not is_ours
    for path in (f"{path_of(bought)}/activationlinks", f"{line}/0/activationlinks"):
        assert partner.get(path)["totalCount"] == count
    assert partner.get(f"{line}/1/activationlinks")["totalCount"] == 0


def test_3_2_links_name_the_base_and_the_entitlement(partner: Partner) -> None:
    base = partner.buy(entitlementId="E-1")
    add_on = partner.buy(parentSubscriptionId=base["id"])

    assert add_on["links"]["parentSubscription"]["uri"] == base["links"]["self"]["uri"]
    assert "entitlement" in base["links"]
    assert {"parentSubscription", "entitlement"} & set(partner.buy()["links"]) == set()


def test_3_1_a_registration_is_accepted_and_its_status_is_read(partner: Partner) -> None:
    bought = partner.buy()
    path = path_of(bought)
    assert partner.get(f"{path}/registrationstatus")["status"] == "NotRegistered"

    answer = partner.call("POST", f"{path}/registrations", {})

    assert (answer.status_code, answer.content) == (202, b"")
    status = f"/v1{answer.headers['Location']}"
    assert status == f"{path}/registrationstatus"
    assert partner.get(status)["status"] == "Registered"
    other = path_of(partner.buy())
    assert partner.get(f"{other}/registrationstatus")["status"] == "NotRegistered"


def test_3_1_a_legacy_subscription_is_upgraded_to_another_one(partner: Partner) -> None:
    bought = partner.buy(**LEGACY)
    path = f"{path_of(bought)}/upgrades"
    target = {"TargetOffer": {"Id": E1.lower()}}

    answer = partner.call("POST", path, target)

    made = answer.json()
    new = partner.get(f"{C}/subscriptions/{made['targetSubscriptionId']}")
    assert (made["sourceSubscriptionId"], made["upgradeType"]) == (bought["id"], "upgrade_only")
    assert (new["offerId"], new["quantity"], new["status"]) == (E1, 10, "active")
    assert partner.read(bought)["status"] == "deleted"
    assert refusal(partner.call("POST", path, target)) == (400, 800062)
    kinds = [item["operationType"] for item in partner.get("/v1/auditrecords")["items"]]
    assert "upgrade_subscription" in kinds


def test_3_1_upgrades_are_for_active_legacy_subscriptions(partner: Partner) -> None:
    modern, legacy = partner.buy(), partner.buy(**LEGACY)
    held = partner.buy(**LEGACY, status="suspended")

    def eligible(bought: dict[str, Any]) -> list[bool]:
        found = partner.get(f"{path_of(bought)}/upgrades")["items"]
        assert all(bool(item["upgradeErrors"]) is not item["isEligible"] for item in found)
        return [item["isEligible"] for item in found]

    assert (eligible(modern), eligible(legacy), eligible(held)) == ([], [True] * 2, [False] * 2)
    path = f"{path_of(legacy)}/upgrades"
    assert refusal(partner.call("POST", path, {"targetOffer": {"id": "x"}})) == (400, 3000)
    refused = partner.call("POST", f"{path_of(modern)}/upgrades", {"targetOffer": {"id": E1}})
    assert refusal(refused) == (400, 800062)


def test_3_6_the_statement_is_a_pdf_for_a_person_only(partner: Partner) -> None:
    path = "/v1/invoices/G202605/documents/statement"
    assert refusal(partner.call("GET", path)) == (403, 900329)

    answer = partner.call("GET", path, person=True)

    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    other = partner.call("GET", path.replace("G202605", "G1"), person=True)
    assert refusal(other) == (404, 1000)


def test_3_4_a_new_invoice_is_told_when_its_month_is_over(partner: Partner) -> None:
    sent: list[dict[str, Any]] = []

    def carry(_: str, body: bytes, __: object) -> int:
        sent.append(json.loads(body))
        return 200

    partner.app.postman.carry = carry
    hook = {"WebhookUrl": "https://daemon.example/hook", "WebhookEvents": ["invoice-ready"]}
    partner.call("POST", "/webhooks/v1/registration", hook)
    partner.at("2026-06-30T23:59:59Z")
    assert sent == []
    partner.at("2026-07-01T00:00:00Z")
    partner.at("2026-07-02T00:00:00Z")

    assert [event["ResourceUri"] for event in sent] == [f"{ORIGIN}/v1/invoices/G202606"]
    assert (sent[0]["EventName"], sent[0]["AuditUri"]) == ("invoice-ready", None)
    assert partner.get("/v1/invoices?size=1")["items"][0]["id"] == "G202606"


def test_6_end_dates_come_by_300_with_a_token_in_a_header_of_the_answer(partner: Partner) -> None:
    for day in range(301):
        end = date(2026, 7, 1) + timedelta(days=day)
        partner.buy(offerId=OFFER, commitmentEndDate=end.isoformat())
    path = f"{C}/subscriptions/customTermEndDates?term_duration=P1Y"

    first = partner.call("GET", path)
    token = first.headers["MS-ContinuationToken"]
    second = partner.call("GET", path, **{"MS-ContinuationToken": token})

    assert (len(first.json()["items"]), len(second.json()["items"])) == (300, 2)
    assert first.json()["totalCount"] == 302
    assert "continuationToken" not in first.json()
    assert "MS-ContinuationToken" not in second.headers
    ends = [item["allowedCustomTermEndDate"] for item in second.json()["items"]]
    assert ends == ["2027-04-26T00:00:00", "2027-04-27T00:00:00"]
