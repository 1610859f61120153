"""`scale` lays its rows in bulk; they are those that inserts would give, and live on as others."""

import json
import re
from random import Random
from typing import Any

import pytest
import requests

from sandbox.in_process import InProcessAdapter, open_world
from sandbox.scenarios import invoices, records, scale
from sandbox.server import Options, start
from sandbox.world import World
from tests.sandbox_platform.reach import ORIGIN, Client, Wall

SUBSCRIPTIONS = 120
TABLES = (
    "account",
    "sk_provider",
    "sk_billingcontract",
    "sk_subscription",
    "sk_invoice",
    "sk_invoiceline",
)
URL = "/api/data/v9.2/sk_subscriptions"
TRACKED = {"Prefer": "odata.track-changes,odata.maxpagesize=50"}


def by_inserts(world: World, total: int, seed: int) -> None:
    """Play the scenario row by row, as the demo is played."""
    today, dice = world.clock.now().date(), Random(seed)  # noqa: S311  # repeatable on purpose
    for number, first in enumerate(range(0, total, scale.GROUP), start=1):
        contract = scale.contract_of(number, today)
        bought = [
            scale.subscription_of(contract, place, dice.randint(1, scale.MOST_SEATS))
            for place in range(1, min(scale.GROUP, total - first) + 1)
        ]
        provider = scale.provider_row(number)
        rows = [records.account_row(contract.customer), provider, records.contract_row(contract)]
        for one in bought:
            row = records.subscription_row(one)
            row.columns["sk_providerid"] = provider.columns["sk_providerid"]
            rows.append(row)
        for issued in invoices.issued(contract, bought):
            rows += invoices.issued_rows(f"INV-{issued.day.year}-{number:05d}", issued)
        for row in [*rows, invoices.draft_row(contract)]:
            world.dataverse.insert(row.table, row.columns)
        world.partner_center.add_customer(records.partner_customer(contract.customer))
        for one in bought:
            world.partner_center.add_subscription(records.partner_subscription(one))


def content(world: World) -> dict[str, list[dict[str, Any]]]:
    """Return what both services hold, as text; leave out what every world has of its own."""
    own = re.compile(r"versionnumber|orderId|_(owner|owning|created|modified).*_value")
    found = {name: list(world.dataverse.rows(name)) for name in TABLES}
    held = sorted(world.partner_center.subscriptions(), key=lambda one: str(one["id"]))
    for one in held:
        del one["links"]
    return {
        name: [{k: str(v) for k, v in row.items() if not own.fullmatch(k)} for row in rows]
        for name, rows in (found | {"partner_center": held}).items()
    }


@pytest.fixture
def laid() -> Client:
    wall = Wall()
    world, app = open_world("scale", subscriptions=SUBSCRIPTIONS, wall=wall)
    session = requests.Session()
    session.mount("https://", InProcessAdapter(app))
    return Client(world, app, session, wall)


def follow(client: Client, path: str) -> tuple[list[dict[str, Any]], str]:
    """Read all pages of a tracked read; return the items and the path of the delta link."""
    items: list[dict[str, Any]] = []
    while True:
        answer = client.call("GET", path, headers=TRACKED).json()
        items += answer["value"]
        path = (answer.get("@odata.nextLink") or answer["@odata.deltaLink"]).removeprefix(ORIGIN)
        if "@odata.deltaLink" in answer:
            return items, path


def test_laid_rows_are_those_that_inserts_one_by_one_would_give(laid: Client):
    world, _ = open_world("empty", wall=Wall())
    by_inserts(world, SUBSCRIPTIONS, seed=1)
    assert content(laid.world) == content(world)
    assert len(content(world)["partner_center"]) == SUBSCRIPTIONS


def test_laid_rows_of_one_table_have_stamps_and_versions_like_inserted_ones(laid: Client):
    rows = list(laid.world.dataverse.rows("sk_subscription"))
    assert len({row["versionnumber"] for row in rows}) == SUBSCRIPTIONS
    one = next(iter(laid.world.dataverse.rows("account")))
    assert {row["_createdby_value"] for row in rows} == {one["_createdby_value"]}
    assert one["_createdby_value"] == one["_ownerid_value"] is not None


def seats(seed: int) -> list[int]:
    world, _ = open_world("scale", subscriptions=60)
    world.reset("scale", subscriptions=60, seed=seed)
    return [row["sk_quantity"] for row in world.dataverse.rows("sk_subscription")]


def test_a_seed_always_buys_the_same_seats_and_another_one_others():
    assert seats(1) == seats(1)
    assert seats(1) != seats(2)


def test_a_delta_link_taken_after_the_reset_sees_changes_and_deletions(laid: Client):
    before, link = follow(laid, f"{URL}?$select=sk_name")
    changed, gone = before[7]["sk_subscriptionid"], before[111]["sk_subscriptionid"]
    assert len(before) == SUBSCRIPTIONS
    laid.call("PATCH", f"{URL}({changed})", json={"sk_name": "Renamed"})
    laid.call("DELETE", f"{URL}({gone})")
    after, link = follow(laid, link)
    assert [item.get("sk_name") for item in after] == ["Renamed", None]
    assert (after[1]["id"], after[1]["reason"]) == (gone, "deleted")
    assert follow(laid, link)[0] == []


def test_a_delta_link_from_before_the_reset_expires(laid: Client):
    _, link = follow(laid, f"{URL}?$select=sk_name")
    laid.world.reset("scale", subscriptions=10)
    assert laid.call("GET", link).status_code == 400


def test_laid_rows_are_found_by_alternate_key_and_hold_it(laid: Client):
    first, second = list(laid.world.dataverse.rows("sk_subscription"))[:2]
    key = first["sk_providersubscriptionid"]
    found = laid.call("GET", f"{URL}(sk_providersubscriptionid='{key.upper()}')").json()
    assert found["sk_subscriptionid"] == first["sk_subscriptionid"]
    body = {"sk_providersubscriptionid": key}
    refused = laid.call("PATCH", f"{URL}({second['sk_subscriptionid']})", json=body)
    assert refused.status_code == 412


def test_laid_rows_are_filtered_and_hold_exact_decimals(laid: Client):
    rows = list(laid.world.dataverse.rows("sk_subscription"))
    wanted = sum(row["sk_quantity"] > 25 for row in rows)
    answer = laid.call("GET", f"{URL}?$filter=sk_quantity gt 25 and sk_unitprice eq 12.5")
    assert len(answer.json()["value"]) == wanted > 0
    assert b'"sk_unitprice":12.5000' in answer.content


def test_laid_rows_are_not_journaled_but_what_happens_to_them_is(laid: Client):
    assert list(laid.world.journal.since(0)) == []
    row = next(iter(laid.world.dataverse.rows("sk_subscription")))
    laid.world.dataverse.update("sk_subscription", row["sk_subscriptionid"], {"sk_quantity": 77})
    (entry,) = laid.world.journal.since(0)
    assert entry.before is not None
    assert entry.after is not None
    assert json.loads(entry.before)["sk_quantity"] == row["sk_quantity"]
    assert json.loads(entry.after)["sk_quantity"] == 77


def test_a_laid_row_has_no_history_before_its_first_change(laid: Client):
    row = next(iter(laid.world.dataverse.rows("sk_subscription")))
    target = json.dumps({"@odata.id": f"sk_subscriptions({row['sk_subscriptionid']})"})
    path = f"/api/data/v9.2/RetrieveRecordChangeHistory(Target=@t)?@t={target}"
    assert laid.call("GET", path).json()["AuditDetailCollection"]["AuditDetails"] == []
    laid.world.dataverse.update("sk_subscription", row["sk_subscriptionid"], {"sk_quantity": 77})
    (detail,) = laid.call("GET", path).json()["AuditDetailCollection"]["AuditDetails"]
    assert detail["OldValue"]["sk_quantity"] == row["sk_quantity"]


def test_a_laid_subscription_at_partner_center_changes_like_any_other(laid: Client):
    center = laid.world.partner_center
    one, other = list(center.subscriptions())[:2]
    assert center.subscription(one["id"].upper()) == one
    center.change_by_hand(one["id"], {"status": "suspended"})
    changed = center.subscription(one["id"])
    assert changed is not None
    assert changed["status"] == "suspended"
    assert center.subscription(other["id"]) == other


def test_laid_subscriptions_renew_when_their_term_ends(laid: Client):
    first = next(iter(laid.world.partner_center.subscriptions()))
    laid.world.clock.advance(366 * 86_400)
    renewed = laid.world.partner_center.subscription(first["id"])
    assert renewed is not None
    assert renewed["commitmentEndDate"] > first["commitmentEndDate"]
    assert renewed["friendlyName"] == first["friendlyName"]


def test_settings_move_the_events_of_laid_subscriptions(laid: Client):
    first = next(iter(laid.world.partner_center.subscriptions()))
    laid.control("POST", "settings", {"renewal_seconds": 7200})
    ends = f"{first['commitmentEndDate'][:10]}T23:59:59Z"
    laid.control("POST", "clock", {"now": ends})
    laid.world.clock.advance(3600)
    waiting = laid.world.partner_center.subscription(first["id"])
    laid.world.clock.advance(7200)
    renewed = laid.world.partner_center.subscription(first["id"])
    assert waiting is not None
    assert renewed is not None
    assert waiting["commitmentEndDate"] == first["commitmentEndDate"] < renewed["commitmentEndDate"]


def test_no_subscriptions_is_an_empty_world():
    world, _ = open_world("scale", subscriptions=0)
    assert list(world.dataverse.rows("account")) == []


def test_laying_a_row_that_is_there_is_refused(laid: Client):
    row = next(iter(laid.world.dataverse.rows("sk_provider")))
    model = {"sk_providerid": "11111111-0000-4000-8000-000000000001", "sk_name": "New"}
    with pytest.raises(ValueError, match="sk_provider: rows with the same id"):
        laid.world.dataverse.lay(
            "sk_provider", model, ("sk_providerid",), [(row["sk_providerid"],)]
        )


def test_laid_rows_and_subscriptions_survive_a_restart(tmp_path):
    options = Options(
        mappings=tmp_path, data_dir=tmp_path / "data", scenario="scale", subscriptions=60
    )
    with start(options) as running:
        before = content(running.world)
        versions = [row["versionnumber"] for row in running.world.dataverse.rows("sk_subscription")]
        orders = [one["orderId"] for one in running.world.partner_center.subscriptions()]
    with start(options) as running:
        assert content(running.world) == before
        rows = list(running.world.dataverse.rows("sk_subscription"))
        assert [row["versionnumber"] for row in rows] == versions
        assert sorted(
            one["orderId"] for one in running.world.partner_center.subscriptions()
        ) == sorted(orders)
        assert running.world.next_version() > max(versions)
