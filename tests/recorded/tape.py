"""How a recording is made and replayed: the mode, the matching, the blocked network."""

import json
import os
import socket
from pathlib import Path
from typing import Any, Literal, NoReturn, Protocol

import pytest
import vcr  # type: ignore[import-untyped]  # vcrpy ships no types
from vcr.cassette import Cassette  # type: ignore[import-untyped]  # the same
from vcr.request import Request  # type: ignore[import-untyped]  # vcrpy ships no types

CASSETTES = Path(__file__).parent / "cassettes"
Mode = Literal["none", "all"]


class NetworkBlockedError(AssertionError):
    """A test that replays tried to reach the network."""


def mode() -> Mode:
    """Return whether to replay (default) or to record, from SEATKEEPER_RECORD."""
    told = os.environ.get("SEATKEEPER_RECORD", "none")
    if told not in {"none", "all"}:
        raise pytest.UsageError(f"SEATKEEPER_RECORD is none or all, not {told!r}")
    return "all" if told == "all" else "none"


class Filter(Protocol):
    """Takes out of requests and responses what must not be kept."""

    def request(self, request: Request) -> Request | None: ...

    def response(self, response: dict[str, Any]) -> dict[str, Any]: ...


def recorder(scrubber: Filter, record: Mode) -> vcr.VCR:
    """Return a recorder that matches method, path, query and body, never host or port."""
    made = vcr.VCR(
        record_mode=record,
        match_on=["method", "path", "query", "same_body"],
        before_record_request=scrubber.request,
        before_record_response=scrubber.response,
        decode_compressed_response=True,
    )
    made.register_matcher("same_body", same_body)
    return made


def same_body(one: Request, other: Request) -> None:
    """Compare bodies, JSON by value; raise AssertionError when they differ."""
    mine, theirs = value_of(one.body or b""), value_of(other.body or b"")
    if mine != theirs:
        raise AssertionError(f"{mine!r} is not {theirs!r}")


def value_of(content: bytes) -> object:
    """Return JSON by its value, anything else as it is."""
    try:
        return json.loads(content)
    except ValueError:
        return content


def block_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every connection raise."""

    def blocked(*_: object, **__: object) -> NoReturn:
        raise NetworkBlockedError("the network is blocked while a recording is replayed")

    monkeypatch.setattr(socket.socket, "connect", blocked)
    monkeypatch.setattr(socket.socket, "connect_ex", blocked)
    monkeypatch.setattr(socket, "getaddrinfo", blocked)


def unplayed(cassette: Cassette) -> list[str]:
    """Name the recorded requests that a replay did not ask for."""
    return [
        f"{request.method} {request.path}"
        for number, request in enumerate(cassette.requests)
        if not cassette.play_counts[number]
    ]
