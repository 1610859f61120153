"""Which audit records can have changed a licence, and what they tell of it."""

import json
from datetime import date

import pytest

from connector.pace import Pace
from connector.partner_center.client import PartnerCenterClient
from connector.partner_center.feed import PartnerCenterFeed, change_of
from tests.connector.scripted import (
    PARTNER_CENTER,
    Clockwork,
    FixedTokens,
    Scripted,
    http_to,
    told,
)

LICENCE = "488745b5-2086-4912-802c-6abb9f7c3638"
RECORD = {
    "id": "r1",
    "customerId": "0C39D6D5-C70D-4C55-BC02-F620844F3FD1",
    "userPrincipalName": "ada@partner.example",
    "applicationId": "an app",
    "resourceType": "subscription",
    "resourceNewValue": json.dumps({"Id": LICENCE.upper(), "Status": "Suspended", "Quantity": 7}),
    "operationType": "update_subscription",
    "originalCorrelationId": "ABC",
    "operationDate": "2025-06-10T12:00:00Z",
    "operationStatus": "succeeded",
}


def feed_of(adapter):
    effects = Clockwork()
    client = PartnerCenterClient(
        http_to(adapter, effects), FixedTokens("token"), effects, PARTNER_CENTER
    )
    return PartnerCenterFeed(client, Pace(effects, 50))


def without(name):
    return {key: value for key, value in RECORD.items() if key != name}


def test_a_record_tells_licence_customer_author_and_what_it_then_held():
    found = change_of(RECORD)
    assert (found.id, found.licence_id) == ("r1", LICENCE)
    assert found.customer_id == "0c39d6d5-c70d-4c55-bc02-f620844f3fd1"
    assert (found.by, found.operation) == ("ada@partner.example", "update_subscription")
    assert (found.status, found.quantity) == ("suspended", 7)
    assert found.own_key == f"abc {LICENCE}"


def test_without_a_person_the_application_is_the_author():
    assert change_of(without("userPrincipalName")).by == "an app"


def test_without_a_correlation_id_no_record_is_taken_for_our_own():
    assert change_of(without("originalCorrelationId")).own_key == ""


def test_an_order_names_its_customer_alone():
    found = change_of({**RECORD, "resourceType": "order"})
    assert (found.licence_id, found.status, found.quantity) == ("", "", None)
    assert found.own_key == ""


def test_a_record_in_progress_is_heard():
    assert change_of({**RECORD, "operationStatus": "progress"}) is not None


@pytest.mark.parametrize(
    "record",
    [
        {**RECORD, "operationStatus": "failed"},
        {**RECORD, "resourceType": "license"},
        without("operationDate"),
    ],
    ids=["failed", "a user's licence", "without a time"],
)
def test_what_can_have_changed_no_licence_is_left_out(record):
    assert change_of(record) is None


def test_a_record_without_an_id_is_named_by_what_it_says():
    same, other = without("id"), {**without("id"), "operationDate": "2025-06-10T12:00:01Z"}
    assert change_of(same).id == change_of(dict(same)).id
    assert change_of(same).id != change_of(other).id


def test_pages_are_yielded_as_they_come_and_each_takes_from_the_room():
    pages = [{"items": [RECORD], "continuationToken": "t"}, {"items": [{**RECORD, "id": "r2"}]}]
    feed = feed_of(Scripted([told(page) for page in pages]))
    before = feed.room()
    found = [[one.id for one in page] for page in feed.changes(date(2025, 6, 9))]
    assert found == [["r1"], ["r2"]]
    assert feed.room() == before - 2


def test_customers_come_page_by_page_in_lower_case():
    pages = [{"items": [{"id": "A"}, {}], "continuationToken": "t"}, {"items": [{"id": "b"}]}]
    adapter = Scripted([told(page) for page in pages])
    assert list(feed_of(adapter).customers()) == [["a"], ["b"]]
    assert adapter.urls() == [
        "GET /v1/customers?size=500",
        "GET /v1/customers?size=500&seekOperation=Next",
    ]


def test_a_licence_without_an_id_is_not_listed():
    items = [{"id": LICENCE.upper(), "status": "active", "quantity": 3}, {"status": "active"}]
    feed = feed_of(Scripted([told({"items": items})]))
    ((licence_id, licence),) = feed.licences("0c39d6d5-c70d-4c55-bc02-f620844f3fd1")
    assert (licence_id, licence.quantity) == (LICENCE, 3)
