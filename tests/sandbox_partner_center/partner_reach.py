"""A partner's application against a sandbox in memory, and the hand that moves its clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from sandbox.app import App
from sandbox.world import World

ORIGIN = "https://localhost"
SCOPE = "https://api.partnercenter.microsoft.com"
CUSTOMER = "c0000000-0000-4000-8000-000000000001"
C = f"/v1/customers/{CUSTOMER}"
OFFER = "CFQ7TTC0LCHC:0002:CFQ7TTC0K971"
LEGACY = {"offerId": "C0BD2E08-11AC-4836-BDC7-3712E744922F"}
PLAN = {
    "product": {
        "productId": "CFQ7TTC0LCHC",
        "skuId": "0002",
        "availabilityId": "CFQ7TTC0K971",
        "billingCycle": "monthly",
        "termDuration": "P1Y",
    },
    "quantity": 8,
}


@dataclass
class Partner:
    """Speaks to Partner Center as a program would, with or without a person behind it."""

    world: World
    app: App
    session: requests.Session
    _tokens: dict[bool, str] = field(default_factory=dict)

    def bearer(self, *, person: bool = False) -> dict[str, str]:
        if person not in self._tokens:
            form = {
                "client_id": self.world.client_id,
                "client_secret": self.world.client_secret,
                "scope": f"{SCOPE}/user_impersonation" if person else f"{SCOPE}/.default",
                "grant_type": "refresh_token" if person else "client_credentials",
            }
            if person:
                form["refresh_token"] = next(iter(self.world.identity.refresh_tokens))
            url = f"{ORIGIN}/{self.world.tenant_id}/oauth2/v2.0/token"
            answer = self.session.post(url, data=form, timeout=10)
            self._tokens[person] = answer.json()["access_token"]
        return {"Authorization": f"Bearer {self._tokens[person]}"}

    def call(
        self, method: str, path: str, body: Any = None, *, person: bool = False, **headers: str
    ) -> requests.Response:
        return self.session.request(
            method,
            ORIGIN + path,
            json=body,
            headers=self.bearer(person=person) | headers,
            timeout=10,
        )

    def get(self, path: str, **headers: str) -> Any:
        answer = self.call("GET", path, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.session.request(method, f"{ORIGIN}/_sandbox/{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def settings(self, **changes: object) -> None:
        self.control("POST", "settings", changes)

    def at(self, instant: str) -> None:
        """Set the clock of the sandbox."""
        self.control("POST", "clock", {"now": instant})

    def wait(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance_seconds": seconds})

    def buy(self, **fields: Any) -> dict[str, Any]:
        """Lay a subscription down, bought so long ago that no window is open."""
        usual = {"customerId": CUSTOMER, "quantity": 10, "creationDate": "2026-01-10T08:00:00Z"}
        made: dict[str, Any] = self.control("POST", "partner-center/subscriptions", usual | fields)
        return made

    def by_hand(self, bought: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
        path = f"partner-center/subscriptions/{bought['id']}"
        changed: dict[str, Any] = self.control("PATCH", path, changes)
        return changed

    def patch(self, bought: Mapping[str, Any], body: Any, **headers: str) -> requests.Response:
        return self.call("PATCH", path_of(bought), body, **headers)

    def read(self, bought: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.get(path_of(bought))
        return found


def path_of(bought: Mapping[str, Any]) -> str:
    return "/v1" + str(bought["links"]["self"]["uri"])


def refusal(answer: requests.Response) -> tuple[int, int]:
    """Return the pair that says why, after a look at the shape around it."""
    body = answer.json()
    assert set(body) == {"code", "description", "data", "source"}, answer.text
    return answer.status_code, body["code"]
