"""The sandbox answers each documented request with the documented fields, types and headers."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.sandbox_partner_center.documented import (
    FOLDER,
    INDEX,
    camel,
    differences,
    example,
    headers_of,
    recorded,
)
from tests.sandbox_partner_center.partner_reach import (
    LEGACY,
    OFFER,
    ORIGIN,
    C,
    Partner,
    path_of,
)

Answer = requests.Response
Ask = Callable[[Partner], Answer]
HOOKS = "/webhooks/v1/registration"
E3 = "CFQ7TTC0LFLX:0001:CFQ7TTC0K39X"
NAMED = {"WebhookUrl": "https://daemon.example/hook", "WebhookEvents": ["test-created"]}


def laid(partner: Partner, document: Any, **fields: Any) -> dict[str, Any]:
    """Lay the subscription of an example down, as far as it can be said in a world of 2026."""
    given = {name: value for name, value in camel(document).items() if value is not None}
    for name in ("attributes", "links"):
        given.pop(name, None)
    dates = ("creationDate", "effectiveStartDate", "commitmentEndDate")
    given |= {name: given[name].replace(": ", ":") for name in dates if name in given}
    return partner.buy(**given | fields)


def patched(name: str, **fields: Any) -> Ask:
    """Send the body of an example to the subscription that it is about."""

    def ask(partner: Partner) -> Answer:
        partner.at(WITHIN[example(name).get("creationDate", "2015")[:4]])
        partner.settings(new_commerce_etag="empty")  # as in two of the samples
        bought = laid(partner, example(name), **fields)
        body = example(name)
        if "Attributes" in body:
            body["Attributes"]["Etag"] = bought["attributes"]["etag"]
        return partner.patch(bought, body)

    return ask


# An instant inside the term of a sample, by the year in which it was bought.
WITHIN = {
    "2015": "2016-01-01T00:00:00Z",
    "2019": "2019-01-09T12:00:00Z",
    "2021": "2021-01-14T17:00:00Z",
}
ENTITLED = {**LEGACY, "entitlementId": "E-1"}  # these samples link to an entitlement
WINDOW = {"cancellationAllowedUntilDate": "2019-01-10T00:00:00Z", "status": "active"}


def get(path: str, *, person: bool = False) -> Ask:
    return lambda partner: partner.call("GET", path, person=person)


def fixture_subscription(partner: Partner) -> Answer:
    return partner.call("GET", path_of(laid(partner, example("fixture-sub-ok.json"))))


def listed(name: str) -> Ask:
    def ask(partner: Partner) -> Answer:
        legacy = LEGACY if "by-customer" in name else {}
        laid(partner, example(name)["items"][0], **legacy)
        return partner.call("GET", f"{C}/subscriptions")

    return ask


def by_reseller(partner: Partner) -> Answer:
    laid(partner, example("subs-list-by-partner.json")["items"][0])
    return partner.call("GET", f"{C}/subscriptions?mpn_id=4847383&offset=0&size=10")


def recorded_subscriptions(partner: Partner) -> Answer:
    for item in recorded("GetCustomerSubscription.json")["items"]:
        laid(partner, item)
    return partner.call("GET", f"{C}/subscriptions")


def of_one(path: str, *, person: bool = False, **fields: Any) -> Ask:
    """Ask for what hangs on a subscription."""

    def ask(partner: Partner) -> Answer:
        return partner.call("GET", f"{path_of(partner.buy(**fields))}/{path}", person=person)

    return ask


def order_provisioning(partner: Partner) -> Answer:
    path = f"{C}/orders/{partner.buy()['orderId']}/provisioningstatus"
    return partner.call("GET", path, person=True)


def order(partner: Partner) -> Answer:
    return partner.call("GET", f"{C}/orders/{partner.buy()['orderId']}")


def order_created(partner: Partner) -> Answer:
    return partner.call("POST", f"{C}/orders", example("order-create-request.json"))


def cart(partner: Partner) -> Answer:
    return partner.call("POST", f"{C}/carts", example("cart-create-request-nce.json"))


def checked_out(partner: Partner) -> Answer:
    made = cart(partner).json()
    return partner.call("POST", f"{C}/carts/{made['id']}/checkout")


def eligibilities(partner: Partner) -> Answer:
    partner.buy(offerId="CFQ7TTC0LDPB:0001:CFQ7TTC0KCSV", termDuration="P1M")
    path = f"{path_of(partner.buy())}/transitionEligibilities?eligibilityType=immediate"
    return partner.call("GET", path)


def transition(partner: Partner) -> Answer:
    body = example("sub-transition-request.json")
    source = partner.buy(id=body["fromSubscriptionId"], offerId=body["fromCatalogItemId"])
    partner.buy(id=body["toSubscriptionId"], offerId=body["toCatalogItemId"])
    return partner.call("POST", f"{path_of(source)}/transitions", body)


def conversion(partner: Partner) -> Answer:
    body = example("sub-conversion-request.json")
    path = f"{path_of(partner.buy(isTrial=True, offerId=body['OfferId']))}/conversions"
    return partner.call("POST", path, body, person=True)


def end_dates(partner: Partner) -> Answer:
    partner.buy(commitmentEndDate="2026-07-05")
    return partner.call("GET", f"{C}/subscriptions/customTermEndDates?term_duration=P1M")


def audited(partner: Partner) -> Answer:
    partner.buy()
    line = {"OfferId": OFFER, "Quantity": 1}
    partner.call("POST", f"{C}/orders", {"LineItems": [line]}, person=True)
    return partner.call("GET", "/v1/auditrecords?startDate=2026-06-16")


def accepted(partner: Partner) -> Answer:
    partner.settings(accepted_seconds=5)
    bought = partner.buy()
    return partner.patch(bought, bought | {"quantity": 12})


def fewer_seats(partner: Partner) -> Answer:
    return partner.patch(partner.buy(), {"quantity": 1})


def throttled(partner: Partner) -> Answer:
    partner.settings(partner_center_per_minute=1)
    return [partner.call("GET", C) for _ in range(2)][-1]


def token(partner: Partner) -> Answer:
    form = {
        "client_id": partner.world.client_id,
        "client_secret": partner.world.client_secret,
        "grant_type": "client_credentials",
        "resource": "https://graph.windows.net",
    }
    url = f"{ORIGIN}/{partner.world.tenant_id}/oauth2/token"
    return partner.session.post(url, data=form, timeout=5)


def customers(partner: Partner) -> Answer:
    return partner.call("GET", "/v1/customers?size=40")


def customers_by_name(partner: Partner) -> Answer:
    wanted = '{"Field":"CompanyName","Value":"fab","Operator":"starts_with"}'
    return partner.call("GET", f"/v1/customers?size=&filter={wanted}")


def registered(name: str) -> Ask:
    def ask(partner: Partner) -> Answer:
        method = INDEX[name]["method"]
        if method == "PUT":
            partner.call("POST", HOOKS, NAMED)
        body = example(name) | {"WebhookUrl": NAMED["WebhookUrl"]}
        return partner.call(method, HOOKS, body)

    return ask


def validated(partner: Partner) -> Answer:
    partner.app.postman.carry = lambda *_: 200
    partner.call("POST", HOOKS, NAMED)
    key = partner.call("POST", f"{HOOKS}/validationEvents").json()["correlationId"]
    return partner.call("GET", f"{HOOKS}/validationEvents/{key}")


def invoiced(path: str, *, person: bool = False) -> Ask:
    def ask(partner: Partner) -> Answer:
        base = partner.buy(isTrial=True, parentSubscriptionId="another")
        for _ in range(2):
            partner.buy(parentSubscriptionId=base["id"])
        return partner.call("GET", path, person=person)

    return ask


def migration(path: str = "", events: str = "") -> Ask:
    """Migrate a legacy subscription as the sample does; ask for what it left if that is wanted."""

    def ask(partner: Partner) -> Answer:
        body = example("nce-migration-create-request.json")
        partner.buy(**LEGACY, id=body["currentSubscriptionId"])
        made = partner.call("POST", f"{MOVES}{path}", body)
        return partner.call("GET", f"{MOVES}/{made.json()['id']}{events}") if events else made

    return ask


def activation(partner: Partner) -> Answer:
    bought = partner.buy(isMicrosoftProduct=False, publisherName="Contoso")
    return partner.call("GET", f"{C}/orders/{bought['orderId']}/lineitems/0/activationlinks")


def entitlements(partner: Partner) -> Answer:
    reserved = {"id": "VirtualMachineReservedInstance", "displayName": "Reserved"}
    partner.buy(productType=reserved, offerId="DZH318Z0BQ4C:00BD:x")
    return partner.call("GET", f"{C}/entitlements")


def resellers(partner: Partner) -> Answer:
    partner.control("POST", "partner-center/customers", {"id": "c2", "associatedPartnerId": "48"})
    return partner.call("GET", "/v1/relationships?relationship_type=IsIndirectReseller")


def licences(partner: Partner) -> Answer:
    partner.buy()
    return partner.call("GET", f"{C}/subscribedskus", person=True)


MOVES = f"{C}/migrations/newcommerce"
LINES = "lineitems?provider=onetime&invoicelineitemtype=billinglineitems"
ANSWERS: dict[str, Ask] = {
    "sub-suspend-response.json": patched("sub-suspend-request.json", status="active", **ENTITLED),
    "sub-reactivate-response.json": patched(
        "sub-reactivate-request.json", status="suspended", **ENTITLED
    ),
    "sub-quantity-legacy-response.json": patched(
        "sub-quantity-legacy-request.json", quantity=1, **ENTITLED
    ),
    "sub-cancel-marketplace-response.json": patched(
        "sub-cancel-marketplace-request.json", **WINDOW
    ),
    "sub-scheduled-change-response.json": patched("sub-scheduled-change-request.json"),
    "sub-autorenew-response.json": patched("sub-autorenew-off-request.json", autoRenewEnabled=True),
    "sub-rename-nce-request.json": patched("sub-rename-nce-request.json", friendlyName="before"),
    "sub-update-202-accepted.json": accepted,
    "error-800090-quantity-decrease.json": fewer_seats,
    "error-429-throttled.json": throttled,
    "fixture-sub-ok.json": fixture_subscription,
    "subs-list-by-customer.json": listed("subs-list-by-customer.json"),
    "subs-list-by-partner.json": by_reseller,
    "customers-list.json": customers,
    "customers-filter-by-name.json": customers_by_name,
    "customer-get.json": get(C),
    "sub-provisioningstatus.json": of_one("provisioningstatus", person=True),
    "sub-supportcontact-get.json": of_one("supportcontact", person=True),
    "sub-registrationstatus.json": of_one("registrationstatus"),
    "sub-transition-eligibilities.json": eligibilities,
    "sub-transition-response.json": transition,
    "sub-conversion-response.json": conversion,
    "order-provisioningstatus.json": order_provisioning,
    "order-get.json": order,
    "order-create-request.json": order_created,
    "cart-create-response-nce.json": cart,
    "customtermenddates.json": end_dates,
    "auditrecords-page.json": audited,
    "auth-token-v1-response.json": token,
    "invoice-get.json": invoiced("/v1/invoices/G202605", person=True),
    "invoices-list.json": invoiced("/v1/invoices?size=2&offset=0"),
    "invoice-lineitems-onetime.json": invoiced(f"/v1/invoices/G202605/{LINES}&size=2000"),
    "invoice-lineitems-billed-page1-next.json": invoiced(f"/v1/invoices/G202605/{LINES}&size=2"),
    "invoice-lineitems-unbilled-page1-next.json": invoiced(f"/v1/invoices/unbilled/{LINES}&size=2"),
    "webhook-registration-response.json": registered("webhook-registration-request.json"),
    "webhook-events-list.json": get(f"{HOOKS}/events"),
    "webhook-validationevent-get-response.json": validated,
    "nce-migration-create-response.json": migration(),
    "nce-migration-validate-response.json": migration("/validate"),
    "nce-migration-events.json": migration(events="/events"),
    "sub-upgrades-legacy-get.json": of_one("upgrades", **LEGACY, status="suspended"),
    "order-lineitem-activationlink.json": activation,
    "recorded-offercategories.json": get("/v1/offercategories?country=US"),
}
RECORDED: dict[str, Ask] = {
    "GetCustomerSubscription.json": recorded_subscriptions,
    "GetAuditRecord.json": audited,
    "GetInvoice.json": invoiced("/v1/invoices"),
    "GetInvoiceById.json": invoiced("/v1/invoices/G202605", person=True),
    "GetInvoiceSummary.json": invoiced("/v1/invoices/summary"),
    "GetInvoiceLineItem.json": invoiced(f"/v1/invoices/G202605/{LINES}"),
    "GetCustomerLicense.json": licences,
    "GetCustomerManagedServices.json": get(f"{C}/managedservices"),
    "GetEntitlement.json": entitlements,
    "GetIndirectResellers.json": resellers,
}
REQUESTS: dict[str, Ask] = {
    "sub-suspend-request.json": ANSWERS["sub-suspend-response.json"],
    "sub-reactivate-request.json": ANSWERS["sub-reactivate-response.json"],
    "sub-quantity-legacy-request.json": ANSWERS["sub-quantity-legacy-response.json"],
    "sub-cancel-marketplace-request.json": ANSWERS["sub-cancel-marketplace-response.json"],
    "sub-scheduled-change-request.json": ANSWERS["sub-scheduled-change-response.json"],
    "sub-autorenew-off-request.json": ANSWERS["sub-autorenew-response.json"],
    "cart-create-request-nce.json": cart,
    "sub-transition-request.json": transition,
    "sub-conversion-request.json": conversion,
    "nce-migration-create-request.json": migration(),
    "webhook-registration-request.json": registered("webhook-registration-request.json"),
    "webhook-registration-put-request.json": registered("webhook-registration-put-request.json"),
}
CALLBACKS = {
    "webhook-delivery-request.json",
    "webhook-event-invoice-ready.json",
    "webhook-event-subscription-updated.json",
    "webhook-event-test-created.json",
}
ELSEWHERE = {
    "cart-checkout-response-nce.json",
    "HEAD_GetPartnerOfferCategory.json",
}


def test_every_example_is_compared() -> None:
    files = {path.name for path in FOLDER.glob("*/*.json")} - {"index.json"}
    compared = {*ANSWERS, *RECORDED, *REQUESTS, *CALLBACKS, *ELSEWHERE}

    assert files == compared
    assert set(INDEX) <= files


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_a_documented_answer_has_the_same_fields_types_and_headers(
    partner: Partner, name: str
) -> None:
    answer = ANSWERS[name](partner)

    status = INDEX[name]["status"]
    assert status in (None, answer.status_code), answer.text
    assert answer.ok or status >= 400, answer.text
    documented = example(name)
    if documented is None:
        assert answer.content == b""
    elif "request" not in name:
        expected = camel(documented) if "caveat" in INDEX[name] else documented
        assert set(differences(expected, answer.json())) == set()
    if INDEX[name]["kind"].startswith("response"):
        assert headers_of(name) - set(answer.headers) <= {"Expires", "Pragma"}


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_recorded_answer_has_the_same_fields_and_types(partner: Partner, name: str) -> None:
    answer = RECORDED[name](partner)

    assert answer.status_code == 200, answer.text
    assert set(differences(recorded(name), answer.json())) == set()


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_a_documented_request_is_understood(partner: Partner, name: str) -> None:
    answer = REQUESTS[name](partner)

    assert answer.status_code in (200, 201), answer.text


def test_a_rename_comes_back_with_every_field_that_was_sent(partner: Partner) -> None:
    sent = example("sub-rename-nce-request.json")
    partner.at(WITHIN["2021"])
    bought = laid(partner, sent, friendlyName="before")

    after = partner.patch(bought, sent).json()

    assert after["friendlyName"] == sent["friendlyName"]
    assert set(differences(sent, after)) == set()


def test_the_orders_of_a_checkout_have_the_documented_fields(partner: Partner) -> None:
    bought = checked_out(partner)

    assert bought.status_code == 201
    documented = example("cart-checkout-response-nce.json")
    assert set(differences(documented, bought.json()["orders"][0])) == set()


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("webhook-delivery-request.json", "test-created"),
        ("webhook-event-test-created.json", "test-created"),
        ("webhook-event-subscription-updated.json", "subscription-updated"),
        ("webhook-event-invoice-ready.json", "invoice-ready"),
    ],
)
def test_an_event_has_the_documented_fields_and_headers(
    partner: Partner, name: str, event: str
) -> None:
    sent: list[tuple[Any, Any]] = []

    def carry(_: str, body: bytes, headers: Any) -> int:
        sent.append((body, headers))
        return 200

    partner.app.postman.carry = carry
    events = {"WebhookEvents": ["test-created", "subscription-updated", "invoice-ready"]}
    partner.call("POST", HOOKS, NAMED | events)
    if event == "test-created":
        partner.call("POST", f"{HOOKS}/validationEvents")
    elif event == "invoice-ready":
        partner.at("2026-07-01T00:00:00Z")
    else:
        partner.by_hand(partner.buy(), quantity=12)

    answer = requests.Response()
    answer._content = sent[0][0]
    assert set(answer.json()) == set(example(name))
    assert answer.json()["EventName"] == event
    ours = {"Host", "Accept-Encoding", "Content-Length"}  # the client library's
    assert set(INDEX[name].get("headers", {})) - ours <= set(sent[0][1])


def test_the_recorded_headers_and_line_ends_are_ours(partner: Partner) -> None:
    partner.settings(partner_center_crlf=True)

    answer = partner.call("GET", "/v1/customers")

    recording = recorded("HEAD_GetPartnerOfferCategory.json")[0]
    assert set(recording["ResponseHeaders"]) == headers_of("recorded-offercategories.json")
    assert set(recording["ResponseHeaders"]) <= set(answer.headers)
    assert recording["ResponseBody"].startswith('{\r\n  "totalCount": ')
    assert answer.text.startswith('{\r\n  "totalCount": ')


# partner-center.md 3.2: in the table of fields, in none of the samples
LATER = {
    "actions",
    "billingCycleEndDate",
    "billingCycleEndDateTime",
    "cancellationAllowedUntilDate",
    "commitmentEndDateTime",
    "nextChargeInstructions",
    "refundableQuantity",
    "scheduledActions",
}


@pytest.mark.parametrize("fields", [{}, LEGACY], ids=["new commerce", "legacy"])
def test_a_subscription_shows_no_field_that_is_not_documented(
    partner: Partner, fields: dict[str, Any]
) -> None:
    samples = [path for path in FOLDER.glob("*/sub-*.json") if "list" not in path.name]
    documented = {name for path in samples for name in camel(example(path.name)) or ()}
    recording = recorded("GetCustomerSubscription.json")["items"]
    documented |= {name for item in recording for name in item}

    shown = set(partner.buy(**fields))

    assert shown - documented <= LATER


def test_a_difference_in_name_type_or_length_is_seen() -> None:
    documented = {"a": 1, "b": [{"c": "x"}], "d": None, "e": True}

    assert list(differences(documented, {"a": 2.5, "b": [{"c": "y"}], "e": False})) == []
    assert list(differences(documented, {"a": "1", "b": [], "e": 1})) == [
        "a: number is documented, not text",
        "b[]: missing",
        "e: boolean is documented, not number",
    ]
    assert list(differences(documented, {"A": 1, "b": [{}], "e": True})) == [
        "a: missing",
        "b[].c: missing",
    ]
