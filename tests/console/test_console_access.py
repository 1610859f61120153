"""Who may come in and do what: every route, without a session, as a viewer, with forged forms."""

import re
from dataclasses import replace

import pytest

from console.app import OPEN_ROUTES, ROUTES, create_console
from console.desk import Role
from console.guard import LONGEST_FORM, PUBLIC
from tests.console.desk import open_console

SOMEBODY = "11111111-2222-4333-8444-555555555555"
HTMX = {"HX-Request": "true"}


def address(rule, row=SOMEBODY):
    return rule.replace("<uuid:row_id>", row)


GETS = [rule for method, rule, _, _ in ROUTES if method == "GET"]
POSTS = [(rule, role) for method, rule, _, role in ROUTES if method == "POST"]
COMMANDS = [(rule, role) for rule, role in POSTS if role > Role.VIEWER]


def trail(console):
    return console.desk.store.look(lambda tx: len(tx.read_trail()))


def test_every_route_of_the_application_is_in_one_of_the_tables(console):
    guarded = {rule for _, rule, *_ in ROUTES}
    open_ones = {rule for _, rule, *_ in OPEN_ROUTES} | {"/static/<path:filename>"}
    rules = list(console.app.url_map.iter_rules())
    assert {one.rule for one in rules} == guarded | open_ones
    assert {one.endpoint for one in rules if one.rule in open_ones} == PUBLIC
    assert not guarded & open_ones


@pytest.mark.parametrize("rule", GETS)
def test_without_a_session_no_page_is_shown(console, rule):
    answer = console.stranger().get(address(rule))
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert len(answer.data) < 400


@pytest.mark.parametrize("rule", GETS)
def test_without_a_session_the_live_view_is_sent_to_the_sign_in(console, rule):
    answer = console.stranger().get(address(rule), headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Redirect"], answer.data) == (
        401,
        "/sign-in",
        b"",
    )


@pytest.mark.parametrize("rule", [rule for rule, _ in POSTS])
def test_without_a_session_nothing_is_done(console, rule):
    before = trail(console)
    assert console.stranger().post(address(rule)).status_code == 401
    assert trail(console) == before


def test_an_error_leads_to_where_the_person_may_go(console):
    outside, inside = console.stranger().post(GETS[0]), console.enters().get("/nowhere")
    links = [re.findall(r'<a href="([^"]+)">To the', answer.text) for answer in (outside, inside)]
    assert (outside.status_code, inside.status_code, links) == (401, 404, [["/sign-in"], ["/"]])


@pytest.mark.parametrize(("rule", "role"), COMMANDS)
def test_a_viewer_cannot_act(console, rule, role):
    before = trail(console)
    assert console.enters(Role.VIEWER).post(address(rule)).status_code == 403
    assert trail(console) == before


def test_what_lets_the_guards_go_needs_an_administrator(console):
    assert console.enters(Role.OPERATOR).post("/plan/accept").status_code == 403


@pytest.mark.parametrize("rule", GETS)
def test_a_viewer_may_look_at_every_page(console, told_stage, rule):
    row = told_stage.contract if "contracts" in rule else told_stage.subscription
    answer = console.enters(Role.VIEWER).get(address(rule, row))
    assert answer.status_code == (404 if rule == "/plan.json" else 200)
    assert "form_token" not in re.sub(
        r"<form[^>]*sign-out.*?</form>", "", answer.text, flags=re.DOTALL
    )


@pytest.mark.parametrize("token", ["", "guessed", None], ids=["none", "guessed", "another's"])
@pytest.mark.parametrize("rule", [rule for rule, _ in POSTS])
def test_a_forged_form_is_refused(console, rule, token):
    before, browser = trail(console), console.enters()
    given = console.enters(name="Eve").token if token is None else token
    answer = browser.post(address(rule), token=given)
    assert (answer.status_code, trail(console)) == (403, before)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1"])
def test_a_form_from_another_site_is_refused_even_with_the_token(console, origin):
    browser, before = console.enters(), trail(console)
    answer = browser.client.post(
        "/pause", data={"form_token": browser.token}, headers={"Origin": origin}
    )
    assert (answer.status_code, trail(console)) == (403, before)


def test_a_session_ends_when_nobody_uses_it_and_at_the_latest_after_its_time(console):
    browser = console.enters()
    console.clock.passes(59)
    assert browser.get("/").status_code == 200
    console.clock.passes(61)
    assert browser.get("/").status_code == 303
    browser = console.enters()
    for _ in range(8):
        console.clock.passes(58)
        assert browser.get("/changes").status_code == 200
    console.clock.passes(58)
    assert browser.get("/changes").status_code == 303


def test_a_live_view_alone_does_not_keep_a_session_awake(console):
    browser = console.enters()
    console.clock.passes(40)
    assert browser.get("/changes/rows", headers=HTMX).status_code == 200
    console.clock.passes(40)
    assert browser.get("/changes/rows", headers=HTMX).status_code == 401


def test_an_ended_session_cannot_act(console):
    browser, before = console.enters(), trail(console)
    console.clock.passes(61)
    answer = browser.post("/pause")
    assert (answer.status_code, trail(console)) == (401, before)
    assert "nothing was done" in answer.text


def test_who_signs_out_is_out(console):
    browser = console.enters()
    assert "one-time link" in browser.post("/sign-out").text
    assert browser.get("/").status_code == 303


def test_a_link_opens_once_and_not_after_ten_minutes(console):
    first, second = console.link(), console.link()
    assert console.stranger().get(f"/enter?token={first}").status_code == 303
    assert console.stranger().get(f"/enter?token={first}").status_code == 403
    console.clock.passes(10)
    assert console.stranger().get(f"/enter?token={second}").status_code == 403
    assert console.stranger().get("/enter").status_code == 403


def test_the_state_keeps_no_link_that_opens(console):
    token = console.link()
    kept = console.desk.store.look(lambda tx: tx.meta("console_links"))
    assert kept
    assert token not in kept


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "192.168.1.5:80"])
def test_a_foreign_name_that_leads_here_is_refused(console, host):
    assert console.enters().get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:8470", "127.0.0.1:1", "[::1]:8470"])
def test_the_names_of_this_machine_are_answered(console, host):
    assert console.stranger().get("/sign-in", headers={"Host": host}).status_code == 200


def test_every_answer_forbids_scripts_of_others_and_being_framed(console):
    browser = console.enters()
    for path in ("/", "/sign-in", "/nowhere", "/static/htmx.min.js", "/trail.json"):
        headers = browser.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert ("no-store" in headers["Cache-Control"]) is (path != "/static/htmx.min.js")


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(own_stage):
    console = open_console(own_stage.application)
    answer = console.enters().client.get("/")
    assert "Set-Cookie" not in answer.headers
    (cookie,) = _cookies(console)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_where_all_is_https_the_cookie_is_bound_to_this_host(own_stage):
    console = open_console(own_stage.application)
    settings = replace(console.desk.settings, is_secure=True)
    console.desk = replace(console.desk, settings=settings)
    console.app = create_console(console.desk)
    (cookie,) = _cookies(console)
    assert cookie.startswith("__Host-seatkeeper_session=")
    assert "Secure" in cookie
    answer = console.stranger().get("/sign-in")
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def _cookies(console):
    return console.stranger().get(f"/enter?token={console.link()}").headers.getlist("Set-Cookie")


# --- what is too much, or points elsewhere ------------------------------------------------------


def test_a_form_that_is_too_large_is_refused(console):
    browser = console.enters()
    answer = browser.post("/pause", junk="x" * (LONGEST_FORM + 1))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/changes?before=" + "9" * 200, 400),
        ("/changes?before=-1", 400),
        ("/changes?before=%D9%A3", 400),
        ("/changes?state=undone", 400),
        ("/trail?text=" + "x" * 300, 400),
        ("/trail?text=" + "x" * 3000, 414),
        ("/trail?text=%00", 400),
        ("/trail?since=yesterday", 400),
        ("/trail?at=x&sequence=99999999999999999999", 400),
        ("/invoices?from=2020-01-01&to=2025-01-01", 400),
        ("/invoices?from=2025-02-01&to=2025-01-01", 400),
        ("/subscriptions?status=gone", 400),
        ("/subscriptions?q='%20OR%201=1--", 200),
        ("/parked?since=%27&subject=%27", 200),
        ("/trail?subject=%25&event=%25", 200),
    ],
)
def test_what_is_too_long_or_makes_no_sense_is_refused_in_words(console, path, status):
    answer = console.enters().get(path)
    assert answer.status_code == status
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2f..%2fpyproject.toml",
        "/static//etc/passwd",
        "/subscriptions/../../etc/passwd",
        "/subscriptions/not-an-id",
        "/subscriptions/11111111-2222-4333-8444-55555555555Z",
        "/parked/%2e%2e%2f",
        "/parked/<script>",
    ],
)
def test_a_path_leads_nowhere_else(console, path):
    answer = console.enters().get(path)
    assert answer.status_code in {303, 308, 404}
    assert "Flask" not in answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_other_verbs_do_nothing(console, method):
    assert console.enters().client.open("/pause", method=method).status_code == 405


def test_an_unknown_choice_or_contract_is_refused(console, told_stage):
    browser = console.enters()
    assert browser.post(f"/parked/{told_stage.sound}", choice="explode").status_code == 400
    assert browser.post("/invoices/run", contract="../../x").status_code == 400
