"""Sign-in as msal and plain clients use it."""

import base64
from typing import Any

import jwt
import msal
import pytest
from cryptography.hazmat.primitives import hashes

from sandbox.clock import real_now
from sandbox.identity import new_key
from tests.sandbox_platform.reach import ORIGIN, PARTNER_SCOPE, Client

SHA1 = hashes.SHA1()  # noqa: S303 - x5t is SHA-1 by definition

DATAVERSE_SCOPE = f"{ORIGIN}/.default"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def msal_app(client: Client, credential: Any) -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        client.world.client_id,
        authority=f"{ORIGIN}/{client.world.tenant_id}",
        client_credential=credential,
        instance_discovery=False,
        http_client=client.session,
    )


def certificate(client: Client, kind: str) -> dict[str, str]:
    identity = client.world.identity
    credential = {"private_key": identity.client_key.decode()}
    if kind == "PS256":
        return credential | {"public_certificate": identity.client_certificate.decode()}
    from_sha1 = identity.certificates()[0].fingerprint(SHA1).hex()
    return credential | {"thumbprint": from_sha1}


@pytest.mark.parametrize("scope", [DATAVERSE_SCOPE, PARTNER_SCOPE])
def test_msal_gets_a_token_with_the_client_secret(client: Client, scope: str) -> None:
    result = msal_app(client, client.world.client_secret).acquire_token_for_client([scope])

    claims = jwt.decode(result["access_token"], options={"verify_signature": False})
    assert claims["aud"] == scope.removesuffix("/.default")
    assert claims["appid"] == claims["azp"] == client.world.client_id
    assert claims["tid"] == client.world.tenant_id
    assert claims["exp"] - claims["iat"] == result["expires_in"] == 3599


def test_msal_sees_a_wrong_secret_with_code_7000215(client: Client) -> None:
    result = msal_app(client, "wrong").acquire_token_for_client([DATAVERSE_SCOPE])

    assert result["error"] == "invalid_client"
    assert result["error_codes"] == [7000215]
    assert result["error_description"].startswith("AADSTS7000215: ")
    assert {"timestamp", "trace_id", "correlation_id"} <= result.keys()


@pytest.mark.parametrize("kind", ["PS256", "RS256"])
def test_msal_gets_a_token_with_the_registered_certificate(client: Client, kind: str) -> None:
    app = msal_app(client, certificate(client, kind))

    # msal stamps assertions with the machine's time, so the sandbox must live in it as well.
    client.wall.at = real_now()
    result = app.acquire_token_for_client([DATAVERSE_SCOPE])

    assert "access_token" in result, result


def test_a_certificate_with_a_key_of_somebody_else_is_refused(client: Client) -> None:
    client.wall.at = real_now()
    credential = certificate(client, "PS256") | {"private_key": new_key("stranger").decode()}

    result = msal_app(client, credential).acquire_token_for_client([DATAVERSE_SCOPE])

    assert result["error_codes"] == [700027]


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        pytest.param({"aud": "https://elsewhere.example/token"}, 700023, id="another audience"),
        pytest.param({"iss": "somebody"}, 700021, id="another client"),
        pytest.param({"exp": 1}, 700024, id="long over"),
        pytest.param({"exp": 4_000_000_000}, 700024, id="absurdly long"),
    ],
)
def test_an_assertion_is_refused_for(client: Client, claims: dict[str, Any], code: int) -> None:
    good = {
        "aud": f"{ORIGIN}/{client.world.tenant_id}/oauth2/v2.0/token",
        "iss": client.world.client_id,
        "sub": client.world.client_id,
        "exp": client.wall.at.timestamp() + 600,
    }
    identity = client.world.identity
    thumbprint = base64url(identity.certificates()[0].fingerprint(SHA1))
    answers = [
        client.token(
            client_secret="",
            client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            client_assertion=jwt.encode(
                body, identity.client_key, algorithm="RS256", headers={"x5t": thumbprint}
            ),
        )
        for body in (good, good | claims)
    ]

    assert answers[0].status_code == 200, answers[0].text
    assert answers[1].status_code == 401
    assert answers[1].json()["error_codes"] == [code]


def test_a_refresh_token_works_once_and_is_replaced(client: Client) -> None:
    app = msal_app(client, client.world.client_secret)
    first = next(iter(client.world.identity.refresh_tokens))
    client.wall.at = real_now()

    result = app.acquire_token_by_refresh_token(first, [f"{ORIGIN}/user_impersonation"])

    assert result["refresh_token"] != first
    assert result["id_token_claims"]["name"] == "Alex Wilber"
    form = {"grant_type": "refresh_token", "refresh_token": first}
    assert client.token(**form).json()["error"] == "invalid_grant"
    assert client.token(**form | {"refresh_token": result["refresh_token"]}).status_code == 200


def test_the_v1_endpoint_takes_a_resource(client: Client) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": client.world.client_id,
        "client_secret": client.world.client_secret,
        "resource": ORIGIN,
    }

    answer = client.session.post(f"{ORIGIN}/common/oauth2/token", data=form, timeout=10).json()

    assert answer["expires_in"] == "3599"
    assert answer["resource"] == ORIGIN
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    url = f"{ORIGIN}/api/data/v9.2/WhoAmI()"
    assert client.session.get(url, headers=bearer, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        pytest.param({"grant_type": "password"}, 400, "unsupported_grant_type", id="a password"),
        pytest.param({"client_id": "x"}, 400, "unauthorized_client", id="an unknown client"),
        pytest.param({"scope": "https://x.example/.default"}, 400, "invalid_resource", id="a host"),
        pytest.param({"scope": f"{ORIGIN}/read"}, 400, "invalid_scope", id="no .default"),
        pytest.param({"scope": ""}, 400, "invalid_request", id="no scope"),
    ],
)
def test_the_token_endpoint_refuses(
    client: Client, form: dict[str, str], status: int, error: str
) -> None:
    answer = client.session.post(
        f"{ORIGIN}/{client.world.tenant_id}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": client.world.client_id,
            "client_secret": client.world.client_secret,
            "scope": DATAVERSE_SCOPE,
        }
        | form,
        timeout=10,
    )

    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_the_wrong_audience_is_refused_by_each_service(client: Client) -> None:
    dataverse = {"Authorization": f"Bearer {client.token().json()['access_token']}"}
    partner = {"Authorization": f"Bearer {client.token(PARTNER_SCOPE).json()['access_token']}"}

    refused = client.session.get(f"{ORIGIN}/v1/customers", headers=dataverse, timeout=10)
    assert (refused.status_code, refused.json()["code"]) == (401, 900420)
    assert refused.headers["WWW-Authenticate"].startswith("OAuth realm=urn:cpsvc:cpid:")
    url = f"{ORIGIN}/api/data/v9.2/accounts"
    refused = client.session.get(url, headers=partner, timeout=10)
    assert refused.status_code == 401
    assert "audience" in refused.json()["error"]["message"]


def test_a_name_given_to_the_sandbox_is_an_audience_of_dataverse(client: Client) -> None:
    scope = "https://contoso.crm.dynamics.com/.default"
    assert client.token(scope).json()["error"] == "invalid_resource"

    client.world.names |= {"contoso.crm.dynamics.com"}

    bearer = {"Authorization": f"Bearer {client.token(scope).json()['access_token']}"}
    url = f"{ORIGIN}/api/data/v9.2/WhoAmI()"
    assert client.session.get(url, headers=bearer, timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("header", "code"),
    [
        pytest.param(None, "MissingCrmAuthenticationToken", id="none"),
        pytest.param("Bearer rubbish", "InvalidAuthTicket", id="garbage"),
        pytest.param("Basic abc", "MissingCrmAuthenticationToken", id="another scheme"),
    ],
)
def test_a_token_is_needed(client: Client, header: str | None, code: str) -> None:
    headers = {"Authorization": header} if header else {}
    refused = client.session.get(f"{ORIGIN}/api/data/v9.2/accounts", headers=headers, timeout=10)

    assert (refused.status_code, refused.json()["error"]["code"]) == (401, code)


def test_tokens_expire_by_real_time_and_not_by_the_emulated_clock(client: Client) -> None:
    client.world.settings.token_seconds = 60
    bearer = {"Authorization": f"Bearer {client.token().json()['access_token']}"}
    url = f"{ORIGIN}/api/data/v9.2/WhoAmI()"

    client.control("POST", "clock", {"advance_seconds": 86_400 * 365})
    assert client.session.get(url, headers=bearer, timeout=10).status_code == 200

    client.wall.advance(60)
    refused = client.session.get(url, headers=bearer, timeout=10)
    assert refused.json()["error"]["code"] == "ExpiredAuthTicket"


def test_a_token_signed_by_somebody_else_is_refused(client: Client) -> None:
    genuine = jwt.decode(client.token().json()["access_token"], options={"verify_signature": False})
    forged = jwt.encode(genuine, new_key("stranger"), algorithm="RS256")
    url = f"{ORIGIN}/api/data/v9.2/WhoAmI()"

    bearer = {"Authorization": f"Bearer {forged}"}
    assert client.session.get(url, headers=bearer, timeout=10).status_code == 401
