"""A service that is down is said once, and once when it is back."""

import pytest
import requests
from structlog.testing import capture_logs

from connector.service import Address, Request, Service
from sync.remote import Unavailable
from tests.connector.scripted import Clockwork, FixedTokens, Scripted, Told, http_to
from tests.durability.site import open_site

READ = Request(method="GET", path="x", safe=True)
WRITE = Request(method="PATCH", path="x")
DOWN, BACK = "service unavailable", "service is back"


def service_of(*answers):
    http = http_to(Scripted(answers), Clockwork(), attempts=1)
    return Service(http, FixedTokens("t"), Address(base="https://host.example", name="the service"))


def said(service, *requests_to_send):
    with capture_logs() as logged:
        for request in requests_to_send:
            try:
                service.send(request)
            except Unavailable:
                continue
    return [(one["event"], one.get("attempt")) for one in logged if one["log_level"] != "debug"]


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(Told(503), id="503"),
        pytest.param(Told(500), id="500"),
        pytest.param(requests.ReadTimeout(), id="no answer"),
        pytest.param(requests.ConnectTimeout(), id="no connection"),
    ],
)
def test_an_outage_is_said_once_when_it_begins_and_once_when_it_ends(trouble):
    service = service_of(trouble, trouble, trouble, Told(200), Told(200), trouble, Told(404))
    assert said(service, *[READ] * 7) == [(DOWN, None), (BACK, 3), (DOWN, None), (BACK, 1)]


def test_the_service_is_named_with_the_reason():
    with capture_logs() as logged, pytest.raises(Unavailable):
        service_of(requests.ConnectTimeout()).send(READ)
    (told,) = [one for one in logged if one["event"] == DOWN]
    assert (told["service"], told["log_level"]) == ("the service", "warning")
    assert "no connection within the time limit" in told["reason"]


def test_a_refused_connection_of_a_write_is_an_outage():
    assert said(service_of(requests.ConnectTimeout()), WRITE) == [(DOWN, None)]


@pytest.mark.parametrize("trouble", [Told(500), Told(503), requests.ReadTimeout()])
def test_a_write_that_failed_proves_no_outage(trouble):
    assert said(service_of(trouble, Told(200)), WRITE, READ) == []


@pytest.mark.parametrize("status", [200, 204, 400, 401, 403, 404, 412])
def test_any_answer_of_use_ends_an_outage(status):
    service = service_of(Told(503), *[Told(status)] * 2)
    assert said(service, READ, READ) == [(DOWN, None), (BACK, 1)]


def test_a_sign_in_that_is_down_is_told_as_the_reason():
    class Down(FixedTokens):
        def token(self):
            raise Unavailable("sign-in: the service is in trouble")

    http = http_to(Scripted([]), Clockwork())
    service = Service(http, Down(), Address(base="https://host.example", name="the service"))
    with capture_logs() as logged, pytest.raises(Unavailable):
        service.send(READ)
    assert [one["reason"] for one in logged] == ["sign-in: the service is in trouble"]


@pytest.mark.parametrize("which", ["partner_center", "dataverse"])
def test_the_engine_says_once_that_a_service_is_down_and_once_that_it_is_back(tmp_path, which):
    site = open_site(tmp_path / "state.db", subscriptions=3)
    site.run()
    for subscription in site.subscriptions:
        site.edit(subscription, "suspended")
    with capture_logs() as logged:
        for _ in range(3):
            site.fault(service=which, path=".", times=99, status=503)
            _run_whatever_fails(site)
            site.advance(400)
        site.fault()
        site.quiesce(2)
    events = [(one["event"], one["service"]) for one in logged if one["event"] in {DOWN, BACK}]
    name = which.replace("_", " ") + " localhost"
    assert events == [(DOWN, name), (BACK, name)]
    assert all(site.licence(one)["status"] == "suspended" for one in site.subscriptions)


def _run_whatever_fails(site):
    try:
        site.run()
    except Unavailable:
        return
