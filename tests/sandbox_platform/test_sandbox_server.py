"""The sandbox over real TLS, with its files, and over a restart."""

import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msal
import pytest
import requests
import yaml
from cryptography import x509

from sandbox.server import Options, Running, start
from tests.sandbox_platform.reach import PARTNER_SCOPE

READY = {
    "dataverse_url", "partner_center_url", "authority", "tenant_id", "client_id",
    "client_secret", "ca_file", "config_file", "pid",
}  # fmt: skip


def options(folder: Path, **changes: Any) -> Options:
    usual = {
        "mappings": folder / "mappings",
        "data_dir": folder / "data",
        "ready_file": folder / "ready.json",
        "scenario": "empty",
    }
    return Options(**usual | changes)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with start(options(tmp_path)) as sandbox:
        yield sandbox


@pytest.fixture
def session(running: Running) -> Iterator[requests.Session]:
    with session_of(running) as made:
        yield made


def session_of(running: Running) -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    made.verify = running.ready["ca_file"]
    return made


def sign_in(running: Running, session: requests.Session, scope: str) -> None:
    app = msal.ConfidentialClientApplication(
        running.ready["client_id"],
        authority=running.ready["authority"],
        client_credential=running.ready["client_secret"],
        instance_discovery=False,
        http_client=session,
    )
    token = app.acquire_token_for_client([scope])["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"


def test_the_ready_file_has_exactly_the_promised_keys(tmp_path: Path, running: Running) -> None:
    file = tmp_path / "ready.json"
    ready = json.loads(file.read_text())

    assert set(ready) == READY
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ready["authority"] == f"{ready['dataverse_url']}/{ready['tenant_id']}"
    assert ready["dataverse_url"] == ready["partner_center_url"] == running.base_url
    assert running.base_url.startswith("https://localhost:")


def test_the_configuration_is_complete_and_new_after_a_reset(
    running: Running, session: requests.Session
) -> None:
    file = Path(running.ready["config_file"])
    first = yaml.safe_load(file.read_text())
    assert first["mode"] == "apply"
    assert first["dataverse"]["sign_in"]["client_secret"] == running.ready["client_secret"]
    assert first["providers"]["partner-center"]["kind"] == "partner_center"
    assert first["state"].startswith("sqlite:////")
    assert Path(first["mappings"]).is_absolute()

    session.post(f"{running.base_url}/_sandbox/reset", json={"scenario": "empty"}, timeout=10)

    second = yaml.safe_load(file.read_text())
    assert second["state"] != first["state"]
    assert second | {"state": ""} == first | {"state": ""}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_msal_and_requests_work_over_tls(
    running: Running, session: requests.Session, host: str
) -> None:
    sign_in(running, session, f"{running.base_url}/.default")
    url = running.base_url.replace("localhost", host)

    answer = session.get(f"{url}/api/data/v9.2/WhoAmI()", timeout=10)

    assert answer.json()["UserId"] == running.world.application_user_id


def test_the_server_keeps_the_emulated_date(running: Running, session: requests.Session) -> None:
    now = {"now": "2031-02-03T04:05:06Z"}
    session.post(f"{running.base_url}/_sandbox/clock", json=now, timeout=10)

    sign_in(running, session, PARTNER_SCOPE)
    answer = session.get(f"{running.base_url}/v1/customers", timeout=10)

    assert answer.headers["Date"].startswith("Mon, 03 Feb 2031 04:05:0")


@pytest.mark.parametrize("drop", ["before_commit", "after_commit"])
def test_a_dropped_connection_is_an_error_and_the_next_one_works(
    running: Running, session: requests.Session, drop: str
) -> None:
    sign_in(running, session, PARTNER_SCOPE)
    rule = {"service": "partner_center", "drop": drop, "times": 1}
    session.post(f"{running.base_url}/_sandbox/faults", json={"rules": [rule]}, timeout=10)

    with pytest.raises(requests.exceptions.ConnectionError):
        session.get(f"{running.base_url}/v1/customers", timeout=10)

    assert session.get(f"{running.base_url}/v1/customers", timeout=10).status_code == 200


def test_a_delayed_request_does_not_hold_up_others(
    running: Running, session: requests.Session
) -> None:
    sign_in(running, session, PARTNER_SCOPE)
    rule = {"path": "customers", "delay_seconds": 30, "times": 1}
    session.post(f"{running.base_url}/_sandbox/faults", json={"rules": [rule]}, timeout=10)

    with pytest.raises(requests.exceptions.ReadTimeout):
        session.get(f"{running.base_url}/v1/customers", timeout=0.3)

    assert session.get(f"{running.base_url}/v1/customers", timeout=5).status_code == 200


def test_a_further_name_is_in_the_certificate(tmp_path: Path) -> None:
    name = "contoso.crm.dynamics.com"
    with start(options(tmp_path, names=(name,), data_dir=None)) as sandbox:
        chain = (Path(sandbox.ready["ca_file"]).parent / "server.pem").read_bytes()
        names = subject_names(chain)

    assert {name, "localhost"} <= names


def subject_names(chain: bytes) -> set[str]:
    certificate = x509.load_pem_x509_certificates(chain)[0]
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return set(extension.value.get_values_for_type(x509.DNSName))


def test_without_a_data_folder_nothing_is_left(tmp_path: Path) -> None:
    with start(options(tmp_path, data_dir=None)) as sandbox:
        folder = Path(sandbox.ready["ca_file"]).parent
        assert folder.is_dir()

    assert not folder.exists()


def test_rows_clock_secrets_and_authority_survive_a_restart(tmp_path: Path) -> None:
    with start(options(tmp_path)) as first, session_of(first) as session:
        sign_in(first, session, f"{first.base_url}/.default")
        url = f"{first.base_url}/api/data/v9.2/accounts"
        assert session.post(url, json={"name": "Contoso"}, timeout=10).status_code == 204
        control = f"{first.base_url}/_sandbox"
        customer = {"id": "c1", "companyName": "Contoso"}
        session.post(f"{control}/partner-center/customers", json=customer, timeout=10)
        bought = session.post(
            f"{control}/partner-center/subscriptions", json={"customerId": "c1"}, timeout=10
        ).json()
        session.post(f"{control}/clock", json={"now": "2031-02-03T04:05:06Z"}, timeout=10)
        session.post(f"{control}/settings", json={"audit_delay_seconds": 1.5}, timeout=10)
        authority = Path(first.ready["ca_file"]).read_bytes()
        last = session.get(f"{control}/journal", timeout=10).json()["last"]
        version = first.world.next_version()

    with start(options(tmp_path)) as second, session_of(second) as session:
        assert Path(second.ready["ca_file"]).read_bytes() == authority
        same = ("tenant_id", "client_id", "client_secret")
        assert [second.ready[key] for key in same] == [first.ready[key] for key in same]
        assert second.world.organisation_id == first.world.organisation_id
        assert second.world.settings == first.world.settings
        assert second.world.clock.now().date().isoformat() == "2031-02-03"
        assert second.world.next_version() > version
        sign_in(second, session, f"{second.base_url}/.default")
        rows = session.get(f"{second.base_url}/api/data/v9.2/accounts", timeout=10).json()
        assert [row["name"] for row in rows["value"]] == ["Contoso"]
        path = f"{second.base_url}/_sandbox/partner-center/subscriptions/{bought['id']}"
        found = session.get(path, timeout=10).json()
        assert found["orderId"] == bought["orderId"]
        assert session.get(f"{second.base_url}/_sandbox/journal", timeout=10).json()["last"] > last


def test_what_was_answered_is_on_disk_before_a_clean_stop(tmp_path: Path) -> None:
    """A killed process loses nothing: a copy of the files is a world that can be opened."""
    copy = tmp_path / "copy"
    with start(options(tmp_path)) as first, session_of(first) as session:
        sign_in(first, session, f"{first.base_url}/.default")
        url = f"{first.base_url}/api/data/v9.2/accounts"
        session.post(url, json={"name": "Contoso"}, timeout=10)
        shutil.copytree(tmp_path / "data", copy)

    with start(options(tmp_path, data_dir=copy)) as second:
        names = [row["name"] for row in second.world.dataverse.rows("account")]

    assert names == ["Contoso"]
