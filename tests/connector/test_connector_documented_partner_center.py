"""The client of Partner Center meets each documented payload: what it reads, and what it sends."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from connector.dates import day, instant
from connector.partner_center import wire
from connector.partner_center.client import PartnerCenterClient
from sync.remote import Action, LicenceRef, Outcome
from tests.connector.documented import OF_PARTNER_CENTER, RECORDED, answer, document, files, index
from tests.connector.scripted import (
    PARTNER_CENTER,
    Clockwork,
    FixedTokens,
    Scripted,
    Told,
    http_to,
    told,
)

REF = LicenceRef(
    customer_id="b41dc2b4-5b0f-4cf6-8d1d-bb6f0e1d7a4e",
    subscription_id="83ef9d05-4169-4ef9-9657-0e86b1eab1de",
)
PATH = f"/v1/customers/{REF.customer_id}/subscriptions/{REF.subscription_id}"
REQUEST_ID = "ca7c39f7-1a80-43bc-90d8-ee7d1cad3831"
OURS = {"futureField": {"Deep": [1, Decimal("0.10"), None]}}
"""What no documentation names; it must survive."""

PURCHASE = "people buy and convert in Partner Center; Seatkeeper manages what is there"
BILLING = "Microsoft's own invoices are not read; customers are billed from Dynamics"
POLLED = "audit records and subscriptions are polled; webhooks are not registered"
PERSON = "the call accepts a person's sign-in only, and the state is read from the subscription"
NOT_ASKED = "no call of the client asks for it"
OUTSIDE = {
    "sub-rename-nce-request.json": "names of subscriptions are left as they are",
    "subs-list-by-partner.json": "subscriptions are listed by customer",
    "customer-get.json": "customers are listed, never read one by one",
    "sub-provisioningstatus.json": PERSON,
    "order-provisioningstatus.json": PERSON,
    "order-lineitem-activationlink.json": PURCHASE,
    "order-create-request.json": PURCHASE,
    "order-get.json": PURCHASE,
    "cart-create-request-nce.json": PURCHASE,
    "cart-create-response-nce.json": PURCHASE,
    "cart-checkout-response-nce.json": PURCHASE,
    "sub-transition-eligibilities.json": PURCHASE,
    "sub-transition-request.json": PURCHASE,
    "sub-transition-response.json": PURCHASE,
    "sub-conversion-request.json": PURCHASE,
    "sub-conversion-response.json": PURCHASE,
    "sub-upgrades-legacy-get.json": PURCHASE,
    "nce-migration-create-request.json": PURCHASE,
    "nce-migration-create-response.json": PURCHASE,
    "nce-migration-validate-response.json": PURCHASE,
    "nce-migration-events.json": PURCHASE,
    "customtermenddates.json": PURCHASE,
    "recorded-offercategories.json": PURCHASE,
    "webhook-event-test-created.json": POLLED,
    "webhook-events-list.json": POLLED,
    "webhook-registration-request.json": POLLED,
    "webhook-registration-response.json": POLLED,
    "webhook-registration-put-request.json": POLLED,
    "webhook-validationevent-get-response.json": POLLED,
    "webhook-delivery-request.json": POLLED,
    "webhook-event-subscription-updated.json": POLLED,
    "webhook-event-invoice-ready.json": POLLED,
    "invoice-lineitems-unbilled-page1-next.json": BILLING,
    "invoice-lineitems-billed-page1-next.json": BILLING,
    "invoice-lineitems-onetime.json": BILLING,
    "invoices-list.json": BILLING,
    "invoice-get.json": BILLING,
    "auth-token-v1-response.json": "MSAL signs in at the v2 endpoint",
    "sub-supportcontact-get.json": NOT_ASKED,
    "sub-registrationstatus.json": NOT_ASKED,
}
OUTSIDE_RECORDED = {
    "GetCustomerLicense.json": NOT_ASKED,
    "GetCustomerManagedServices.json": NOT_ASKED,
    "GetEntitlement.json": NOT_ASKED,
    "GetIndirectResellers.json": NOT_ASKED,
    "GetInvoice.json": BILLING,
    "GetInvoiceById.json": BILLING,
    "GetInvoiceLineItem.json": BILLING,
    "GetInvoiceSummary.json": BILLING,
    "HEAD_GetPartnerOfferCategory.json": PURCHASE,
    "LICENSE.Partner-Center-PowerShell": "the licence of the recordings",
}
"""Documented payloads that are outside the connector's job, with the reason."""


def client_to(*answers):
    adapter, effects = Scripted(answers), Clockwork()
    client = PartnerCenterClient(
        http_to(adapter, effects), FixedTokens("t"), effects, PARTNER_CENTER
    )
    return client, adapter


def of(name, **more):
    return answer(OF_PARTNER_CENTER, name, **more)


def body_of(name, folder=OF_PARTNER_CENTER):
    return document(folder / name)


def camel(name, folder=OF_PARTNER_CENTER):
    return wire.normalised(body_of(name, folder))


def has_the_facts_of(licence, resource):
    """Compare what the engine reads with the document, type by type."""
    modern = len(resource.get("offerId", "").split(":")) == 3
    ends = day(resource["commitmentEndDate"])
    assert licence.resource == resource
    assert licence.status == resource["status"].lower()
    assert (type(licence.quantity), licence.quantity) == (int, resource["quantity"])
    assert licence.auto_renew is resource.get("autoRenewEnabled", False)
    assert licence.is_new_commerce is modern
    assert licence.term_ends_on == ends - timedelta(days=0 if modern else 1)
    assert isinstance(licence.term_ends_on, date)
    assert licence.etag == resource.get("attributes", {}).get("etag", "")
    assert instant(resource["creationDate"]).tzinfo is UTC
    assert set(licence.held) == set(wire.HELD)
    assert licence.held[wire.NEXT_TERM] == resource.get(wire.NEXT_TERM)


def is_a_subscription(name):
    """Check a read, and that a change of the quantity loses nothing, the unknown included."""
    body = json.dumps(body_of(name) | OURS, default=float).encode()
    client, adapter = client_to(of(name), Told(200, body), told({}))
    has_the_facts_of(client.read(REF), camel(name))
    licence = client.read(REF)
    composed = client.compose(licence, Action.SET_QUANTITY, quantity=7, held=None)
    client.send(REF, composed, request_id=REQUEST_ID, etag="")
    sent = json.loads(adapter.requests[-1].body, parse_float=Decimal)
    assert sent == wire.normalised(body_of(name) | OURS) | {"quantity": 7}
    assert "futureField" in sent


def is_the_answer_to_a_write(name):
    is_a_subscription(name)
    client, _ = client_to(of(name))
    result = client.send(REF, camel(name), request_id=REQUEST_ID, etag="")
    assert result.outcome is Outcome.DONE
    has_the_facts_of(client.licence(result.body), camel(name))


def is_a_request(action, before, quantity=None, held=None):
    """Check the composed document and its request against the documented ones."""

    def check(name):
        wanted = camel(name)
        was = {key: value for key, value in (wanted | before).items() if value is not None}
        client, adapter = client_to(told(was), told(wanted))
        licence = client.read(REF)
        body = client.compose(licence, action, quantity=quantity, held=held)
        assert normal(body) == normal(wanted)
        client.send(REF, body, request_id=REQUEST_ID, etag="<etag>")
        sent, entry = adapter.requests[-1], index(OF_PARTNER_CENTER)[name]
        assert (sent.method, sent.path_url) == (entry["method"], PATH)
        assert sent.headers["If-Match"] == '"<etag>"'
        assert sent.headers["MS-RequestId"] == REQUEST_ID
        unsaid = {"Content-Length", "Expect", "Connection", "Host", "If-Match", "X-Locale"}
        assert set(entry["headers"]) - unsaid <= set(sent.headers)
        for header in ("Accept", "Content-Type"):
            assert entry["headers"].get(header, "application/json").startswith(sent.headers[header])

    return check


def normal(resource):
    """Leave out what is empty: an absent and an empty instruction are the same."""
    return {key: value for key, value in resource.items() if value is not None}


def is_accepted(name):
    entry = index(OF_PARTNER_CENTER)[name]
    place = entry["headers"]["Location"]
    place = place.replace("<customer-tenant-id>", REF.customer_id)
    place = place.replace("<subscriptionID>", REF.subscription_id)
    wanted = camel("sub-suspend-response.json")
    client, adapter = client_to(Told(entry["status"], b"", {"Location": place}), told(wanted))
    result = client.send(REF, wanted, request_id=REQUEST_ID, etag="")
    assert result.outcome is Outcome.DONE
    assert adapter.urls()[1] == f"GET /v1{place}"


def is_refused(name):
    client, _ = client_to(of(name))
    result = client.send(REF, {}, request_id=REQUEST_ID, etag="")
    assert (result.outcome, result.code) == (Outcome.REFUSED, str(body_of(name)["code"]))
    assert result.message.startswith(body_of(name)["description"].rstrip("."))


def is_throttled(name):
    client, _ = client_to(of(name))
    result = client.send(REF, {}, request_id=REQUEST_ID, etag="")
    assert (result.outcome, result.retry_after_seconds) == (Outcome.RETRY, 57.0)
    assert result.message.startswith(body_of(name)["message"])


def is_a_list_of_subscriptions(name, folder=OF_PARTNER_CENTER):
    client, adapter = client_to(Told(200, (folder / name).read_bytes()))
    found = list(client.subscriptions(REF.customer_id))
    items = body_of(name, folder)["items"]
    assert len(found) == len(items) > 0
    for (ref, licence), resource in zip(found, items, strict=True):
        has_the_facts_of(licence, resource)
        assert ref.subscription_id == resource["id"].lower()
    assert adapter.urls() == [f"GET /v1/customers/{REF.customer_id}/subscriptions"]


def is_a_list_of_customers(name):
    client, adapter = client_to(of(name))
    found = list(client.customers())
    items = body_of(name)["items"]
    assert [one.id for one in found] == [item["id"].lower() for item in items]
    profiles = [item["companyProfile"] for item in items]
    told_of = [(profile["companyName"], profile["domain"]) for profile in profiles]
    assert [(one.name, one.domain) for one in found] == told_of
    assert adapter.urls() == ["GET /v1/customers?size=500"]


def is_audit_records(name, folder=OF_PARTNER_CENTER):
    client, _ = client_to(Told(200, (folder / name).read_bytes()))
    found = list(client.audit_records(date(2017, 6, 1)))
    items = body_of(name, folder)["items"]
    assert len(found) == len(items) > 0
    for record, item in zip(found, items, strict=True):
        assert isinstance(record.at, datetime)
        assert record.at == instant(item["operationDate"])
        assert record.customer_id == item.get("customerId", "").lower()
        assert record.resource == item["resourceType"].lower()
        assert record.operation == item["operationType"].lower()
        assert record.succeeded is (item["operationStatus"] == "succeeded")
        assert record.user == item.get("userPrincipalName", "")
        assert record.application_id == item.get("applicationId", "")
        new = json.loads(item.get("resourceNewValue") or "{}", parse_float=Decimal)
        assert record.new == wire.normalised(new)


SCHEDULED = camel("sub-scheduled-change-request.json")[wire.NEXT_TERM]
CHECKS = {
    "sub-suspend-request.json": is_a_request(Action.SUSPEND, {"status": "active"}),
    "sub-reactivate-request.json": is_a_request(Action.REACTIVATE, {"status": "suspended"}),
    "sub-cancel-marketplace-request.json": is_a_request(Action.CANCEL, {"status": "active"}),
    "sub-quantity-legacy-request.json": is_a_request(
        Action.SET_QUANTITY, {"quantity": 1}, quantity=2
    ),
    "sub-autorenew-off-request.json": is_a_request(
        Action.RESTORE, {"autoRenewEnabled": True}, held={"autoRenewEnabled": False}
    ),
    "sub-scheduled-change-request.json": is_a_request(
        Action.SCHEDULE_QUANTITY, {wire.NEXT_TERM: SCHEDULED | {"quantity": 9}}, quantity=1
    ),
    "sub-suspend-response.json": is_the_answer_to_a_write,
    "sub-reactivate-response.json": is_the_answer_to_a_write,
    "sub-quantity-legacy-response.json": is_the_answer_to_a_write,
    "sub-cancel-marketplace-response.json": is_the_answer_to_a_write,
    "sub-scheduled-change-response.json": is_the_answer_to_a_write,
    "sub-autorenew-response.json": is_the_answer_to_a_write,
    "fixture-sub-ok.json": is_a_subscription,
    "sub-update-202-accepted.json": is_accepted,
    "error-800090-quantity-decrease.json": is_refused,
    "error-429-throttled.json": is_throttled,
    "subs-list-by-customer.json": is_a_list_of_subscriptions,
    "customers-list.json": is_a_list_of_customers,
    "customers-filter-by-name.json": is_a_list_of_customers,
    "auditrecords-page.json": is_audit_records,
}
RECORDED_CHECKS = {
    "GetCustomerSubscription.json": is_a_list_of_subscriptions,
    "GetAuditRecord.json": is_audit_records,
}


def test_no_documented_payload_is_forgotten():
    named = set(index(OF_PARTNER_CENTER))
    assert set(CHECKS) | set(OUTSIDE) == named == files(OF_PARTNER_CENTER)
    assert set(RECORDED_CHECKS) | set(OUTSIDE_RECORDED) == files(RECORDED)
    assert set(CHECKS) & set(OUTSIDE) == set(RECORDED_CHECKS) & set(OUTSIDE_RECORDED) == set()
    assert all(len(reason) > 20 for reason in (OUTSIDE | OUTSIDE_RECORDED).values())


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_documented_payload_of_partner_center_is_met(name):
    CHECKS[name](name)


@pytest.mark.parametrize("name", sorted(RECORDED_CHECKS))
def test_a_recorded_answer_of_partner_center_is_read_whole(name):
    RECORDED_CHECKS[name](name, RECORDED)
