"""Whatever stands in the rows of others does nothing on the CRM pages but show."""

import pytest
from playwright.sync_api import Page, expect

from sandbox.scenarios.identity import (
    HERO_AUTOMATIC,
    HERO_CONTRACT,
    HERO_CUSTOMER,
    HERO_MANUAL,
)
from tests.browser.crm_site import AT_PROVIDER, CONTRACT, DESK, EVERY_PAGE, HERO, PHONE, Site

TORN = "<script>window.torn = 1</script><img src='/app/torn' onerror='window.torn = 1'>\"'>"
LONG = "Verwaltungsangestelltenvertretung" * 3


def test_script_in_every_text_field_is_inert(page: Page, site: Site):
    tear(site, TORN)
    for path in EVERY_PAGE:
        site.open(page, path)
        assert page.evaluate("() => window.torn") is None, path
        assert page.locator("script:not([src]), [onerror], img").count() == 0, path
    site.open(page, HERO)
    expect(page.get_by_role("heading", level=1)).to_have_text(TORN)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["wide", "on a phone"])
def test_a_long_name_makes_no_page_wider_than_the_window(page: Page, site: Site, size):
    tear(site, LONG)
    page.set_viewport_size(size)
    for path in ("/app/subscriptions", HERO, f"{HERO}/deactivate", CONTRACT, "/app/changelogs"):
        site.open(page, path)
        beyond = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert beyond <= 0, path


def tear(site: Site, text: str) -> None:
    """Write a text into every text column of the rows that the pages show."""
    world = site.running.world
    log = world.dataverse.insert(
        "sk_changelog",
        {"sk_subscriptionid": HERO_AUTOMATIC, "sk_provisioningstatus": 126310003},
    )
    invoice = next(
        row["sk_invoiceid"]
        for row in world.dataverse.rows("sk_invoice")
        if row["_sk_billingcontractid_value"] == HERO_CONTRACT
    )
    line = world.dataverse.insert(
        "sk_invoiceline",
        {"sk_invoiceid": invoice, "sk_subscriptionid": HERO_AUTOMATIC, "sk_changelogid": log},
    )
    provider = site.row("sk_subscription", HERO_AUTOMATIC)["_sk_providerid_value"]
    for table, row_id, columns in (
        ("account", HERO_CUSTOMER, "name sk_customertenantid"),
        ("sk_billingcontract", HERO_CONTRACT, "sk_name sk_syncmessage"),
        ("sk_provider", provider, "sk_name sk_connector"),
        ("sk_subscription", HERO_AUTOMATIC, "sk_name sk_offerid sk_syncmessage"),
        ("sk_subscription", HERO_MANUAL, "sk_name sk_providersubscriptionid sk_syncmessage"),
        ("sk_changelog", log, "sk_name sk_requestedby sk_message sk_heldstate sk_changekey"),
        ("sk_invoice", invoice, "sk_name sk_number sk_syncmessage"),
        ("sk_invoiceline", line, "sk_name sk_explanation"),
    ):
        site.write(table, row_id, **dict.fromkeys(columns.split(), text))
    world.partner_center.change_by_hand(AT_PROVIDER, {"offerName": text, "friendlyName": text})
