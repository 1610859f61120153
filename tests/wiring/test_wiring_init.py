"""`init` asks few questions, or takes flags, and writes a configuration without a secret in it."""

import io
import os
import pty
import stat
import subprocess

import pytest

from seatkeeper.cli import run_command
from seatkeeper.commands.exits import Exit
from seatkeeper.config import load_config
from seatkeeper.initial import write as write_new
from seatkeeper.interview import reference
from tests.acceptance.installed import COMMAND, environment

URL = "https://contoso.crm.dynamics.com"
IDS = ("--tenant-id", "t", "--client-id", "c")
WAYS = {
    "secret": [*IDS, "--secret", "${NAME}"],
    "certificate": [*IDS, "--certificate-file", "a.pem", "--key-file", "b.pem"],
    "pfx": [*IDS, "--pfx-file", "a.pfx", "--passphrase", "keyring:seatkeeper/pfx"],
    "managed-identity": [],
    "refresh-token": [*IDS, "--refresh-token-file", "token"],
}


class Terminal(io.StringIO):
    """A person who types ahead."""

    def isatty(self):
        return True


def init(folder, *flags):
    return run_command(["init", "--config", str(folder / "config.yaml"), "--no-check", *flags])


def loaded(folder):
    return load_config(folder / "config.yaml", {"NAME": "n"}, read_secrets=False)


def flags(way="secret", *others):
    partner = () if "--partner-center" in others else ("--no-partner-center",)
    return ["--url", URL, "--credential", way, *WAYS[way], "--mode", "observe", *partner, *others]


# --- by flags -------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_sign_in_makes_a_configuration_that_loads(tmp_path, way):
    assert init(tmp_path, *flags(way, "--partner-center", "--state", "st/s.db")) == Exit.OK
    config = loaded(tmp_path)
    assert (config.mode, config.dataverse.url) == ("observe", URL)
    assert config.state_file == tmp_path / "st/s.db"
    assert config.providers["partner-center"].sign_in == config.dataverse.sign_in


def test_the_file_is_for_its_owner_only(tmp_path):
    init(tmp_path, *flags())
    assert stat.S_IMODE((tmp_path / "config.yaml").stat().st_mode) == 0o600


def test_partner_center_may_have_an_app_of_its_own(tmp_path):
    own = ["--partner-client-id", "p", "--partner-secret", "file:p", "--partner-url", "https://p"]
    init(tmp_path, *flags("secret", "--partner-center", *own))
    provider = loaded(tmp_path).providers["partner-center"]
    assert (provider.url, provider.sign_in.client_id) == ("https://p", "p")
    assert provider.sign_in.tenant_id == "t"
    assert "client_secret: file:p" in (tmp_path / "config.yaml").read_text(encoding="utf-8")


def test_a_file_that_is_there_is_never_written_over(tmp_path, capsys):
    (tmp_path / "config.yaml").write_text("mine", encoding="utf-8")
    assert init(tmp_path, *flags()) == Exit.ERROR
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "config.yaml").read_text(encoding="utf-8") == "mine"


def test_a_file_that_comes_up_meanwhile_is_not_written_over_either(tmp_path):
    (tmp_path / "config.yaml").write_text("theirs", encoding="utf-8")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "config.yaml", "ours")
    assert (tmp_path / "config.yaml").read_text(encoding="utf-8") == "theirs"


def test_without_a_terminal_every_missing_flag_is_named_and_nothing_is_written(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert init(tmp_path) == Exit.USAGE
    said = capsys.readouterr().err
    for flag in ("--url", "--credential", "--tenant-id", "--client-id", "--mode"):
        assert flag in said
    assert "--partner-center or --no-partner-center" in said
    assert not (tmp_path / "config.yaml").exists()


@pytest.mark.parametrize("flag", ["--secret", "--passphrase", "--partner-secret"])
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(tmp_path, capsys, flag):
    given = flags("pfx", flag, "canary-5e")
    assert init(tmp_path, *given) == Exit.USAGE
    said = capsys.readouterr().err
    assert ("name its place" in said, "canary-5e" in said) == (True, False)
    assert not (tmp_path / "config.yaml").exists()


@pytest.mark.parametrize("text", ["${NAME}", "file:a", "credential:a", "keyring:a/b", "keyvault:x"])
def test_a_place_is_a_reference(text):
    assert reference(text) == text


def test_an_address_with_a_path_is_refused(tmp_path, capsys):
    assert init(tmp_path, *flags("secret", "--partner-url", f"{URL}/main.aspx")) == Exit.USAGE
    assert "bare address" in capsys.readouterr().err


# --- at a terminal --------------------------------------------------------------------------------


def test_at_a_terminal_it_asks_again_until_an_answer_fits(tmp_path, monkeypatch, capsys):
    typed = ["http://x", URL, "secret", "t", "c", "canary-9d", "file:kept", "n", "apply", "", ""]
    monkeypatch.setattr("sys.stdin", Terminal("\n".join(typed)))
    assert init(tmp_path) == Exit.OK
    shown = capsys.readouterr().out
    assert "begins with https://" in shown
    assert "name its place" in shown
    assert (loaded(tmp_path).mode, loaded(tmp_path).providers) == ("apply", {})
    text = (tmp_path / "config.yaml").read_text(encoding="utf-8")
    assert ("client_secret: file:kept" in text, "canary-9d" in text) == (True, False)


def test_the_mode_has_no_default_at_a_terminal(tmp_path, monkeypatch):
    typed = [URL, "managed-identity", "n", "", "observe", "s.db"]
    monkeypatch.setattr("sys.stdin", Terminal("\n".join(typed)))
    assert init(tmp_path) == Exit.OK
    assert loaded(tmp_path).mode == "observe"


def test_in_a_real_terminal_it_writes_checks_and_says_what_comes_next(tmp_path):
    ours, theirs = pty.openpty()
    typed = [URL, "secret", "t", "c", "", "n", "observe", ""]
    os.write(ours, ("\n".join(typed) + "\n").encode())
    done = subprocess.run(  # noqa: S603  # ourselves
        [*COMMAND, "init"],
        cwd=tmp_path,
        env=environment(),
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 78, done.stderr
    assert (tmp_path / "config.yaml").exists()
    said = " ".join(done.stdout.split())
    assert "DATAVERSE_CLIENT_SECRET is not set" in said
    assert "Next: mend what is WRONG" in said
