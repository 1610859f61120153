"""The emulator checklist of the fact sheet (partner-center.md 9), row by row."""

import base64
import json

import pytest

from sandbox import tokens
from tests.sandbox_partner_center.partner_reach import (
    LEGACY,
    OFFER,
    ORIGIN,
    PLAN,
    SCOPE,
    C,
    Partner,
    path_of,
    refusal,
)

DAY = 86_400
ACTION = {"scheduleType": "TermEnd", "actionType": "RenewToNewTerm"}


def test_row_1_names_in_any_case_are_read_and_camel_case_is_answered(partner: Partner) -> None:
    bought = partner.buy(scheduledNextTermInstructions=PLAN)
    pascal = {name[0].upper() + name[1:]: value for name, value in bought.items()}

    after = partner.patch(bought, pascal | {"FriendlyName": "Mail"}).json()

    assert after == bought | {"friendlyName": "Mail"}


@pytest.mark.parametrize("wanted", [{"bom": True}, {"crlf": True}, {"bom": True, "crlf": True}])
def test_row_1_bodies_can_have_a_bom_and_crlf(partner: Partner, wanted: dict[str, bool]) -> None:
    plain = partner.call("GET", C).content
    partner.settings(**{f"partner_center_{name}": value for name, value in wanted.items()})

    formed = partner.call("GET", C).content

    assert formed.startswith(b"\xef\xbb\xbf") is wanted.get("bom", False)
    assert (b"\r\n" in formed) is wanted.get("crlf", False)
    assert json.loads(formed.decode("utf-8-sig")) == json.loads(plain)


def test_row_2_both_ids_are_echoed_and_the_service_adds_its_own_headers(partner: Partner) -> None:
    ids = {"MS-RequestId": "a-1", "MS-CorrelationId": "b-2", "X-Locale": "de-DE"}

    answer = partner.call("GET", C, **ids)

    assert {name: answer.headers[name] for name in ids} == ids
    assert {"MS-CV", "MS-ServerId", "Request-Context", "Date"} <= set(answer.headers)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    other = partner.call("GET", f"{C}/subscriptions/none")
    assert other.headers["MS-RequestId"] != other.headers["MS-CorrelationId"]
    assert other.headers["X-Locale"] == "en-US"


def test_row_3_a_known_request_id_replays_its_outcome_also_a_refusal(partner: Partner) -> None:
    bought = partner.buy()
    name = {"MS-RequestId": "11111111-1111-4111-8111-111111111111"}
    first = partner.patch(bought, bought | {"quantity": 9}, **name)
    assert refusal(first) == (400, 800090)
    partner.by_hand(bought, quantity=9)

    again = partner.patch(bought, bought | {"quantity": 9}, **name)

    assert again.content == first.content
    partner.wait(601)
    assert partner.patch(bought, partner.read(bought), **name).status_code == 200


def test_row_4_a_thin_patch_loses_renewal_and_plans_and_a_full_one_keeps_them(
    partner: Partner,
) -> None:
    bought = partner.buy(scheduledNextTermInstructions=PLAN, nextChargeInstructions=PLAN)
    assert partner.patch(bought, bought | {"friendlyName": "A"}).json() == bought | {
        "friendlyName": "A"
    }

    thin = partner.patch(bought, {"friendlyName": "B"}).json()

    assert thin["autoRenewEnabled"] is False
    assert thin["scheduledNextTermInstructions"] is None
    assert thin["nextChargeInstructions"] is None


@pytest.mark.parametrize("keeps", [False, True])
def test_row_5_a_suspend_takes_what_a_reactivation_does_not_give_back(
    partner: Partner, *, keeps: bool
) -> None:
    partner.settings(suspend_keeps_scheduled_actions=keeps)
    bought = partner.buy(
        scheduledNextTermInstructions=PLAN, nextChargeInstructions=PLAN, scheduledActions=[ACTION]
    )
    add_on = partner.buy(parentSubscriptionId=bought["id"])

    after = partner.patch(bought, bought | {"status": "suspended"}).json()

    lost = {"autoRenewEnabled": False, "scheduledNextTermInstructions": None}
    kept = {"nextChargeInstructions": PLAN, "scheduledActions": [ACTION] if keeps else None}
    assert {name: after[name] for name in lost | kept} == lost | kept
    assert after["suspensionReasons"] == ["CustomerCancellation"]
    assert after["refundableQuantity"] is None
    assert partner.read(add_on)["status"] == "suspended"
    back = partner.patch(bought, after | {"status": "active", "autoRenewEnabled": True}).json()
    assert {name: back[name] for name in lost} == lost


def test_row_6_seats_come_in_lots_that_expire_each_for_itself(partner: Partner) -> None:
    bought = partner.buy()
    partner.patch(bought, bought | {"quantity": 13})
    partner.wait(3 * DAY)
    more = partner.patch(bought, bought | {"quantity": 15}).json()["refundableQuantity"]

    assert more == {
        "totalQuantity": 5,
        "details": [
            {"quantity": 3, "allowedUntilDateTime": "2026-06-23T09:00:00Z"},
            {"quantity": 2, "allowedUntilDateTime": "2026-06-26T09:00:00Z"},
        ],
    }
    partner.wait(5 * DAY)
    assert partner.read(bought)["refundableQuantity"]["totalQuantity"] == 2
    refused = partner.patch(bought, bought | {"quantity": 12})
    assert refused.json() == {
        "code": 800090,
        "description": "Subscription quantity cannot be decreased.",
        "data": [],
        "source": "PartnerFD",
    }


@pytest.mark.parametrize("code", [800091, 2001])
def test_row_6_seats_of_a_suspended_subscription_stay(partner: Partner, code: int) -> None:
    partner.settings(suspended_refusal=code)
    bought = partner.buy(status="suspended")

    assert refusal(partner.patch(bought, {"quantity": 11})) == (400, code)


def test_row_7_the_cancel_window_opens_again_when_a_renewal_is_complete(partner: Partner) -> None:
    partner.settings(renewal_seconds=3600)
    bought = partner.buy(commitmentEndDate="2026-06-20")
    assert bought["cancellationAllowedUntilDate"] is None
    partner.at("2026-06-21T01:00:00Z")

    renewed = partner.read(bought)

    assert renewed["cancellationAllowedUntilDate"] == "2026-06-28T01:00:00Z"
    assert partner.patch(bought, {"status": "deleted"}).json()["status"] == "deleted"


@pytest.mark.parametrize("code", [900117, 900213])
def test_row_7_cancelling_after_the_window_is_refused(partner: Partner, code: int) -> None:
    partner.settings(cancel_refusal=code)

    assert refusal(partner.patch(partner.buy(), {"status": "deleted"})) == (400, code)


@pytest.mark.parametrize("code", [800090, 900257, 900214])
def test_row_7_fewer_seats_after_the_window_are_refused(partner: Partner, code: int) -> None:
    partner.settings(decrease_refusal=code)

    assert refusal(partner.patch(partner.buy(), {"quantity": 9})) == (400, code)


def test_row_8_a_202_has_a_location_and_shows_later(partner: Partner) -> None:
    partner.settings(accepted_seconds=30)
    bought = partner.buy()

    accepted = partner.patch(bought, bought | {"quantity": 12})

    assert (accepted.status_code, accepted.content) == (202, b"")
    assert accepted.headers["Location"] == bought["links"]["self"]["uri"]
    assert refusal(partner.patch(bought, bought | {"quantity": 14})) == (409, 800082)
    partner.wait(30)
    assert partner.read(bought)["quantity"] == 12


def test_row_8_a_new_subscription_is_not_ready_and_shows_late(partner: Partner) -> None:
    partner.settings(orders_visible_seconds=900, not_ready_seconds=1000)
    line = {"OfferId": OFFER, "Quantity": 3}
    order = partner.call("POST", f"{C}/orders", {"LineItems": [line]}).json()

    assert "subscriptionId" not in order["lineItems"][0]
    assert order["status"] == "pending"
    assert partner.get(f"{C}/subscriptions")["items"] == []
    assert partner.get(f"{C}/orders")["items"] == []
    hidden = [e["id"] for e in partner.control("GET", "journal")["entries"] if e["id"]][-1]
    assert refusal(partner.call("GET", f"{C}/subscriptions/{hidden}")) == (404, 20003)
    partner.wait(900)
    shown = partner.get(f"{C}/orders")["items"][0]
    bought = partner.get(f"{C}/subscriptions/{shown['lineItems'][0]['subscriptionId']}")
    assert refusal(partner.patch(bought, bought | {"quantity": 4})) == (409, 800082)
    partner.wait(100)
    assert partner.patch(bought, bought | {"quantity": 4}).status_code == 200


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({"status": "suspended"}, False),
        ({"autoRenewEnabled": False}, False),
        ({"scheduledNextTermInstructions": PLAN}, False),
        ({"friendlyName": "Mail"}, True),
        ({"quantity": 11}, True),
    ],
)
def test_row_9_a_renewal_in_progress_has_read_only_fields(
    partner: Partner, change: dict[str, object], *, allowed: bool
) -> None:
    partner.settings(renewal_seconds=3600)
    bought = partner.buy(commitmentEndDate="2026-06-20")
    partner.at("2026-06-21T00:59:59Z")

    assert refusal(partner.patch(bought, bought | change)) == (409, 800082)
    partner.settings(renewal_blocks_all_edits=False)
    assert partner.patch(bought, bought | change).ok is allowed


def test_row_10_a_legacy_etag_is_base64_of_id_and_version_and_goes_stale(
    partner: Partner,
) -> None:
    bought = partner.buy(**LEGACY)
    etag = bought["attributes"]["etag"]
    assert json.loads(base64.b64decode(etag)) == {"id": bought["id"].lower(), "version": 1}

    more = partner.patch(bought, bought | {"quantity": 12})
    fewer = partner.patch(bought, more.json() | {"quantity": 2})
    stale = partner.patch(bought, {"quantity": 5}, **{"If-Match": f'"{etag}"'})

    assert (more.json()["quantity"], fewer.json()["quantity"]) == (12, 2)
    assert refusal(stale) == (400, 2055)
    assert partner.buy()["attributes"] == {"objectType": "Subscription"}


def test_row_10_a_suspended_legacy_subscription_is_deleted_after_90_days(partner: Partner) -> None:
    bought = partner.buy(**LEGACY, status="suspended")
    partner.wait(90 * DAY - 1)
    assert partner.read(bought)["status"] == "suspended"
    partner.wait(1)
    assert partner.read(bought)["status"] == "deleted"


def test_row_11_too_many_requests_get_another_shape_and_a_pause(partner: Partner) -> None:
    partner.settings(partner_center_per_minute=2)
    answers = [partner.call("GET", C) for _ in range(3)]

    last = answers[-1]
    seconds = last.headers["Retry-After"]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    text = f"Rate limit is exceeded. Try again in {seconds} seconds."
    assert last.json() == {"statusCode": 429, "message": text}


@pytest.mark.parametrize(("per", "status"), [("tenant", 429), ("customer", 404)])
def test_row_11_the_limit_is_the_partners_or_one_for_each_customer(
    partner: Partner, per: str, status: int
) -> None:
    partner.settings(partner_center_per_minute=1, partner_center_limit_per=per)

    assert partner.call("GET", C).status_code == 200
    assert partner.call("GET", "/v1/customers/other").status_code == status
    assert partner.call("GET", f"{C}/subscriptions").status_code == 429


def _with_claims(partner: Partner, **claims: object) -> tuple[int, int]:
    usual = tokens.person_claims(partner.world, SCOPE)
    token = tokens.issue(partner.world, f"{ORIGIN}/", usual | claims)
    header = {"Authorization": f"Bearer {token}"}
    answer = partner.session.get(ORIGIN + C, headers=header, timeout=10)
    return (200, 0) if answer.ok else refusal(answer)


def test_row_11_the_graph_audience_is_refused(partner: Partner) -> None:
    assert _with_claims(partner, aud="https://graph.windows.net") == (401, 900420)


def test_row_11_a_person_without_mfa_is_refused_when_it_is_required(partner: Partner) -> None:
    assert _with_claims(partner, amr=["pwd"]) == (200, 0)
    partner.settings(require_mfa=True)
    assert _with_claims(partner, amr=["pwd"]) == (401, 900421)
    assert _with_claims(partner) == (200, 0)
    assert partner.call("GET", C).status_code == 200


def test_row_11_provisioning_status_needs_a_person(partner: Partner) -> None:
    partner.settings(provisioning_seconds=900)
    bought = partner.buy()
    path = f"{path_of(bought)}/provisioningstatus"
    assert refusal(partner.call("GET", path)) == (403, 900329)

    settled = partner.call("GET", path, person=True).json()
    partner.patch(bought, bought | {"quantity": 12})
    changing = partner.call("GET", path, person=True).json()

    assert (settled["status"], settled["quantity"]) == ("success", 10)
    assert (changing["status"], changing["quantity"]) == ("pending", 12)
    partner.wait(900)
    assert partner.call("GET", path, person=True).json()["status"] == "success"


def test_row_13_a_change_in_the_portal_is_audited_under_a_person(partner: Partner) -> None:
    bought = partner.buy()
    partner.by_hand(bought, quantity=7)
    partner.patch(bought, partner.read(bought) | {"friendlyName": "Mail"})

    ours, theirs = partner.get("/v1/auditrecords")["items"][:2]

    assert ours["applicationId"] == partner.world.client_id
    assert "userPrincipalName" not in ours
    assert theirs["userPrincipalName"] == "alex.wilber@partner.example"
    assert json.loads(theirs["resourceOldValue"])["Quantity"] == 10
    assert json.loads(theirs["resourceNewValue"])["Quantity"] == 7


def test_row_14_what_microsoft_suspended_a_partner_cannot_reactivate(partner: Partner) -> None:
    bought = partner.buy(status="suspended", suspensionReasons=["Fraud"])

    assert refusal(partner.patch(bought, {"status": "active"})) == (400, 800096)
    assert partner.read(bought)["suspensionReasons"] == ["Fraud"]
