"""Access tokens: for whom they are made, and whom they prove. They live in real time."""

from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import jwt

from sandbox.faults import Service
from sandbox.identity import private_key_of
from sandbox.world import Principal, World

PARTNER_CENTER = "https://api.partnercenter.microsoft.com"
_PARTNER_CENTER_APP = "fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd"  # partner-center.md 1
_GRAPHS = ("https://graph.windows.net", "https://graph.microsoft.com")  # the audience trap
KEY_ID = "seatkeeper-sandbox"


class Fault(StrEnum):
    """Why a bearer token is refused."""

    MISSING = "missing"
    EXPIRED = "expired"
    INVALID = "invalid"
    AUDIENCE = "audience"
    NO_MFA = "no_mfa"


class TokenRefused(Exception):
    """A bearer token does not open this service."""

    def __init__(self, fault: Fault, client: str | None = None) -> None:
        super().__init__(fault)
        self.fault = fault
        self.client = client


def audience_for(world: World, resource: str) -> str | None:
    """Return the audience of a token for a resource or scope, or None for an unknown one."""
    wanted = resource.removesuffix("/.default").removesuffix("/user_impersonation").rstrip("/")
    if wanted in (PARTNER_CENTER, _PARTNER_CENTER_APP):
        return PARTNER_CENTER
    return wanted if wanted in _GRAPHS or _is_dataverse(world, wanted) else None


def service_of(world: World, audience: str) -> Service | None:
    """Return the service whose tokens carry this audience."""
    if audience == PARTNER_CENTER:
        return Service.PARTNER_CENTER
    return Service.DATAVERSE if _is_dataverse(world, audience) else None


def _is_dataverse(world: World, origin: str) -> bool:
    parts = urlsplit(origin)
    return parts.scheme == "https" and parts.hostname in world.names and not parts.path


def app_claims(world: World, audience: str, *, by_certificate: bool) -> dict[str, Any]:
    """Return the claims of a token for the client alone."""
    return {
        "aud": audience,
        "oid": world.application_user_id,
        "sub": world.application_user_id,
        "roles": ["Seatkeeper.Sync"],
        "idtyp": "app",
        "appidacr": "2" if by_certificate else "1",
    }


def person_claims(world: World, audience: str) -> dict[str, Any]:
    """Return the claims of a token for the client on behalf of a person."""
    return {
        "aud": audience,
        "oid": world.identity.person_id,
        "sub": world.identity.person_id,
        "scp": "user_impersonation",
        "name": world.settings.person,
        "amr": ["pwd", "mfa"],
    }


def issue(world: World, issuer: str, claims: dict[str, Any]) -> str:
    """Sign a token (RS256) that expires after `token_seconds` of real time."""
    now = int(world.clock.real().timestamp())
    common = {
        "iss": issuer,
        "tid": world.tenant_id,
        "appid": world.client_id,
        "azp": world.client_id,
        "iat": now,
        "nbf": now,
        "exp": now + world.settings.token_seconds,
        "ver": "1.0",
    }
    key = world.identity.private_key()
    return jwt.encode(common | claims, key, algorithm="RS256", headers={"kid": KEY_ID})


def principal(world: World, authorization: str | None, service: Service) -> Principal:
    """Say who calls a service. Raises TokenRefused."""
    claims = _verified(world, authorization)
    client = str(claims["appid"])
    if service_of(world, str(claims["aud"])) is not service:
        raise TokenRefused(Fault.AUDIENCE, client)
    caller = Principal(
        client=client,
        user_id=str(claims["oid"]),
        name=str(claims.get("name", "# Seatkeeper")),
        audience=str(claims["aud"]),
        app_only=claims.get("idtyp") == "app",
        mfa="mfa" in claims.get("amr", ()),
    )
    if world.settings.require_mfa and service is Service.PARTNER_CENTER and not _proved(caller):
        raise TokenRefused(Fault.NO_MFA, client)
    return caller


def _proved(caller: Principal) -> bool:
    return caller.app_only or caller.mfa


def _verified(world: World, authorization: str | None) -> dict[str, Any]:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenRefused(Fault.MISSING)
    claims = _signed(world.identity.signing_key, token.strip())
    # The world's own wall clock judges, so that a test can let a token expire.
    if claims["exp"] <= world.clock.real().timestamp():
        raise TokenRefused(Fault.EXPIRED, str(claims["appid"]))
    return claims


@lru_cache(maxsize=256)
def _signed(signing_key: bytes, token: str) -> dict[str, Any]:
    """Return the claims of a token that we signed; a token is sent many times."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            private_key_of(signing_key).public_key(),
            algorithms=["RS256"],
            options={
                "verify_aud": False,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "require": ["exp", "aud", "appid", "oid"],
            },
        )
    except jwt.InvalidTokenError as error:
        raise TokenRefused(Fault.INVALID) from error
    return claims
