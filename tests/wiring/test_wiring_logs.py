"""Logs: JSON lines on stderr, known fields only."""

import io
import json

import pytest
import structlog

from seatkeeper import logs


@pytest.fixture
def said():
    stream = io.StringIO()
    before = structlog.get_config()
    logs.configure(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.configure(**before)


def test_an_event_is_one_line_of_json_with_level_and_time(said):
    structlog.get_logger().warning("service unavailable", reason="down")
    (event,) = said()
    assert (event["event"], event["level"], event["reason"]) == (
        "service unavailable",
        "warning",
        "down",
    )
    assert event["timestamp"].endswith("Z")


def test_a_field_that_is_not_on_the_list_is_left_out_by_name(said):
    structlog.get_logger().info("cycle", client_secret="canary", body={"a": "canary"}, changes=2)
    (event,) = said()
    assert "canary" not in json.dumps(event)
    assert event["changes"] == 2
    assert event["reason"] == " [left out: body, client_secret]"


def test_no_name_on_the_list_could_hold_a_secret():
    words = ("secret", "token", "password", "authorization", "assertion", "body", "header", "url")
    assert not [name for name in logs.ALLOWED if any(word in name for word in words)]
