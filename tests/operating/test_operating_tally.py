"""What is counted of calls, pauses and cycles, and how the supervisor is fed."""

import os
import socket

import pytest
import requests

from connector.errors import NoAnswer
from connector.http import Call, Http
from connector.meter import Exchange
from seatkeeper.effects import RealEffects
from seatkeeper.listen_address import host_and_port, listen_address
from seatkeeper.supervisor import Supervisor
from seatkeeper.tally import CountedLog, Spread, Tally, timed_cycle
from sync.remote import Unavailable
from tests.connector.scripted import Clockwork, Scripted, Told

DATAVERSE = "dataverse contoso.crm.dynamics.com"
PARTNER = "partner center api.partnercenter.microsoft.com"


def exchange(**facts):
    usual = {"lane": DATAVERSE, "method": "GET", "path": "/x", "status": 200, "seconds": 0.2}
    return Exchange(**{**usual, **facts})


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        ({}, ("dataverse", "read", "2xx")),
        ({"path": "/api/data/v9.2/$batch", "method": "POST"}, ("dataverse", "batch", "2xx")),
        ({"method": "PATCH", "status": 412}, ("dataverse", "write", "4xx")),
        ({"lane": PARTNER, "status": None}, ("partner_center", "read", "none")),
        ({"lane": "sign-in", "method": "POST", "status": 503}, ("sign_in", "write", "5xx")),
    ],
)
def test_a_call_is_counted_by_service_method_and_class_of_status(facts, key):
    tally = Tally()
    tally.exchanged(exchange(**facts))
    assert tally.requests == {key: 1}


def test_the_connector_counts_answers_lost_answers_and_pauses():
    tally = Tally()
    script = [Told(429, headers={"Retry-After": "20"}), requests.ReadTimeout(""), Told(200)]
    http = Http(Clockwork(), None, {"https://": Scripted(script)}, meter=tally)
    call = Call(method="GET", url="https://a.example/x?secret=canary", lane=DATAVERSE)
    http.once(call)
    with pytest.raises(NoAnswer):
        http.once(call)
    http.once(call)
    found = {code: number for (_, _, code), number in tally.requests.items()}
    assert found == {"4xx": 1, "none": 1, "2xx": 1}
    assert tally.throttled_seconds == {"dataverse": 20.0}
    assert tally.durations["dataverse"].buckets()[-1] == ("+Inf", 3.0)


def test_every_call_is_a_sign_of_life():
    tally, signs = Tally(), []
    tally.progress = lambda: signs.append(1)
    tally.exchanged(exchange(status=None))
    assert signs == [1]


def test_a_duration_falls_into_its_bucket_and_all_above():
    spread = Spread((0.1, 1.0))
    for seconds in (0.05, 0.5, 0.1, 7.0):
        spread.add(seconds)
    assert spread.buckets() == [("0.1", 2.0), ("1.0", 3.0), ("+Inf", 4.0)]
    assert spread.total == pytest.approx(7.65)


class _Log:
    def __init__(self):
        self.heard = []

    def info(self, event, /, **facts):
        self.heard.append((event, facts))

    warning = info


def test_an_event_is_counted_on_its_way_to_the_log():
    tally, log = Tally(), _Log()
    counted = CountedLog(log, tally)
    counted.info("provider answered", outcome="ambiguous", status=None)
    counted.warning("full read", table="sk_subscription")
    assert log.heard[0] == ("provider answered", {"outcome": "ambiguous", "status": None})
    assert tally.writes == {("partner_center", "ambiguous"): 1}
    assert tally.full_reads == {"sk_subscription": 1}
    assert tally.events == {("provider answered", "info"): 1, ("full read", "warning"): 1}


def test_a_cycle_that_raises_is_counted_as_failed():
    tally = Tally()
    with pytest.raises(Unavailable), timed_cycle(tally, RealEffects()):
        raise Unavailable("down")
    with timed_cycle(tally, RealEffects()) as outcome:
        outcome.append("worked")
    assert tally.cycles == {"failed": 1, "worked": 1}
    assert tally.cycle_spread.buckets()[-1] == ("+Inf", 2.0)


@pytest.fixture
def ear(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(0.2)
        yield heard, str(tmp_path / "notify")


def heard_by(ear):
    found = []
    try:
        while True:
            found.append(ear.recv(1000).decode())
    except TimeoutError:
        return found


def test_the_watchdog_is_fed_every_few_seconds_however_often_the_loop_beats(ear):
    now = [0.0]
    place = {"NOTIFY_SOCKET": ear[1], "WATCHDOG_USEC": "1", "WATCHDOG_PID": str(os.getpid())}
    supervisor = Supervisor.of(place)
    supervisor.monotonic = lambda: now[0]
    for _ in range(11):
        supervisor.alive()
        now[0] += 1
    assert heard_by(ear[0]) == ["WATCHDOG=1"] * 3


@pytest.mark.parametrize("more", [{}, {"WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}])
def test_a_watchdog_that_is_not_ours_is_not_fed(ear, more):
    Supervisor.of({"NOTIFY_SOCKET": ear[1], **more}).alive()
    assert heard_by(ear[0]) == []


def test_a_sentence_to_the_supervisor_is_one_line(ear):
    Supervisor.of({"NOTIFY_SOCKET": ear[1]}).status("down\nREADY=1")
    assert heard_by(ear[0]) == ["STATUS=down"]


def test_a_supervisor_that_is_gone_stops_nothing(tmp_path):
    Supervisor.of({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
    Supervisor.of({}).ready()


def test_an_abstract_socket_is_reached():
    name = f"@seatkeeper-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind("\0" + name[1:])
        ear.settimeout(1)
        Supervisor.of({"NOTIFY_SOCKET": name}).ready()
        assert ear.recv(100) == b"READY=1"


@pytest.mark.parametrize("text", ["127.0.0.1:9464", "[::1]:9464", "localhost:0"])
def test_an_address_is_host_and_port(text):
    assert listen_address(text) == text
    assert isinstance(host_and_port(text)[1], int)


@pytest.mark.parametrize(
    "text", ["", "9464", ":9464", "127.0.0.1", "http://a:1", "a:99999", "a:1/x", "u@a:1"]
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match=r"is needed|[Pp]ort"):
        listen_address(text)
