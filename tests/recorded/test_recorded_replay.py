"""A replay answers what was recorded and nothing else, and reaches no network."""

import socket

import pytest
import requests
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.request import Request

from tests.recorded import rows, tape
from tests.recorded.names import STAND_INS, pairs
from tests.recorded.scrub import Scrubber
from tests.recorded.stage import replaying

BUSINESS_TIME = tape.CASSETTES / "test_business_time_is_the_date_of_the_answer.yaml"
UPDATE = tape.CASSETTES / "test_an_update_holds_only_for_the_version_that_was_read.yaml"
API = f"{STAND_INS.origin}/api/data/v9.2"


@pytest.fixture
def replay(monkeypatch):
    tape.block_network(monkeypatch)
    return tape.recorder(Scrubber(pairs(STAND_INS)), "none").use_cassette


def ask(method, url, body=None):
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, data=body, timeout=5)


def test_the_network_is_blocked_while_a_recording_is_replayed(replay):
    with pytest.raises(tape.NetworkBlockedError):
        socket.create_connection(("127.0.0.1", 9), timeout=1)
    with replay(str(BUSINESS_TIME)):
        assert replaying().crm().now().isoformat().startswith("2026-06-16")


ROW = f"{API}/sk_subscriptions({rows.subscription(1)})"


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("PUT", ROW, b'{"sk_quantity":11}'),
        ("PATCH", f"{API}/sk_subscriptions({rows.subscription(2)})", b'{"sk_quantity":11}'),
        ("PATCH", f"{ROW}?x=1", b'{"sk_quantity":11}'),
        ("PATCH", ROW, b'{"sk_quantity":13}'),
    ],
    ids=["another method", "another path", "another query", "another body"],
)
def test_a_request_that_was_not_recorded_fails(replay, method, url, body):
    with replay(str(UPDATE)), pytest.raises(CannotOverwriteExistingCassetteException):
        ask(method, url, body)


def test_host_port_and_the_layout_of_json_do_not_matter(replay):
    elsewhere = ROW.replace(STAND_INS.origin, "https://elsewhere.invalid:8443")
    with replay(str(UPDATE)):
        assert ask("PATCH", elsewhere, b'{ "sk_quantity": 11 }').status_code == 204


def test_a_recorded_answer_is_given_once(replay):
    with replay(str(UPDATE)):
        assert ask("PATCH", ROW, b'{"sk_quantity":11}').status_code == 204
        with pytest.raises(CannotOverwriteExistingCassetteException):
            ask("PATCH", ROW, b'{"sk_quantity":11}')


def test_a_missing_cassette_fails_and_none_is_made(replay, tmp_path):
    absent = str(tmp_path / "absent.yaml")
    with replay(absent), pytest.raises(CannotOverwriteExistingCassetteException):
        replaying().crm().now()
    assert list(tmp_path.iterdir()) == []


def test_what_a_replay_did_not_ask_for_is_named(replay):
    with replay(str(UPDATE)) as cassette:
        ask("PATCH", ROW, b'{"sk_quantity":11}')
    left = tape.unplayed(cassette)
    assert len(left) == len(cassette) - 1
    assert f"PATCH /api/data/v9.2/sk_subscriptions({rows.subscription(1)})" in left


def test_an_unknown_mode_is_refused(monkeypatch):
    monkeypatch.setenv("SEATKEEPER_RECORD", "sometimes")
    with pytest.raises(pytest.UsageError, match="none or all"):
        tape.mode()


def test_bodies_are_compared_by_value_and_bytes_as_they_are():
    tape.same_body(_sent(b'{"a":1,"b":2}'), _sent(b'{"b": 2, "a": 1}'))
    with pytest.raises(AssertionError):
        tape.same_body(_sent(b"--batch_1"), _sent(b"--batch_2"))


def _sent(body):
    return Request("POST", API, body, {})
