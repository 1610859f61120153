"""What time makes of a subscription: the state machine by the clock (partner-center.md 4)."""

from typing import Any

import pytest

from tests.sandbox_partner_center.partner_reach import LEGACY, PLAN, C, Partner, refusal

ENDS = {"commitmentEndDate": "2026-06-20T00:00:00Z"}
OFF = {**ENDS, "autoRenewEnabled": False}
TARGET = {"termDuration": "P1M", "billingCycle": "Monthly"}


def action(kind: str, **fields: Any) -> dict[str, Any]:
    return {"scheduleType": "TermEnd", "actionType": kind, **fields}


@pytest.mark.parametrize(
    ("fields", "day", "status"),
    [
        pytest.param(ENDS, "2027-06-20", "active", id="renews"),
        pytest.param(OFF, "2026-06-20", "active", id="the end is inclusive"),
        pytest.param(OFF, "2026-06-21", "expired", id="expired at the end"),
        pytest.param(OFF, "2026-07-20", "expired", id="29 days expired"),
        pytest.param(OFF, "2026-07-21", "disabled", id="30 days expired"),
        pytest.param(OFF, "2026-10-18", "disabled", id="89 days disabled"),
        pytest.param(OFF, "2026-10-19", "deleted", id="90 days disabled"),
        pytest.param({**ENDS, "status": "suspended"}, "2026-06-20", "suspended", id="last day"),
        pytest.param({**ENDS, "status": "suspended"}, "2026-06-21", "disabled", id="ended"),
        pytest.param({**OFF, **LEGACY}, "2026-06-20", "suspended", id="legacy lapses at its end"),
        pytest.param({**OFF, **LEGACY}, "2026-09-18", "deleted", id="legacy, 90 days later"),
        pytest.param({**ENDS, **LEGACY}, "2026-06-20", "active", id="legacy renews"),
    ],
)
def test_4_1_the_clock_moves_a_subscription_through_its_states(
    partner: Partner, fields: dict[str, Any], day: str, status: str
) -> None:
    bought = partner.buy(**fields)

    partner.at(f"{day}T00:00:00Z")

    assert partner.read(bought)["status"] == status


def test_4_1_what_ended_while_suspended_is_disabled_for_30_days(partner: Partner) -> None:
    bought = partner.buy(**ENDS)
    partner.patch(bought, bought | {"status": "suspended"})

    partner.at("2026-07-20T23:59:59Z")
    assert partner.read(bought)["status"] == "disabled"
    partner.at("2026-07-21T00:00:00Z")
    assert partner.read(bought)["status"] == "deleted"


def test_4_1_what_ended_while_suspended_can_be_expired_instead(partner: Partner) -> None:
    partner.settings(suspended_becomes="expired")
    bought = partner.buy(**ENDS, status="suspended")

    partner.at("2026-06-21T00:00:00Z")
    assert partner.read(bought)["status"] == "expired"
    partner.at("2026-07-21T00:00:00Z")
    assert partner.read(bought)["status"] == "disabled"


@pytest.mark.parametrize(
    ("status", "code"), [("expired", 900277), ("disabled", 800040), ("deleted", 2011)]
)
@pytest.mark.parametrize("wanted", [{"status": "active"}, {"quantity": 11}])
def test_4_1_what_has_ended_cannot_be_changed(
    partner: Partner, status: str, code: int, wanted: dict[str, object]
) -> None:
    bought = partner.buy(status=status)

    assert refusal(partner.patch(bought, wanted)) == (400, code)


def test_4_1_ended_subscriptions_stay_in_the_list(partner: Partner) -> None:
    for status in ("active", "expired", "disabled", "deleted"):
        partner.buy(status=status)

    listed = partner.get(f"{C}/subscriptions")

    statuses = [item["status"] for item in listed["items"]]
    assert statuses == ["active", "expired", "disabled", "deleted"]
    assert listed["totalCount"] == 4
    assert "continuationToken" not in listed


def test_4_1_a_new_order_can_be_pending_before_it_is_active(partner: Partner) -> None:
    partner.settings(pending_seconds=60)
    line = {"OfferId": "CFQ7TTC0LCHC:0002:CFQ7TTC0K971", "Quantity": 2}
    partner.call("POST", f"{C}/orders", {"LineItems": [line]})
    bought = partner.get(f"{C}/subscriptions")["items"][0]

    assert bought["status"] == "pending"
    assert refusal(partner.patch(bought, bought | {"quantity": 3})) == (400, 800081)
    partner.wait(60)
    assert partner.read(bought)["status"] == "active"


def test_4_2_a_legacy_subscription_is_suspended_to_cancel_it(partner: Partner) -> None:
    bought = partner.buy(**LEGACY)

    assert refusal(partner.patch(bought, {"status": "deleted"})) == (400, 800040)
    after = partner.patch(bought, {"status": "suspended"}).json()
    assert (after["status"], after["autoRenewEnabled"]) == ("suspended", True)
    assert partner.patch(bought, {"status": "active"}).json()["status"] == "active"


def test_4_3_the_first_day_gives_a_full_refund_and_the_window_a_part(partner: Partner) -> None:
    bought = partner.buy(creationDate="2026-06-16T08:00:00Z")
    part = {"type": "Partial", "expiresAt": "2026-06-23T08:00:00Z"}

    assert bought["refundOptions"] == [{"type": "Full", "expiresAt": "2026-06-17T08:00:00Z"}, part]
    partner.at("2026-06-17T08:00:01Z")
    assert partner.read(bought)["refundOptions"] == [part]
    partner.at("2026-06-23T08:00:01Z")
    assert partner.read(bought)["refundOptions"] == []


def test_4_3_software_has_a_cancel_window_but_no_fewer_seats(partner: Partner) -> None:
    software = {"id": "Software", "displayName": "Software"}
    bought = partner.buy(creationDate="2026-06-16T08:00:00Z", productType=software)
    assert bought["productType"] == software

    assert refusal(partner.patch(bought, bought | {"quantity": 9})) == (400, 800090)
    assert partner.patch(bought, {"status": "deleted"}).json()["status"] == "deleted"


THIRD_PARTY = {"isMicrosoftProduct": False, "publisherName": "Contoso"}


@pytest.mark.parametrize(
    ("cycle", "hours", "until"),
    [
        ("monthly", 0, "2026-06-17T08:00:00Z"),
        ("annual", 0, "2026-06-30T08:00:00Z"),
        ("annual", 72, "2026-06-19T08:00:00Z"),
    ],
)
def test_4_3_products_of_other_publishers_have_their_own_window(
    partner: Partner, cycle: str, hours: int, until: str
) -> None:
    partner.settings(marketplace_window_hours=hours)
    bought = partner.buy(creationDate="2026-06-16T08:00:00Z", billingCycle=cycle, **THIRD_PARTY)

    assert bought["cancellationAllowedUntilDate"] == until


def test_4_3_a_renewal_opens_the_window_of_the_publisher(partner: Partner) -> None:
    bought = partner.buy(**ENDS, **THIRD_PARTY)

    partner.at("2026-06-21T00:00:00Z")

    assert partner.read(bought)["cancellationAllowedUntilDate"] == "2026-06-22T00:00:00Z"


@pytest.mark.parametrize("quantity", [0, 301])
def test_4_4_seats_outside_of_the_limits_are_refused(partner: Partner, quantity: int) -> None:
    partner.settings(largest_quantity=300)
    bought = partner.buy()

    assert refusal(partner.patch(bought, bought | {"quantity": quantity})) == (400, 2002)
    assert partner.patch(bought, bought | {"quantity": 300}).status_code == 200


def test_4_4_a_lifetime_has_a_limited_number_of_updates(partner: Partner) -> None:
    partner.settings(update_limit=1)
    bought = partner.buy()

    assert partner.patch(bought, bought | {"quantity": 11}).status_code == 200
    assert refusal(partner.patch(bought, bought | {"quantity": 12})) == (400, 900311)


@pytest.mark.parametrize(
    ("change", "code"), [({"quantity": 11}, 800095), ({"status": "suspended"}, 800096)]
)
def test_4_4_a_trial_keeps_its_seats_and_its_status(
    partner: Partner, change: dict[str, object], code: int
) -> None:
    bought = partner.buy(isTrial=True)

    assert refusal(partner.patch(bought, bought | change)) == (400, code)


def test_4_4_a_decrease_scheduled_for_renewal_happens_then(partner: Partner) -> None:
    bought = partner.buy(**ENDS)
    planned = partner.patch(bought, bought | {"scheduledNextTermInstructions": PLAN}).json()
    assert (planned["quantity"], planned["scheduledNextTermInstructions"]) == (10, PLAN)

    partner.at("2026-06-21T00:00:00Z")

    renewed = partner.read(bought)
    assert (renewed["quantity"], renewed["scheduledNextTermInstructions"]) == (8, None)


def test_4_4_a_plan_needs_auto_renew(partner: Partner) -> None:
    bought = partner.buy()
    wanted = {"autoRenewEnabled": False, "scheduledNextTermInstructions": PLAN}

    assert refusal(partner.patch(bought, bought | wanted)) == (400, 800093)


@pytest.mark.parametrize("change", [{"quantity": 12}, {"autoRenewEnabled": False}])
def test_4_4_an_immediate_change_deletes_the_saved_one(
    partner: Partner, change: dict[str, object]
) -> None:
    bought = partner.buy(scheduledNextTermInstructions=PLAN)

    after = partner.patch(bought, bought | change).json()

    assert after["scheduledNextTermInstructions"] is None


def test_4_5_a_renewal_starts_at_midnight_after_the_inclusive_end(partner: Partner) -> None:
    bought = partner.buy(**ENDS, termDuration="P1M")

    partner.at("2026-06-21T00:00:00Z")

    renewed = partner.read(bought)
    assert renewed["effectiveStartDate"] == "2026-06-21T00:00:00Z"
    assert renewed["commitmentEndDate"] == "2026-07-20T00:00:00Z"
    assert renewed["commitmentEndDateTime"] == "2026-07-20T23:59:59Z"


def test_4_5_the_billing_cycle_ends_inside_the_term(partner: Partner) -> None:
    monthly = partner.buy(effectiveStartDate="2026-01-31T00:00:00Z", billingCycle="monthly")
    annual = partner.buy(effectiveStartDate="2026-01-31T00:00:00Z", billingCycle="annual")

    assert monthly["billingCycleEndDate"] == "2026-06-29T00:00:00Z"
    assert annual["billingCycleEndDateTime"] == "2027-01-30T23:59:59Z"


@pytest.mark.parametrize(
    ("actions", "renews", "status", "term"),
    [
        pytest.param([], False, "active", "P1M", id="nothing said rolls into the extended term"),
        pytest.param([action("Cancel")], False, "expired", "P1Y", id="cancel ends"),
        pytest.param(
            [action("RenewToExtendedServiceTerm")], False, "active", "P1M", id="extended, asked"
        ),
        pytest.param([action("RenewToNewTerm")], True, "active", "P1Y", id="a new term"),
        pytest.param(
            [{"scheduledType": "TermEnd", "actionType": "Cancel"}],
            False,
            "expired",
            "P1Y",
            id="the other spelling",
        ),
    ],
)
def test_4_6_extended_service_terms_decide_what_follows_a_term(
    partner: Partner, actions: list[Any], status: str, term: str, *, renews: bool
) -> None:
    partner.settings(extended_service_terms=True)
    bought = partner.buy(**ENDS, autoRenewEnabled=renews, scheduledActions=actions)

    partner.at("2026-06-21T00:00:00Z")

    after = partner.read(bought)
    assert (after["status"], after["termDuration"]) == (status, term)


def test_4_6_without_the_switch_auto_renew_off_means_the_end(partner: Partner) -> None:
    bought = partner.buy(**OFF)
    partner.at("2026-06-21T00:00:00Z")
    assert partner.read(bought)["status"] == "expired"


def test_4_6_an_extended_term_that_was_asked_for_needs_no_switch(partner: Partner) -> None:
    wanted = [action("RenewToExtendedServiceTerm")]
    bought = partner.buy(**OFF, scheduledActions=wanted)

    partner.at("2026-06-21T00:00:00Z")

    after = partner.read(bought)
    assert (after["status"], after["termDuration"]) == ("active", "P1M")


@pytest.mark.parametrize(
    ("bought_on", "ends_on", "next_day", "status"),
    [
        ("2025-03-31", "2026-06-20", "2026-06-21", "expired"),
        ("2025-04-01", "2026-06-20", "2026-06-21", "active"),
        ("2025-04-01", "2026-05-03", "2026-05-04", "expired"),
        ("2025-04-01", "2026-05-04", "2026-05-05", "active"),
    ],
)
def test_4_6_extended_terms_hold_from_a_day_of_purchase_and_a_day_of_end(
    partner: Partner, bought_on: str, ends_on: str, next_day: str, status: str
) -> None:
    partner.settings(extended_service_terms=True)
    partner.at("2026-05-01T00:00:00Z")
    bought = partner.buy(creationDate=bought_on, commitmentEndDate=ends_on, autoRenewEnabled=False)

    partner.at(f"{next_day}T00:00:00Z")

    assert partner.read(bought)["status"] == status


def test_4_6_actions_win_over_instructions_when_both_are_sent(partner: Partner) -> None:
    bought = partner.buy(**ENDS)
    both = {
        "scheduledNextTermInstructions": PLAN,
        "scheduledActions": [
            action("RenewToNewTerm", instructions={"quantity": 4, "product": TARGET})
        ],
    }

    after = partner.patch(bought, bought | both).json()
    assert after["scheduledNextTermInstructions"] is None
    partner.at("2026-06-21T00:00:00Z")

    renewed = partner.read(bought)
    assert (renewed["quantity"], renewed["termDuration"]) == (4, "P1M")


def test_4_6_a_transition_at_the_end_of_the_term_renews_into_the_other_product(
    partner: Partner,
) -> None:
    other = {"productId": "CFQ7TTC0LFLX", "skuId": "0001", "availabilityId": "CFQ7TTC0K39X"}
    wanted = [action("Transition", instructions={"product": other | TARGET, "quantity": 4})]
    bought = partner.buy(**OFF, scheduledActions=wanted)

    partner.at("2026-06-21T00:00:00Z")

    after = partner.read(bought)
    assert (after["status"], after["quantity"]) == ("active", 4)
    assert after["offerId"] == "CFQ7TTC0LFLX:0001:CFQ7TTC0K39X"
    assert after["scheduledActions"] is None


LONG = {"termDuration": "P3Y", "effectiveStartDate": "2026-06-05", "billingCycle": "monthly"}


def charge(**product: str) -> dict[str, Any]:
    return {"quantity": 10, "product": {**PLAN["product"], "termDuration": "P3Y", **product}}


def test_4_5_the_billing_cycle_of_three_years_changes_with_the_next_charge(
    partner: Partner,
) -> None:
    bought = partner.buy(**LONG)
    wanted = {"nextChargeInstructions": charge(billingCycle="Annual")}
    planned = partner.patch(bought, bought | wanted).json()
    assert (planned["billingCycle"], planned["billingCycleEndDate"][:10]) == (
        "monthly",
        "2026-07-04",
    )
    partner.at("2026-07-04T23:59:59Z")
    assert partner.read(bought)["billingCycle"] == "monthly"

    partner.at("2026-07-05T00:00:00Z")

    after = partner.read(bought)
    assert (after["billingCycle"], after["nextChargeInstructions"]) == ("annual", None)
    assert after["commitmentEndDate"] == bought["commitmentEndDate"]


def test_4_5_the_next_charge_is_kept_by_a_suspend_and_carried_out(partner: Partner) -> None:
    bought = partner.buy(**LONG, nextChargeInstructions=charge(billingCycle="annual"))
    partner.patch(bought, bought | {"status": "suspended"})

    partner.at("2026-07-05T00:00:00Z")

    after = partner.read(bought)
    assert (after["status"], after["billingCycle"]) == ("suspended", "annual")


@pytest.mark.parametrize(
    ("fields", "product", "code"),
    [
        pytest.param(LONG, {"billingCycle": "triennial"}, 800085, id="no such cycle"),
        pytest.param({}, {"billingCycle": "annual", "termDuration": "P1Y"}, 800085, id="a year"),
        pytest.param(LONG, {"termDuration": "P1Y"}, 800002, id="a shorter term"),
    ],
)
def test_4_5_what_the_middle_of_a_term_cannot_change(
    partner: Partner, fields: dict[str, Any], product: dict[str, str], code: int
) -> None:
    bought = partner.buy(**fields)
    wanted = {"nextChargeInstructions": charge(**product)}

    assert refusal(partner.patch(bought, bought | wanted)) == (400, code)


def test_4_5_a_term_can_be_made_longer_with_the_next_charge(partner: Partner) -> None:
    bought = partner.buy(termDuration="P1M", effectiveStartDate="2026-06-05")
    partner.patch(bought, bought | {"nextChargeInstructions": charge(termDuration="P1Y")})

    partner.at("2026-07-05T00:00:00Z")

    after = partner.read(bought)
    assert (after["termDuration"], after["commitmentEndDate"][:10]) == ("P1Y", "2027-06-04")


def test_4_5_on_the_day_of_the_charge_its_instructions_are_read_only(partner: Partner) -> None:
    partner.settings(cycle_charge_seconds=3600)
    bought = partner.buy(**LONG, nextChargeInstructions=charge(billingCycle="annual"))
    wanted = bought | {"nextChargeInstructions": None}
    partner.at("2026-07-05T00:59:59Z")

    assert refusal(partner.patch(bought, wanted)) == (409, 800082)
    assert partner.patch(bought, bought | {"friendlyName": "Mail"}).status_code == 200
    partner.wait(1)
    assert partner.read(bought)["billingCycle"] == "annual"


@pytest.mark.parametrize(("kind", "ok"), [("OnlineServicesNCE", True), ("Software", False)])
def test_5_a_custom_term_end_date_is_for_online_services_only(
    partner: Partner, kind: str, *, ok: bool
) -> None:
    bought = partner.buy(productType={"id": kind, "displayName": kind})
    plan = {"scheduledNextTermInstructions": {"customTermEndDate": "2027-06-30T00:00:00Z"}}

    answer = partner.patch(bought, bought | plan)

    assert answer.ok is ok
    assert ok or refusal(answer) == (400, 900244)
