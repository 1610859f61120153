"""Stand-ins for the world: a scripted service, time that passes when slept, fixed tokens."""

import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from connector.http import Http, Limits
from sync.remote import SignInFailed

DATA = Path(__file__).parent.parent / "data" / "connector"
DATAVERSE = "https://contoso.crm.dynamics.com"
PARTNER_CENTER = "https://api.partnercenter.microsoft.com"
NOON = "Mon, 16 Jun 2025 12:00:00 GMT"


class Clockwork:
    """Effects whose time passes only when something sleeps; ids count up."""

    def __init__(self, seed: float = 0.5) -> None:
        self.time = 1000.0
        self.slept: list[float] = []
        self.ids = 0
        self.seed = seed

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def new_id(self) -> str:
        self.ids += 1
        return f"00000000-0000-4000-8000-{self.ids:012d}"

    def random(self) -> float:
        return self.seed


@dataclass
class Told:
    """One scripted answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def told(document: Any, status: int = 200, **headers: str) -> Told:
    """Answer with JSON; header names are given with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Told(
        status=status,
        body=json.dumps(document).encode(),
        headers={"Content-Type": "application/json", **named},
    )


def refused(status: int, code: str = "", message: str = "no", **headers: str) -> Told:
    """Answer with a Dataverse error."""
    return told({"error": {"code": code, "message": message}}, status, **headers)


def example(name: str) -> bytes:
    """Return a documented payload."""
    return (DATA / name).read_bytes()


Answer = Told | Exception
Script = Iterable[Answer] | Callable[[requests.PreparedRequest], Answer]


class Scripted(BaseAdapter):
    """Answers requests from a list, in order, or from a function; remembers them."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._answer = script if callable(script) else None
        self._left = iter(()) if callable(script) else iter(script)
        self.requests: list[requests.PreparedRequest] = []
        self.options: list[dict[str, Any]] = []

    def send(self, request, **options):
        self.requests.append(request)
        self.options.append(options)
        answer = self._answer(request) if self._answer else next(self._left)
        if isinstance(answer, Exception):
            raise answer
        raw = HTTPResponse(
            body=io.BytesIO(answer.body),
            status=answer.status,
            headers={"Date": NOON, **answer.headers},
            preload_content=False,
        )
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Nothing is open."""

    def urls(self) -> list[str]:
        return [f"{r.method} {r.path_url}" for r in self.requests]


class FixedTokens:
    """Hands out tokens in order; the last one stays. Refuses when there are none."""

    def __init__(self, *tokens: str) -> None:
        self.left = list(tokens)
        self.forgotten = 0

    def token(self) -> str:
        if not self.left:
            raise SignInFailed("no token")
        return self.left[0]

    def forget(self) -> None:
        self.forgotten += 1
        if len(self.left) > 1:
            self.left.pop(0)


def http_to(adapter: BaseAdapter, effects: Clockwork, **limits: Any) -> Http:
    """Return an Http whose every host is the scripted one."""
    mounted = {"https://": adapter, "http://": adapter}
    return Http(effects, None, mounted, limits=Limits(**limits))


def at(text: str) -> datetime:
    """Return an aware instant."""
    return datetime.fromisoformat(text)
