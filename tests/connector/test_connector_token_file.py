"""The refresh token's file: what is read, what is put in its place."""

import os
from pathlib import Path

import pytest

from connector.auth import PARTNER_CENTER_SCOPE, token_source
from connector.http import Http
from connector.token_file import kept_in
from sync.remote import SignInFailed
from tests.connector.sandboxed import sign_in
from tests.durability.site import Killed


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "refresh-token"
    path.write_text("first\n", encoding="ascii")
    path.chmod(0o644)
    return path


def test_a_rotated_token_replaces_the_old_one_readable_by_its_owner_only(kept):
    credential = kept_in(kept)
    assert credential.recall() == "first"
    credential.remember("second")
    assert credential.recall() == kept_in(kept).recall() == "second"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["refresh-token"]


def test_a_leftover_of_a_crash_does_no_harm(kept):
    (kept.parent / ".refresh-token.new").write_text("half", encoding="ascii")
    kept_in(kept).remember("second")
    assert kept_in(kept).recall() == "second"


@pytest.mark.parametrize("content", [b"", b" \n", "schlüssel".encode(), None])
def test_a_file_without_a_token_is_a_failed_sign_in(kept, content):
    kept.unlink() if content is None else kept.write_bytes(content)
    with pytest.raises(SignInFailed, match="refresh token"):
        kept_in(kept).recall()


def test_a_file_whose_folder_is_read_only_keeps_its_token_whole(kept):
    kept.parent.chmod(0o500)
    try:
        if os.access(kept.parent, os.W_OK):  # root may write anywhere
            (kept.parent / ".refresh-token.new").mkdir()
        with pytest.raises(OSError, match="refresh-token"):
            kept_in(kept).remember("second")
    finally:
        kept.parent.chmod(0o700)
    assert kept_in(kept).recall() == "first"


def test_a_crash_before_the_replacement_leaves_the_old_token(kept, monkeypatch):
    def crash(_, __):
        raise Killed

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(Killed):
        kept_in(kept).remember("second")
    assert kept_in(kept).recall() == "first"


def test_the_next_start_signs_in_with_the_rotated_token(reach, kept):
    identity = reach.world.identity
    kept.write_text(next(iter(identity.refresh_tokens)), encoding="ascii")
    for _ in range(3):
        credential = kept_in(kept, client_secret=identity.client_secret)
        before = credential.recall()
        http = Http(reach.effects, None, {"https://": reach.adapter})
        source = sign_in(reach.world, PARTNER_CENTER_SCOPE, credential)
        assert token_source(source, http, reach.effects).token()
        assert credential.recall() != before
        assert before not in repr(credential)
