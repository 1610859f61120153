"""A person's sign-in in a browser: the authorize endpoint, and the exchange of its code.

The page lets the tester choose who signs in; each person has one app role, or none.
"""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import NAMESPACE_URL, uuid5

from markupsafe import Markup
from werkzeug import Request, Response

from sandbox.client_proof import SignInRefused
from sandbox.world import World

_LASTS_SECONDS = 600
_GRAPH = "https://graph.microsoft.com"
_CHOICE = "sandbox_person"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in to pages."""

    name: str
    role: str

    @property
    def address(self) -> str:
        return f"{self.name.lower().replace(' ', '.')}@partner.example"

    @property
    def id(self) -> str:
        return str(uuid5(NAMESPACE_URL, self.address))


PEOPLE = (
    Person("Victor Viewer", "viewer"),
    Person("Olga Operator", "operator"),
    Person("Ada Admin", "admin"),
    Person("Nora Nobody", ""),
)


def authorize(world: World, request: Request) -> Response:
    """Let somebody be chosen, then send the browser back with a code. Raises SignInRefused."""
    asked = request.args.to_dict()
    _check(world, asked)
    chosen = next((one for one in PEOPLE if one.name == asked.get(_CHOICE)), None)
    if chosen is None:
        return _page(asked)
    code = f"0.{world.rng.getrandbits(256):064x}"
    world.identity.codes[code] = {
        "person": chosen.name,
        "redirect_uri": asked["redirect_uri"],
        "challenge": asked.get("code_challenge", ""),
        "nonce": asked.get("nonce", ""),
        "until": str(world.clock.real().timestamp() + _LASTS_SECONDS),
    }
    answer = {"code": code, "state": asked.get("state", ""), "session_state": world.new_id()}
    response = Response(status=302)
    response.headers["Location"] = f"{asked['redirect_uri']}?{urlencode(answer)}"
    return _closed(response)


def _check(world: World, asked: Mapping[str, str]) -> None:
    if asked.get("client_id") != world.client_id:
        text = f"Application with identifier '{asked.get('client_id')}' was not found."
        raise SignInRefused(400, "unauthorized_client", 700016, text)
    if asked.get("response_type") != "code":
        text = "The sandbox answers response_type=code only."
        raise SignInRefused(400, "unsupported_response_type", 700054, text)
    back = urlsplit(asked.get("redirect_uri", ""))
    if back.scheme not in {"http", "https"} or back.hostname not in world.names or back.query:
        text = "The redirect URI specified in the request is not one of this sandbox's names."
        raise SignInRefused(400, "invalid_request", 50011, text)
    if asked.get("code_challenge_method", "S256") != "S256":
        raise SignInRefused(400, "invalid_request", 501491, "Only S256 challenges are answered.")


def _page(asked: Mapping[str, str]) -> Response:
    links = Markup("").join(
        Markup('<li><a href="?{}">{}</a> {}</li>').format(
            urlencode({**asked, _CHOICE: one.name}), one.name, one.role or "no role"
        )
        for one in PEOPLE
    )
    page = Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sign in</title></head>'
        "<body><main><h1>Sign in</h1><p>The sandbox asks who you are.</p><ul>{}</ul></main></body>"
        "</html>"
    ).format(links)
    return _closed(Response(page, content_type="text/html; charset=utf-8"))


def _closed(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def redeem(world: World, form: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the claims of the access token and of the id token. Raises SignInRefused."""
    grant = world.identity.codes.pop(form.get("code", ""), None)
    if grant is None or float(grant["until"]) < world.clock.real().timestamp():
        raise SignInRefused(400, "invalid_grant", 70008, "The authorization code is expired.")
    if form.get("redirect_uri") != grant["redirect_uri"]:
        text = "The redirect_uri does not match the one of the authorization request."
        raise SignInRefused(400, "invalid_grant", 500112, text)
    if grant["challenge"] and not _proves(form.get("code_verifier", ""), grant["challenge"]):
        text = "The size or value of the Code_Verifier does not match the Code_Challenge."
        raise SignInRefused(400, "invalid_grant", 501481, text)
    person = next(one for one in PEOPLE if one.name == grant["person"])
    who = {"oid": person.id, "sub": person.id, "name": person.name}
    roles = {"roles": [person.role]} if person.role else {}
    access = {**who, "aud": _GRAPH, "scp": "openid profile email"}
    names = {"aud": world.client_id, "preferred_username": person.address, "ver": "2.0"}
    return access, {**who, **names, **roles, "nonce": grant["nonce"]}


def _proves(verifier: str, challenge: str) -> bool:
    digest = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(digest, challenge)
