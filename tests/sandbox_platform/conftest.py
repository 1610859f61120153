"""A world in memory and a client that reaches it without a socket."""

from typing import Any

import pytest
import requests

from sandbox.in_process import InProcessAdapter, open_world
from tests.sandbox_platform.reach import Buy, Client, Wall


@pytest.fixture
def client() -> Client:
    wall = Wall()
    world, app = open_world("empty", wall=wall)
    session = requests.Session()
    session.trust_env = False
    session.mount("https://", InProcessAdapter(app))
    return Client(world, app, session, wall)


@pytest.fixture
def buy(client: Client) -> Buy:
    """Buy a subscription for one customer, bought so long ago that no window is open."""
    customer = client.control(
        "POST",
        "partner-center/customers",
        {
            "id": "c0000000-0000-4000-8000-000000000001",
            "companyName": "Fabrikam",
            "domain": "f.example",
        },
    ).json()

    def bought(**fields: Any) -> dict[str, Any]:
        usual = {
            "customerId": customer["id"],
            "quantity": 10,
            "creationDate": "2026-01-10T08:00:00Z",
        }
        answer = client.control("POST", "partner-center/subscriptions", usual | fields)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    return bought
