"""`python -m tests.browser.screenshots`: the pictures of the CRM pages in docs/screenshots."""

from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, program
from tests.browser.crm_site import CONTRACT, CUSTOMER, HERO, MANUAL, Site, opened

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
WIDE = {"width": 1200, "height": 750}
PHONE = {"width": 390, "height": 780}


def taken(page: Page, site: Site, path: str, name: str) -> None:
    site.open(page, path)
    page.screenshot(path=FOLDER / f"crm-{name}.png")


def deactivated(page: Page, site: Site, path: str) -> None:
    site.open(page, f"{path}/deactivate")
    page.get_by_label("Apply Refund").check()
    page.get_by_role("button", name="Deactivate", exact=True).click()
    site.work()


def play(browser: Browser, site: Site) -> None:
    with browser.new_context(ignore_https_errors=True, viewport=WIDE) as context:
        page = context.new_page()
        taken(page, site, "/app/subscriptions", "subscriptions")
        taken(page, site, f"{HERO}/deactivate", "deactivate")
        taken(page, site, f"{CUSTOMER}/deactivate", "deactivate-all")
        deactivated(page, site, HERO)
        deactivated(page, site, MANUAL)
        taken(page, site, HERO, "subscription")
        taken(page, site, "/app/changelogs", "change-logs")
        page.emulate_media(color_scheme="dark")
        taken(page, site, CONTRACT, "contract-dark")
        page.set_viewport_size(PHONE)
        page.emulate_media(color_scheme="light")
        taken(page, site, HERO, "subscription-phone")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, opened() as site:
        browser = playwright.chromium.launch(executable_path=program(), args=list(ARGUMENTS))
        play(browser, site)
        browser.close()


if __name__ == "__main__":
    main()
