"""Tokens from Microsoft Entra, by MSAL: secret, certificate, managed identity, refresh token.

MSAL keeps tokens in memory and renews them; it also replays refusals from memory for a minute,
so a refusal, like `forget`, throws the MSAL application away.
Secrets live in fields that are never shown, and are struck out of every message.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import msal  # type: ignore[import-untyped]  # msal ships no types
import structlog
from msal.exceptions import MsalServiceError  # type: ignore[import-untyped]  # the same

from connector.http import Http
from connector.msal_transport import MsalHttp
from connector.service import TokenSource
from connector.sign_in_advice import advice_for
from sync.ports import Effects
from sync.remote import SignInFailed, Unavailable

PUBLIC_AUTHORITY: Final = "https://login.microsoftonline.com"
PUBLIC_AUTHORITIES: Final = frozenset(
    {"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"}
)
PARTNER_CENTER_SCOPE: Final = "https://api.partnercenter.microsoft.com/.default"
EARLY_SECONDS: Final = 300.0
"""A token with less life left counts as spent, as in MSAL's own cache."""

log = structlog.get_logger(__name__)

Answer: TypeAlias = Mapping[str, object]
Acquire: TypeAlias = Callable[[], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecret:
    """A client secret."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A private key and its certificate, both PEM (the same file may hold both)."""

    key_file: Path
    certificate_file: Path
    passphrase: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PfxCertificate:
    """A private key with its certificate in one PFX file."""

    pfx_file: Path
    passphrase: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedIdentity:
    """The identity of the Azure machine; the user-assigned one when `SignIn.client_id` is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A delegated sign-in kept alive by a refresh token that rotates.

    Each renewal asks `recall` (raises SignInFailed) and hands the rotated token to `remember`
    (raises OSError), so that several connections and processes can share one token.
    """

    recall: Callable[[], str] = field(repr=False)
    remember: Callable[[str], None] = field(repr=False)
    client_secret: str | None = field(default=None, repr=False)


Credential: TypeAlias = ClientSecret | Certificate | PfxCertificate | ManagedIdentity | RefreshToken


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Who we are, and for what."""

    scope: str
    """`{org url}/.default` (see `dataverse_scope`) or `PARTNER_CENTER_SCOPE`."""
    credential: Credential
    client_id: str = ""
    tenant_id: str = ""
    authority: str = PUBLIC_AUTHORITY
    """With or without the tenant at its end."""


def dataverse_scope(url: str) -> str:
    """Return the scope of an environment: its address without path and slash."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/.default"


def token_source(sign_in: SignIn, http: Http, effects: Effects) -> TokenSource:
    """Return the tokens of a sign-in; nothing is sent before the first one is asked for."""
    if isinstance(sign_in.credential, RefreshToken):
        renewal = _Renewal(sign_in, sign_in.credential, http, effects)
        return MsalTokens(renewal.build, secrets=renewal.secrets)
    return MsalTokens(
        lambda: _acquisition(sign_in, http), secrets=lambda: _secrets(sign_in.credential)
    )


class MsalTokens:
    """A token source around one way to acquire; threads share it."""

    def __init__(
        self, build: Callable[[], Acquire], *, secrets: Callable[[], tuple[str, ...]]
    ) -> None:
        self._build = build
        self._secrets = secrets
        self._acquire: Acquire | None = None
        self._lock = threading.Lock()

    def token(self) -> str:
        """Return a token from memory or anew. Raise SignInFailed, Unavailable."""
        with self._lock:
            answer = self._answer()
            token = answer.get("access_token")
            if isinstance(token, str) and token:
                return token
            self._acquire = None
            raise self._refused(answer)

    def forget(self) -> None:
        """Start over with a new MSAL application: the old one replays what it remembers."""
        with self._lock:
            self._acquire = None

    def _answer(self) -> Answer:
        try:
            if self._acquire is None:
                self._acquire = self._build()
            return self._acquire()
        except (ValueError, OSError) as error:
            self._acquire = None
            raise SignInFailed(self._struck(f"sign-in is not possible: {error}")) from None
        except TypeError as error:  # of PyJWT and cryptography, about a key
            self._acquire = None
            needed = "a certificate needs an RSA key, and its passphrase if it has one"
            told = self._struck(f"sign-in is not possible: {error} ({needed})")
            raise SignInFailed(told) from None
        except MsalServiceError as error:
            self._acquire = None
            raise Unavailable(self._struck(f"sign-in: {error}")) from None

    def _refused(self, answer: Answer) -> SignInFailed:
        told = str(answer.get("error_description") or answer.get("error") or "no token came back")
        first_line = told.splitlines()[0].split(" Trace ID:")[0]
        return SignInFailed(
            self._struck(f"sign-in refused: {first_line} {advice_for(told)}"),
            code=str(answer.get("error") or ""),
            correlation_id=str(answer.get("correlation_id") or ""),
        )

    def _struck(self, message: str) -> str:
        for secret in filter(None, self._secrets()):
            message = message.replace(secret, "***")
        return message


class _Renewal:
    """Delegated tokens: MSAL does not keep them for us, and the refresh token rotates."""

    def __init__(
        self, sign_in: SignIn, credential: RefreshToken, http: Http, effects: Effects
    ) -> None:
        self._sign_in = sign_in
        self._credential = credential
        self._client = MsalHttp(http, safe=False)
        self._effects = effects
        self._sent = ""
        self._unkept = ""
        """A rotated token that could not be handed on; without it the sign-in would be lost."""

    def secrets(self) -> tuple[str, ...]:
        return (self._sent, self._unkept, self._credential.client_secret or "")

    def build(self) -> Acquire:
        app = _application(self._sign_in, self._credential.client_secret, self._client)
        kept: dict[str, tuple[Answer, float]] = {}

        def acquire() -> Answer:
            answer, spent_at = kept.get("token", ({}, 0.0))
            if answer and self._effects.monotonic() < spent_at:
                return answer
            answer, spent_at = self._renew(app)
            kept["token"] = (answer, spent_at)
            return answer

        return acquire

    def _renew(self, app: msal.ClientApplication) -> tuple[Answer, float]:
        answer = self._ask(app)
        if "error" in answer and not self._unkept and self._credential.recall() != self._sent:
            answer = self._ask(app)  # another process has rotated it in between
        rotated = answer.get("refresh_token")
        if isinstance(rotated, str) and rotated and rotated != self._sent:
            self._keep(rotated)
        seconds = float(str(answer.get("expires_in") or 0))
        return answer, self._effects.monotonic() + seconds - EARLY_SECONDS

    def _ask(self, app: msal.ClientApplication) -> Answer:
        self._sent = self._unkept or self._credential.recall()
        answer: Answer = app.acquire_token_by_refresh_token(
            self._sent, scopes=[self._sign_in.scope]
        )
        return answer

    def _keep(self, rotated: str) -> None:
        """Hand the token on; go on with it when that fails, for the old one may be spent."""
        try:
            self._credential.remember(rotated)
        except OSError as error:
            self._unkept = rotated
            log.warning("refresh token not stored", reason=str(error))
        else:
            self._unkept = ""


def _acquisition(sign_in: SignIn, http: Http) -> Acquire:
    if isinstance(sign_in.credential, ManagedIdentity):
        return _managed(sign_in, http)
    client = MsalHttp(http, safe=True)
    app = _application(sign_in, _msal_credential(sign_in.credential), client)
    return lambda: dict(app.acquire_token_for_client(scopes=[sign_in.scope]))


def _managed(sign_in: SignIn, http: Http) -> Acquire:
    identity = (
        msal.UserAssignedManagedIdentity(client_id=sign_in.client_id)
        if sign_in.client_id
        else msal.SystemAssignedManagedIdentity()
    )
    client = msal.ManagedIdentityClient(
        identity, http_client=MsalHttp(http, safe=True, direct=True)
    )
    resource = sign_in.scope.removesuffix("/.default")
    return lambda: dict(client.acquire_token_for_client(resource=resource))


def _application(sign_in: SignIn, credential: object, client: MsalHttp) -> msal.ClientApplication:
    authority = _authority(sign_in)
    kind = msal.ConfidentialClientApplication if credential else msal.PublicClientApplication
    return kind(
        sign_in.client_id,
        authority=authority,
        client_credential=credential,
        http_client=client,
        # msal would ask login.microsoftonline.com about an authority that it does not know
        instance_discovery=None if urlsplit(authority).hostname in PUBLIC_AUTHORITIES else False,
    )


def web_application(sign_in: SignIn, http: Http) -> msal.ClientApplication:
    """Return the MSAL application with which people sign in to our pages."""
    client = MsalHttp(http, safe=False)
    return _application(sign_in, _msal_credential(sign_in.credential), client)


def _authority(sign_in: SignIn) -> str:
    authority = sign_in.authority.rstrip("/")
    if urlsplit(authority).path or not sign_in.tenant_id:
        return authority
    return f"{authority}/{sign_in.tenant_id}"


def _msal_credential(credential: Credential) -> str | dict[str, object]:
    match credential:
        case ClientSecret():
            return credential.secret
        case Certificate():
            pem: dict[str, object] = {
                "private_key": credential.key_file.read_text(encoding="ascii"),
                "public_certificate": credential.certificate_file.read_text(encoding="ascii"),
            }
            return pem | _passphrase(credential.passphrase)
        case PfxCertificate():
            pfx: dict[str, object] = {
                "private_key_pfx_path": str(credential.pfx_file),
                "public_certificate": True,
            }
            return pfx | _passphrase(credential.passphrase)
        case ManagedIdentity() | RefreshToken():
            raise ValueError(f"{type(credential).__name__} is not a credential of an application")


def _passphrase(passphrase: str | None) -> dict[str, object]:
    return {"passphrase": passphrase} if passphrase else {}


def _secrets(credential: Credential) -> tuple[str, ...]:
    match credential:
        case ClientSecret():
            return (credential.secret,)
        case Certificate() | PfxCertificate():
            return (credential.passphrase or "",)
        case _:
            return ()
