"""Signing in: what is sent, what a refusal says, when a new token is fetched."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import jwt
import pytest
import requests
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from connector.auth import (
    PARTNER_CENTER_SCOPE,
    Certificate,
    ClientSecret,
    ManagedIdentity,
    PfxCertificate,
    RefreshToken,
    SignIn,
    dataverse_scope,
    token_source,
)
from sync.remote import SignInFailed, Unavailable
from tests.connector.scripted import Clockwork, Scripted, Told, http_to, told

TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
CLIENT = "a0b1c2d3-0000-4000-8000-000000000001"
AUTHORITY = f"https://login.local:8443/{TENANT}"
SECRET = "v3ry-s3cret"
OPEN_ID = {
    "authorization_endpoint": f"{AUTHORITY}/oauth2/v2.0/authorize",
    "token_endpoint": f"{AUTHORITY}/oauth2/v2.0/token",
    "issuer": f"{AUTHORITY}/v2.0",
}


class Entra:
    """A sign-in service: hands out numbered tokens, or what it is told to answer."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.forms = []
        self.adapter = Scripted(self.answer)

    def answer(self, request):
        if request.path_url.endswith("openid-configuration"):
            return told(OPEN_ID)
        self.forms.append({n: v[0] for n, v in parse_qs((request.body or b"").decode()).items()})
        if self.answers:
            return self.answers.pop(0)
        return told(granted(len(self.forms)))


def granted(number, **more):
    return {"token_type": "Bearer", "expires_in": 3599, "access_token": f"token {number}", **more}


def source(entra, credential, effects=None, **more):
    effects = effects or Clockwork()
    sign_in = SignIn(
        scope=PARTNER_CENTER_SCOPE,
        credential=credential,
        client_id=CLIENT,
        **{"authority": AUTHORITY, **more},
    )
    return token_source(sign_in, http_to(entra.adapter, effects), effects)


@pytest.fixture(scope="module")
def key_and_certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "seatkeeper")])
    start = datetime(2025, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=9999))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    kind = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(pem, kind, serialization.NoEncryption()))
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    protection = serialization.BestAvailableEncryption(b"pass")
    (folder / "both.pfx").write_bytes(
        pkcs12.serialize_key_and_certificates(b"x", key, certificate, None, protection)
    )
    return folder, key.public_key()


def test_a_client_secret_signs_in_at_the_configured_authority_only():
    entra = Entra()
    assert source(entra, ClientSecret(secret=SECRET)).token() == "token 1"
    assert entra.forms[0]["client_secret"] == SECRET
    assert entra.forms[0]["scope"] == PARTNER_CENTER_SCOPE
    assert entra.forms[0]["grant_type"] == "client_credentials"
    hosts = {request.url.split("/")[2] for request in entra.adapter.requests}
    assert hosts == {"login.local:8443"}


def test_an_authority_without_its_tenant_is_completed():
    entra = Entra()
    source(
        entra, ClientSecret(secret=SECRET), authority="https://login.local:8443", tenant_id=TENANT
    ).token()
    assert f"/{TENANT}/v2.0/" in entra.adapter.urls()[0]


def test_a_token_is_kept_until_it_is_forgotten():
    entra = Entra()
    tokens = source(entra, ClientSecret(secret=SECRET))
    assert [tokens.token(), tokens.token()] == ["token 1", "token 1"]
    tokens.forget()
    assert tokens.token() == "token 2"


@pytest.mark.parametrize("pfx", [False, True], ids=["PEM", "PFX"])
def test_a_certificate_signs_an_assertion(key_and_certificate, pfx):
    folder, public_key = key_and_certificate
    credential = (
        PfxCertificate(pfx_file=folder / "both.pfx", passphrase="pass")
        if pfx
        else Certificate(key_file=folder / "key.pem", certificate_file=folder / "certificate.pem")
    )
    entra = Entra()
    assert source(entra, credential).token() == "token 1"
    claims = jwt.decode(
        entra.forms[0]["client_assertion"],
        public_key,
        algorithms=["PS256"],
        audience=OPEN_ID["token_endpoint"],
    )
    assert claims["sub"] == CLIENT


def test_a_certificate_that_cannot_be_read_is_a_failed_sign_in(tmp_path):
    credential = Certificate(key_file=tmp_path / "no.pem", certificate_file=tmp_path / "no.pem")
    with pytest.raises(SignInFailed, match=r"no\.pem"):
        source(Entra(), credential).token()


def test_a_managed_identity_asks_the_machine_past_every_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    entra = Entra(told({"access_token": "of the machine", "expires_in": "86399", "resource": "r"}))
    assert source(entra, ManagedIdentity()).token() == "of the machine"
    assert entra.adapter.requests[0].url.startswith("http://169.254.169.254/metadata/identity")
    assert "api.partnercenter.microsoft.com" in entra.adapter.requests[0].url
    assert ".default" not in entra.adapter.requests[0].url
    assert entra.adapter.options[0]["proxies"] == {}


@dataclass
class Held:
    """Where a refresh token is kept: what is remembered is recalled; others may change it."""

    token: str = "first"
    remembered: list[str] = field(default_factory=list)
    is_full: bool = False

    def recall(self):
        return self.token

    def remember(self, token):
        if self.is_full:
            raise OSError(28, "No space left on device")
        self.token = token
        self.remembered.append(token)

    def credential(self):
        return RefreshToken(recall=self.recall, remember=self.remember)


def refreshed_with(entra):
    return [form["refresh_token"] for form in entra.forms]


def test_a_rotated_refresh_token_is_remembered_and_used_next():
    held, effects = Held(), Clockwork()
    entra = Entra(told(granted(1, refresh_token="second")), told(granted(2)))
    tokens = source(entra, held.credential(), effects)
    assert [tokens.token(), tokens.token()] == ["token 1", "token 1"]
    assert held.remembered == ["second"]
    effects.time += 3600
    assert tokens.token() == "token 2"
    assert refreshed_with(entra) == ["first", "second"]


def test_a_refresh_token_that_another_process_has_rotated_is_read_again():
    held, effects = Held(), Clockwork()
    entra = Entra()
    tokens = source(entra, held.credential(), effects)
    assert tokens.token() == "token 1"
    held.token = "of the other process"
    effects.time += 3600
    tokens.token()
    assert refreshed_with(entra) == ["first", "of the other process"]


def test_a_refresh_token_that_is_rotated_while_it_is_sent_is_sent_anew():
    spent = {"error": "invalid_grant", "error_description": "AADSTS70008: it was used"}
    entra = Entra(told(spent, 400))
    recalled = iter(["first", "second", "second"])
    credential = RefreshToken(recall=lambda: next(recalled), remember=lambda _: None)
    assert source(entra, credential).token() == "token 2"
    assert refreshed_with(entra) == ["first", "second"]


def test_a_spent_refresh_token_is_refused_once_with_what_to_do():
    spent = {"error": "invalid_grant", "error_description": "AADSTS70008: it was used"}
    entra = Entra(told(spent, 400), told(spent, 400))
    with pytest.raises(SignInFailed, match="sign in again"):
        source(entra, Held().credential()).token()
    assert refreshed_with(entra) == ["first"]


def test_a_rotated_token_that_cannot_be_stored_is_used_on_and_stored_later():
    held, effects = Held(is_full=True), Clockwork()
    entra = Entra(told(granted(1, refresh_token="second")), told(granted(2, refresh_token="third")))
    tokens = source(entra, held.credential(), effects)
    with structlog.testing.capture_logs() as logged:
        assert tokens.token() == "token 1"
    assert [one["event"] for one in logged] == ["refresh token not stored"]
    assert "second" not in str(logged)
    held.is_full = False
    effects.time += 3600
    assert tokens.token() == "token 2"
    assert refreshed_with(entra) == ["first", "second"]
    assert held.remembered == ["third"]


def test_a_refresh_is_never_repeated_for_its_token_rotates():
    entra = Entra(Told(503), told(granted(1)))
    tokens = source(entra, Held().credential())
    with pytest.raises(Unavailable):
        tokens.token()
    assert len(entra.forms) == 1


REFUSAL = {
    "error": "invalid_client",
    "error_description": (
        f"AADSTS7000215: Invalid client secret provided: {SECRET}. Trace ID: 1\r\nCorrelation ID: 2"
    ),
    "correlation_id": "c-1",
}


def test_a_refusal_says_what_to_check_and_never_the_secret():
    with pytest.raises(SignInFailed) as caught:
        source(Entra(told(REFUSAL, 401)), ClientSecret(secret=SECRET)).token()
    shown = str(caught.value)
    assert shown.startswith("sign-in refused: AADSTS7000215: Invalid client secret provided: ***")
    assert "not its id" in shown
    assert "Trace" not in shown
    assert SECRET not in shown + repr(caught.value) + repr(ClientSecret(secret=SECRET))
    assert caught.value.correlation_id == "c-1"


@pytest.mark.parametrize("status", [400, 401])
def test_a_corrected_sign_in_works_at_once_though_msal_remembers_refusals(status):
    tokens = source(Entra(told(REFUSAL, status)), ClientSecret(secret=SECRET))
    with pytest.raises(SignInFailed):
        tokens.token()
    assert tokens.token() == "token 2"


def test_an_unknown_tenant_is_a_failed_sign_in():
    adapter = Scripted(lambda request: told({"error": "invalid_tenant"}, 400))
    entra = Entra()
    entra.adapter = adapter
    with pytest.raises(SignInFailed):
        source(entra, ClientSecret(secret=SECRET)).token()


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(Told(503), id="503"),
        pytest.param(told({"error": "temporarily_unavailable"}, 429), id="429"),
        pytest.param(requests.ReadTimeout(), id="no answer"),
        pytest.param(requests.ConnectTimeout(), id="no connection"),
    ],
)
def test_trouble_at_the_sign_in_is_passing_and_repeated(trouble):
    effects = Clockwork()
    entra = Entra(trouble, trouble)
    assert source(entra, ClientSecret(secret=SECRET), effects).token() == "token 3"
    assert len(effects.slept) == 2


def test_trouble_that_stays_is_unavailable_and_never_counts_as_sent():
    tokens = source(Entra(*[requests.ReadTimeout()] * 4), ClientSecret(secret=SECRET))
    with pytest.raises(Unavailable) as caught:
        tokens.token()
    assert type(caught.value) is Unavailable
    assert tokens.token() == "token 5"


def test_the_scope_of_dataverse_is_its_address():
    assert dataverse_scope("https://contoso.crm.dynamics.com/") == (
        "https://contoso.crm.dynamics.com/.default"
    )
