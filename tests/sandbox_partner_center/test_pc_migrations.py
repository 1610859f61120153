"""Migrations from legacy to new commerce (partner-center.md 3.1 and 3.3)."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.persistence import SqliteStorage
from tests.sandbox_partner_center.partner_reach import CUSTOMER, LEGACY, C, Partner, refusal

ROOT = f"{C}/migrations/newcommerce"
HOUR = 3600


def migrate(partner: Partner, bought: dict[str, Any], **fields: Any) -> dict[str, Any]:
    body = {"currentSubscriptionId": bought["id"], **fields}
    answer = partner.call("POST", ROOT, body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def events(partner: Partner, made: dict[str, Any]) -> list[str]:
    return [event["eventName"] for event in partner.get(f"{ROOT}/{made['id']}/events")]


def test_3_1_a_migration_ends_the_source_and_names_it_on_the_new_one(partner: Partner) -> None:
    bought = partner.buy(**LEGACY, friendlyName="Mail")

    made = migrate(partner, bought, termDuration="P1M", billingCycle="Monthly", quantity=7)

    new = partner.get(f"{C}/subscriptions/{made['newCommerceSubscriptionId']}")
    assert (made["status"], partner.read(bought)["status"]) == ("Completed", "deleted")
    assert new["migratedFromSubscriptionId"] == bought["id"]
    assert (new["quantity"], new["termDuration"], new["friendlyName"]) == (7, "P1M", "Mail")
    assert new["orderId"] == made["newCommerceOrderId"]
    assert "productType" in new
    assert partner.get(f"{ROOT}/{made['id']}") == made
    assert partner.get(ROOT)["items"] == [made]


@pytest.mark.parametrize(("full", "ends"), [(True, "2027-06-15"), (False, "2027-01-09")])
def test_3_1_a_migration_keeps_the_end_of_the_term_or_buys_a_full_one(
    partner: Partner, *, full: bool, ends: str
) -> None:
    made = migrate(partner, partner.buy(**LEGACY), purchaseFullTerm=full)

    new = partner.get(f"{C}/subscriptions/{made['newCommerceSubscriptionId']}")

    assert new["commitmentEndDate"] == f"{ends}T00:00:00Z"


def test_3_1_the_source_is_suspended_while_a_migration_runs(partner: Partner) -> None:
    partner.settings(migration_seconds=HOUR)
    bought = partner.buy(**LEGACY)
    made = migrate(partner, bought)
    assert (made["status"], events(partner, made)) == ("Processing", ["MigrationStarted"])
    assert partner.read(bought)["status"] == "suspended"
    partner.wait(HOUR - 1)
    assert partner.read(bought)["status"] == "suspended"

    partner.wait(1)

    assert partner.read(bought)["status"] == "deleted"
    assert events(partner, made) == [
        "MigrationStarted",
        "NewCommerceSubscriptionCreated",
        "NewCommerceSubscriptionProvisioned",
        "MigrationCompleted",
    ]


def test_3_1_the_source_of_a_failed_migration_comes_back_after_72_hours(partner: Partner) -> None:
    partner.settings(migration_fails=True)
    bought = partner.buy(**LEGACY)

    made = migrate(partner, bought)

    assert (made["status"], "newCommerceSubscriptionId" in made) == ("Failed", False)
    assert events(partner, made) == ["MigrationStarted", "MigrationFailed"]
    partner.wait(72 * HOUR - 1)
    assert partner.read(bought)["status"] == "suspended"
    partner.wait(1)
    assert partner.read(bought)["status"] == "active"
    assert partner.get(f"{C}/subscriptions")["totalCount"] == 1


@pytest.mark.parametrize("fields", [{}, {**LEGACY, "status": "suspended"}])
def test_3_1_only_an_active_legacy_subscription_migrates(
    partner: Partner, fields: dict[str, Any]
) -> None:
    bought = partner.buy(**fields)
    body = {"currentSubscriptionId": bought["id"]}

    assert partner.call("POST", f"{ROOT}/validate", body).json()["isEligible"] is False
    assert refusal(partner.call("POST", ROOT, body)) == (400, 800062)
    assert partner.read(bought) == bought


def test_3_1_what_is_not_there_cannot_migrate(partner: Partner) -> None:
    body = {"currentSubscriptionId": "x"}

    assert refusal(partner.call("POST", ROOT, body)) == (404, 20003)
    assert refusal(partner.call("GET", f"{ROOT}/x")) == (404, 1000)


@pytest.mark.parametrize(("path", "limit"), [(ROOT, 100), (f"{ROOT}/validate", 450)])
def test_3_1_migrations_have_limits_of_their_own(partner: Partner, path: str, limit: int) -> None:
    partner.settings(partner_center_per_minute=0)
    body = {"currentSubscriptionId": "x"}
    statuses = {partner.call("POST", path, body).status_code for _ in range(limit)}

    last = partner.call("POST", path, body)

    assert statuses == {404}
    assert (last.status_code, last.headers["Retry-After"]) == (429, "300")


def test_3_4_migrations_are_told_to_a_webhook(partner: Partner) -> None:
    sent: list[dict[str, Any]] = []

    def carry(_: str, body: bytes, __: object) -> int:
        sent.append(json.loads(body))
        return 200

    partner.app.postman.carry = carry
    names = [f"new-commerce-migration-{name}" for name in ("created", "completed", "failed")]
    hook = {"WebhookUrl": "https://daemon.example/hook", "WebhookEvents": names}
    partner.call("POST", "/webhooks/v1/registration", hook)

    made = migrate(partner, partner.buy(**LEGACY))
    partner.settings(migration_fails=True)
    migrate(partner, partner.buy(**LEGACY))

    assert [event["EventName"] for event in sent] == [names[0], names[1], names[0], names[2]]
    assert sent[0]["ResourceUri"].endswith(f"/migrations/newcommerce/{made['id']}")


def test_3_1_migrations_survive_a_restart(partner: Partner, tmp_path: Path) -> None:
    storage = SqliteStorage(tmp_path / "world.db")
    partner.world.storage = storage
    partner.settings(migration_seconds=HOUR)
    bought = partner.buy(**LEGACY)
    made = migrate(partner, bought)

    partner.world.partner_center.clear()
    named = {"id": CUSTOMER, "companyName": "F", "domain": "f.example"}
    partner.control("POST", "partner-center/customers", named)
    partner.world.partner_center.load(storage.documents("partner_center"))
    partner.wait(HOUR)

    assert partner.get(f"{ROOT}/{made['id']}")["status"] == "Completed"
    storage.close()
    assert partner.read(bought)["status"] == "deleted"
