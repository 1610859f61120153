"""Service protection limits: section 6 of the fact sheet."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event, Thread

import pytest
import requests

from sandbox.dataverse.protection import Protection
from sandbox.in_process import InProcessAdapter, open_world
from sandbox.settings import Settings

USER, OTHER = "user-1", "user-2"


@dataclass
class Stand:
    """A protection whose clock a test moves."""

    settings: Settings = field(default_factory=Settings)
    at: datetime = datetime(2025, 6, 16, 9, 0)  # noqa: DTZ001 - only differences count
    limits: Protection = field(init=False)

    def __post_init__(self) -> None:
        self.limits = Protection(lambda: self.settings, lambda: self.at)

    def ask(self, user=USER, milliseconds=10.0, **cookies):
        """Return the refusal's (code, seconds), or None for a request that ran to its end."""
        visit = self.limits.enter(user, cookies)
        self.limits.leave(visit, milliseconds)
        found = visit.throttled
        return None if found is None else (found.refused.code, found.seconds)

    def wait(self, seconds):
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def stand():
    return Stand()


def test_requests_are_refused_above_their_number_until_the_window_slides(stand):
    stand.settings.dataverse_per_5_minutes = 3
    assert [stand.ask() for _ in range(3)] == [None] * 3
    stand.wait(100)
    assert stand.ask() == ("0x80072322", 200)
    stand.wait(200)
    assert stand.ask() is None


def test_execution_time_is_refused_above_its_sum(stand):
    stand.settings.dataverse_execution_ms = 1000
    assert [stand.ask(milliseconds=500) for _ in range(2)] == [None, None]
    assert stand.ask() == ("0x80072321", 300)
    stand.wait(300)
    assert stand.ask() is None


def test_concurrent_requests_are_refused_at_once(stand):
    stand.settings.dataverse_concurrent = 2
    visits = [stand.limits.enter(USER, {}) for _ in range(2)]
    assert stand.ask() == ("0x80072326", 1)
    stand.limits.leave(visits[0], 1)
    stand.wait(1)
    assert stand.ask() is None


def test_limits_count_per_user(stand):
    stand.settings.dataverse_per_5_minutes = 1
    assert [stand.ask(), stand.ask(OTHER)] == [None, None]


def test_limits_count_per_web_server_and_the_cookie_pins_a_client(stand):
    stand.settings.dataverse_per_5_minutes = 1
    stand.settings.web_servers = 3
    assert [stand.ask() for _ in range(3)] == [None] * 3
    assert stand.ask() is not None
    stand.wait(300)
    assert stand.ask(ARRAffinity="server-2") is None
    assert stand.ask(ARRAffinity="server-2") is not None
    pinned = stand.limits.enter(OTHER, {"ARRAffinity": "server-2"})
    assert "Set-Cookie" not in stand.limits.headers(pinned)
    assert (
        "ARRAffinity=server-" in stand.limits.headers(stand.limits.enter(OTHER, {}))["Set-Cookie"]
    )


def test_who_pushes_on_before_the_stated_time_waits_longer(stand):
    stand.settings.dataverse_concurrent = 1
    visit = stand.limits.enter(USER, {})
    told = [stand.ask()[1] for _ in range(3)]
    assert told == sorted(set(told))
    stand.limits.leave(visit, 1)
    assert stand.ask() is not None
    stand.wait(300)
    assert stand.ask() is None


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"dataverse_per_5_minutes": 1},
            "Number of requests exceeded the limit of 1 over time window of 300 seconds.",
        ),
        (
            {"dataverse_execution_ms": 1},
            "Combined execution time of incoming requests exceeded limit of 1 milliseconds over "
            "time window of 300 seconds. Decrease number of concurrent requests or reduce the "
            "duration of requests and try again later.",
        ),
        (
            {"dataverse_concurrent": 1},
            "Number of concurrent requests exceeded the limit of 1.",
        ),
    ],
)
def test_each_limit_has_its_documented_text(stand, change, text):
    stand.settings.change(change)
    first = stand.limits.enter(USER, {})
    if "dataverse_concurrent" not in change:
        stand.limits.leave(first, 5)
    refused = stand.limits.enter(USER, {}).throttled
    assert refused.refused.message == text
    assert refused.refused.status == 429


def test_the_real_numbers_come_with_one_switch(stand):
    assert [stand.ask(milliseconds=0) for _ in range(6001)] == [None] * 6001
    stand = Stand()
    stand.settings.service_protection = True
    assert [stand.ask(milliseconds=0) for _ in range(6000)] == [None] * 6000
    assert stand.ask() == ("0x80072322", 300)
    stand.wait(300)
    assert stand.ask(milliseconds=1_200_000) is None
    assert stand.ask()[0] == "0x80072321"
    running = [stand.limits.enter(OTHER, {}) for _ in range(52)]
    assert [visit.throttled for visit in running] == [None] * 52
    assert stand.ask(OTHER)[0] == "0x80072326"


@pytest.fixture
def opened():
    return open_world("empty")


@pytest.fixture
def session(opened):
    world, app = opened
    made = requests.Session()
    made.trust_env = False
    made.mount("https://", InProcessAdapter(app))
    form = {"grant_type": "client_credentials", "scope": "https://localhost/.default"}
    form |= {"client_id": world.client_id, "client_secret": world.client_secret}
    url = f"https://localhost/{world.tenant_id}/oauth2/v2.0/token"
    token = made.post(url, data=form, timeout=5).json()["access_token"]
    made.headers["Authorization"] = f"Bearer {token}"
    yield made
    made.close()


URL = "https://localhost/api/data/v9.2/accounts"


def test_answers_tell_what_is_left_and_how_many_to_send_at_once(session):
    first = session.get(URL, timeout=5)
    cookie = first.headers["Set-Cookie"].partition(";")[0]
    second = session.get(URL, headers={"Cookie": cookie}, timeout=5)
    left = "x-ms-ratelimit-burst-remaining-xrm-requests"
    assert (first.headers[left], second.headers[left]) == ("5999", "5998")
    seconds = first.headers["x-ms-ratelimit-time-remaining-xrm-requests"].replace(",", "")
    assert 0 < float(seconds) <= 1200
    assert first.headers["x-ms-dop-hint"] == "4"
    assert "Set-Cookie" not in second.headers


def test_a_refusal_says_when_to_come_back(session, opened):
    opened[0].settings.dataverse_per_5_minutes = 1
    assert session.get(URL, timeout=5).status_code == 200
    refused = session.get(URL, timeout=5)
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "0x80072322"
    assert 299 <= int(refused.headers["Retry-After"]) <= 300


def test_the_window_may_follow_the_emulated_clock(session, opened):
    world = opened[0]
    world.settings.dataverse_per_5_minutes = 1
    world.settings.limits_clock = "emulated"
    assert [session.get(URL, timeout=5).status_code for _ in range(2)] == [200, 429]
    world.clock.advance(301)
    assert session.get(URL, timeout=5).status_code == 200


def test_a_request_counts_as_running_while_it_is_held(opened, session):
    world, app = opened
    world.settings.dataverse_concurrent = 1
    held, free = Event(), Event()
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/api/data/v9.2/accounts",
        "QUERY_STRING": "",
        "HTTP_AUTHORIZATION": session.headers["Authorization"],
        "HTTP_HOST": "localhost",
        "wsgi.url_scheme": "https",
        "sandbox.hold": lambda _seconds: (held.set(), free.wait(10)),
    }
    rule = {"service": "dataverse", "method": "GET", "delay_seconds": 5, "times": 1}
    session.post("https://localhost/_sandbox/faults", json={"rules": [rule]}, timeout=5)
    waiting = Thread(target=lambda: app(environ, lambda *_: None))
    waiting.start()
    assert held.wait(10)
    assert session.get(URL, timeout=5).json()["error"]["code"] == "0x80072326"
    free.set()
    waiting.join(10)


FAULTS = "https://localhost/_sandbox/faults"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((500, 0x80044150), (500, 0x80044151), (500, "0x80040216"), (503, None), (502, None)),
        *((400, "0x80040265"), (403, "0x80048306"), (400, "0x80044352"), (413, "0x80040216")),
    ],
)
def test_faults_on_order_carry_the_codes_of_the_service(session, status, code):
    rule = {"service": "dataverse", "status": status, "times": 1} | ({"code": code} if code else {})
    assert session.post(FAULTS, json={"rules": [rule]}, timeout=5).status_code == 200
    answer = session.get(URL, timeout=5)
    assert answer.status_code == status
    written = f"0x{code:08x}" if isinstance(code, int) else code
    assert code is None or answer.json()["error"]["code"] == written
    assert session.get(URL, timeout=5).status_code == 200


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("0x80072321", "Combined execution time of incoming requests exceeded limit of 1,200,000"),
        ("0x80072322", "Number of requests exceeded the limit of 6000 over time window"),
        ("0x80072326", "Number of concurrent requests exceeded the limit of 52."),
        ("0x80072327", "Too many concurrent requests detected."),
    ],
)
def test_a_429_of_each_kind_comes_on_order_with_its_text_and_time(session, code, text):
    rule = {"service": "dataverse", "status": 429, "code": code, "retry_after": 7, "times": 1}
    session.post(FAULTS, json={"rules": [rule]}, timeout=5)
    answer = session.get(URL, timeout=5)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["message"].startswith(text)


@pytest.mark.parametrize("code", ["80044150", "0x8004", "deadlock", 2**32, -1])
def test_a_fault_rule_refuses_what_is_no_code(session, code):
    rule = {"service": "dataverse", "status": 500, "code": code}
    assert session.post(FAULTS, json={"rules": [rule]}, timeout=5).status_code == 400


def test_a_bulk_message_counts_as_one_request(session):
    left = "x-ms-ratelimit-burst-remaining-xrm-requests"
    kind = {"@odata.type": "Microsoft.Dynamics.CRM.account"}
    first = session.get(URL, timeout=5)
    session.headers["Cookie"] = first.headers["Set-Cookie"].partition(";")[0]
    targets = {"Targets": [{**kind, "name": str(n)} for n in range(20)]}
    many = session.post(f"{URL}/Microsoft.Dynamics.CRM.CreateMultiple", json=targets, timeout=5)
    assert many.status_code == 200
    assert int(first.headers[left]) - int(many.headers[left]) == 1
