"""The services call, we look at once; what a call says is never believed."""

from decimal import Decimal

import pytest

from seatkeeper.webhooks.server import PARTNER_CENTER
from tests.webhooks.hooked import event, sealed


def test_a_deactivation_is_done_as_soon_as_dataverse_calls(hooked):
    stage = hooked.stage
    stage.on("2025-06-16")
    stage.edits(status="suspended", sk_refundchoice=126310001)
    assert stage.licence()["status"] == "active"
    assert hooked.dataverse_says() == 200
    assert hooked.nudges.wake.is_set()
    assert hooked.loops()
    assert stage.licence()["status"] == "suspended"
    assert stage.amounts() == [Decimal("-58.33")]
    assert hooked.counted()["dataverse", "taken"] == 1


def test_a_change_at_partner_center_is_read_as_soon_as_it_calls(hooked):
    stage = hooked.stage
    stage.world.partner_center.change_by_hand(stage.licence_id, {"quantity": 14})
    hooked.sandbox.postman.deliver()
    assert hooked.counted() == {("partner_center", "taken"): 1}
    mark = stage.mark
    assert hooked.loops()
    reads = [one for one in stage.requests_since(mark) if one.startswith("partner_center GET")]
    assert len(reads) == 1
    assert stage.now_row["sk_quantity"] == 14


def test_the_intermediate_certificate_is_fetched_once_and_both_headers_are_known(hooked):
    for own_header in (False, True):
        body = event(hooked, own=own_header)
        headers = sealed(body, own_header=own_header)
        assert hooked.calls(PARTNER_CENTER, body, headers=headers) == 200
    assert [url.rpartition("/")[2] for url in hooked.fetched] == [
        "pcnotifications-dispatch.microsoft.com.cer",
        "intermediate.cer",
    ]


@pytest.mark.parametrize("told", [{"quantity": 3, "status": "suspended"}, {"state": "deleted"}])
def test_what_a_call_says_of_a_licence_is_not_believed(hooked, told):
    stage = hooked.stage
    body = event(hooked, **told)
    assert hooked.calls(PARTNER_CENTER, body, headers=sealed(body)) == 200
    mark = stage.mark
    assert hooked.loops()
    assert stage.commits_since(mark, "sk_subscription") == 0
    assert stage.sent_since(mark) == []


def test_a_call_about_a_licence_that_nobody_names_asks_for_nothing(hooked):
    nobody = "00000000-0000-0000-0000-00000000000f"
    body = event(hooked, ResourceUri=f"https://x/v1/customers/{nobody}/subscriptions/{nobody}")
    assert hooked.calls(PARTNER_CENTER, body, headers=sealed(body)) == 200
    assert not hooked.loops()


@pytest.mark.parametrize(
    "told",
    [
        {"EventName": "test-created", "ResourceUri": "https://x/v1/registration/1"},
        {"EventName": "invoice-ready"},
        {"ResourceUri": "https://x/v1/customers/1/orders/2"},
    ],
)
def test_other_events_are_answered_and_ignored(hooked, told):
    body = event(hooked, **told)
    assert hooked.calls(PARTNER_CENTER, body, headers=sealed(body)) == 200
    assert hooked.counted() == {("partner_center", "ignored"): 1}
    assert not hooked.loops()


def test_a_table_that_is_not_polled_is_answered_and_ignored(hooked):
    assert hooked.dataverse_says("account") == 200
    assert hooked.counted() == {("dataverse", "ignored"): 1}
    assert not hooked.loops()


def test_many_calls_are_one_cycle_and_cycles_keep_a_pace(hooked):
    cycles = 0
    for number in range(12):
        assert hooked.dataverse_says(context={"OperationId": str(number)}) == 200
        cycles += hooked.loops()
    assert cycles == 5
    assert hooked.nudges.pause_seconds() == pytest.approx(2.0)
    hooked.hands.seconds += 2.0
    assert hooked.loops()
    assert not hooked.loops()
