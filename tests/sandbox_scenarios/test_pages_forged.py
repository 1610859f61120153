"""No form is taken without its token, and none that is too large."""

import re

import pytest

from sandbox.in_process import open_world
from sandbox.pages.app import ROUTES
from sandbox.pages.safety import COOKIE, MOST_BYTES
from sandbox.scenarios.identity import HERO_AUTOMATIC, HERO_CONTRACT, HERO_CUSTOMER
from tests.sandbox_scenarios.browser import ORIGIN, Sandbox

POSTED = [rule for method, rule, _ in ROUTES if method == "POST"]
OWN_ID = {
    "contracts": HERO_CONTRACT,
    "customers": HERO_CUSTOMER,
    "subscriptions": HERO_AUTOMATIC,
    "partner-center": HERO_AUTOMATIC,
}


def address(rule: str) -> str:
    row_id = OWN_ID.get(rule.split("/")[1], HERO_AUTOMATIC)
    return "/app" + re.sub("<uuid:[^>]+>", row_id, rule).replace("<verb>", "pause")


@pytest.fixture(scope="module")
def untouched() -> Sandbox:
    """Open one world for all tests: none of them changes it."""
    return Sandbox(*open_world("demo"))


@pytest.mark.parametrize("rule", POSTED)
@pytest.mark.parametrize("token", ["", "guessed"])
def test_every_form_needs_the_token_of_its_page(untouched: Sandbox, rule: str, token: str):
    client = untouched.browser.client
    client.set_cookie(COOKIE, "the real one", domain="sandbox.example", path="/app")
    last = untouched.world.journal.last
    response = client.post(address(rule), data={"form_token": token}, base_url=ORIGIN)
    assert response.status_code == 403
    assert untouched.world.journal.last == last


def test_a_form_that_is_too_large_is_refused(untouched: Sandbox):
    page = "/app/clock"
    response = untouched.browser.send(page, page, days="1" * MOST_BYTES)
    assert response.status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "/app/static/../app.py",
        "/app/static/%2e%2e/app.py",
        "/app/subscriptions/../../_sandbox/clock",
        "/app/customers/%00",
        f"/app/subscriptions/{HERO_AUTOMATIC}/..%2f..%2fclock",
    ],
)
def test_a_crooked_path_leads_nowhere(untouched: Sandbox, path: str):
    response = untouched.browser.get(path)
    assert response.status_code == 404
    assert "To the subscriptions" in response.text
