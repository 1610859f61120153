"""The scenarios as a world holds them: both services, read back."""

from collections import Counter

from sandbox.scenarios import SCENARIOS
from sandbox.scenarios.identity import (
    HERO_AUTOMATIC,
    HERO_AUTOMATIC_AT_PROVIDER,
    HERO_CUSTOMER,
    HERO_CUSTOMER_TENANT,
)
from tests.sandbox_scenarios.browser import Sandbox

TABLES = (
    "account",
    "sk_provider",
    "sk_billingcontract",
    "sk_subscription",
    "sk_changelog",
    "sk_invoice",
    "sk_invoiceline",
)


def count(sandbox: Sandbox, table: str) -> int:
    return len(list(sandbox.world.dataverse.rows(table)))


def test_the_scenarios_are_empty_demo_scale_and_bare():
    assert list(SCENARIOS) == ["empty", "demo", "scale", "bare"]


def test_empty_has_no_rows(sandbox: Sandbox):
    sandbox.world.reset("empty")
    assert {table: count(sandbox, table) for table in TABLES} == dict.fromkeys(TABLES, 0)
    assert list(sandbox.world.partner_center.subscriptions()) == []


def test_demo_leaves_the_change_logs_to_the_daemon(demo: Sandbox):
    assert count(demo, "sk_changelog") == 0
    assert count(demo, "sk_subscription") == 60


def test_demo_puts_the_hero_on_both_sides(demo: Sandbox):
    row = demo.row("sk_subscription", HERO_AUTOMATIC)
    assert row["sk_providersubscriptionid"] == HERO_AUTOMATIC_AT_PROVIDER
    assert demo.row("account", HERO_CUSTOMER)["sk_customertenantid"] == HERO_CUSTOMER_TENANT
    there = demo.world.partner_center.subscription(HERO_AUTOMATIC_AT_PROVIDER)
    assert there is not None
    assert (there["status"], there["quantity"], there["autoRenewEnabled"]) == ("active", 10, True)
    assert there["scheduledNextTermInstructions"]["quantity"] == 12


def test_demo_has_the_same_status_and_seats_on_both_sides(demo: Sandbox):
    compared: Counter[tuple[int, str]] = Counter()
    for row in demo.world.dataverse.rows("sk_subscription"):
        if row["sk_providersubscriptionid"]:
            there = demo.world.partner_center.subscription(row["sk_providersubscriptionid"])
            assert there is not None
            assert there["quantity"] == row["sk_quantity"]
            assert there["autoRenewEnabled"] is row["sk_autorenew"]
            compared[row["statuscode"], there["status"]] += 1
    assert set(compared) == {
        (1, "active"),
        (126310000, "suspended"),
        (2, "suspended"),
        (126310001, "deleted"),
        (126310002, "expired"),
    }


def test_demo_has_legacy_subscriptions_whose_printed_end_is_exclusive(demo: Sandbox):
    by_id = {
        row["sk_providersubscriptionid"]: row
        for row in demo.world.dataverse.rows("sk_subscription")
    }
    legacy = [
        there for there in demo.world.partner_center.subscriptions() if ":" not in there["offerId"]
    ]
    assert len(legacy) == 3
    for there in legacy:
        assert there["commitmentEndDate"][:10] > by_id[there["id"]]["sk_termenddate"]


def test_demo_survives_a_day_without_change_at_partner_center(demo: Sandbox):
    before = {each["id"]: each["status"] for each in demo.world.partner_center.subscriptions()}
    demo.world.clock.advance(86_400)
    after = {each["id"]: each["status"] for each in demo.world.partner_center.subscriptions()}
    assert after == before


def test_scale_makes_a_customer_a_contract_and_a_provider_for_every_fifty(sandbox: Sandbox):
    sandbox.world.reset("scale", subscriptions=120, seed=1)
    assert count(sandbox, "sk_subscription") == 120
    assert len(list(sandbox.world.partner_center.subscriptions())) == 120
    for table in ("account", "sk_billingcontract", "sk_provider"):
        assert count(sandbox, table) == 3
    contracts = Counter(
        row["_sk_billingcontractid_value"]
        for row in sandbox.world.dataverse.rows("sk_subscription")
    )
    assert sorted(contracts.values()) == [20, 50, 50]


def test_scale_bills_every_subscription_once_and_has_a_draft_for_each_contract(sandbox: Sandbox):
    sandbox.world.reset("scale", subscriptions=120, seed=1)
    billed = Counter(
        row["_sk_subscriptionid_value"] for row in sandbox.world.dataverse.rows("sk_invoiceline")
    )
    assert len(billed) == 120
    assert set(billed.values()) == {1}
    assert Counter(row["statuscode"] for row in sandbox.world.dataverse.rows("sk_invoice")) == {
        1: 3,
        126310000: 3,
    }


def test_a_reset_to_the_same_seed_has_the_same_rows_in_another_organisation(demo: Sandbox):
    first = demo.world.organisation_id
    names = sorted(row["sk_name"] for row in demo.world.dataverse.rows("sk_invoiceline"))
    demo.world.reset("demo", seed=1)
    assert demo.world.organisation_id != first
    assert names == sorted(row["sk_name"] for row in demo.world.dataverse.rows("sk_invoiceline"))
