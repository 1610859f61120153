"""What Seatkeeper answers shows on the CRM pages."""

import re

from playwright.sync_api import Page, expect

from sandbox.scenarios.choices import ChangeKind
from sandbox.scenarios.identity import HERO_CUSTOMER
from tests.browser.crm_site import CUSTOMER, Site


def test_a_refused_change_says_why_and_is_solved_when_set_back(page: Page, site: Site):
    site.open(page, f"/app/subscriptions/{site.others()[0]}")
    seats = page.get_by_label("Seats", exact=True).input_value()
    page.get_by_label("Seats", exact=True).fill("0")
    page.get_by_role("button", name="Save seats").click()
    site.work()
    expect(page.get_by_role("alert")).to_contain_text("Use Deactivate to stop")
    page.get_by_role("link", name="Refresh").click()
    page.get_by_label("Seats", exact=True).fill(seats)
    page.get_by_role("button", name="Save seats").click()
    site.work()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_cancelled_subscription_cannot_be_activated_again(page: Page, site: Site):
    site.open(page, "/app/subscriptions?view=inactive&reason=126310001")
    page.locator("tbody th a").first.click()
    page.get_by_role("link", name="Activate").click()
    page.get_by_role("dialog").get_by_role("button", name="Activate").click()
    site.work()
    expect(page.get_by_role("alert")).to_contain_text("Create a new one")
    page.get_by_role("link", name="Cancel", exact=True).click()
    page.get_by_label("Do Not Refund").check()
    page.get_by_role("dialog").get_by_role("button", name="Cancel", exact=True).click()
    site.work()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_all_of_a_customer_are_deactivated_after_one_preview(page: Page, site: Site):
    site.open(page, CUSTOMER)
    page.get_by_role("link", name="Deactivate all").click()
    boxes = page.get_by_role("checkbox")
    shown = boxes.count()
    boxes.last.uncheck()
    expect(page.get_by_role("row").filter(has_text="Credit in all")).to_contain_text("USD")
    page.get_by_label("Do Not Refund").check()
    page.get_by_role("button", name="Deactivate the chosen ones").click()
    expect(page.get_by_role("status")).to_contain_text("are deactivated")
    active = page.get_by_role("region", name="Subscriptions").get_by_text("Active", exact=True)
    expect(active).to_have_count(1)
    site.work()
    own = {
        row["sk_subscriptionid"]
        for row in site.running.world.dataverse.rows("sk_subscription")
        if row["_sk_accountid_value"] == HERO_CUSTOMER
    }
    logged = [
        row["_sk_subscriptionid_value"]
        for row in site.running.world.dataverse.rows("sk_changelog")
        if row["sk_kind"] == ChangeKind.DEACTIVATION
    ]
    assert len(own.intersection(logged)) == shown - 1


def test_what_a_person_saw_of_the_others_is_not_written_over_either(page: Page, site: Site, watch):
    watch.expect(409)
    site.open(page, "/app/customers")
    page.get_by_role("link", name="Lakeside Primary Schools").click()
    page.get_by_role("link", name="Deactivate all").click()
    changed = page.get_by_role("checkbox").first.get_attribute("value")
    assert changed is not None
    site.write("sk_subscription", changed, sk_costprice=1)
    page.get_by_label("Do Not Refund").check()
    page.get_by_role("button", name="Deactivate the chosen ones").click()
    expect(page.get_by_role("alert")).to_have_text(re.compile(r"\d+ deactivated, 1 not\."))
    expect(page.get_by_text("Somebody changed this row")).to_be_visible()
    assert site.row("sk_subscription", changed)["statuscode"] == 1
