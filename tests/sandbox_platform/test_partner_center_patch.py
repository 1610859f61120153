"""What a PATCH of a subscription does, over the wire (partner-center.md 4)."""

import json
from typing import Any

import pytest

from tests.sandbox_platform.reach import Buy, Client

NEXT_TERM = {
    "product": {
        "productId": "CFQ7TTC0LCHC",
        "skuId": "0002",
        "availabilityId": "CFQ7TTC0K971",
        "billingCycle": "monthly",
        "termDuration": "P1Y",
    },
    "quantity": 8,
}
NEXT_CHARGE = {"quantity": 10, "product": NEXT_TERM["product"]}
LEGACY = {"offerId": "C0BD2E08-11AC-4836-BDC7-3712E744922F"}


def path_of(subscription: dict[str, Any]) -> str:
    return "/v1" + str(subscription["links"]["self"]["uri"])


def patch(client: Client, bought: dict[str, Any], body: Any, **headers: str) -> Any:
    return client.call("PATCH", path_of(bought), json=body, headers=headers)


def read(client: Client, bought: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.call("GET", path_of(bought)).json()
    return found


def assert_refused(answer: Any, status: int, code: int) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json()["source"] == "PartnerFD"


def test_a_suspend_loses_auto_renew_and_plans_but_keeps_the_next_charge(
    client: Client, buy: Buy
) -> None:
    bought = buy(
        scheduledNextTermInstructions=NEXT_TERM,
        nextChargeInstructions=NEXT_CHARGE,
        scheduledActions=[{"scheduleType": "TermEnd", "actionType": "RenewToNewTerm"}],
    )

    answer = patch(client, bought, bought | {"status": "suspended"})

    after = answer.json()
    assert answer.status_code == 200
    assert after == read(client, bought)
    assert after["status"] == "suspended"
    assert after["autoRenewEnabled"] is False
    assert after["scheduledNextTermInstructions"] is None
    assert after["scheduledActions"] is None
    assert after["nextChargeInstructions"] == NEXT_CHARGE
    assert after["refundableQuantity"] is None
    assert after["suspensionReasons"] == ["CustomerCancellation"]


def test_a_reactivation_restores_nothing_and_a_second_patch_does(client: Client, buy: Buy) -> None:
    bought = buy(scheduledNextTermInstructions=NEXT_TERM)
    patch(client, bought, bought | {"status": "suspended"})

    active = patch(client, bought, bought | {"status": "active"}).json()
    assert (active["status"], active["suspensionReasons"]) == ("active", [])
    assert active["autoRenewEnabled"] is False
    assert active["scheduledNextTermInstructions"] is None

    wanted = {"autoRenewEnabled": True, "scheduledNextTermInstructions": NEXT_TERM}
    restored = patch(client, bought, active | wanted).json()
    assert restored["autoRenewEnabled"] is True
    assert restored["scheduledNextTermInstructions"] == NEXT_TERM


def test_a_repeated_suspend_with_the_same_body_changes_nothing(client: Client, buy: Buy) -> None:
    bought = buy(scheduledNextTermInstructions=NEXT_TERM)
    first = patch(client, bought, bought | {"status": "suspended"})

    again = patch(client, bought, bought | {"status": "suspended"})

    assert (again.status_code, again.json()) == (200, first.json())
    refused = patch(client, bought, {"autoRenewEnabled": True})
    assert_refused(refused, 400, 800091)


def test_a_thin_patch_loses_what_it_leaves_out(client: Client, buy: Buy) -> None:
    bought = buy(scheduledNextTermInstructions=NEXT_TERM, nextChargeInstructions=NEXT_CHARGE)

    after = patch(client, bought, {"friendlyName": "New name"}).json()

    assert after["friendlyName"] == "New name"
    assert after["autoRenewEnabled"] is False
    assert after["scheduledNextTermInstructions"] is None
    assert after["nextChargeInstructions"] is None


def test_a_full_patch_keeps_everything(client: Client, buy: Buy) -> None:
    bought = buy(scheduledNextTermInstructions=NEXT_TERM, nextChargeInstructions=NEXT_CHARGE)

    after = patch(client, bought, bought | {"friendlyName": "New name"}).json()

    assert after == bought | {"friendlyName": "New name"}


def test_names_are_read_in_pascal_case_and_answered_in_camel_case(client: Client, buy: Buy) -> None:
    bought = buy()
    body = {"Status": "suspended", "Quantity": 10, "AutoRenewEnabled": True}

    after = patch(client, bought, body).json()

    assert after["status"] == "suspended"
    assert "Status" not in after


@pytest.mark.parametrize(
    ("by_hand", "body", "refusal"),
    [
        pytest.param(
            {"status": "suspended"}, {"quantity": 11}, (400, 800091), id="seats, suspended"
        ),
        pytest.param(
            {}, {"status": "suspended", "quantity": 9}, (400, 2001), id="seats and suspend"
        ),
        pytest.param({}, {"quantity": 9}, (400, 800090), id="fewer seats, no window"),
        pytest.param({}, {"quantity": 0}, (400, 2002), id="no seats"),
        pytest.param({}, {"quantity": "9"}, (400, 3000), id="seats as text"),
        pytest.param({}, {"status": "paused"}, (400, 3000), id="no such status"),
        pytest.param({}, {"status": "expired"}, (400, 800040), id="a status of the system"),
        pytest.param({}, {"status": "deleted"}, (400, 900117), id="cancel after the window"),
        pytest.param({"status": "deleted"}, {"status": "active"}, (400, 2011), id="deleted"),
        pytest.param({"status": "expired"}, {"status": "active"}, (400, 900277), id="expired"),
        pytest.param({"status": "disabled"}, {"status": "active"}, (400, 800040), id="disabled"),
        pytest.param({"status": "pending"}, {"quantity": 11}, (400, 800081), id="pending"),
        pytest.param({"isTrial": True}, {"status": "suspended"}, (400, 800096), id="a trial"),
        pytest.param(
            {"status": "suspended", "suspensionReasons": ["Fraud"]},
            {"status": "active"},
            (400, 800096),
            id="suspended by Microsoft",
        ),
        pytest.param(
            {},
            {"autoRenewEnabled": False, "scheduledNextTermInstructions": NEXT_TERM},
            (400, 800093),
            id="a plan without renewal",
        ),
        pytest.param({}, [], (400, 800002), id="no object"),
    ],
)
def test_a_patch_is_refused_and_changes_nothing(
    client: Client, buy: Buy, by_hand: Any, body: Any, refusal: tuple[int, int]
) -> None:
    bought = buy()
    client.control("PATCH", f"partner-center/subscriptions/{bought['id']}", by_hand)
    before = read(client, bought)

    assert_refused(patch(client, bought, body), *refusal)

    assert read(client, bought) == before


def test_a_decrease_beyond_the_refundable_seats_has_the_documented_body(
    client: Client, buy: Buy
) -> None:
    refused = patch(client, buy(), {"quantity": 1})

    assert refused.json() == {
        "code": 800090,
        "description": "Subscription quantity cannot be decreased.",
        "data": [],
        "source": "PartnerFD",
    }


def test_seats_can_be_given_back_for_seven_days_each_add_for_itself(
    client: Client, buy: Buy
) -> None:
    bought = buy()
    patch(client, bought, bought | {"quantity": 13})
    client.control("POST", "clock", {"advance_seconds": 3 * 86_400})
    more = patch(client, bought, bought | {"quantity": 15}).json()
    assert more["refundableQuantity"] == {
        "totalQuantity": 5,
        "details": [
            {"quantity": 3, "allowedUntilDateTime": "2026-06-23T09:00:00Z"},
            {"quantity": 2, "allowedUntilDateTime": "2026-06-26T09:00:00Z"},
        ],
    }

    less = patch(client, bought, bought | {"quantity": 14}).json()
    assert less["refundableQuantity"]["totalQuantity"] == 4
    client.control("POST", "clock", {"advance_seconds": 5 * 86_400})

    assert read(client, bought)["refundableQuantity"]["totalQuantity"] == 1
    assert_refused(patch(client, bought, bought | {"quantity": 12}), 400, 800090)
    assert patch(client, bought, bought | {"quantity": 13}).status_code == 200


def test_an_immediate_quantity_deletes_the_saved_changes(client: Client, buy: Buy) -> None:
    bought = buy(scheduledNextTermInstructions=NEXT_TERM)

    after = patch(client, bought, bought | {"quantity": 12}).json()

    assert (after["quantity"], after["scheduledNextTermInstructions"]) == (12, None)


def test_a_cancel_is_allowed_until_its_date_and_no_second_longer(client: Client, buy: Buy) -> None:
    bought = [buy(creationDate="2026-06-10T09:00:00Z") for _ in range(2)]
    assert bought[0]["cancellationAllowedUntilDate"] == "2026-06-17T09:00:00Z"
    client.control("POST", "clock", {"now": "2026-06-17T09:00:00Z"})

    assert patch(client, bought[0], {"status": "deleted"}).json()["status"] == "deleted"

    client.wall.advance(1)
    assert read(client, bought[1])["cancellationAllowedUntilDate"] is None
    assert_refused(patch(client, bought[1], {"status": "deleted"}), 400, 900117)


def test_add_ons_are_suspended_with_the_base_and_wait_for_it(client: Client, buy: Buy) -> None:
    base = buy()
    add_on = buy(parentSubscriptionId=base["id"])

    patch(client, base, {"status": "suspended"})

    assert read(client, add_on)["status"] == "suspended"
    assert_refused(patch(client, add_on, {"status": "active"}), 409, 27009)
    patch(client, base, {"status": "active"})
    assert read(client, add_on)["status"] == "suspended"
    assert patch(client, add_on, {"status": "active"}).status_code == 200


def test_a_legacy_subscription_refuses_a_stale_etag(client: Client, buy: Buy) -> None:
    bought = buy(**LEGACY)
    etag = bought["attributes"]["etag"]

    first = patch(client, bought, {"Status": "suspended"}, **{"If-Match": f'"{etag}"'})
    assert first.status_code == 200
    assert first.json()["autoRenewEnabled"] is True
    assert first.json()["attributes"]["etag"] != etag

    stale = patch(client, bought, {"Status": "active"}, **{"If-Match": f'"{etag}"'})
    assert_refused(stale, 400, 2055)
    in_body = patch(client, bought, bought | {"status": "active"})
    assert_refused(in_body, 400, 2055)


def test_a_legacy_subscription_takes_fewer_seats_at_any_time(client: Client, buy: Buy) -> None:
    assert patch(client, buy(**LEGACY), {"quantity": 3}).json()["quantity"] == 3


def test_the_same_request_id_replays_the_stored_outcome(client: Client, buy: Buy) -> None:
    bought = buy()
    name = {"MS-RequestId": "11111111-1111-4111-8111-111111111111"}

    first = patch(client, bought, bought | {"quantity": 12}, **name)
    client.control("PATCH", f"partner-center/subscriptions/{bought['id']}", {"quantity": 20})
    again = patch(client, bought, bought | {"quantity": 12}, **name)
    assert again.json() == first.json()
    assert read(client, bought)["quantity"] == 20

    client.wall.advance(601)
    later = patch(client, bought, bought | {"quantity": 21}, **name)
    assert later.json()["quantity"] == 21


def test_a_replay_can_be_switched_off(client: Client, buy: Buy) -> None:
    client.control("POST", "settings", {"request_id_window_seconds": 0})
    bought = buy()
    name = {"MS-RequestId": "11111111-1111-4111-8111-111111111111"}

    patch(client, bought, bought | {"quantity": 12}, **name)

    assert patch(client, bought, bought | {"quantity": 14}, **name).json()["quantity"] == 14


def test_a_202_shows_its_effect_later(client: Client, buy: Buy) -> None:
    bought = buy()
    client.control("POST", "settings", {"accepted_seconds": 30})

    accepted = patch(client, bought, bought | {"status": "suspended"})

    assert (accepted.status_code, accepted.content) == (202, b"")
    assert accepted.headers["Location"] == bought["links"]["self"]["uri"]
    assert read(client, bought)["status"] == "active"
    assert_refused(patch(client, bought, bought | {"quantity": 12}), 409, 800082)
    client.wall.advance(30)
    assert read(client, bought)["status"] == "suspended"


def test_a_subscription_can_be_not_ready_after_an_update(client: Client, buy: Buy) -> None:
    client.control("POST", "settings", {"not_ready_seconds": 20})
    bought = buy()
    assert_refused(patch(client, bought, bought | {"quantity": 11}), 409, 800082)

    client.wall.advance(20)
    assert patch(client, bought, bought | {"quantity": 11}).status_code == 200
    assert_refused(patch(client, bought, bought | {"quantity": 12}), 409, 800082)


def test_a_lifetime_has_1200_updates(client: Client, buy: Buy) -> None:
    client.control("POST", "settings", {"update_limit": 1})
    bought = buy()

    assert patch(client, bought, bought | {"quantity": 11}).status_code == 200
    assert_refused(patch(client, bought, bought | {"quantity": 12}), 400, 900311)


def test_every_effect_is_audited_under_the_application(client: Client, buy: Buy) -> None:
    bought = buy()
    patch(client, bought, bought | {"status": "suspended"})
    patch(client, bought, {"status": "suspended"})

    records = client.call("GET", "/v1/auditrecords?startDate=2026-06-16").json()["items"]

    assert [record["operationType"] for record in records] == [
        "update_subscription",
        "create_order",
    ]
    update = records[0]
    assert update["resourceType"] == "subscription"
    assert update["applicationId"] == client.world.client_id
    assert "userPrincipalName" not in update
    assert json.loads(update["resourceOldValue"])["Status"] == "active"
    assert json.loads(update["resourceNewValue"])["Status"] == "suspended"
    assert json.loads(update["resourceNewValue"])["Id"] == bought["id"]


def test_every_effect_is_journaled(client: Client, buy: Buy) -> None:
    bought = buy()
    patch(client, bought, bought | {"status": "suspended"})

    commit = [entry for entry in client.journal() if entry["type"] == "commit"][-1]

    assert (commit["service"], commit["table"]) == ("partner_center", "subscription")
    assert (commit["id"], commit["client"]) == (bought["id"], client.world.client_id)
    assert commit["before"] == bought
    assert commit["after"] == read(client, bought)
