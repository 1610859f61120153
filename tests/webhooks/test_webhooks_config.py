"""The section `webhooks`: a listener that could harm is refused before it listens."""

from types import SimpleNamespace

import pytest
import trustme
from pydantic import ValidationError

from seatkeeper.config import SECRETS, Config
from seatkeeper.config_keys import models_of
from seatkeeper.config_webhooks import WebhooksConfig
from seatkeeper.credentials import expiries
from seatkeeper.webhooks.server import prove_files
from seatkeeper.yaml_files import ConfigurationError

KEY = {"registered_key": "0123456789abcdef"}
FILES = {"certificate_file": "c.pem", "key_file": "k.pem"}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"listen": "127.0.0.1:1"}, "is needed"),
        ({"listen": "0.0.0.0:1", "dataverse": KEY}, "beyond this machine"),
        ({"listen": "127.0.0.1:1", "dataverse": KEY, "key_file": "k"}, "go together"),
        ({"dataverse": {"registered_key": "short"}}, "at least 16"),
        ({"partner_center": {"certificate_hosts": []}}, "at least 1"),
    ],
)
def test_a_listener_that_could_harm_is_refused(told, said):
    with pytest.raises(ValidationError, match=said):
        WebhooksConfig.model_validate(told)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"listen": "127.0.0.1:1", "dataverse": KEY},
        {"listen": "0.0.0.0:8443", "partner_center": {}, **FILES},
    ],
)
def test_one_that_cannot_is_taken_and_shows_no_key(told):
    assert KEY["registered_key"] not in repr(WebhooksConfig.model_validate(told))


def test_no_secret_takes_the_variable_of_a_file_away():
    """`SEATKEEPER__..__X_FILE` names the file of the secret X, so no key may be called x_file."""
    keys = {name for model in models_of(Config) for name in model.model_fields}
    assert keys & {f"{name}_file" for name in SECRETS} <= {"refresh_token_file"}


@pytest.fixture
def files(tmp_path):
    """Return a listener's own certificate and key, and a file that is neither."""
    leaf = trustme.CA().issue_cert("localhost")
    certificate, key, text = (tmp_path / name for name in ("c.pem", "k.pem", "text"))
    leaf.cert_chain_pems[0].write_to_path(str(certificate))
    leaf.private_key_pem.write_to_path(str(key))
    text.write_text("neither", encoding="utf-8")
    return {"certificate_file": certificate, "key_file": key, "text": text}


def listener(files, **more):
    certificate = {name: files[name] for name in ("certificate_file", "key_file")}
    told = {"listen": "0.0.0.0:8443", "dataverse": KEY, **certificate, **more}
    return WebhooksConfig.model_validate(told)


def test_files_that_can_be_used_are_proven_and_their_end_is_watched(files):
    partner = {"roots_file": files["certificate_file"]}
    assert prove_files(listener(files, partner_center=partner)) == "dataverse, partner_center"
    sign_in = SimpleNamespace(certificate_file=None, pfx_file=None)
    config = SimpleNamespace(
        dataverse=SimpleNamespace(sign_in=sign_in), webhooks=listener(files), providers={}
    )
    assert set(expiries(config)) == {"webhooks"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda text: {"key_file": text}, "webhooks.certificate_file"),
        (lambda text: {"certificate_file": text.parent / "none"}, "webhooks.certificate_file"),
        (
            lambda text: {"partner_center": {"roots_file": text}},
            "webhooks.partner_center.roots_file",
        ),
    ],
    ids=["no key", "no file", "no roots"],
)
def test_a_file_that_cannot_be_used_is_named(files, change, field):
    with pytest.raises(ConfigurationError) as caught:
        prove_files(listener(files, **change(files["text"])))
    assert [one.field for one in caught.value.problems] == [field]
