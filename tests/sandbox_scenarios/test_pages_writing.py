"""What the pages write goes through the Web API: versions are compared, people stand in history."""

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from sandbox.scenarios.identity import (
    HERO_AUTOMATIC,
    HERO_AUTOMATIC_AT_PROVIDER,
    HERO_CONTRACT,
    HERO_CUSTOMER,
)
from tests.sandbox_scenarios.browser import Browser, Sandbox

HERO = f"/app/subscriptions/{HERO_AUTOMATIC}"
CONTRACT = f"/app/contracts/{HERO_CONTRACT}"
CUSTOMER = f"/app/customers/{HERO_CUSTOMER}"
BY_HAND = f"/app/partner-center/{HERO_AUTOMATIC}"


def seen_version(sandbox: Sandbox) -> str:
    return str(sandbox.row("sk_subscription", HERO_AUTOMATIC)["versionnumber"])


def last_commit(sandbox: Sandbox) -> dict[str, Any]:
    return list(sandbox.world.journal.since(0))[-1].wire()


def take_the_seat(browser: Browser, name: str) -> TestResponse:
    person = re.search(rf'value="([^"]+)"[^>]*>{name}</button>', browser.text(HERO))
    assert person is not None
    return browser.send(HERO, "/app/person", person=person[1])


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        (f"{HERO}/quantity", {"quantity": "7"}),
        (f"{HERO}/details", {"auto_renew": "on"}),
        (f"{HERO}/deactivate", {"refund": "126310002"}),
    ],
)
def test_an_edit_of_an_old_version_is_refused(demo: Sandbox, action: str, fields: dict[str, str]):
    version = seen_version(demo)
    demo.world.dataverse.update("sk_subscription", HERO_AUTOMATIC, {"sk_costprice": "1"})
    before = demo.row("sk_subscription", HERO_AUTOMATIC)
    response = demo.browser.send(HERO, action, version=version, **fields)
    assert response.status_code == 412
    assert "Somebody changed this row" in response.text
    assert demo.row("sk_subscription", HERO_AUTOMATIC) == before
    assert demo.browser.send(HERO, action, version=seen_version(demo), **fields).status_code == 303


@pytest.mark.parametrize("version", ['1"', "x\r\ny", "²", "*"])
def test_a_forged_version_is_no_version_of_the_row(demo: Sandbox, version: str):
    response = demo.browser.send(HERO, f"{HERO}/quantity", quantity="7", version=version)
    assert response.status_code == 412
    assert demo.row("sk_subscription", HERO_AUTOMATIC)["sk_quantity"] == 10


def test_whoever_takes_the_seat_stands_in_the_history(demo: Sandbox):
    browser = demo.browser
    assert take_the_seat(browser, "Megan Bowen").status_code == 303
    assert browser.send(HERO, f"{HERO}/quantity", quantity="7").status_code == 303
    history = browser.text(HERO).partition("Audit history")[2]
    assert "<strong>Megan Bowen</strong>" in history
    assert "<code>sk_quantity</code> 10 → 7" in history
    assert last_commit(demo)["client"] == "Megan Bowen"


def test_a_stranger_cannot_take_the_seat(demo: Sandbox):
    stranger = demo.world.application_user_id
    assert demo.browser.send(HERO, "/app/person", person=stranger).status_code == 400


def test_a_row_waits_for_an_answer_until_there_is_a_log(demo: Sandbox):
    browser = demo.browser
    assert "Waiting for Seatkeeper" not in browser.text(HERO)
    browser.send(f"{HERO}/pause", f"{HERO}/pause")
    assert "Waiting for Seatkeeper" in browser.text(HERO)
    demo.world.dataverse.insert("sk_changelog", {"sk_subscriptionid": HERO_AUTOMATIC})
    assert "Waiting for Seatkeeper" not in browser.text(HERO)


def test_the_refund_setting_of_a_contract_can_be_changed(demo: Sandbox):
    action = f"{CONTRACT}/refunds"
    assert demo.browser.send(CONTRACT, action, refunds="126310002").status_code == 303
    assert demo.row("sk_billingcontract", HERO_CONTRACT)["sk_processrefunds"] == 126310002
    assert demo.browser.send(CONTRACT, action, refunds="all").status_code == 400


def test_a_change_by_hand_bears_the_persons_address_at_partner_center(demo: Sandbox):
    browser = demo.browser
    take_the_seat(browser, "Diego Siciliani")
    response = browser.send(
        BY_HAND, BY_HAND, status="suspended", quantity="10", seats_at_renewal="20"
    )
    assert response.status_code == 303
    there = demo.world.partner_center.subscription(HERO_AUTOMATIC_AT_PROVIDER)
    assert there is not None
    assert (there["status"], there["autoRenewEnabled"]) == ("suspended", False)
    audited = demo.world.partner_center._ledger.audit._records[-1]
    assert audited["userPrincipalName"] == "diego.siciliani@partner.example"


def test_a_change_by_hand_that_changes_nothing_is_none(demo: Sandbox):
    last = demo.world.journal.last
    same = {"status": "active", "quantity": "10", "seats_at_renewal": "12", "auto_renew": "on"}
    assert demo.browser.send(BY_HAND, BY_HAND, **same).status_code == 303
    assert demo.world.journal.last == last


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "none of these", "quantity": "10"},
        {"status": "active", "quantity": "-1"},
        {"status": "active", "quantity": "10", "seats_at_renewal": "many"},
    ],
)
def test_a_change_by_hand_that_cannot_be_read_changes_nothing(
    demo: Sandbox, fields: dict[str, str]
):
    before = demo.world.partner_center.subscription(HERO_AUTOMATIC_AT_PROVIDER)
    assert demo.browser.send(BY_HAND, BY_HAND, **fields).status_code == 400
    assert demo.world.partner_center.subscription(HERO_AUTOMATIC_AT_PROVIDER) == before


def test_all_of_a_customer_asks_for_the_refund_and_takes_only_what_was_shown(demo: Sandbox):
    page = f"{CUSTOMER}/deactivate"
    assert demo.browser.send(page, page, subscription=HERO_AUTOMATIC).status_code == 400
    response = demo.browser.send(page, page, subscription=HERO_AUTOMATIC, refund="126310002")
    assert response.status_code == 303
    states = [
        row["statuscode"]
        for row in demo.world.dataverse.rows("sk_subscription")
        if row["_sk_accountid_value"] == HERO_CUSTOMER
    ]
    assert states.count(2) == 1
