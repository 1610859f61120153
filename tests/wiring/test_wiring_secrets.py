"""Secrets come from where they are kept; one that cannot be read is said with file, key, remedy."""

import io
import json
import sys
from typing import ClassVar
from urllib.parse import urlsplit

import keyring
import pytest
import requests
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import RequestsTransport
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from seatkeeper.config import load_config
from seatkeeper.secret_places import UNREAD
from seatkeeper.secret_stores import SecretStoreError, fetch_from_keyring, fetch_from_vault
from seatkeeper.yaml_files import ConfigurationError
from tests.wiring.written import SECRET, VALID, load, problems, write

KEY = "SEATKEEPER__DATAVERSE__SIGN_IN__CLIENT_SECRET"


def written(reference):
    """Return a configuration whose first secret stands elsewhere."""
    return VALID.replace(SECRET, f'"{reference}"', 1)


def secret_of(config):
    return config.dataverse.sign_in.client_secret.get_secret_value()


@pytest.fixture
def kept(tmp_path):
    """Return a file that holds the secret."""
    path = tmp_path / "kept"
    path.write_text("s3cret\n", encoding="utf-8")
    return path


# --- the places -----------------------------------------------------------------------------------


def test_a_variable_stands_for_its_value(tmp_path):
    assert secret_of(load(tmp_path, written("${NAME}"), {"NAME": "s3cret"})) == "s3cret"


def test_a_variable_that_is_not_set_is_read_from_the_file_that_its_twin_names(tmp_path, kept):
    assert secret_of(load(tmp_path, written("${NAME}"), {"NAME_FILE": str(kept)})) == "s3cret"


def test_a_variable_wins_over_its_file(tmp_path, kept):
    environment = {"NAME": "of the variable", "NAME_FILE": str(kept)}
    assert secret_of(load(tmp_path, written("${NAME}"), environment)) == "of the variable"


def test_a_variable_that_is_not_set_is_a_systemd_credential(tmp_path, kept):
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert secret_of(load(tmp_path, written("${kept}"), environment)) == "s3cret"


def test_a_credential_of_systemd_can_be_named_as_such(tmp_path, kept):
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert secret_of(load(tmp_path, written("credential:kept"), environment)) == "s3cret"


def test_a_file_is_named_relative_to_the_configuration(tmp_path, kept):
    assert secret_of(load(tmp_path, written("file:kept"))) == "s3cret"


def test_a_line_end_of_windows_at_the_end_of_a_file_is_no_part_of_it(tmp_path, kept):
    kept.write_bytes(b" s3 cret \r\n")
    assert secret_of(load(tmp_path, written("file:kept"))) == " s3 cret "


def test_a_secret_may_be_laid_over_the_file_by_a_variable_that_names_a_file(tmp_path, kept):
    assert secret_of(load(tmp_path, VALID, {f"{KEY}_FILE": str(kept)})) == "s3cret"


def test_a_variable_may_hold_a_reference(tmp_path, kept):
    assert secret_of(load(tmp_path, VALID, {KEY: "file:kept"})) == "s3cret"


def test_a_variable_of_the_file_that_another_one_lies_over_is_not_asked_for(tmp_path):
    assert secret_of(load(tmp_path, written("${NOT_SET}"), {KEY: "s3cret"})) == "s3cret"


def test_the_value_of_a_variable_is_taken_as_it_stands(tmp_path):
    assert secret_of(load(tmp_path, VALID, {KEY: "a${b}c"})) == "a${b}c"


def test_a_key_that_ends_with_file_keeps_its_own_meaning(tmp_path):
    environment = {
        KEY: "",
        f"{KEY.removesuffix('CLIENT_SECRET')}CERTIFICATE_FILE": "a.pem",
        f"{KEY.removesuffix('CLIENT_SECRET')}KEY_FILE": "b.pem",
    }
    sign_in = load(tmp_path, VALID, environment).dataverse.sign_in
    assert (sign_in.certificate_file, sign_in.key_file) == (tmp_path / "a.pem", tmp_path / "b.pem")


@pytest.mark.parametrize("kind", ["keyring", "keyvault"])
def test_a_store_of_secrets_is_asked_with_what_follows_the_colon(tmp_path, kind):
    asked = []
    stores = {kind: lambda place: asked.append(place) or "s3cret"}
    config = load_config(write(tmp_path, written(f"{kind}:a/b:c")), {}, stores=stores)
    assert (secret_of(config), asked) == ("s3cret", ["a/b:c"])


# --- what cannot be read --------------------------------------------------------------------------

UNREADABLE = {
    "${NAME}": "the environment variable NAME is not set. Set NAME, or NAME_FILE",
    "file:none": "/none cannot be read: No such file or directory. Correct the path",
    "file:binary": "file:binary: ",
    "file:empty": "file:empty: it is empty.",
    "credential:name": "credential:name: CREDENTIALS_DIRECTORY is not set. systemd sets it",
    "keyring:x": "keyring:x: a service and a name are needed. Write keyring:SERVICE/NAME.",
    "keyvault:http://a/b": "the address of a vault and a name are needed. Write keyvault:https",
    "keyvault:https://a/b/c": "the address of a vault and a name are needed.",
}


@pytest.mark.parametrize("reference", UNREADABLE)
def test_a_secret_that_cannot_be_read_is_said_with_file_key_and_remedy(tmp_path, reference):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    ((line, field, sentence),) = problems(tmp_path, written(reference))
    assert (line, field) == (4, "dataverse.sign_in.client_secret")
    assert UNREADABLE[reference] in sentence


def test_all_of_them_are_said_at_once_with_the_other_errors(tmp_path):
    text = written("file:none").replace(SECRET, "${NOT_SET}").replace("mode: apply", "mode: aply")
    found = {field for _, field, _ in problems(tmp_path, text)}
    assert found == {
        "dataverse.sign_in.client_secret",
        "providers.partner-center.sign_in.client_secret",
        "mode",
    }


def test_a_reference_in_a_variable_is_said_with_the_name_of_the_variable(tmp_path):
    with pytest.raises(ConfigurationError) as raised:
        load(tmp_path, VALID, {KEY: "file:none"})
    (problem,) = raised.value.problems
    assert (problem.file, problem.line) == (KEY, None)
    assert problem.field == "dataverse.sign_in.client_secret"


def test_a_credential_outside_its_folder_is_not_read(tmp_path, kept):
    folder = tmp_path / "credentials"
    folder.mkdir()
    environment = {"CREDENTIALS_DIRECTORY": str(folder)}
    ((_, _, sentence),) = problems(tmp_path, written("credential:../kept"), environment)
    assert "s3cret" not in sentence


def test_work_that_signs_in_nowhere_leaves_every_secret_unread(tmp_path):
    def never(place):
        raise AssertionError(place)

    text = written("keyvault:https://v/n").replace(SECRET, "${NOT_SET}")
    stores = {"keyvault": never}
    config = load_config(write(tmp_path, text), {}, read_secrets=False, stores=stores)
    assert secret_of(config) == UNREAD


# --- the keyring ----------------------------------------------------------------------------------


class Ring(KeyringBackend):
    """A keyring in memory."""

    priority = 1
    held: ClassVar = {("seatkeeper", "dataverse"): "s3cret", ("a/b", "c"): "nested"}

    def get_password(self, service, username):
        if service == "locked":
            raise KeyringError("canary-of-the-keyring")
        return self.held.get((service, username))

    def set_password(self, *_):
        raise NotImplementedError


@pytest.fixture
def ring():
    """Put a keyring in place of the machine's."""
    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    yield
    keyring.set_keyring(before)


@pytest.mark.usefixtures("ring")
def test_the_keyring_gives_the_password_of_a_service_and_a_name():
    assert fetch_from_keyring("seatkeeper/dataverse") == "s3cret"
    assert fetch_from_keyring("a/b/c") == "nested"


@pytest.mark.usefixtures("ring")
def test_an_entry_that_is_missing_is_said_with_the_command_that_makes_it():
    with pytest.raises(SecretStoreError, match="no such entry") as raised:
        fetch_from_keyring("seatkeeper/other")
    assert raised.value.remedy == "keyring set seatkeeper other"


@pytest.mark.usefixtures("ring")
def test_a_locked_keyring_is_said_without_its_own_words():
    with pytest.raises(SecretStoreError, match="cannot be used") as raised:
        fetch_from_keyring("locked/x")
    assert "canary" not in f"{raised.value} {raised.value.remedy}"


@pytest.mark.parametrize(
    ("module", "fetch", "place", "extra"),
    [
        ("keyring", fetch_from_keyring, "a/b", "keyring"),
        ("azure.identity", fetch_from_vault, "https://a/b", "keyvault"),
    ],
)
def test_an_extra_that_is_not_installed_is_named(monkeypatch, module, fetch, place, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SecretStoreError, match="is not installed") as raised:
        fetch(place)
    assert f"'seatkeeper[{extra}]'" in raised.value.remedy


# --- Azure Key Vault ------------------------------------------------------------------------------

VAULT = "https://tests.vault.azure.net"
CHALLENGE = (
    'Bearer authorization="https://login.microsoftonline.com/tenant",'
    ' resource="https://vault.azure.net"'
)


class Identity:
    """A machine that has an identity; the vault never sees another one."""

    def get_token(self, *_scopes, **_options):
        return AccessToken("canary-token", 4_102_444_800)


class Vault(BaseAdapter):
    """Answers as Key Vault does: first with a challenge, then with secrets."""

    def __init__(self, **secrets):
        super().__init__()
        self.secrets, self.asked = secrets, []

    def close(self): ...

    def send(self, request, **_):
        self.asked.append(request.url)
        if "Authorization" not in request.headers:
            return answer(request, 401, {}, {"WWW-Authenticate": CHALLENGE})
        name = request.path_url.split("/")[2]
        if name == "forbidden":
            return answer(request, 403, {"error": {"code": "Forbidden", "message": "canary-403"}})
        if name not in self.secrets:
            return answer(request, 404, {"error": {"code": "SecretNotFound", "message": "no"}})
        found = {"value": self.secrets[name], "id": f"{VAULT}/secrets/{name}/1", "attributes": {}}
        return answer(request, 200, found)


def answer(request, status, body, headers=None):
    response = requests.Response()
    response.status_code, response.url, response.request = status, request.url, request
    response.headers.update({"Content-Type": "application/json", **(headers or {})})
    response.raw = HTTPResponse(
        io.BytesIO(json.dumps(body).encode()),
        headers=response.headers,
        status=status,
        preload_content=False,
    )
    return response


def fetch(vault, place):
    """Fetch a secret from a vault that this process plays."""
    with requests.Session() as session:
        session.mount("https://", vault)
        transport = RequestsTransport(session=session, session_owner=False)
        return fetch_from_vault(place, credential=Identity(), transport=transport)


def test_the_newest_version_of_a_secret_comes_from_the_vault():
    vault = Vault(dataverse="s3cret")
    assert fetch(vault, f"{VAULT}/dataverse") == "s3cret"
    assert {urlsplit(url).path for url in vault.asked} == {"/secrets/dataverse/"}
    assert {urlsplit(url).hostname for url in vault.asked} == {"tests.vault.azure.net"}


@pytest.mark.parametrize(
    ("name", "told", "remedy"),
    [
        ("other", "no secret of that name", "correct the name"),
        ("forbidden", "refuses our identity", "Key Vault Secrets User"),
    ],
)
def test_what_the_vault_refuses_is_said_in_our_own_words(name, told, remedy):
    with pytest.raises(SecretStoreError, match=told) as raised:
        fetch(Vault(), f"{VAULT}/{name}")
    assert remedy in raised.value.remedy
    assert "canary" not in f"{raised.value} {raised.value.remedy}"


def test_a_vault_that_does_not_answer_is_said_after_one_more_try():
    class Silent(Vault):
        def send(self, request, **_):
            self.asked.append(request.url)
            raise requests.ConnectionError("canary-connection")

    vault = Silent()
    with pytest.raises(SecretStoreError, match="does not answer") as raised:
        fetch(vault, f"{VAULT}/dataverse")
    assert len(vault.asked) == 2
    assert "canary" not in f"{raised.value} {raised.value.remedy}"
