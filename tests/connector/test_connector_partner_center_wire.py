"""Subscription documents: reading them tolerantly, changing only what is meant."""

import copy
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.dates import day, instant
from connector.documents import read_exact, whole
from connector.partner_center import wire
from connector.partner_center.records import audit_record, continuation, customer
from sync.remote import Action, Refused
from tests.connector.scripted import at, example

PLAN = {"product": {"productId": "DG7", "promotionId": "P"}, "quantity": 1}
RENEW = {"scheduleType": "TermEnd", "actionType": "RenewToNewTerm"}
MODERN = {
    "id": "6e7aa601-629e-461b-8933-0898c3cc3c7c",
    "offerId": "CFQ7TTC0LH18:0001:CFQ7TTC0K971",
    "productType": {"id": "OnlineServicesNCE"},
    "quantity": 10,
    "commitmentEndDate": "2026-05-31T00:00:00Z",
    "status": "active",
    "autoRenewEnabled": True,
    "billingCycle": "monthly",
    "termDuration": "P1Y",
    "partnerId": "1234",
    "price": Decimal("12.3400"),
    "refundableQuantity": {"totalQuantity": 3, "details": []},
    "cancellationAllowedUntilDate": "2025-06-08T10:11:12.1234567Z",
    "attributes": {"etag": "", "objectType": "Subscription"},
}


def documented(name):
    return wire.licence(read_exact(example(f"partner-center/{name}")))


def compose(resource, action, *, quantity=None, held=None):
    before = copy.deepcopy(resource)
    body = wire.compose(wire.licence(resource), action, quantity=quantity, held=held)
    assert resource == before, "composing changes nothing that was read"
    return body


def changed(resource, body):
    names = resource.keys() | body.keys()
    return {n: body.get(n) for n in names if resource.get(n, ...) != body.get(n, ...)}


# --- reading -----------------------------------------------------------------------------------


def test_a_new_commerce_subscription_is_read():
    found = wire.licence(MODERN)
    assert (found.status, found.quantity, found.auto_renew) == ("active", 10, True)
    assert found.is_new_commerce
    assert found.term_ends_on == date(2026, 5, 31)
    assert found.cancellable_until == at("2025-06-08T10:11:12.123456+00:00")
    assert found.refundable_seats == 3
    assert found.etag == ""
    assert found.held["autoRenewEnabled"] is True


def test_an_older_subscription_ends_the_day_before_its_end_date():
    found = documented("fixture-sub-ok.json")
    assert not found.is_new_commerce
    assert found.term_ends_on == date(9999, 12, 3)
    assert found.etag.startswith("eyJ")


def test_the_documented_pascal_case_is_read_too():
    found = documented("sub-suspend-response.json")
    assert (found.status, found.quantity, found.etag) == ("suspended", 2, "<etag>")
    assert found.resource["attributes"]["objectType"] == "Subscription"


def test_an_offer_of_three_parts_is_new_commerce_without_a_product_type():
    assert documented("sub-autorenew-response.json").is_new_commerce


def test_scheduled_instructions_are_held():
    found = documented("sub-scheduled-change-response.json")
    assert found.held["scheduledNextTermInstructions"]["product"]["termDuration"] == "P3Y"


def test_an_unknown_status_stays_as_it_is_and_missing_fields_are_empty():
    found = wire.licence({"status": "hibernating"})
    assert (found.status, found.quantity, found.term_ends_on) == ("hibernating", 0, None)
    assert (found.cancellable_until, found.refundable_seats) == (None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2017-05-02T00:00:00", "2017-05-02T00:00:00+00:00", id="no zone is UTC"),
        pytest.param("2015-11-25T06: 41: 12Z", "2015-11-25T06:41:12+00:00", id="blanks in it"),
        pytest.param("2019-01-04T01:00:12.6647304Z", "2019-01-04T01:00:12.664730+00:00", id="7"),
        pytest.param("2019-01-04T01:00:12.77Z", "2019-01-04T01:00:12.770000+00:00", id="2 digits"),
        pytest.param("2019-01-09T02:21:45+02:00", "2019-01-09T00:21:45+00:00", id="another zone"),
    ],
)
def test_every_way_to_write_an_instant_is_read(text, expected):
    assert instant(text) == at(expected)


@given(st.datetimes(min_value=datetime(2, 1, 1)), st.integers(0, 7))  # noqa: DTZ001  # the zone is written behind it
def test_an_instant_is_read_with_any_number_of_digits(moment, digits):
    fraction = f"{moment.microsecond:06d}0"[:digits]
    text = moment.strftime("%Y").rjust(4, "0") + moment.strftime("-%m-%dT%H:%M:%S")
    found = instant(text + (f".{fraction}" if digits else "") + "Z")
    assert found is not None
    kept = int(fraction[:6].ljust(6, "0")) if digits else 0
    assert found.replace(tzinfo=None) == moment.replace(microsecond=kept)


@pytest.mark.parametrize("text", ["", "soon", "2025-13-01"])
def test_what_is_no_date_is_none(text):
    assert instant(text) is None
    assert day(text) is None


@pytest.mark.parametrize("zone", ["", "Z", "+02:00"])
def test_the_year_one_means_never(zone):
    assert instant(f"0001-01-01T00:00:00{zone}") is None
    assert day(f"0001-01-01T00:00:00{zone}") is None
    ending = {"id": "x", "commitmentEndDate": f"0001-01-01T00:00:00{zone}"}
    assert wire.licence(ending).term_ends_on is None


def test_the_end_of_the_calendar_in_another_zone_is_no_instant():
    assert instant("9999-12-31T23:59:59-01:00") is None


@pytest.mark.parametrize("told", [10, Decimal("10.0"), "10", 10.0])
def test_a_quantity_is_read_however_the_number_is_written(told):
    assert wire.licence({"quantity": told}).quantity == 10


@pytest.mark.parametrize("told", [None, True, "ten", Decimal("10.5"), "NaN", "Infinity", [10]])
def test_what_is_no_whole_number_is_none(told):
    assert whole(told) is None


# --- composing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "quantity", "change"),
    [
        (Action.SUSPEND, None, {"status": "suspended"}),
        (Action.CANCEL, None, {"status": "deleted"}),
        (Action.SET_QUANTITY, 7, {"quantity": 7}),
    ],
)
def test_everything_is_echoed_and_only_the_intent_differs(action, quantity, change):
    resource = {**MODERN, "scheduledNextTermInstructions": PLAN, "unheardOf": {"a": [1]}}
    assert changed(resource, compose(resource, action, quantity=quantity)) == change


def test_reactivating_sets_the_status_alone():
    resource = {**MODERN, "status": "suspended", "autoRenewEnabled": False}
    assert changed(resource, compose(resource, Action.REACTIVATE)) == {"status": "active"}


def test_a_restore_gives_back_what_was_held():
    resource = {**MODERN, "autoRenewEnabled": False}
    held = {
        "autoRenewEnabled": True,
        "scheduledNextTermInstructions": PLAN,
        "scheduledActions": None,
    }
    assert changed(resource, compose(resource, Action.RESTORE, held=held)) == {
        "autoRenewEnabled": True,
        "scheduledNextTermInstructions": PLAN,
    }


def test_scheduled_actions_win_over_instructions_and_both_are_never_sent():
    held = {
        "autoRenewEnabled": True,
        "scheduledNextTermInstructions": PLAN,
        "scheduledActions": [RENEW],
    }
    body = compose(MODERN, Action.RESTORE, held=held)
    assert body["scheduledActions"] == [RENEW]
    assert "scheduledNextTermInstructions" not in body
    both = {**MODERN, "scheduledNextTermInstructions": PLAN, "scheduledActions": [RENEW]}
    assert "scheduledNextTermInstructions" not in compose(both, Action.SUSPEND)


def test_restored_instructions_replace_a_leftover_action():
    leftover = {**MODERN, "scheduledActions": [{"actionType": "Cancel"}]}
    held = {"autoRenewEnabled": True, "scheduledNextTermInstructions": PLAN, "scheduledActions": []}
    body = compose(leftover, Action.RESTORE, held=held)
    assert body["scheduledNextTermInstructions"] == PLAN
    assert "scheduledActions" not in body


def test_a_held_auto_renew_that_was_off_stays_off():
    held = {"autoRenewEnabled": False, "scheduledNextTermInstructions": None}
    assert compose(MODERN, Action.RESTORE, held=held)["autoRenewEnabled"] is False


def test_a_decrease_at_renewal_names_the_present_product():
    body = compose(MODERN, Action.SCHEDULE_QUANTITY, quantity=4)
    assert changed(MODERN, body) == {
        "scheduledNextTermInstructions": {
            "product": {
                "productId": "CFQ7TTC0LH18",
                "skuId": "0001",
                "availabilityId": "CFQ7TTC0K971",
                "billingCycle": "monthly",
                "termDuration": "P1Y",
            },
            "quantity": 4,
        }
    }


@pytest.mark.parametrize(
    ("plan", "values", "becomes"),
    [
        (PLAN, {"quantity": 4}, {**PLAN, "quantity": 4}),
        (PLAN, {"quantity": None}, None),
        (PLAN, {"quantity": None, "product.termDuration": "P3Y"}, ...),
    ],
    ids=["one field", "emptied", "emptied, and another one set"],
)
def test_a_field_inside_another_is_set_in_the_whole_of_it(plan, values, becomes):
    resource = {**MODERN, "scheduledNextTermInstructions": plan}
    named = {f"scheduledNextTermInstructions.{name}": one for name, one in values.items()}
    body = compose(resource, Action.FIELDS, held={"friendlyName": "Mine", **named})
    assert body["friendlyName"] == "Mine"
    found = body["scheduledNextTermInstructions"]
    if becomes is ...:
        assert (found["product"]["termDuration"], found["quantity"]) == ("P3Y", MODERN["quantity"])
    else:
        assert found == becomes


def test_the_first_field_of_a_plan_makes_the_plan_of_the_present_product():
    held = {"scheduledNextTermInstructions.quantity": 4}
    body = compose(MODERN, Action.FIELDS, held=held)
    assert body == compose(MODERN, Action.SCHEDULE_QUANTITY, quantity=4)


def test_a_decrease_at_renewal_keeps_a_product_change_that_is_planned():
    resource = {**MODERN, "scheduledNextTermInstructions": PLAN}
    body = compose(resource, Action.SCHEDULE_QUANTITY, quantity=4)
    assert body["scheduledNextTermInstructions"] == {**PLAN, "quantity": 4}


def test_a_decrease_at_renewal_goes_into_the_scheduled_renewal():
    body = compose({**MODERN, "scheduledActions": [RENEW]}, Action.SCHEDULE_QUANTITY, quantity=4)
    assert body["scheduledActions"] == [{**RENEW, "instructions": {"quantity": 4}}]
    assert "scheduledNextTermInstructions" not in body


def test_nothing_is_scheduled_where_there_is_no_renewal():
    ending = {**MODERN, "scheduledActions": [{"actionType": "Cancel"}]}
    with pytest.raises(Refused, match="no renewal"):
        compose(ending, Action.SCHEDULE_QUANTITY, quantity=4)
    with pytest.raises(Refused, match="older"):
        compose({"id": "x", "offerId": "MS-AZR-0146P"}, Action.SCHEDULE_QUANTITY, quantity=4)


@pytest.mark.parametrize("action", [Action.SET_QUANTITY, Action.SCHEDULE_QUANTITY, Action.RESTORE])
def test_a_missing_argument_is_an_error(action):
    with pytest.raises(ValueError, match="needs"):
        compose(MODERN, action)


# --- lists -------------------------------------------------------------------------------------


def test_audit_records_tell_who_what_and_when():
    (order, licences) = read_exact(example("partner-center/auditrecords-page.json"))["items"]
    found = audit_record(order)
    assert found.at == at("2017-06-15T22:56:05.058930+00:00")
    assert (found.user, found.operation, found.succeeded) == (
        "admin@domain.onmicrosoft.com",
        "create_order",
        True,
    )
    assert found.new["lineItems"][0]["quantity"] == 25
    assert found.subscription_id == ""
    assert audit_record(licences).application_id == "Partner Center Native App"


def test_an_audit_record_of_a_subscription_names_it():
    record = {
        "operationDate": "2025-06-16T12:00:00Z",
        "resourceType": "Subscription",
        "resourceOldValue": '{"Id":"ABC","Status":"active"}',
        "resourceNewValue": '{"Id":"ABC","Status":"suspended"}',
    }
    found = audit_record(record)
    assert (found.subscription_id, found.old["status"], found.new["status"]) == (
        "abc",
        "active",
        "suspended",
    )


def test_an_audit_record_without_the_resource_is_named_by_its_data():
    pair = {"key": "SubscriptionId", "value": "ABC"}
    record = {"operationDate": "2025-06-16", "resourceType": "subscription"}
    assert audit_record({**record, "customizedData": [pair]}).subscription_id == "abc"
    assert audit_record(record).subscription_id == ""


def test_a_record_that_cannot_be_read_does_not_stop_the_others():
    assert audit_record({"operationDate": "yesterday"}) is None
    broken = audit_record({"operationDate": "2025-06-16", "resourceNewValue": "{"})
    assert broken is not None
    assert broken.new == {}


def test_a_customer_is_read():
    (first, _) = read_exact(example("partner-center/customers-list.json"))["items"]
    assert customer(first).name == "companyName"


def test_the_next_page_is_told_in_the_body_or_in_the_link():
    link = {"next": {"uri": "x", "headers": [{"key": "MS-ContinuationToken", "value": "L"}]}}
    assert continuation({"continuationToken": "B", "links": link}) == "B"
    assert continuation({"links": link}) == "L"
    assert continuation({"links": {"self": {}}}) == ""
