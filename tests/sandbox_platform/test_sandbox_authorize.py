"""A person signs in to a page: what the authorize endpoint and the exchange of its code refuse."""

import base64
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from tests.sandbox_platform.reach import Client

BACK = "http://localhost:8470/sign-in/answer"
VERIFIER = "a-long-enough-verifier-that-nobody-guesses-0123456789"
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def authorize(client: Client, **changes: str) -> requests.Response:
    asked = {
        "client_id": client.world.client_id,
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "openid profile",
        "state": "the-state",
        "nonce": "the-nonce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    address = f"https://localhost/{client.world.tenant_id}/oauth2/v2.0/authorize"
    return client.session.get(address, params=asked, allow_redirects=False, timeout=10)


def code_for(client: Client, name: str = "Olga Operator") -> str:
    answer = authorize(client, sandbox_person=name)
    found = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert found["state"] == ["the-state"]
    return found["code"][0]


def redeem(client: Client, code: str, **changes: str) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "client_id": client.world.client_id,
        "client_secret": client.world.client_secret,
        "code": code,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        "scope": "openid profile",
        **changes,
    }
    address = f"https://localhost/{client.world.tenant_id}/oauth2/v2.0/token"
    told: dict[str, Any] = client.session.post(address, data=form, timeout=10).json()
    return told


def test_the_page_lets_a_person_be_chosen_and_keeps_what_was_asked(client: Client) -> None:
    answer = authorize(client, state='"><script>')

    assert answer.status_code == 200
    for name in ("Victor Viewer", "Olga Operator", "Ada Admin", "Nora Nobody"):
        assert name in answer.text
    assert "<script>" not in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("name", "roles"), [("Ada Admin", ["admin"]), ("Nora Nobody", None)], ids=["a role", "none"]
)
def test_the_id_token_names_the_person_and_the_app_role(
    client: Client, name: str, roles: list[str] | None
) -> None:
    told = redeem(client, code_for(client, name))

    claims = jwt.decode(told["id_token"], options={"verify_signature": False})
    assert (claims["name"], claims.get("roles")) == (name, roles)
    assert (claims["aud"], claims["nonce"]) == (client.world.client_id, "the-nonce")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "somebody"}, 700016),
        ({"response_type": "token"}, 700054),
        ({"redirect_uri": "https://evil.example/answer"}, 50011),
        ({"redirect_uri": "javascript:alert(1)"}, 50011),
        ({"code_challenge_method": "plain"}, 501491),
    ],
    ids=["client", "response type", "host", "scheme", "plain challenge"],
)
def test_what_does_not_fit_the_registration_is_refused(
    client: Client, changes: dict[str, str], code: int
) -> None:
    answer = authorize(client, sandbox_person="Ada Admin", **changes)

    assert answer.status_code == 400
    assert answer.json()["error_codes"] == [code]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"code": "0.guessed"}, 70008),
        ({"redirect_uri": "http://localhost:1/"}, 500112),
        ({"code_verifier": "another"}, 501481),
        ({"client_secret": "wrong"}, 7000215),
    ],
    ids=["code", "redirect", "verifier", "secret"],
)
def test_a_code_is_worth_nothing_to_another(
    client: Client, changes: dict[str, str], code: int
) -> None:
    assert redeem(client, **{"code": code_for(client), **changes})["error_codes"] == [code]


def test_a_code_works_once_and_for_ten_minutes(client: Client) -> None:
    first, second = code_for(client), code_for(client)

    assert "id_token" in redeem(client, first)
    assert redeem(client, first)["error_codes"] == [70008]
    client.wall.advance(601)
    assert redeem(client, second)["error_codes"] == [70008]
