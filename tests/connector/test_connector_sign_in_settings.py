"""Every way to sign in, from the configuration file to an accepted token."""

import json

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509 import load_pem_x509_certificate

from sandbox.in_process import InProcessAdapter, open_world
from seatkeeper.bootstrap import build, meet
from seatkeeper.config import load_config
from seatkeeper.yaml_files import ConfigurationError
from sync.cycle import run_once
from sync.remote import SignInFailed
from tests.connector.sandboxed import ORIGIN
from tests.connector.scripted import Clockwork, Scripted, told

TOKEN_SECONDS = 4000


@pytest.fixture
def ground():
    return open_world("demo")


@pytest.fixture
def folder(tmp_path, ground):
    """Lay the credentials of the sandbox beside the configuration."""
    identity = ground[0].identity
    key = load_pem_private_key(identity.client_key, None)
    certificate = load_pem_x509_certificate(identity.client_certificate)
    protection = BestAvailableEncryption(b"pass")
    pfx = pkcs12.serialize_key_and_certificates(None, key, certificate, None, protection)
    (tmp_path / "key.pem").write_bytes(identity.client_key)
    (tmp_path / "certificate.pem").write_bytes(identity.client_certificate)
    (tmp_path / "both.pfx").write_bytes(pfx)
    (tmp_path / "refresh-token").write_text(next(iter(identity.refresh_tokens)), encoding="ascii")
    return tmp_path


def configured(folder, world, **credential):
    """Write a configuration file and read it back."""
    ids = {"tenant_id": world.tenant_id, "client_id": world.client_id}
    authority = {"authority": f"{ORIGIN}/{world.tenant_id}"}
    sign_in = {**authority, **ids, **credential}
    document = {
        "mode": "apply",
        "dataverse": {"url": ORIGIN, "sign_in": sign_in},
        "providers": {
            "partner-center": {"kind": "partner_center", "url": ORIGIN, "sign_in": sign_in}
        },
        "state": "sqlite:///state.db",
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return load_config(path, {})


def started(config, app, effects=None, **adapters):
    return build(
        config,
        effects=effects or Clockwork(),
        adapters={"https://": InProcessAdapter(app), **adapters},
        inline=True,
    )


def both_answer(application):
    """Reach both services; a refused identity raises."""
    meet(application)
    provider = application.engine.ports.providers["partner-center"]
    return list(provider.customers())


PEM = {"certificate_file": "certificate.pem", "key_file": "key.pem"}
PFX = {"pfx_file": "both.pfx", "passphrase": "pass"}
BY_PERSON = {"refresh_token_file": "refresh-token"}


@pytest.mark.parametrize("credential", [PEM, PFX, BY_PERSON], ids=["PEM", "PFX", "refresh token"])
def test_a_credential_in_a_file_signs_in_at_both_services(folder, ground, credential):
    world, app = ground
    more = {"client_secret": world.client_secret} if credential is BY_PERSON else {}
    application = started(configured(folder, world, **credential, **more), app)
    try:
        assert both_answer(application)
    finally:
        application.close()


def test_a_managed_identity_signs_in_at_both_services(folder, ground):
    """The machine's own address hands out the token; it asks for one of each service."""
    world, app = ground
    real = started(configured(folder, world, **PEM), app)
    tokens = {
        ORIGIN: real.engine.ports.crm._wire.service._tokens.token(),
        "https://api.partnercenter.microsoft.com": (
            real.engine.ports.providers["partner-center"]._service._tokens.token()
        ),
    }
    real.close()

    def machine(request):
        resource = next(one for one in tokens if one.split("//")[1] in request.url)
        return told({"access_token": tokens[resource], "expires_in": "3599", "resource": resource})

    asked = Scripted(machine)
    config = configured(folder, world, managed_identity=True)
    application = started(config, app, **{"http://": asked})
    try:
        assert both_answer(application)
    finally:
        application.close()
    assert {request.url.split("?")[0] for request in asked.requests} == {
        "http://169.254.169.254/metadata/identity/oauth2/token"
    }
    assert all(world.client_id in request.url for request in asked.requests)


def test_a_daemon_that_starts_again_signs_in_with_the_rotated_token(folder, ground):
    world, app = ground
    kept = folder / "refresh-token"
    kept.chmod(0o644)
    config = configured(folder, world, **BY_PERSON, client_secret=world.client_secret)
    effects, seen = Clockwork(), [kept.read_text(encoding="ascii")]
    for _ in range(3):
        application = started(config, app, effects)
        meet(application)
        assert run_once(application.engine).sign_in is None
        effects.time += TOKEN_SECONDS  # the access token is spent: the refresh token rotates again
        assert both_answer(application)
        application.close()
        seen.append(kept.read_text(encoding="ascii"))
        assert kept.stat().st_mode & 0o777 == 0o600
    assert len(set(seen)) == len(seen)
    assert set(world.identity.refresh_tokens) == {seen[-1].strip()}


def test_a_refresh_token_stays_out_of_the_state_and_of_every_message(folder, ground):
    world, app = ground
    config = configured(folder, world, **BY_PERSON, client_secret=world.client_secret)
    (folder / "refresh-token").write_text("canary-spent-token", encoding="ascii")
    application = started(config, app)
    with pytest.raises(SignInFailed) as caught:
        meet(application)
    application.close()
    assert "canary" not in str(caught.value) + repr(config)
    assert b"canary" not in (folder / "state.db").read_bytes()


def test_a_missing_refresh_token_file_fails_at_the_first_call_not_before(folder, ground):
    world, app = ground
    (folder / "refresh-token").unlink()
    config = configured(folder, world, **BY_PERSON, client_secret=world.client_secret)
    application = started(config, app)
    with pytest.raises(SignInFailed, match=r"refresh-token: No such file"):
        meet(application)
    application.close()


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({**BY_PERSON, "managed_identity": True}, id="two ways"),
        pytest.param({**BY_PERSON, **PFX}, id="a person and a certificate"),
        pytest.param({}, id="none"),
        pytest.param({"certificate_file": "certificate.pem"}, id="a certificate without its key"),
    ],
)
def test_a_sign_in_that_is_not_one_credential_is_refused(folder, ground, wrong):
    with pytest.raises(ConfigurationError) as caught:
        configured(folder, ground[0], **wrong)
    told_of = json.dumps([one.message for one in caught.value.problems])
    assert "refresh_token_file" in told_of or "key_file" in told_of
