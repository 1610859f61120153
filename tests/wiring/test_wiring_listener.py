"""Servers of ours: what they take, and whom they tell when the application breaks."""

from http.client import HTTPConnection

import pytest

from seatkeeper.listener import Listening, listen


def asked(address, *, method="GET", headers=None, body=None):
    host, _, port = address.rpartition(":")
    connection = HTTPConnection(host, int(port), timeout=10)
    connection.request(method, "/", body=body, headers=headers or {})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def broken(environ, start_response):
    if environ["REQUEST_METHOD"] == "DELETE":
        raise ZeroDivisionError("it broke")
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def listener(told):
    listening = Listening(
        name="small",
        threads=2,
        timeout_seconds=5,
        header_bytes=1024,
        body_bytes=100,
        failed=told.append,
    )
    running = listen("127.0.0.1:0", broken, listening)
    yield running
    running.close()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({}, 200),
        ({"headers": {"X-Long": "x" * 2000}}, 413),
        ({"method": "POST", "body": "x" * 200}, 413),
    ],
    ids=["as it should be", "long headers", "long body"],
)
def test_a_server_takes_no_more_than_it_is_told_to(listener, told, request_, status):
    before = list(told)
    assert (asked(listener.address, **request_), told) == (status, before)


def test_a_server_tells_what_broke_in_its_application(listener, told, capsys):
    assert asked(listener.address, method="DELETE") == 500
    assert "it broke" in told[-1]
    assert capsys.readouterr().err == ""


def test_a_server_is_silent_about_callers_that_go_away(listener, told, capsys):
    before = list(told)
    listener.server.error_log("it went away", traceback=False)
    assert (told, capsys.readouterr().err) == (before, "")


def test_the_thread_of_a_server_has_its_name(listener):
    assert listener.thread.name == "small"
