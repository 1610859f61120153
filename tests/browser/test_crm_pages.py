"""The CRM pages in a browser: views, refusals, planned changes, other people, no JavaScript."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Page, expect

from sandbox.scenarios.identity import HERO_AUTOMATIC, HERO_CONTRACT
from tests.browser.crm_site import (
    AT_PROVIDER,
    CONTRACT,
    DESK,
    EVERY_PAGE,
    HERO,
    MANUAL,
    PHONE,
    Site,
)
from tests.browser.watch import Watch

ROWS = "tbody tr"


NARROW = {"/app/subscriptions", HERO, f"{HERO}/deactivate"}
"""Pages that are laid out in another way on a phone."""
ALIKE = {path for path in EVERY_PAGE if "?" in path} | {MANUAL, "/app/contracts"}
"""Pages of the same templates as others, or nearly."""


def texts(page: Page, label: str) -> list[str]:
    return page.locator(f"td[data-label='{label}']").all_inner_texts()


# --- views ---------------------------------------------------------------------------------------


def test_a_click_on_a_heading_sorts_and_a_second_click_turns_the_order(page: Page, site: Site):
    site.open(page, "/app/subscriptions")
    page.get_by_role("link", name="Seats").click()
    expect(page.get_by_role("columnheader", name="Seats")).to_have_attribute(
        "aria-sort", "ascending"
    )
    rising = [int(text) for text in texts(page, "Seats")]
    assert all(one <= other for one, other in pairwise(rising))
    page.get_by_role("link", name="Seats").click()
    falling = [int(text) for text in texts(page, "Seats")]
    assert all(one >= other for one, other in pairwise(falling))
    assert falling[0] > rising[0]


def test_a_filter_and_words_narrow_a_view_until_cleared(page: Page, site: Site):
    site.open(page, "/app/subscriptions")
    everything = page.locator(".pager").inner_text()
    page.get_by_label("Status reason").select_option("Paused")
    page.get_by_role("button", name="Apply").click()
    assert set(texts(page, "Status reason")) == {"Paused"}
    page.get_by_role("searchbox").fill("no such words")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("No subscription is in this view.")).to_be_visible()
    page.get_by_role("link", name="Clear").click()
    expect(page.locator(".pager")).to_have_text(re.compile(re.escape(everything.split("\n")[0])))


def test_pages_follow_each_other_and_keep_the_order(page: Page, site: Site):
    site.open(page, "/app/subscriptions?order=name")
    first = page.locator(f"{ROWS} th").all_inner_texts()
    page.get_by_role("link", name="Next").click()
    second = page.locator(f"{ROWS} th").all_inner_texts()
    assert len(first) == 20
    assert first[-1].casefold() <= second[0].casefold()
    expect(page.get_by_text("page 2 of")).to_be_visible()
    page.get_by_role("link", name="Previous").click()
    assert page.locator(f"{ROWS} th").all_inner_texts() == first


# --- what is accessible --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "scheme"),
    [
        pytest.param(DESK, "dark", id="wide and dark"),
        pytest.param(PHONE, "light", id="on a phone, light"),
    ],
)
def test_no_page_has_a_serious_finding_or_is_wider_than_the_window(
    page: Page, site: Site, axe_findings, size, scheme
):
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)
    for path in EVERY_PAGE:
        site.open(page, path)
        if path in NARROW or (scheme == "dark" and path not in ALIKE):
            assert axe_findings(page) == [], path
        beyond = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert beyond <= 0, path


def test_the_keyboard_reaches_the_content_first_and_stays_in_a_dialog(page: Page, site: Site):
    site.open(page, "/app/subscriptions")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    site.open(page, f"{HERO}/deactivate")
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('.dialog') !== null")


# --- refusals ------------------------------------------------------------------------------------


def test_a_deactivation_asks_for_the_refund_each_time(page: Page, site: Site):
    site.open(page, f"{HERO}/deactivate")
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    page.get_by_role("button", name="Deactivate", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert site.row("sk_subscription", HERO_AUTOMATIC)["statuscode"] == 1


def test_a_row_that_somebody_changed_meanwhile_is_not_written_over(
    page: Page, site: Site, watch: Watch
):
    watch.expect(412)
    site.open(page, HERO)
    site.write("sk_subscription", HERO_AUTOMATIC, sk_costprice=11)
    page.get_by_label("Seats", exact=True).fill("7")
    page.get_by_role("button", name="Save seats").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody changed this row")
    assert site.row("sk_subscription", HERO_AUTOMATIC)["sk_quantity"] == 10


def test_a_cancellation_cannot_be_planned(page: Page, site: Site, watch: Watch):
    watch.expect(400)
    site.open(page, f"{HERO}/cancel")
    expect(page.get_by_role("dialog")).to_contain_text("Seatkeeper will set this change aside")
    page.get_by_label("Effective on (optional)").fill("2026-06-20")
    page.get_by_label("Do Not Refund").check()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be planned")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param("/app/nothing", "not found", id="a page"),
        pytest.param("/app/subscriptions?view=all", "no such view", id="a view"),
        pytest.param(f"{HERO}/explode", "no such command", id="a command"),
    ],
)
def test_what_is_not_there_says_so_and_leads_back(
    page: Page, site: Site, watch: Watch, path: str, said: str
):
    watch.expect(404)
    site.open(page, path)
    expect(page.get_by_role("alert")).to_contain_text(re.compile(said, re.IGNORECASE))
    page.get_by_role("link", name="To the subscriptions").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Active Subscriptions")


# --- what else a person does ---------------------------------------------------------------------


def test_a_preview_for_another_day_keeps_the_choice_and_plans_the_deactivation(
    page: Page, site: Site
):
    site.open(page, f"{HERO}/deactivate")
    page.get_by_label("Do Not Refund").check()
    page.get_by_label("Date (optional)").fill("2026-06-20")
    page.get_by_role("button", name="Show for this date").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("20 June 2026 (planned)")
    expect(dialog).to_contain_text("41.67 USD")
    expect(page.get_by_label("Do Not Refund")).to_be_checked()
    dialog.get_by_role("button", name="Deactivate", exact=True).click()
    expect(page.get_by_text("The deactivation is planned for 20 June 2026.")).to_be_visible()
    row = site.row("sk_subscription", HERO_AUTOMATIC)
    assert (row["statuscode"], row["sk_deactivateon"]) == (1, "2026-06-20")
    page.get_by_label("Deactivate on").fill("")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("The changes are saved.")
    assert site.row("sk_subscription", HERO_AUTOMATIC)["sk_deactivateon"] is None


def test_another_person_can_take_the_seat_and_stands_in_the_history(page: Page, site: Site):
    site.open(page, HERO)
    page.locator(".who summary").click()
    page.get_by_role("button", name="Megan Bowen").click()
    site.open(page, HERO)
    page.get_by_label("Auto-renew").uncheck()
    page.get_by_role("button", name="Save", exact=True).click()
    newest = page.get_by_role("region", name="Audit history").get_by_role("listitem").first
    expect(newest).to_contain_text("Megan Bowen")
    expect(newest).to_contain_text("sk_autorenew")


def test_a_change_by_hand_at_partner_center_shows_beside_dynamics(page: Page, site: Site):
    site.open(page, HERO)
    page.get_by_role("link", name="Open in Partner Center").click()
    page.get_by_label("Seats", exact=True).fill("11")
    page.get_by_label("Seats at renewal").fill("")
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Changed at Partner Center, by hand.")
    page.get_by_role("link", name="Open in Dynamics").click()
    there = page.get_by_role("region", name="At Partner Center")
    expect(there).to_contain_text(re.compile(r"Quantity\s*11"))
    expect(there).to_contain_text("nothing scheduled")
    resource = site.running.world.partner_center.subscription(AT_PROVIDER)
    assert resource is not None
    assert (resource["quantity"], resource["status"]) == (11, "active")


def test_the_refund_setting_of_a_contract_decides_use_contract(page: Page, site: Site):
    site.open(page, CONTRACT)
    page.get_by_label("Process Refunds").select_option("No")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("refund setting")
    site.open(page, f"{HERO}/deactivate")
    expect(page.get_by_role("dialog")).to_contain_text("the contract does not process refunds")
    site.write("sk_billingcontract", HERO_CONTRACT, sk_processrefunds=126310001)


def test_the_form_works_without_javascript(browser: Browser, watch: Watch, site: Site):
    chosen = site.others()[0]
    with browser.new_context(ignore_https_errors=True, java_script_enabled=False) as context:
        watch.over(context)
        page = context.new_page()
        site.open(page, f"/app/subscriptions/{chosen}")
        page.get_by_role("link", name="Pause").click()
        page.get_by_role("button", name="Pause", exact=True).click()
        expect(page.get_by_role("status")).to_have_text("The subscription is paused.")
    assert site.row("sk_subscription", chosen)["statuscode"] == 126310000
