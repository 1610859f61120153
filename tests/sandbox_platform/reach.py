"""How the tests reach a sandbox in memory: as programs would, without a socket."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from sandbox.app import App
from sandbox.world import World

ORIGIN = "https://localhost"
PARTNER_SCOPE = "https://api.partnercenter.microsoft.com/.default"


Buy = Callable[..., dict[str, Any]]


@dataclass
class Wall:
    """Real time that a test moves."""

    at: datetime = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Client:
    """Everything a test needs to speak to the sandbox as a program would."""

    world: World
    app: App
    session: requests.Session
    wall: Wall

    def token(self, scope: str = f"{ORIGIN}/.default", **form: str) -> requests.Response:
        body = {
            "grant_type": "client_credentials",
            "client_id": self.world.client_id,
            "client_secret": self.world.client_secret,
            "scope": scope,
        }
        url = f"{ORIGIN}/{self.world.tenant_id}/oauth2/v2.0/token"
        return self.session.post(url, data=body | form, timeout=10)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """Call a service with the token it wants."""
        scope = PARTNER_SCOPE if path.startswith("/v1") else f"{ORIGIN}/.default"
        bearer = {"Authorization": f"Bearer {self.token(scope).json()['access_token']}"}
        headers = bearer | options.pop("headers", {})
        return self.session.request(method, ORIGIN + path, headers=headers, timeout=10, **options)

    def control(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(method, f"{ORIGIN}/_sandbox/{path}", json=body, timeout=10)

    def journal(self, since: int = 0) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.control("GET", f"journal?since={since}").json()[
            "entries"
        ]
        return entries
