"""The forms of an answer that clients have met, each behind a setting (partner-center.md 2, 8)."""

import json
from typing import Any

import pytest

from tests.sandbox_partner_center.partner_reach import LEGACY, C, Partner, path_of, refusal


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("zulu", "2026-01-10T08:00:00Z"),
        ("offset", "2026-01-10T08:00:00+00:00"),
        ("no_zone", "2026-01-10T08:00:00"),
    ],
)
def test_2_instants_come_with_z_with_an_offset_or_without_a_zone(
    partner: Partner, form: str, shown: str
) -> None:
    bought = partner.buy()
    partner.settings(partner_dates=form)

    assert partner.read(bought)["creationDate"] == shown


def test_2_instants_come_with_one_to_seven_digits_of_a_second(partner: Partner) -> None:
    bought = [partner.buy(creationDate=f"2026-01-{day}T08:00:00Z") for day in range(10, 17)]
    partner.settings(partner_dates="fraction")

    shown = [partner.read(one)["creationDate"] for one in bought]

    whole, _, digits = zip(*(text.rstrip("Z").partition(".") for text in shown), strict=True)
    assert {len(found) for found in digits} == set(range(1, 8))
    assert whole[0] == "2026-01-10T08:00:00"


@pytest.mark.parametrize("form", ["zulu", "offset", "no_zone", "fraction"])
def test_2_a_body_with_dates_of_any_form_is_read(partner: Partner, form: str) -> None:
    bought = partner.buy(
        scheduledNextTermInstructions={"customTermEndDate": "2027-06-30T00:00:00Z"}
    )
    partner.settings(partner_dates=form)

    after = partner.patch(bought, partner.read(bought) | {"friendlyName": "Mail"}).json()

    assert after["friendlyName"] == "Mail"
    assert after["scheduledNextTermInstructions"]["customTermEndDate"][:10] == "2027-06-30"


@pytest.mark.parametrize(
    ("setting", "attributes"),
    [
        ("none", {"objectType": "Subscription"}),
        ("empty", {"etag": "", "objectType": "Subscription"}),
    ],
)
def test_3_2_a_new_commerce_subscription_has_no_etag_or_an_empty_one(
    partner: Partner, setting: str, attributes: dict[str, str]
) -> None:
    partner.settings(new_commerce_etag=setting)
    modern, legacy = partner.buy(), partner.buy(**LEGACY)

    assert partner.read(modern)["attributes"] == attributes
    assert partner.read(legacy)["attributes"] == legacy["attributes"]
    again = partner.patch(modern, partner.read(modern) | {"friendlyName": "A"})
    assert again.json()["attributes"] == attributes


def test_5_the_code_of_an_error_is_a_number_or_a_text(partner: Partner) -> None:
    path = f"{C}/subscriptions/x"
    number = partner.call("GET", path).json()
    partner.settings(error_codes_are_text=True)

    text = partner.call("GET", path).json()

    assert text == number | {"code": "20003"}


def test_5_the_code_can_be_0_as_in_a_changed_contract(partner: Partner) -> None:
    bought = partner.buy()
    rule = {"service": "partner_center", "method": "PATCH", "status": 400, "code": 0}
    partner.control("POST", "faults", {"rules": [rule]})

    assert refusal(partner.patch(bought, bought)) == (400, 0)


def test_6_next_links_can_be_malformed_while_the_token_is_good(partner: Partner) -> None:
    for number in range(3):
        partner.control("POST", "partner-center/customers", {"id": f"c{number}"})
    good = partner.get("/v1/customers?size=2")
    partner.settings(malformed_next_links=True)

    bad = partner.get("/v1/customers?size=2")

    assert good["links"]["next"]["uri"] == "/customers?size=2&seekOperation=Next"
    assert bad["links"]["next"]["uri"] == "/customers?size=2?seekOperation=Next"
    token = {"MS-ContinuationToken": bad["continuationToken"]}
    second = partner.get("/v1/customers?size=2&seekOperation=Next", **token)
    assert [item["id"] for item in second["items"]] == ["c1", "c2"]


@pytest.mark.parametrize("sticks", [False, True])
def test_8_auto_renew_of_a_legacy_subscription_can_stay_on(
    partner: Partner, *, sticks: bool
) -> None:
    partner.settings(legacy_auto_renew_sticks=sticks)
    bought = partner.buy(**LEGACY)

    after = partner.patch(bought, bought | {"autoRenewEnabled": False})

    assert (after.status_code, after.json()["autoRenewEnabled"]) == (200, sticks)


@pytest.mark.parametrize(("clears", "kept"), [(False, "517285"), (True, None)])
def test_8_a_body_without_partner_id_can_lose_the_reseller(
    partner: Partner, *, clears: bool, kept: str | None
) -> None:
    partner.settings(thin_patch_clears_partner=clears)
    bought = partner.buy(partnerId="517285")

    assert partner.patch(bought, {"friendlyName": "A"}).json()["partnerId"] == kept
    echoed = partner.patch(bought, {"friendlyName": "B", "partnerId": "517285"})
    assert echoed.json()["partnerId"] == "517285"


def test_8_an_add_on_can_have_to_name_its_base(partner: Partner) -> None:
    partner.settings(add_on_needs_parent=True)
    base = partner.buy()
    add_on = partner.buy(parentSubscriptionId=base["id"])

    assert refusal(partner.patch(add_on, {"friendlyName": "A"})) == (400, 2000)
    assert partner.patch(add_on, add_on | {"friendlyName": "A"}).status_code == 200
    assert partner.patch(base, {"friendlyName": "A"}).status_code == 200


def test_2_links_are_relative_and_only_the_list_of_customers_has_the_version(
    partner: Partner,
) -> None:
    bought = partner.buy()
    found: list[Any] = [partner.get(path) for path in (C, f"{C}/subscriptions", path_of(bought))]

    links = [part["uri"] for body in found for part in _links(body)]

    assert links
    assert all(uri.startswith("/") and not uri.startswith("/v1") for uri in links)
    customers = partner.get("/v1/customers")
    assert customers["links"]["self"]["uri"] == "/v1/customers"


def _links(body: Any) -> list[Any]:
    if isinstance(body, list):
        return [link for inner in body for link in _links(inner)]
    if not isinstance(body, dict):
        return []
    own = [body] if "uri" in body else []
    return own + [link for inner in body.values() for link in _links(inner)]


def test_2_an_answer_in_every_form_at_once_is_still_json(partner: Partner) -> None:
    bought = partner.buy()
    partner.settings(
        partner_center_bom=True,
        partner_center_crlf=True,
        partner_center_omits_empty=True,
        partner_dates="no_zone",
        new_commerce_etag="empty",
    )

    body = partner.call("GET", path_of(bought)).content

    assert body.startswith(b"\xef\xbb\xbf{\r\n")
    shown = json.loads(body.decode("utf-8-sig"))
    assert shown["commitmentEndDate"] == "2027-01-09T00:00:00"
    assert "parentSubscriptionId" not in shown
