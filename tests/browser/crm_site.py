"""A sandbox over HTTPS on the day of the story, and a daemon that works when it is told to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from sandbox.scenarios.identity import (
    HERO_AUTOMATIC,
    HERO_AUTOMATIC_AT_PROVIDER,
    HERO_CONTRACT,
    HERO_CUSTOMER,
    HERO_MANUAL,
)
from sandbox.server import Options, Running, start
from seatkeeper.bootstrap import Application, build, meet
from seatkeeper.config import load_config
from seatkeeper.mapping_folder import shipped
from store.sqlite import SqliteStore
from sync.cycle import run_once
from sync.invoice_run import run_due_invoices

STORY_DAY = datetime(2026, 6, 16, 14, 0, tzinfo=UTC)
HERO = f"/app/subscriptions/{HERO_AUTOMATIC}"
MANUAL = f"/app/subscriptions/{HERO_MANUAL}"
CONTRACT = f"/app/contracts/{HERO_CONTRACT}"
CUSTOMER = f"/app/customers/{HERO_CUSTOMER}"
DESK = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
AT_PROVIDER = HERO_AUTOMATIC_AT_PROVIDER
EVERY_PAGE = (
    "/app/subscriptions",
    "/app/subscriptions?view=inactive",
    "/app/subscriptions?q=nothing+is+called+so",
    HERO,
    f"{HERO}/deactivate",
    MANUAL,
    "/app/changelogs",
    "/app/changelogs?view=all",
    "/app/customers",
    CUSTOMER,
    f"{CUSTOMER}/deactivate",
    "/app/contracts",
    CONTRACT,
    "/app/partner-center",
    f"/app/partner-center/{HERO_AUTOMATIC}",
    "/app/clock",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the tests of the CRM pages act on."""

    running: Running
    daemon: Application

    def url(self, path: str) -> str:
        return self.running.base_url + path

    def open(self, page: Page, path: str) -> None:
        page.goto(self.url(path))

    def work(self) -> None:
        """Let the daemon poll once, do what there is to do, and issue what is due."""
        run_once(self.daemon.engine)
        run_due_invoices(self.daemon.engine)

    def write(self, table: str, row_id: str, **changes: Any) -> None:
        """Change a row behind the back of the pages."""
        with self.running.world.acting("somebody"):
            self.running.world.dataverse.update(table, row_id, changes, by="Somebody Else")

    def others(self) -> list[str]:
        """Return the active subscriptions at Partner Center beside the hero."""
        with self.running.world.lock:
            return [
                row["sk_subscriptionid"]
                for row in self.running.world.dataverse.rows("sk_subscription")
                if row["statuscode"] == 1
                and row["sk_providersubscriptionid"]
                and row["sk_subscriptionid"] != HERO_AUTOMATIC
            ]

    def row(self, table: str, row_id: str) -> dict[str, Any]:
        with self.running.world.lock:
            rows = self.running.world.dataverse.rows(table)
            return next(row for row in rows if row[f"{table}id"] == row_id)


@contextmanager
def opened() -> Iterator[Site]:
    """Lay the demo on the day of the story, and let the daemon adopt it."""
    with start(Options(mappings=shipped())) as running:
        running.world.clock.set(STORY_DAY)
        running.world.reset("demo", seed=1)
        config = load_config(Path(running.ready["config_file"]), {})
        daemon = build(config, store=SqliteStore(":memory:"), inline=True)
        try:
            meet(daemon)
            site = Site(running=running, daemon=daemon)
            site.work()
            yield site
        finally:
            daemon.close()
