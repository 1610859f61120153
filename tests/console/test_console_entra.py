"""Signing in by Microsoft Entra, against the sandbox's sign-in: roles, refusals, forged answers."""

from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from connector.auth import ClientSecret, SignIn
from connector.http import Http
from connector.person_sign_in import Claims, PersonSignIn
from console.desk import Role
from sandbox.in_process import InProcessAdapter, open_world
from seatkeeper.console_desk import settings_of
from seatkeeper.console_sign_in import EntraSignIn, role_of
from seatkeeper.effects import RealEffects
from tests.console.desk import open_console
from tests.console.test_console_pages import events, plain


@pytest.fixture(scope="module")
def entra():
    """Return the world whose people sign in, and a session that plays their browser there."""
    world, app = open_world("empty")
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", InProcessAdapter(app))
    return world, session, {"https://": InProcessAdapter(app)}


@pytest.fixture
def console(entra, told_stage):
    world, _, adapters = entra
    sign_in = SignIn(
        scope="",
        credential=ClientSecret(secret=world.client_secret),
        client_id=world.client_id,
        tenant_id=world.tenant_id,
        authority=f"https://localhost/{world.tenant_id}",
    )
    people = PersonSignIn(sign_in, Http(RealEffects(), None, adapters))
    return open_console(told_stage.application, sign_in=EntraSignIn(people))


def goes(session, address, name):
    """Choose a person on the sandbox's page; return where the browser is sent back to."""
    page = session.get(address)
    assert name in page.text
    answer = session.get(f"{address}&{urlencode({'sandbox_person': name})}", allow_redirects=False)
    assert answer.status_code == 302
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def signs_in(console, session, name):
    browser = console.stranger()
    answer = browser.get("/sign-in/begin")
    return browser, browser.get(goes(session, answer.location, name))


@pytest.mark.parametrize(
    ("name", "role"),
    [("Victor Viewer", "viewer"), ("Olga Operator", "operator"), ("Ada Admin", "admin")],
)
def test_a_person_comes_in_with_the_app_role_that_entra_gives(console, entra, name, role):
    browser, answer = signs_in(console, entra[1], name)
    assert (answer.status_code, answer.location) == (303, "/")
    page = browser.get("/").text
    assert name in page
    assert f"<small>{role}</small>" in page


def test_a_command_carries_the_name_and_address_of_who_signed_in(console, entra, told_stage):
    browser, _ = signs_in(console, entra[1], "Olga Operator")
    browser.get("/")
    assert "Paused" in plain(browser.post("/pause"))
    browser.post("/resume")
    told = events(told_stage)[-1]
    assert told.facts["by"] == "Olga Operator <olga.operator@partner.example>"


def test_a_viewer_by_entra_cannot_act(console, entra, told_stage):
    before = events(told_stage)
    browser, _ = signs_in(console, entra[1], "Victor Viewer")
    browser.get("/")
    assert browser.post("/pause").status_code == 403
    assert events(told_stage) == before


def test_who_has_no_role_stays_out(console, entra):
    browser, answer = signs_in(console, entra[1], "Nora Nobody")
    assert answer.status_code == 403
    assert "no role" in plain(answer)
    assert browser.get("/").status_code == 303


def test_the_sign_in_uses_a_code_challenge_a_state_and_a_nonce(console):
    address = console.stranger().get("/sign-in/begin").location
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert {"code_challenge", "state", "nonce"} <= set(asked)
    assert asked["redirect_uri"] == ["http://localhost/sign-in/answer"]


def test_an_answer_opens_once(console, entra):
    browser = console.stranger()
    back = goes(entra[1], browser.get("/sign-in/begin").location, "Ada Admin")
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 403


def test_an_answer_that_another_browser_began_is_refused(console, entra):
    back = goes(entra[1], console.stranger().get("/sign-in/begin").location, "Ada Admin")
    other = console.stranger()
    assert other.get(back).status_code == 403
    other.get("/sign-in/begin")
    answer = other.get(back)
    assert answer.status_code == 403
    assert other.get("/").status_code == 303


@pytest.mark.parametrize("change", [{"state": "other"}, {"code": "0.made-up"}])
def test_a_forged_answer_is_refused(console, entra, change):
    browser = console.stranger()
    back = urlsplit(goes(entra[1], browser.get("/sign-in/begin").location, "Ada Admin"))
    given = {name: values[0] for name, values in parse_qs(back.query).items()}
    answer = browser.get(back.path, query_string={**given, **change})
    assert answer.status_code == 403
    assert browser.get("/").status_code == 303


def test_an_answer_after_ten_minutes_is_refused(console, entra):
    browser = console.stranger()
    back = goes(entra[1], browser.get("/sign-in/begin").location, "Ada Admin")
    console.clock.passes(10)
    assert browser.get(back).status_code == 403


def test_links_open_nothing_where_people_sign_in(console):
    assert console.stranger().get(f"/enter?token={console.link()}").status_code == 404


def test_an_error_of_entra_is_told_in_words(console):
    browser = console.stranger()
    state = parse_qs(urlsplit(browser.get("/sign-in/begin").location).query)["state"][0]
    given = {"state": state, "error": "access_denied", "error_description": "AADSTS65004: declined"}
    answer = browser.get("/sign-in/answer", query_string=given)
    assert answer.status_code == 403
    assert "AADSTS65004" in plain(answer)


@pytest.mark.parametrize(
    ("roles", "role"),
    [
        ({"viewer"}, Role.VIEWER),
        ({"Seatkeeper.Admin", "viewer"}, Role.ADMIN),
        ({"OPERATOR"}, Role.OPERATOR),
        ({"owner"}, None),
        (set(), None),
    ],
    ids=["viewer", "the highest", "in any case", "another", "none"],
)
def test_app_roles_become_ours(roles, role):
    assert role_of(Claims(name="Ada", address="", roles=frozenset(roles))) is role


def test_behind_a_proxy_the_answer_goes_to_the_configured_address(console, told_stage):
    config = told_stage.application.config
    section = config.console.model_copy(update={"address": "https://seatkeeper.example.com"})
    settings = settings_of(config.model_copy(update={"console": section}))
    console.desk = replace(console.desk, settings=settings)
    console.__post_init__()
    headers = {"Host": "seatkeeper.example.com"}
    address = console.stranger().get("/sign-in/begin", headers=headers).location
    wanted = parse_qs(urlsplit(address).query)["redirect_uri"]
    assert wanted == ["https://seatkeeper.example.com/sign-in/answer"]
