"""Requests to Partner Center, and what its answers mean."""

import json
from datetime import date

import pytest
import requests
from structlog.testing import capture_logs

from connector.errors import Meaning
from connector.http import Reply
from connector.partner_center.client import PartnerCenterClient
from connector.partner_center.faults import BY_PAIR, BY_STATUS, fault_of
from sync.remote import Action, LicenceRef, NotFound, Outcome, Refused, SignInFailed, Unavailable
from tests.connector.scripted import (
    PARTNER_CENTER,
    Clockwork,
    FixedTokens,
    Scripted,
    Told,
    at,
    example,
    http_to,
    told,
)

CUSTOMER = "0C39D6D5-C70D-4C55-BC02-F620844F3FD1"
REF = LicenceRef(customer_id=CUSTOMER, subscription_id="83ef9d05-4169-4ef9-9657-0e86b1eab1de")
PATH = f"/v1/customers/{CUSTOMER.lower()}/subscriptions/{REF.subscription_id}"
REQUEST_ID = "ca7c39f7-1a80-43bc-90d8-ee7d1cad3831"
BODY = {"id": REF.subscription_id, "status": "suspended", "quantity": 2, "autoRenewEnabled": True}


def client_of(adapter, effects=None):
    effects = effects or Clockwork()
    return PartnerCenterClient(http_to(adapter, effects), FixedTokens("t"), effects, PARTNER_CENTER)


def fault(status, code=None, **headers):
    return told({"code": code, "description": "What they say", "data": []}, status, **headers)


def send(adapter, etag="", body=BODY, effects=None):
    return client_of(adapter, effects).send(REF, body, request_id=REQUEST_ID, etag=etag)


# --- reading -----------------------------------------------------------------------------------


def test_a_subscription_is_read_by_customer_and_id():
    adapter = Scripted([Told(body=b"\xef\xbb\xbf" + example("partner-center/fixture-sub-ok.json"))])
    assert client_of(adapter).read(REF).quantity == 20
    assert adapter.urls() == [f"GET {PATH}"]
    sent = adapter.requests[0].headers
    assert sent["MS-Contract-Version"] == "v1"
    assert sent["MS-RequestId"]
    assert sent["MS-CorrelationId"] not in ("", sent["MS-RequestId"])


def test_a_subscription_that_is_not_there_is_not_found():
    with pytest.raises(NotFound, match="20003"):
        client_of(Scripted([fault(404, 20003)])).read(REF)


def test_a_customer_id_that_is_no_tenant_is_refused_before_anything_is_sent():
    adapter = Scripted([])
    ref = LicenceRef(customer_id="../partners", subscription_id="x")
    with pytest.raises(Refused, match="sk_customertenantid"):
        client_of(adapter).read(ref)
    result = client_of(adapter).send(ref, BODY, request_id=REQUEST_ID, etag="")
    assert result.outcome is Outcome.REFUSED
    assert adapter.requests == []


def test_the_documented_throttling_is_obeyed():
    throttled = Told(429, example("partner-center/error-429-throttled.json"), {"Retry-After": "57"})
    effects = Clockwork()
    client_of(Scripted([throttled, told(BODY)]), effects).read(REF)
    assert effects.slept == [57.0]


def test_a_read_that_stays_in_trouble_is_unavailable():
    with pytest.raises(Unavailable, match="in trouble"):
        client_of(Scripted([fault(500, 800003)] * 4)).read(REF)


def test_a_permission_that_is_missing_is_a_failed_sign_in():
    with pytest.raises(SignInFailed, match="A role is missing"):
        client_of(Scripted([fault(403, 900308)])).read(REF)


# --- writing -----------------------------------------------------------------------------------


def test_a_write_is_one_patch_with_the_stored_request_id():
    adapter = Scripted([told({**BODY, "autoRenewEnabled": False})])
    result = send(adapter)
    assert result.outcome is Outcome.DONE
    assert result.body["autoRenewEnabled"] is False
    assert adapter.urls() == [f"PATCH {PATH}"]
    assert json.loads(adapter.requests[0].body) == BODY
    sent = adapter.requests[0].headers
    assert sent["MS-RequestId"] == REQUEST_ID
    assert sent["MS-CorrelationId"] not in ("", REQUEST_ID)
    assert "If-Match" not in sent


@pytest.mark.parametrize("etag", ["eyJ9", '"eyJ9"'])
def test_an_etag_is_sent_in_double_quotes(etag):
    adapter = Scripted([told(BODY)])
    send(adapter, etag=etag)
    assert adapter.requests[0].headers["If-Match"] == '"eyJ9"'


ANSWERS = [
    pytest.param(fault(400, 2055), Outcome.PRECONDITION, id="the etag is old"),
    pytest.param(fault(400, "800040"), Outcome.PRECONDITION, id="the status does not allow it"),
    pytest.param(fault(400, 800091), Outcome.REFUSED, id="suspended"),
    pytest.param(fault(400, 900117), Outcome.REFUSED, id="the window has closed"),
    pytest.param(fault(400, 123456), Outcome.REFUSED, id="an unknown code"),
    pytest.param(fault(404, 20003), Outcome.PRECONDITION, id="not found, perhaps not yet"),
    pytest.param(fault(403, 20002), Outcome.REFUSED, id="no relationship with the customer"),
    pytest.param(fault(409, 800082), Outcome.RETRY, id="not ready"),
    pytest.param(fault(409, 1), Outcome.RETRY, id="an unknown conflict"),
    pytest.param(fault(417, 800036), Outcome.PRECONDITION, id="precondition failed"),
    pytest.param(fault(429, Retry_After="9"), Outcome.RETRY, id="throttled"),
    pytest.param(fault(500, 800094), Outcome.AMBIGUOUS, id="update not successful"),
    pytest.param(fault(503, Retry_After="9"), Outcome.RETRY, id="busy, says when"),
    pytest.param(fault(503), Outcome.AMBIGUOUS, id="busy, does not say when"),
    pytest.param(Told(502, b"<html>"), Outcome.AMBIGUOUS, id="a gateway"),
    pytest.param(Told(200, b"{"), Outcome.AMBIGUOUS, id="an answer that is cut off"),
    pytest.param(requests.ReadTimeout(), Outcome.AMBIGUOUS, id="no answer"),
    pytest.param(requests.ConnectTimeout(), Outcome.RETRY, id="no connection"),
]


@pytest.mark.parametrize(("answer", "outcome"), ANSWERS)
def test_the_outcome_of_a_write(answer, outcome):
    adapter = Scripted([answer])
    result = send(adapter)
    assert result.outcome is outcome
    assert len(adapter.requests) == 1
    assert result.correlation_id == adapter.requests[0].headers["MS-CorrelationId"]
    assert result.message


def test_the_documented_refusal_of_fewer_seats_says_what_to_do():
    body = example("partner-center/error-800090-quantity-decrease.json")
    result = send(Scripted([Told(400, body)]))
    assert (result.outcome, result.code) == (Outcome.REFUSED, "800090")
    assert result.message == (
        "Subscription quantity cannot be decreased. "
        "Fewer seats are not possible now: schedule the change for renewal."
    )


def test_a_pending_operation_waits_for_a_day():
    result = send(Scripted([fault(409, 900278)]))
    assert (result.outcome, result.retry_after_seconds) == (Outcome.RETRY, 86_400.0)


@pytest.mark.parametrize("answer", [fault(401), fault(401, 900421), fault(403, 900329)])
def test_a_refused_identity_is_raised_for_nothing_was_executed(answer):
    with pytest.raises(SignInFailed):
        send(Scripted([answer, answer]))


def test_the_same_code_means_something_else_with_another_status():
    assert "not allow" in send(Scripted([fault(400, 2006)])).message
    assert "may not sell" in send(Scripted([fault(403, 2006)])).message


@pytest.mark.parametrize("status", [401, 403, 408, 409, 412, 417, 429, 500, 502, 503, 504])
def test_a_status_with_an_unknown_code_still_has_a_class_and_advice(status):
    found = fault_of(Reply(status=status, content=b'{"code": 424242, "description": "New"}'))
    assert found.meaning is not Meaning.PERMANENT
    assert (found.code, found.message[:4]) == ("424242", "New.")
    assert len(found.message) > 20


def test_every_known_trouble_has_advice():
    lessons = [*BY_PAIR.values(), *BY_STATUS.values()]
    assert all(lesson.advice.endswith((".", "!")) for lesson in lessons)


def test_an_accepted_change_is_looked_for_until_it_shows():
    effects = Clockwork()
    before = {**BODY, "status": "active"}
    adapter = Scripted([Told(202), told(before), told({**BODY, "autoRenewEnabled": False})])
    result = send(adapter, effects=effects)
    assert (result.outcome, result.body["status"]) == (Outcome.DONE, "suspended")
    assert adapter.urls() == [f"PATCH {PATH}", f"GET {PATH}", f"GET {PATH}"]
    assert effects.slept == [1.0, 2.0]


@pytest.mark.parametrize(
    "location",
    [
        "/customers/x/subscriptions/y",
        "customers/x/subscriptions/y",
        "/v1/customers/x/subscriptions/y",
        f"{PARTNER_CENTER}/v1/customers/x/subscriptions/y",
    ],
)
def test_an_accepted_change_is_looked_for_where_the_location_points(location):
    adapter = Scripted([Told(202, headers={"Location": location}), told(BODY)])
    assert send(adapter).outcome is Outcome.DONE
    assert adapter.urls() == [f"PATCH {PATH}", "GET /v1/customers/x/subscriptions/y"]


def test_a_location_at_another_host_gets_no_token():
    elsewhere = Told(202, headers={"Location": "https://evil.example/v1/customers/x"})
    adapter = Scripted([elsewhere, told(BODY)])
    assert send(adapter).outcome is Outcome.DONE
    assert adapter.urls() == [f"PATCH {PATH}", f"GET {PATH}"]
    assert adapter.requests[1].url.startswith(PARTNER_CENTER)


def test_an_accepted_change_shows_in_any_spelling_of_the_status():
    adapter = Scripted([Told(202), told({**BODY, "status": "Suspended"})])
    assert send(adapter).outcome is Outcome.DONE


def test_an_accepted_change_that_does_not_show_is_ambiguous():
    effects = Clockwork()
    adapter = Scripted([Told(202), *[told({**BODY, "status": "active"})] * 4])
    assert send(adapter, effects=effects).outcome is Outcome.AMBIGUOUS
    assert effects.slept == [1.0, 2.0, 4.0, 8.0]


def test_an_accepted_change_that_cannot_be_read_back_is_ambiguous():
    assert send(Scripted([Told(202), fault(404, 20003)])).outcome is Outcome.AMBIGUOUS


def test_an_accepted_restore_shows_by_auto_renew_and_schedule():
    plan = {"quantity": 1, "product": {"productId": "a"}}
    body = {**BODY, "status": "active", "scheduledNextTermInstructions": plan}
    later = [
        told({**body, "autoRenewEnabled": False}),
        told({**body, "scheduledNextTermInstructions": None}),
        told(body),
    ]
    adapter = Scripted([Told(202), *later])
    assert send(adapter, body=body).outcome is Outcome.DONE
    assert len(adapter.requests) == 4


# --- lists -------------------------------------------------------------------------------------


def test_customers_are_listed_page_by_page_with_the_token():
    first = json.loads(example("partner-center/customers-list.json")) | {"continuationToken": "T"}
    adapter = Scripted([told(first), told({"items": []})])
    assert len(list(client_of(adapter).customers())) == 2
    assert adapter.urls() == [
        "GET /v1/customers?size=500",
        "GET /v1/customers?size=500&seekOperation=Next",
    ]
    assert adapter.requests[1].headers["MS-ContinuationToken"] == "T"


def test_the_recorded_list_of_subscriptions_is_read_with_its_byte_order_mark():
    adapter = Scripted([Told(body=example("partner-center/recorded-subscriptions.json"))])
    found = list(client_of(adapter).subscriptions(CUSTOMER))
    assert [licence.status for _, licence in found] == ["active", "suspended"]
    assert found[1][0].subscription_id == "b34024c7-9258-4841-bd0b-1e2a5d5c9d8d"
    assert found[1][1].held["autoRenewEnabled"] is True


def test_the_documented_list_of_subscriptions_is_read():
    adapter = Scripted([Told(body=example("partner-center/subs-list-by-customer.json"))])
    ((_, licence),) = client_of(adapter).subscriptions(CUSTOMER)
    assert licence.term_ends_on == date(2016, 12, 11)


def test_audit_records_are_asked_for_since_a_day():
    adapter = Scripted([Told(body=example("partner-center/auditrecords-page.json"))])
    client = client_of(adapter)
    assert len(list(client.audit_records(date(2017, 6, 1)))) == 2
    assert adapter.urls() == ["GET /v1/auditrecords?startDate=2017-06-01&size=500"]
    assert client.last_date() == at("2025-06-16T12:00:00Z")


def test_an_unknown_value_is_kept_and_reported_once():
    strange = {**BODY, "status": "Hibernating", "billingCycle": "weekly", "commitmentEndDate": "?"}
    client = client_of(Scripted([told(strange), told(strange)]))
    with capture_logs() as lines:
        assert [client.read(REF).status for _ in range(2)] == ["hibernating"] * 2
    assert [line["said"] for line in lines if line["log_level"] == "warning"] == [
        "status 'Hibernating'",
        "billingCycle 'weekly'",
        "commitmentEndDate '?'",
    ]


def test_documented_values_are_not_reported():
    known = {**BODY, "status": "Disabled", "billingCycle": "Annual", "termDuration": "P3Y"}
    unset = {"cancellationAllowedUntilDate": "0001-01-01T00:00:00", "commitmentEndDate": None}
    with capture_logs() as lines:
        found = client_of(Scripted([told({**known, **unset})])).read(REF)
    assert [line for line in lines if line["log_level"] == "warning"] == []
    assert (found.cancellable_until, found.term_ends_on) == (None, None)


def test_composing_goes_through_the_port():
    client = client_of(Scripted([]))
    licence = client.licence({**BODY, "status": "active"})
    assert client.compose(licence, Action.SUSPEND, quantity=None, held=None) == BODY
