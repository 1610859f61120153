"""Whether the daemon lives and is ready, and the small WSGI application that says so.

`/livez` asks whether the work loop moves, `/readyz` whether it can do its work, `/metrics` for
figures. It only reads, over a store connection of its own, so that no cycle waits for it.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from seatkeeper.figures import Figures, read_figures
from seatkeeper.metrics import CONTENT_TYPE, Sources, exposition
from seatkeeper.pulse import Pulse
from sync.state import StateError

_JSON = "application/json"
_STATUS = {200: "200 OK", 404: "404 Not Found", 405: "405 Method Not Allowed"}
_UNAVAILABLE = "503 Service Unavailable"

log = structlog.get_logger()

StartResponse = Callable[[str, list[tuple[str, str]]], object]
Environ = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    content: bytes
    content_type: str = _JSON


def livez(pulse: Pulse) -> Answer:
    """Tell whether the work loop gave a sign of life lately."""
    silent, allowed = pulse.silent_seconds(), pulse.longest_silence_seconds
    age = pulse.cycle_age_seconds()
    facts = {
        "live": silent <= allowed,
        "silent_seconds": round(silent, 1),
        "allowed_seconds": allowed,
        "cycle_begun_seconds_ago": None if age is None else round(age, 1),
    }
    return _told(facts, ok=silent <= allowed)


def readyz(sources: Sources) -> Answer:
    """Tell whether everything that the work needs is there; a reason for each that is not."""
    checks = {"configuration": "ok", **_of_services(sources.pulse)}
    try:
        figures = sources.store.look(read_figures)
    except StateError as error:
        checks["store"] = str(error)
        since = ""
    else:
        checks |= {"store": "ok", "guard": _of_guards(figures)}
        since = figures.paused_since
    ready = all(value == "ok" for value in checks.values())
    return _told({"ready": ready, "paused_since": since or None, "checks": checks}, ok=ready)


def _of_services(pulse: Pulse) -> Mapping[str, str]:
    trouble = pulse.complaint()
    if pulse.needs_sign_in:
        return {"sign_in": trouble, "services": "ok"}
    if not pulse.met:
        return {"sign_in": "not signed in yet", "services": trouble or "not asked yet"}
    return {"sign_in": "ok", "services": trouble or "ok"}


def _of_guards(figures: Figures) -> str:
    tripped = ", ".join(sorted(figures.guards))
    return f"tripped: {tripped}" if tripped else "ok"


def _told(facts: Mapping[str, object], *, ok: bool) -> Answer:
    return Answer(200 if ok else 503, json.dumps(facts).encode() + b"\n")


class HealthApp:
    """The WSGI application."""

    def __init__(self, sources: Sources) -> None:
        render = exposition(sources)
        self._pages: Mapping[str, Callable[[], Answer]] = {
            "/livez": lambda: livez(sources.pulse),
            "/readyz": lambda: readyz(sources),
            "/metrics": lambda: Answer(200, render(), CONTENT_TYPE),
        }

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        answer = self._answer(environ)
        headers = [
            ("Content-Type", answer.content_type),
            ("Content-Length", str(len(answer.content))),
            ("Cache-Control", "no-store"),
        ]
        start_response(_STATUS.get(answer.status, _UNAVAILABLE), headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.content]

    def _answer(self, environ: Environ) -> Answer:
        page = self._pages.get(environ["PATH_INFO"])
        if page is None:
            return _told_plainly(404, "/livez, /readyz and /metrics are here")
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return _told_plainly(405, "only GET is answered")
        try:
            return page()
        except Exception as error:  # noqa: BLE001  # the state may be damaged; the caller is told
            log.warning("health failed", error=repr(error))
            return _told_plainly(503, "the figures cannot be read; see the log")


def _told_plainly(status: int, sentence: str) -> Answer:
    return Answer(status, json.dumps({"error": sentence}).encode() + b"\n")
