"""Signing in as it was recorded: secret, certificate, refresh token, and a refusal."""

import pytest

from connector.auth import Certificate, ClientSecret, RefreshToken
from sync.remote import SignInFailed
from tests.recorded.scrub import DUMMY_JWT
from tests.recorded.tape import mode


def test_a_client_secret_signs_in_once_for_many_calls(stage):
    tokens = stage.tokens(stage.dataverse_scope)
    first = tokens.token()
    assert first == tokens.token()
    assert (first == DUMMY_JWT) is (mode() == "none")


def test_a_certificate_signs_in_with_an_assertion(stage, tmp_path):
    (tmp_path / "key.pem").write_bytes(stage.identity.client_key)
    (tmp_path / "cert.pem").write_bytes(stage.identity.client_certificate)
    credential = Certificate(key_file=tmp_path / "key.pem", certificate_file=tmp_path / "cert.pem")
    assert stage.tokens(stage.dataverse_scope, credential).token()


def test_a_refresh_token_signs_in_and_the_rotated_one_is_kept(stage):
    kept = []
    credential = RefreshToken(
        recall=lambda: stage.names.refresh_token,
        client_secret=stage.names.client_secret,
        remember=kept.append,
    )
    assert stage.tokens(stage.dataverse_scope, credential).token()
    assert len(kept) == 1
    assert kept[0] != stage.names.refresh_token


def test_a_wrong_secret_is_refused_with_what_to_check(stage):
    wrong = ClientSecret(secret="a-wrong-secret")
    with pytest.raises(SignInFailed, match="AADSTS7000215") as caught:
        stage.tokens(stage.dataverse_scope, wrong).token()
    assert "a-wrong-secret" not in str(caught.value)
