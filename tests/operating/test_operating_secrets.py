"""Planted secrets come out nowhere: logs, state, metrics, tracebacks, process arguments."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from seatkeeper.bootstrap import _sign_in
from seatkeeper.config import load_config
from seatkeeper.credentials import expiries
from tests.acceptance.installed import environment
from tests.operating.watched import fetch

CANARY = "canary-7b1f04"
SIGN_IN = "SEATKEEPER__DATAVERSE__SIGN_IN__"
TOKEN = re.compile(r"\beyJ[\w-]{8,}")
END = datetime(2030, 1, 31, tzinfo=UTC)


def told_by(daemon, sandbox, address):
    """Return everything that a daemon has let out, by the place where it stands."""
    pages = {path: fetch(address, path).text for path in ("/livez", "/readyz", "/metrics")}
    process = Path("/proc") / str(daemon.process.pid)
    commands = {
        " ".join(words): str(sandbox.run(*words))
        for words in (["status", "--json"], ["log", "--json"], ["check", "--json"])
    }
    states = {name: content.decode("latin-1") for name, content in sandbox.state_files().items()}
    return {
        "log": daemon.log.read_text(encoding="utf-8"),
        "arguments": (process / "cmdline").read_text(encoding="utf-8"),
        **pages,
        **commands,
        **states,
    }


def test_a_daemon_that_worked_has_let_out_neither_its_secret_nor_a_token(daemon, sandbox, address):
    told = told_by(daemon, sandbox, address)
    assert len(told) >= 9
    secret = sandbox.ready["client_secret"]
    assert secret in sandbox.config.read_text(encoding="utf-8")
    assert [place for place, text in told.items() if secret in text] == []
    assert TOKEN.match(sandbox.token)
    assert [place for place, text in told.items() if TOKEN.search(text)] == []


def test_both_services_are_named_by_the_correlation_id_of_each_write(daemon):
    answers = daemon.said("provider answered") + daemon.said("dataverse answered")
    assert len(answers) >= 2
    assert all(re.fullmatch(r"[0-9a-f-]{36}", one["correlation_id"]) for one in answers)


def test_no_field_of_a_daemon_that_worked_was_left_out_of_its_log(daemon):
    assert [one for one in daemon.said() if "left out" in one.get("reason", "")] == []


def certificate(folder, key):
    """Return a PFX file whose passphrase is the canary; the PEM of the certificate is beside it."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "seatkeeper")])
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(1)
        .not_valid_before(END - timedelta(days=365))
        .not_valid_after(END)
        .sign(key, hashes.SHA256())
    )
    lock = serialization.BestAvailableEncryption(CANARY.encode())
    pfx, pem = folder / "client.pfx", folder / "client.pem"
    pfx.write_bytes(pkcs12.serialize_key_and_certificates(b"x", key, made, None, lock))
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return {
        f"{SIGN_IN}CLIENT_SECRET": "",
        f"{SIGN_IN}PFX_FILE": str(pfx),
        f"{SIGN_IN}PASSPHRASE": CANARY,
    }


@pytest.fixture
def by_secret():
    return {f"{SIGN_IN}CLIENT_SECRET": CANARY}


@pytest.fixture
def by_refresh_token(tmp_path):
    path = tmp_path / "refresh-token"
    path.write_text(CANARY, encoding="utf-8")
    return {f"{SIGN_IN}CLIENT_SECRET": "", f"{SIGN_IN}REFRESH_TOKEN_FILE": str(path)}


@pytest.fixture
def by_certificate(tmp_path):
    return certificate(tmp_path, rsa.generate_private_key(65537, 2048))


@pytest.fixture
def by_certificate_that_is_not_rsa(tmp_path):
    return certificate(tmp_path, ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def by_certificate_with_a_wrong_passphrase(by_certificate):
    return {**by_certificate, f"{SIGN_IN}PASSPHRASE": f"{CANARY}-wrong"}


WAYS = [
    "by_secret",
    "by_refresh_token",
    "by_certificate",
    "by_certificate_with_a_wrong_passphrase",
    "by_certificate_that_is_not_rsa",
]


@pytest.mark.parametrize("way", WAYS)
def test_a_sign_in_that_fails_does_not_tell_the_secret(sandbox, request, tmp_path, way):
    state = tmp_path / "own" / "state.db"
    given = {**request.getfixturevalue(way), "SEATKEEPER__STATE": f"sqlite:///{state}"}
    done = [
        sandbox.run("run", "--once", extra=given),
        sandbox.run("run", extra=given),
        sandbox.run("check", "--json", extra=given),
    ]
    assert {one.returncode for one in done} <= {77, 78}
    assert all(one.stdout or one.stderr for one in done)
    files = [path.read_bytes() for path in state.parent.iterdir()]
    assert files
    assert CANARY not in "".join(one.stdout + one.stderr for one in done)
    assert not any(CANARY.encode() in content for content in files)


BROKEN = """
import sys
from connector.http import Http
def broken(self, call, correlation_id):
    raise ZeroDivisionError("unforeseen")
Http._exchange = broken
from seatkeeper.cli import run_command
sys.exit(run_command(sys.argv[1:]))
"""


@pytest.mark.parametrize("way", WAYS[:3])
def test_a_traceback_does_not_tell_the_secret(sandbox, request, tmp_path, way):
    given = {
        **request.getfixturevalue(way),
        "SEATKEEPER__STATE": f"sqlite:///{tmp_path / 'state.db'}",
    }
    call = [sys.executable, "-c", BROKEN, "run", "--once", "--config", str(sandbox.config)]
    done = subprocess.run(  # noqa: S603  # ourselves
        call, env=environment(given), capture_output=True, text=True, timeout=60, check=False
    )
    assert "ZeroDivisionError" in done.stderr
    assert CANARY not in done.stdout + done.stderr


@pytest.mark.parametrize("way", WAYS[:3])
def test_what_a_debugger_prints_of_the_settings_does_not_hold_the_secret(sandbox, request, way):
    config = load_config(sandbox.config, request.getfixturevalue(way))
    sign_in = _sign_in(config.dataverse.sign_in, "scope")
    assert CANARY not in f"{config!r} {config} {sign_in!r} {config.model_dump_json()}"


def test_the_end_of_a_certificate_is_read_from_both_kinds_of_files(
    sandbox, by_certificate, tmp_path
):
    config = load_config(sandbox.config, by_certificate)
    assert expiries(config) == {"dataverse": END}
    pem = {
        f"{SIGN_IN}CLIENT_SECRET": "",
        f"{SIGN_IN}CERTIFICATE_FILE": str(tmp_path / "client.pem"),
        f"{SIGN_IN}KEY_FILE": str(tmp_path / "key.pem"),
    }
    assert expiries(load_config(sandbox.config, pem)) == {"dataverse": END}


def test_a_certificate_that_cannot_be_read_tells_no_end(sandbox, by_certificate):
    wrong = {**by_certificate, f"{SIGN_IN}PASSPHRASE": "wrong"}
    assert expiries(load_config(sandbox.config, wrong)) == {}
    assert expiries(load_config(sandbox.config, {})) == {}
