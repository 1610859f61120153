"""The operator's pages in a browser: live, by clicks, on a phone, without script, by keyboard."""

import threading
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from console.desk import Role
from sync.sides import Difference
from tests.console.desk import open_console, tell_story
from tests.engine.opening import open_stage
from tests.engine.stage import Setting

LONG = "Contoso International Holdings and Subsidiaries (Northern Europe) " * 2
DESK, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
PAGES = (
    "/",
    "/changes",
    "/subscriptions",
    "/subscriptions/{row}",
    "/parked",
    "/parked/{parked}",
    "/differences",
    "/plan",
    "/invoices?from=2025-06-01&to=2025-06-30",
    "/contracts/{contract}/next-invoice",
    "/mappings",
    "/trail",
    "/nowhere",
)


class Site:
    """A console that answers on a socket, over a world with a story."""

    def __init__(self):
        self.stage = open_stage(Setting(subscription={"sk_name": LONG[:99]}))
        self.console = open_console(self.stage.application)
        self.server = make_server("127.0.0.1", 0, self.console.app, threaded=True)
        self.origin = f"http://127.0.0.1:{self.server.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def tells(self):
        """Play a deactivation, and leave something for a person."""
        stage = self.stage
        tell_story(stage)
        now = stage.application.engine.now()
        found = Difference(
            subscription_id=stage.subscription,
            field="auto_renew",
            base="True",
            crm="True",
            partner="False",
            outcome="reported",
            reason="it is seen for the first time",
            since=now - timedelta(hours=3),
        )
        stage.application.store.tx(lambda tx: tx.put_differences(stage.subscription, [found]))
        return self

    def link(self, role=Role.ADMIN):
        return f"{self.origin}/enter?token={self.console.link(role)}"

    def address(self, path):
        stage = self.stage
        ids = {"row": stage.subscription, "parked": stage.sound, "contract": stage.contract}
        return self.origin + path.format(**ids)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        self.stage.application.close()


@pytest.fixture(scope="module")
def site():
    opened = Site().tells()
    yield opened
    opened.close()


@pytest.fixture
def own_site():
    opened = Site()
    yield opened
    opened.close()


def seen(page, address):
    """Open a page, and wait until what it asks for has come."""
    page.goto(address)
    page.wait_for_function("() => window.htmx && !document.querySelector('.htmx-request')")


def test_every_page_is_accessible_and_no_wider_than_a_phone(site, page, watch, axe_findings):
    watch.expect(404)
    seen(page, site.link())
    found = {}
    for path in PAGES:
        page.set_viewport_size(DESK)
        seen(page, site.address(path))
        found[path] = axe_findings(page)
        page.set_viewport_size(PHONE)
        width = page.evaluate("document.documentElement.scrollWidth")
        found[path] += [f"{width} wide"] if width > PHONE["width"] else []
    assert {path: told for path, told in found.items() if told} == {}


def test_the_dark_colours_can_be_read(site, page, axe_findings):
    page.emulate_media(color_scheme="dark")
    seen(page, site.link())
    found = []
    for path in ("/", "/subscriptions/{row}", "/parked/{parked}"):
        seen(page, site.address(path))
        found += axe_findings(page)
    assert found == []


def test_the_story_is_read_by_clicks(site, page):
    seen(page, site.link())
    expect(page.get_by_role("img", name="Changes seen: 2 in 24 hours")).to_be_visible()
    page.get_by_role("link", name="Changes", exact=True).click()
    page.get_by_role("row", name="suspended").get_by_role("link").click()
    story = page.get_by_role("list").filter(has_text="owed")
    expect(story).to_contain_text("10 seats, by Alex Wilber")
    expect(story).to_contain_text("-US$58.33")
    expect(story).to_contain_text("125.00 x 14/30 days")
    expect(page.get_by_role("heading", name="Microsoft Partner Center, now")).to_have_count(0)
    expect(page.locator(".sides")).to_contain_text("Dynamics, now")
    page.get_by_text("Details").first.click()
    expect(story).to_contain_text("correlation id")


def test_what_happens_in_dynamics_appears_by_itself(own_site, page):
    page.clock.install()
    seen(page, own_site.link())
    page.goto(own_site.address("/changes"))
    expect(page.get_by_text("No changes")).to_be_visible()
    own_site.stage.on("2025-06-16")
    own_site.stage.edits(status="suspended")
    own_site.stage.runs()
    page.clock.fast_forward(6000)
    expect(page.get_by_role("row", name="suspended")).to_be_visible()


def test_parked_work_is_resolved_by_clicks(own_site, page):
    stage = own_site.stage
    stage.edits(sk_quantity=0)
    stage.runs()
    seen(page, own_site.link(Role.OPERATOR))
    page.get_by_role("link", name="Parked", exact=True).click()
    page.get_by_role("row", name="refused").get_by_role("link").click()
    expect(page.locator(".sides")).to_contain_text("0 seats")
    stage.edits(sk_quantity=10)
    page.get_by_role("button", name="look again").click()
    expect(page.get_by_role("status")).to_contain_text("It is looked at again")
    expect(page.get_by_role("heading", name="It is not parked any more")).to_be_visible()
    assert stage.parked() is None


def test_a_session_that_ended_leads_to_the_sign_in_by_itself(own_site, page, watch):
    watch.expect(401)
    page.clock.install()
    seen(page, own_site.link())
    page.goto(own_site.address("/changes"))
    own_site.console.clock.passes(61)
    page.clock.fast_forward(6000)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_everything_can_be_read_without_script(site, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.link())
    page.goto(site.address("/subscriptions/{row}"))
    expect(page.get_by_text("125.00 x 14/30 days").first).to_be_visible()
    page.get_by_role("link", name="Ask both services").click()
    expect(page.locator("main")).to_contain_text("Dynamics, now")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.goto(site.address("/invoices"))
    page.get_by_role("link", name="Read them from Dynamics").first.click()
    expect(page.locator("main")).to_contain_text("only credits")
    context.close()


def test_the_keyboard_reaches_the_content_first(site, page):
    seen(page, site.link())
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
