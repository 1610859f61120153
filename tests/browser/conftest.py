"""The system's Chromium; a page that fails its test on errors and on requests to other hosts.

Without Chromium or axe-core the tests are skipped, and fail when SEATKEEPER_BROWSER=required.
"""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser import axe, crm_site
from tests.browser.watch import Watch

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)

PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


def program() -> str | None:
    """Return the system's Chromium, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def missing(what: str) -> None:
    """Skip, visibly; fail where a browser is required."""
    if os.environ.get("SEATKEEPER_BROWSER") == "required":
        pytest.fail(f"{what} is missing, and SEATKEEPER_BROWSER=required")
    pytest.skip(f"{what} is missing; `make test` installs it where it may")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run Chromium for a module: playwright's loop runs on between tests and would bar asyncio."""
    found = program()
    if found is None:
        missing("Chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def site() -> Iterator[crm_site.Site]:
    """Open a sandbox on the day of the story, and a daemon that has adopted it."""
    with crm_site.opened() as opened:
        yield opened


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Collect what pages do wrong; `watch.expect(409)` for a refusal that the test provokes."""
    watched = Watch()
    yield watched
    assert watched.troubles == []


@pytest.fixture
def context(browser: Browser, watch: Watch) -> Iterator[BrowserContext]:
    opened = browser.new_context(ignore_https_errors=True, viewport=crm_site.DESK)
    opened.set_default_timeout(PATIENCE_MS)
    watch.over(opened)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Open a page that fails its test on console errors, uncaught errors and foreign hosts."""
    return context.new_page()


@pytest.fixture(scope="session")
def axe_findings() -> Callable[[Page], list[str]]:
    """Return what judges a page: its serious findings, none when it is accessible."""
    if not axe.SCRIPT.exists():
        missing("axe-core (npm)")
    return axe.findings
