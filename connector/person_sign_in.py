"""A person's sign-in by Microsoft Entra, by MSAL: authorization code flow with PKCE.

MSAL checks state and nonce; the id token comes over TLS from the token endpoint itself.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import msal  # type: ignore[import-untyped]  # msal ships no types

from connector.auth import SignIn, web_application
from connector.http import Http
from sync.remote import SignInFailed, Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Who signed in, and the app roles that the person has."""

    name: str
    address: str
    roles: frozenset[str]


def _begun(app: msal.ClientApplication, answer_to: str) -> Mapping[str, object]:
    """Have the answer come in the address: one by POST would lack our cookie, which is Lax.

    The code in it is worth nothing without the secret of this flow (PKCE).
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="response_mode='form_post' is recommended")
        found: Mapping[str, object] = app.initiate_auth_code_flow([], redirect_uri=answer_to)
    return found


class PersonSignIn:
    """Signs people in."""

    def __init__(self, sign_in: SignIn, http: Http) -> None:
        self._sign_in = sign_in
        self._http = http

    def begin(self, answer_to: str) -> Mapping[str, object]:
        """Return what must be kept until the answer comes; `auth_uri` is where to send a browser.

        Raises SignInFailed, Unavailable.
        """
        try:
            app = web_application(self._sign_in, self._http)
            found = _begun(app, answer_to)
        except (ValueError, OSError) as error:
            raise SignInFailed(f"sign-in is not possible: {error}") from None
        if "auth_uri" not in found:
            raise Unavailable("sign-in: no address to go to came back")
        return found

    def finish(self, begun: Mapping[str, object], answer: Mapping[str, str]) -> Claims:
        """Exchange the answer for the claims of the person. Raises SignInFailed, Unavailable."""
        try:
            app = web_application(self._sign_in, self._http)
            found = app.acquire_token_by_auth_code_flow(dict(begun), dict(answer))
        except (ValueError, OSError) as error:
            raise SignInFailed(f"the answer of the sign-in is not for us: {error}") from None
        claims = found.get("id_token_claims")
        if not isinstance(claims, Mapping):
            told = str(found.get("error_description") or found.get("error") or "no token came back")
            raise SignInFailed(told.splitlines()[0].split(" Trace ID:")[0])
        roles = claims.get("roles")
        return Claims(
            name=str(claims.get("name") or claims.get("preferred_username") or claims.get("oid")),
            address=str(claims.get("preferred_username") or ""),
            roles=frozenset(map(str, roles)) if isinstance(roles, list) else frozenset(),
        )
