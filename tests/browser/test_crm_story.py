"""The story of the seed by clicks: a person in the browser, the daemon's cycle in between."""

import re

from playwright.sync_api import Page, expect

from sandbox.scenarios.identity import HERO_AUTOMATIC, HERO_MANUAL
from tests.browser.crm_site import AT_PROVIDER, CONTRACT, HERO, MANUAL, Site


def command(page: Page, name: str) -> None:
    """Click a command of the command bar."""
    page.get_by_role("toolbar").get_by_role("link", name=name, exact=True).click()


def confirm(page: Page, name: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


def section(page: Page, name: str):
    return page.get_by_role("region", name=name)


def days_pass(page: Page, site: Site, days: int) -> None:
    site.open(page, "/app/clock")
    page.get_by_role("button", name=f"+ {days} days", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("The clock is moved.")


def test_the_whole_story_can_be_clicked(page: Page, site: Site):
    deactivate_with_refund(page, site)
    deactivate_by_hand(page, site)
    days_pass(page, site, 2)
    pay(page, site)
    days_pass(page, site, 3)
    activate(page, site)
    next_invoice(page, site)


def deactivate_with_refund(page: Page, site: Site) -> None:
    site.open(page, "/app/")
    page.get_by_role("searchbox").fill("premium fabrikam")
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("link", name="Microsoft 365 Business Premium").click()
    command(page, "Deactivate")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("58.33 USD")
    expect(dialog).to_contain_text("17\N{EN DASH}30 June 2026, 14 of 30 days")
    expect(dialog).to_contain_text("the open invoice for 1\N{EN DASH}31 July 2026")
    expect(dialog).to_contain_text("today, 16 June 2026 in America/New_York")
    expect(dialog).to_contain_text("bills on until the term ends on 31 December 2026")
    expect(dialog).to_contain_text("the contract processes refunds")
    dialog.get_by_label("Apply Refund").check()
    confirm(page, "Deactivate")
    logs = section(page, "Change logs")
    expect(logs).to_contain_text("Waiting for Seatkeeper")
    site.work()
    expect(logs).to_contain_text("Provisioned")  # the page follows by itself
    expect(logs).not_to_contain_text("Waiting for Seatkeeper")
    expect(logs).to_contain_text("Deactivation -10 seats")
    expect(logs).to_contain_text("-58.33 USD on the open invoice")
    expect(logs).to_contain_text("125.00 x 14/30 days (17-30 June 2026)")
    expect(logs).to_contain_text("by Alex Wilber")
    there = section(page, "At Partner Center")
    expect(there).to_contain_text(re.compile(r"Status\s*suspended"))
    expect(there).to_contain_text(re.compile(r"At renewal\s*nothing scheduled"))


def deactivate_by_hand(page: Page, site: Site) -> None:
    site.open(page, MANUAL)
    command(page, "Deactivate")
    expect(page.get_by_role("dialog")).to_contain_text("provisioned by hand")
    page.get_by_role("dialog").get_by_label("Use Contract").check()
    confirm(page, "Deactivate")
    site.work()
    site.open(page, "/app/changelogs")
    waiting = page.get_by_role("row").filter(has_text="Acronis Cyber Backup")
    expect(waiting).to_contain_text("Awaiting Provisioning")
    expect(waiting).to_contain_text("Provision this by hand")
    waiting.get_by_role("button", name="Set").click()
    expect(page.get_by_text("Nothing waits for a person.")).to_be_visible()
    site.work()
    logs = [
        row
        for row in site.running.world.dataverse.rows("sk_changelog")
        if row["_sk_subscriptionid_value"] == HERO_MANUAL
    ]
    assert [log["sk_provisionedon"] is not None for log in logs] == [True]


def pay(page: Page, site: Site) -> None:
    site.open(page, CONTRACT)
    invoice = page.get_by_role("region", name="Open invoice")
    expect(invoice).to_contain_text("-58.33 USD")
    expect(invoice).to_contain_text("-25.76 USD")
    invoice.get_by_role("button", name="Mark as paid").click()
    expect(page.get_by_role("status")).to_have_text("The invoice is marked as paid.")
    expect(page.get_by_text("paid on 18 June 2026")).to_be_visible()


def activate(page: Page, site: Site) -> None:
    site.work()
    site.open(page, HERO)
    command(page, "Activate")
    confirm(page, "Activate")
    site.work()
    logs = section(page, "Change logs")
    expect(logs).to_contain_text("Activation +10 seats")
    expect(logs).to_contain_text("37.50 USD on the open invoice")
    expect(section(page, "At Partner Center")).to_contain_text("12 seats")
    there = site.running.world.partner_center.subscription(AT_PROVIDER)
    assert there is not None
    assert (there["status"], there["autoRenewEnabled"]) == ("active", True)


def next_invoice(page: Page, site: Site) -> None:
    site.open(page, "/app/clock")
    page.get_by_label("Set to (UTC)").fill("2026-07-01T14:00")
    page.get_by_role("button", name="Set", exact=True).click()
    site.work()
    site.open(page, CONTRACT)
    issued = page.get_by_role("region").filter(has_text="37.50 USD").filter(has_text="Issued")
    hero = issued.get_by_role("row").filter(has_text="Microsoft 365 Business Premium")
    expect(hero.filter(has_text="37.50 USD")).to_have_count(1)
    expect(hero.filter(has_text="125.00 USD")).to_have_count(1)
    assert site.row("sk_subscription", HERO_AUTOMATIC)["statuscode"] == 1
