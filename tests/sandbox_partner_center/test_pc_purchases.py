"""Orders, carts, transitions and what else hangs on a subscription (partner-center.md 3)."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.persistence import SqliteStorage
from tests.sandbox_partner_center.partner_reach import (
    CUSTOMER,
    LEGACY,
    OFFER,
    C,
    Partner,
    path_of,
    refusal,
)

E3 = "CFQ7TTC0LFLX:0001:CFQ7TTC0K39X"


def order(partner: Partner, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = partner.call("POST", f"{C}/orders", {**fields, "LineItems": list(lines)})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_3_1_an_order_makes_a_subscription_of_each_line(partner: Partner) -> None:
    made = order(
        partner,
        {"OfferId": OFFER, "Quantity": 3, "FriendlyName": "Mail", "TermDuration": "P1M"},
        {"OfferId": E3, "Quantity": 2},
        BillingCycle="Monthly",
    )

    listed = partner.get(f"{C}/subscriptions?order_id={made['id']}")["items"]

    assert [item["id"] for item in listed] == [x["subscriptionId"] for x in made["lineItems"]]
    assert [item["quantity"] for item in listed] == [3, 2]
    assert (listed[0]["friendlyName"], listed[0]["termDuration"]) == ("Mail", "P1M")
    assert listed[0]["cancellationAllowedUntilDate"] == "2026-06-23T09:00:00Z"
    assert len(made["id"]) == 12
    assert partner.get(f"{C}/orders/{made['id']}") == made
    assert partner.get(f"{C}/orders")["items"] == [made]
    assert partner.get(f"{C}/subscriptions?order_id=other")["items"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 3000),
        ({"LineItems": []}, 3000),
        ({"LineItems": [{"Quantity": 1}]}, 3000),
        ({"LineItems": [{"OfferId": OFFER, "Quantity": 0}]}, 2002),
        ({"LineItems": [{"OfferId": OFFER, "Quantity": "many"}]}, 800002),
    ],
)
def test_3_1_a_bad_order_buys_nothing(partner: Partner, body: Any, code: int) -> None:
    assert refusal(partner.call("POST", f"{C}/orders", body)) == (400, code)
    assert partner.get(f"{C}/subscriptions")["totalCount"] == 0


def test_3_1_the_billing_cycle_of_a_legacy_order_is_changed_on_the_order(partner: Partner) -> None:
    bought = partner.buy(**LEGACY)
    path = f"{C}/orders/{bought['orderId']}"

    changed = partner.call("PATCH", path, {"BillingCycle": "Annual"}).json()

    assert changed["billingCycle"] == "annual"
    assert partner.read(bought)["billingCycle"] == "annual"
    assert refusal(partner.call("PATCH", path, {"Status": "cancelled"})) == (400, 800063)


def test_3_1_an_add_on_of_a_legacy_subscription_is_bought_by_changing_the_order(
    partner: Partner,
) -> None:
    base = partner.buy(**LEGACY)
    path = f"{C}/orders/{base['orderId']}"
    add_on = {"OfferId": "C0BD2E08-11AC-4836-BDC7-3712E7449230", "Quantity": 2}
    refused = partner.call("PATCH", path, {"LineItems": [add_on]})
    assert refusal(refused) == (400, 2000)
    assert partner.get(path)["lineItems"][1:] == []

    add_on["ParentSubscriptionId"] = base["id"].upper()
    kept = partner.get(path)["lineItems"]
    changed = partner.call("PATCH", path, {"LineItems": [*kept, add_on]}).json()

    assert [line["quantity"] for line in changed["lineItems"]] == [10, 2]
    listed = partner.get(f"{path_of(base)}/addons")["items"]
    assert [item["quantity"] for item in listed] == [2]
    assert listed[0]["orderId"] == base["orderId"]
    assert refusal(partner.call("PATCH", f"{C}/orders/{partner.buy()['orderId']}", {})) == (
        400,
        800042,
    )


def test_3_3_the_provisioning_of_an_order_needs_a_person(partner: Partner) -> None:
    path = f"{C}/orders/{partner.buy()['orderId']}/provisioningstatus"

    assert refusal(partner.call("GET", path)) == (403, 900329)
    found = partner.call("GET", path, person=True).json()["items"][0]
    assert (found["lineItemNumber"], found["status"]) == (0, "fulfilled")


def cart(partner: Partner, *items: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = partner.call("POST", f"{C}/carts", {"LineItems": items}).json()
    return made


def test_3_1_a_cart_is_changed_and_bought_once(partner: Partner) -> None:
    made = cart(partner, {"CatalogItemId": OFFER, "Quantity": 1})
    path = f"{C}/carts/{made['id']}"
    items = [
        {"catalogItemId": OFFER, "quantity": 4, "termDuration": "P1Y", "billingCycle": "Annual"},
        {"catalogItemId": E3, "quantity": 1, "termDuration": "P1M", "billingCycle": "Monthly"},
    ]
    changed = partner.call("PUT", path, {"lineItems": items})
    assert (changed.status_code, changed.json()["id"]) == (201, made["id"])

    bought = partner.call("POST", f"{path}/checkout")

    assert bought.status_code == 201
    assert bought.json()["orderErrors"] == []
    lines = [line for one in bought.json()["orders"] for line in one["lineItems"]]
    assert [(line["offerId"], line["quantity"]) for line in lines] == [(OFFER, 4), (E3, 1)]
    annual = partner.get(f"{C}/subscriptions/{lines[0]['subscriptionId']}")
    assert (annual["billingCycle"], annual["termDuration"]) == ("annual", "P1Y")
    assert refusal(partner.call("POST", f"{path}/checkout")) == (404, 1000)


def test_3_1_a_cart_expires_after_seven_days(partner: Partner) -> None:
    made = cart(partner, {"CatalogItemId": OFFER, "Quantity": 1})
    path = f"{C}/carts/{made['id']}"
    partner.wait(7 * 86_400 - 1)
    assert partner.get(path)["expirationTimestamp"] == "2026-06-23T09:00:00Z"

    partner.wait(1)

    assert refusal(partner.call("GET", path)) == (404, 1000)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"CatalogItemId": "x", "Quantity": 1}, 3000),
        ({"Quantity": 1}, 3000),
        ({"CatalogItemId": OFFER, "Quantity": 0}, 2002),
    ],
)
def test_3_1_a_bad_line_makes_no_cart(partner: Partner, line: Any, code: int) -> None:
    assert refusal(partner.call("POST", f"{C}/carts", {"LineItems": [line]})) == (400, code)


def test_3_1_an_app_is_told_where_a_subscription_may_go(partner: Partner) -> None:
    bought = partner.buy()
    short = partner.buy(offerId=E3, termDuration="P1M")

    found = partner.get(f"{path_of(bought)}/transitionEligibilities?eligibilityType=immediate")

    by_offer = {item["catalogItemId"]: item for item in found["items"]}
    assert bought["offerId"] not in by_offer
    kinds = {x["transitionType"]: x["isEligible"] for x in by_offer[E3]["eligibilities"]}
    assert kinds == {"transition_only": True, "transition_with_license_transfer": True}
    target = by_offer[E3]["subscriptionEligibilities"][0]
    assert (target["subscriptionId"], target["isEligible"]) == (short["id"], False)


def test_3_3_a_full_transition_moves_all_seats_and_ends_the_source(partner: Partner) -> None:
    bought = partner.buy(creationDate="2026-06-12T09:00:00Z")
    body = {"toCatalogItemId": E3, "quantity": 10, "transitionType": "transition_only"}

    answer = partner.call("POST", f"{path_of(bought)}/transitions", body)

    made = answer.json()
    assert (answer.status_code, made["Events"][0]["status"]) == (200, "Started ")
    assert partner.read(bought)["status"] == "deleted"
    new = partner.get(f"{C}/subscriptions/{made['toSubscriptionId']}")
    assert (new["offerId"], new["quantity"]) == (E3, 10)
    listed = partner.get(f"{path_of(bought)}/transitions")
    assert "items" not in listed
    assert listed["transition"][0]["toSubscriptionId"] == new["id"]
    assert listed["transition"][0]["events"][0]["status"] == "Completed"
    operation = listed["transition"][0]["operationId"]
    assert partner.get(f"{path_of(bought)}/transitions?operationId=x")["transition"] == []
    one = partner.get(f"{path_of(bought)}/transitions?operationId={operation}")
    assert one["totalCount"] == 1


def test_4_3_a_partial_transition_inherits_the_window_of_the_parent(partner: Partner) -> None:
    bought = partner.buy(creationDate="2026-06-12T09:00:00Z")
    body = {"toCatalogItemId": E3, "quantity": 4}

    made = partner.call("POST", f"{path_of(bought)}/transitions", body).json()

    new = partner.get(f"{C}/subscriptions/{made['toSubscriptionId']}")
    assert new["cancellationAllowedUntilDate"] == bought["cancellationAllowedUntilDate"]
    assert (new["quantity"], partner.read(bought)["quantity"]) == (4, 6)


def test_3_3_a_transition_into_a_subscription_adds_its_seats(partner: Partner) -> None:
    bought, target = partner.buy(), partner.buy(offerId=E3, quantity=1)
    body = {"toCatalogItemId": E3, "quantity": 2, "toSubscriptionId": target["id"]}

    partner.call("POST", f"{path_of(bought)}/transitions", body)

    assert (partner.read(target)["quantity"], partner.read(bought)["quantity"]) == (3, 8)


@pytest.mark.parametrize(
    ("fields", "body", "pair"),
    [
        (LEGACY, {"toCatalogItemId": E3}, (403, 900263)),
        ({"status": "suspended"}, {"toCatalogItemId": E3}, (400, 800062)),
        ({}, {"toCatalogItemId": "x"}, (400, 3000)),
        ({}, {"toCatalogItemId": E3, "quantity": 11}, (400, 3000)),
        ({}, {"toCatalogItemId": E3, "transitionType": "x"}, (400, 3000)),
    ],
)
def test_3_3_a_transition_that_is_not_possible_is_refused(
    partner: Partner, fields: dict[str, Any], body: dict[str, Any], pair: tuple[int, int]
) -> None:
    bought = partner.buy(**fields)

    assert refusal(partner.call("POST", f"{path_of(bought)}/transitions", body)) == pair
    assert partner.read(bought) == bought


def test_3_1_add_ons_are_listed_under_their_base(partner: Partner) -> None:
    base = partner.buy()
    add_on = partner.buy(parentSubscriptionId=base["id"])

    assert partner.get(f"{path_of(base)}/addons")["items"] == [add_on]
    assert partner.get(f"{path_of(add_on)}/addons")["items"] == []


def test_3_1_a_trial_is_converted_by_a_person_only(partner: Partner) -> None:
    trial = partner.buy(isTrial=True)
    path, body = f"{path_of(trial)}/conversions", {"TargetOfferId": E3}

    assert refusal(partner.call("POST", path, body)) == (403, 900329)
    done = partner.call("POST", path, body, person=True).json()
    assert (done["subscriptionId"], done["targetOfferId"]) == (trial["id"], E3)
    after = partner.read(trial)
    assert (after["isTrial"], after["offerId"]) == (False, E3)
    assert refusal(partner.call("POST", path, body, person=True)) == (400, 800062)


def test_3_1_custom_term_end_dates_are_month_ends_and_other_subscriptions(
    partner: Partner,
) -> None:
    near = [partner.buy(commitmentEndDate="2026-07-05") for _ in range(2)]
    partner.buy(commitmentEndDate="2027-01-01")

    found = partner.get(f"{C}/subscriptions/customTermEndDates?term_duration=P1M")["items"]

    assert found == [
        {
            "allowedCustomTermEndDateType": "calendarMonthAligned",
            "allowedCustomTermEndDate": "2026-06-30T00:00:00",
        },
        {
            "allowedCustomTermEndDateType": "subscriptionAligned",
            "cotermSubscriptionIds": [item["id"] for item in near],
            "allowedCustomTermEndDate": "2026-07-05T00:00:00",
        },
    ]


def test_3_6_invoices_of_the_last_months_carry_a_line_for_each_subscription(
    partner: Partner,
) -> None:
    suspended = partner.buy(status="suspended", creationDate="2026-05-10")
    partner.buy(**LEGACY)
    invoices = partner.get("/v1/invoices?size=2&offset=0")
    assert [item["id"] for item in invoices["items"]] == ["G202605", "G202604"]
    assert invoices["links"]["next"]["uri"] == "/invoices?size=2&offset=2"

    lines = partner.get("/v1/invoices/G202605/lineitems?provider=onetime")["items"]

    assert [(line["subscriptionId"], line["chargeType"]) for line in lines] == [
        (suspended["id"], "new")
    ]
    assert (lines[0]["totalForCustomer"], invoices["items"][0]["totalCharges"]) == ("100", 100.0)
    assert lines[0]["chargeStartDate"] == "2026-05-10T00:00:00Z"
    assert lines[0]["chargeEndDate"] == "2026-05-31T00:00:00Z"
    assert refusal(partner.call("GET", "/v1/invoices/G202605")) == (403, 900329)
    assert partner.call("GET", "/v1/invoices/G202605", person=True).json()["id"] == "G202605"
    assert refusal(partner.call("GET", "/v1/invoices/G1/lineitems")) == (404, 1000)


def test_4_2_a_suspended_subscription_is_billed_on_and_an_ended_one_is_not(
    partner: Partner,
) -> None:
    suspended = partner.buy(status="suspended")
    for status in ("expired", "disabled", "deleted", "pending"):
        partner.buy(status=status)
    partner.at("2026-07-02T00:00:00Z")

    lines = partner.get("/v1/invoices/unbilled/lineitems?period=current")["items"]

    assert [(line["subscriptionId"], line["chargeType"]) for line in lines] == [
        (suspended["id"], "cycleCharge")
    ]


def test_6_line_items_are_paged_by_a_token_in_body_and_link(partner: Partner) -> None:
    bought = [partner.buy() for _ in range(3)]
    path = "/v1/invoices/unbilled/lineitems?provider=onetime&period=current"

    first = partner.get(f"{path}&size=2")
    link = first["links"]["next"]
    token = {header["key"]: header["value"] for header in link["headers"]}
    second = partner.get(f"/v1{link['uri']}", **token)

    assert token == {"MS-ContinuationToken": first["continuationToken"]}
    ids = [line["subscriptionId"] for line in first["items"] + second["items"]]
    assert ids == [item["id"] for item in bought]
    assert "continuationToken" not in second
    assert refusal(partner.call("GET", f"{path}&size=2001")) == (400, 3000)


def test_3_1_carts_and_transitions_survive_a_restart(partner: Partner, tmp_path: Path) -> None:
    storage = SqliteStorage(tmp_path / "world.db")
    partner.world.storage = storage
    bought = partner.buy()
    body = {"toCatalogItemId": E3, "quantity": 4}
    partner.call("POST", f"{path_of(bought)}/transitions", body)
    open_cart, spent = (cart(partner, {"CatalogItemId": OFFER, "Quantity": 1}) for _ in range(2))
    partner.call("POST", f"{C}/carts/{spent['id']}/checkout")
    rooms = (f"{C}/carts/{open_cart['id']}", f"{path_of(bought)}/transitions")
    before = [partner.get(path) for path in rooms]

    partner.world.partner_center.clear()
    partner.control(
        "POST",
        "partner-center/customers",
        {"id": CUSTOMER, "companyName": "F", "domain": "f.example"},
    )
    partner.world.partner_center.load(storage.documents("partner_center"))
    storage.close()

    assert [partner.get(path) for path in rooms] == before
    assert refusal(partner.call("GET", f"{C}/carts/{spent['id']}")) == (404, 1000)
