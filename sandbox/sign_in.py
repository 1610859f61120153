"""Sign-in as clients of Entra ID know it: metadata, keys, and the v1 and v2 token endpoints."""

import base64
from typing import Any

import orjson
from jwt.algorithms import RSAAlgorithm
from werkzeug import Request, Response

from sandbox import tokens
from sandbox.authorize import authorize, redeem
from sandbox.client_proof import SignInRefused, prove_client
from sandbox.world import World

_ANY_TENANT = ("common", "organizations")


def handle(world: World, request: Request) -> Response:
    """Answer a request under /{tenant}/."""
    tenant, _, rest = request.path.lstrip("/").partition("/")
    try:
        if rest == "oauth2/v2.0/authorize" and tenant in (world.tenant_id, *_ANY_TENANT):
            return authorize(world, request)
        return _json(200, _answer(world, request, tenant, rest))
    except SignInRefused as refused:
        return refusal(world, refused)


def refusal(world: World, refused: SignInRefused) -> Response:
    """Answer in the error shape of Entra ID."""
    trace, correlation = world.new_id(), world.new_id()
    at = world.clock.real().strftime("%Y-%m-%d %H:%M:%SZ")
    text = (
        f"AADSTS{refused.code}: {refused.text} "
        f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}"
    )
    body = {
        "error": refused.error,
        "error_description": text,
        "error_codes": [refused.code],
        "timestamp": at,
        "trace_id": trace,
        "correlation_id": correlation,
    }
    return _json(refused.status, body)


def _answer(world: World, request: Request, tenant: str, rest: str) -> dict[str, Any]:
    if tenant != world.tenant_id and tenant not in _ANY_TENANT:
        raise SignInRefused(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
    match rest:
        case "v2.0/.well-known/openid-configuration" | ".well-known/openid-configuration":
            return _metadata(request, tenant, v2=rest.startswith("v2.0"))
        case "discovery/v2.0/keys" | "discovery/keys":
            return _keys(world)
        case "discovery/instance":
            return {"tenant_discovery_endpoint": f"{_at(request, tenant)}/v2.0/{_WELL_KNOWN}"}
        case "oauth2/v2.0/token" | "oauth2/token":
            return _token(world, request, v2="v2.0" in rest)
        case _:
            text = f"There is no {rest!r} in this sandbox."
            raise SignInRefused(404, "invalid_request", 90014, text)


_WELL_KNOWN = ".well-known/openid-configuration"


def _at(request: Request, tenant: str) -> str:
    return f"https://{request.host}/{tenant}"


def _issuer(request: Request, tenant: str, *, v2: bool) -> str:
    return f"{_at(request, tenant)}/v2.0" if v2 else f"{_at(request, tenant)}/"


def _metadata(request: Request, tenant: str, *, v2: bool) -> dict[str, Any]:
    part = "oauth2/v2.0" if v2 else "oauth2"
    return {
        "issuer": _issuer(request, tenant, v2=v2),
        "authorization_endpoint": f"{_at(request, tenant)}/{part}/authorize",
        "token_endpoint": f"{_at(request, tenant)}/{part}/token",
        "jwks_uri": f"{_at(request, tenant)}/discovery/{'v2.0/' if v2 else ''}keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "response_types_supported": ["code", "id_token", "code id_token"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
    }


def _keys(world: World) -> dict[str, Any]:
    key = RSAAlgorithm.to_jwk(world.identity.private_key().public_key(), as_dict=True)
    return {"keys": [{**key, "use": "sig", "kid": tokens.KEY_ID}]}


def _token(world: World, request: Request, *, v2: bool) -> dict[str, Any]:
    if request.method != "POST":
        text = "Endpoint only accepts POST requests."
        raise SignInRefused(400, "invalid_request", 900561, text)
    form = request.form.to_dict()
    now = world.clock.real().timestamp()
    by_certificate = prove_client(world, form, _authorities(world, request), now)
    if form.get("grant_type") == "authorization_code":
        return _redeemed(world, request, v2=v2)
    audience = _audience(world, form, v2=v2)
    match form.get("grant_type"):
        case "client_credentials":
            claims = tokens.app_claims(world, audience, by_certificate=by_certificate)
            return _granted(world, request, claims, v2=v2)
        case "refresh_token":
            return _refreshed(world, request, audience, v2=v2)
        case other:
            text = f"The app requested an unsupported grant type '{other}'."
            raise SignInRefused(400, "unsupported_grant_type", 70003, text)


def _authorities(world: World, request: Request) -> frozenset[str]:
    tenants = (world.tenant_id, *_ANY_TENANT)
    ends = ("/oauth2/v2.0/token", "/oauth2/token", "/v2.0", "/", "")
    return frozenset(f"{_at(request, tenant)}{end}" for tenant in tenants for end in ends)


def _audience(world: World, form: dict[str, str], *, v2: bool) -> str:
    wanted = form.get("scope", "").split() if v2 else [form.get("resource", "")]
    asked = [scope for scope in wanted if scope not in _OPEN_ID]
    if not asked or not asked[0]:
        text = f"The request body must contain '{'scope' if v2 else 'resource'}'."
        raise SignInRefused(400, "invalid_request", 900144, text)
    if v2 and form.get("grant_type") == "client_credentials" and asked[0][-9:] != "/.default":
        text = f"The scope {asked[0]} is not valid. It must have the suffix /.default."
        raise SignInRefused(400, "invalid_scope", 1002012, text)
    audience = tokens.audience_for(world, asked[0])
    if audience is None:
        text = f"The resource principal named {asked[0]} was not found in the tenant."
        raise SignInRefused(400, "invalid_resource", 500011, text)
    return audience


_OPEN_ID = ("offline_access", "openid", "profile", "email")


def _refreshed(world: World, request: Request, audience: str, *, v2: bool) -> dict[str, Any]:
    """Exchange a refresh token; each one works once."""
    known = world.identity.refresh_tokens
    sent = request.form.get("refresh_token", "")
    if sent not in known:
        text = "The provided authorization code or refresh token is expired or revoked."
        raise SignInRefused(400, "invalid_grant", 70008, text)
    known.remove(sent)
    rotated = f"1.{world.rng.getrandbits(320):080x}"
    known.add(rotated)
    world.keep()
    claims = tokens.person_claims(world, audience)
    names = {"aud": world.client_id, "preferred_username": person_address(world)}
    issuer = _issuer(request, world.tenant_id, v2=v2)
    return _granted(world, request, claims, v2=v2) | {
        "refresh_token": rotated,
        "scope": f"{audience}/user_impersonation",
        "id_token": tokens.issue(world, issuer, claims | names),
        "client_info": _client_info(world, world.identity.person_id),
    }


def _redeemed(world: World, request: Request, *, v2: bool) -> dict[str, Any]:
    """Exchange the code of a person's sign-in; each one works once."""
    access, names = redeem(world, request.form)
    issuer = _issuer(request, world.tenant_id, v2=v2)
    return _granted(world, request, access, v2=v2) | {
        "scope": access["scp"],
        "id_token": tokens.issue(world, issuer, names),
        "client_info": _client_info(world, names["oid"]),
    }


def person_address(world: World) -> str:
    """Return the user principal name of the person who works by hand."""
    return address_of(world.settings.person)


def address_of(name: str) -> str:
    """Return the user principal name of somebody at the partner; a name may be one already."""
    if "@" in name:
        return name
    return f"{name.lower().replace(' ', '.')}@partner.example"


def _client_info(world: World, person_id: str) -> str:
    names = {"uid": person_id, "utid": world.tenant_id}
    return base64.urlsafe_b64encode(orjson.dumps(names)).decode().rstrip("=")


def _granted(world: World, request: Request, claims: dict[str, Any], *, v2: bool) -> dict[str, Any]:
    seconds = world.settings.token_seconds
    token = tokens.issue(world, _issuer(request, world.tenant_id, v2=v2), claims)
    if v2:
        life: dict[str, Any] = {"expires_in": seconds, "ext_expires_in": seconds}
        return {"token_type": "Bearer", **life, "access_token": token}
    now = int(world.clock.real().timestamp())
    return {
        "token_type": "Bearer",
        "expires_in": str(seconds),
        "ext_expires_in": str(seconds),
        "expires_on": str(now + seconds),
        "not_before": str(now),
        "resource": claims["aud"],
        "access_token": token,
    }


def _json(status: int, body: dict[str, Any]) -> Response:
    response = Response(orjson.dumps(body), status, content_type="application/json; charset=utf-8")
    response.headers["Cache-Control"] = "no-store, no-cache"
    return response
