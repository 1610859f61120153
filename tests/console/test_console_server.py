"""The console on a socket: links, TLS, commands with and without a daemon, its configuration."""

import json
import ssl
import threading
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme
from pydantic import ValidationError

from sandbox.server import Options, start
from seatkeeper.cli import run_command
from seatkeeper.config import Config, ConsoleConfig, load_config
from seatkeeper.console_beside import console_beside
from seatkeeper.console_server import ADDRESS, link_to, served
from seatkeeper.instance import single_instance
from seatkeeper.mapping_folder import shipped
from store.sqlite import SqliteStore
from tests.console.desk import TOKEN

SIGN_IN = {"tenant_id": "t", "client_id": "c", "client_secret": "s"}
NOWHERE = "https://127.0.0.1:9"
FILE = """
mode: observe
dataverse:
  url: https://127.0.0.1:9
  sign_in: {tenant_id: t, client_id: c, client_secret: s}
state: sqlite:///state.db
"""


def config_in(folder, **console):
    return Config.model_validate(
        {
            "mode": "observe",
            "dataverse": {"url": NOWHERE, "sign_in": SIGN_IN},
            "state": f"sqlite:///{folder}/state.db",
            "console": {"listen": "127.0.0.1:0", **console},
        }
    )


class Browser:
    """A browser over a real connection."""

    def __init__(self, address, context=None):
        parts = urlsplit(address)
        given = (parts.hostname, parts.port)
        self.connection = (
            HTTPSConnection(*given, timeout=20, context=context)
            if context
            else HTTPConnection(*given, timeout=20)
        )
        self.cookie = ""

    def asks(self, method, path, body=None):
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self.connection.request(method, path, body=body, headers=headers)
        answer = self.connection.getresponse()
        if found := answer.headers["Set-Cookie"]:
            self.cookie = found.split(";")[0]
        return answer, answer.read().decode()

    def enters(self, link):
        parts = urlsplit(link)
        return self.asks("GET", f"{parts.path}?{parts.query}")[0]

    def pauses(self):
        """Press the button on the overview; return what the next page says."""
        token = TOKEN.search(self.asks("GET", "/")[1])
        assert token
        answer, _ = self.asks("POST", "/pause", f"form_token={token.group(1)}")
        assert answer.status == 303
        return self.asks("GET", "/")[1]


@contextmanager
def opened(config):
    """Serve, and come in by a link."""
    with served(config) as address:
        store = SqliteStore(config.state_file)
        browser = Browser(address)
        assert browser.enters(link_to(store, address)).status == 303
        yield browser, store
        browser.connection.close()
        store.close()


@pytest.fixture(scope="module")
def emptied():
    """Return the configuration of a sandbox that answers over HTTPS."""
    with start(Options(mappings=shipped(), scenario="empty")) as running:
        yield load_config(Path(running.ready["config_file"]), {})


@pytest.fixture
def sandboxed(emptied, tmp_path):
    console = emptied.console.model_copy(update={"listen": "127.0.0.1:0"})
    changes = {"console": console, "state": f"sqlite:///{tmp_path}/state.db"}
    return emptied.model_copy(update=changes)


def test_without_a_daemon_a_command_is_done_at_once(sandboxed):
    with opened(sandboxed) as (browser, store):
        assert "Paused: nothing is sent." in browser.pauses()
        entries = store.tx(lambda tx: tx.read_trail())
        told = [(one.event, one.facts.get("verb")) for one in entries]
        assert told == [("command", "pause"), ("paused", None)]


def test_without_a_daemon_a_cycle_follows_what_needs_one(sandboxed):
    with opened(sandboxed) as (browser, store):
        token = TOKEN.search(browser.asks("GET", "/")[1])
        assert token
        assert store.tx(lambda tx: tx.cursor("sk_subscription")) is None
        browser.asks("POST", "/parked/retry", f"form_token={token.group(1)}")
        assert "All of it is looked at again." in browser.asks("GET", "/")[1]
        assert store.tx(lambda tx: tx.cursor("sk_subscription"))


def test_a_running_daemon_is_handed_the_command(tmp_path):
    config = config_in(tmp_path)
    done, ready, answered = threading.Event(), threading.Event(), []

    def daemon():
        store = SqliteStore(config.state_file)
        with single_instance(config.state_file):
            ready.set()
            while not done.wait(0.05):
                for one in store.tx(lambda tx: tx.asked()):
                    store.tx(lambda tx, one=one: tx.answer(one.id, '[{"said": "The daemon did."}]'))
                    answered.append(one)
        store.close()

    thread = threading.Thread(target=daemon)
    thread.start()
    assert ready.wait(10)
    try:
        with opened(config) as (browser, _):
            assert "The daemon did." in browser.pauses()
    finally:
        done.set()
        thread.join()
    (asked,) = answered
    assert (asked.verb, list(json.loads(asked.argument))) == ("pause", ["by"])


def test_with_a_certificate_the_pages_are_served_by_https(tmp_path):
    authority = trustme.CA()
    made = authority.issue_cert("localhost", "127.0.0.1")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(b"".join(one.bytes() for one in made.cert_chain_pems))
    key.write_bytes(made.private_key_pem.bytes())
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with served(config_in(tmp_path, certificate_file=certificate, key_file=key)) as address:
        assert address.startswith("https://127.0.0.1:")
        browser = Browser(address, context)
        answer, page = browser.asks("GET", "/sign-in")
        browser.connection.close()
    assert (answer.status, "Sign in" in page) == (200, True)
    assert answer.headers["Strict-Transport-Security"]


def test_a_request_that_is_too_large_is_refused_before_it_is_read(tmp_path):
    with served(config_in(tmp_path)) as address:
        browser = Browser(address)
        answer, _ = browser.asks("POST", "/pause", "x" * 200_000)
        browser.connection.close()
    assert answer.status == 413


def test_the_daemon_serves_the_pages_where_the_configuration_wants_it(tmp_path):
    config = config_in(tmp_path, daemon=True)
    with console_beside(config):
        store = SqliteStore(config.state_file)
        address = store.tx(lambda tx: tx.meta(ADDRESS))
        store.close()
        browser = Browser(address)
        assert browser.asks("GET", "/sign-in")[0].status == 200
        browser.connection.close()
    with pytest.raises(OSError, match="refused"):
        browser.asks("GET", "/sign-in")


def test_without_the_key_the_daemon_opens_no_port(tmp_path):
    config = config_in(tmp_path)
    with console_beside(config):
        assert not config.state_file.exists()


def test_the_command_prints_a_new_link_to_the_running_console(tmp_path, capsys):
    file = tmp_path / "config.yaml"
    file.write_text(FILE)
    assert run_command(["console", "--link", "--config", str(file)]) == 1
    assert "no console was started" in capsys.readouterr().err
    store = SqliteStore(tmp_path / "state.db")
    store.tx(lambda tx: tx.set_meta(ADDRESS, "http://127.0.0.1:8470"))
    store.close()
    assert run_command(["console", "--link", "--config", str(file)]) == 0
    assert "http://127.0.0.1:8470/enter?token=" in capsys.readouterr().out


def test_where_people_sign_in_no_link_is_made(tmp_path, capsys):
    file = tmp_path / "config.yaml"
    file.write_text(f"{FILE}console: {{sign_in: {json.dumps(SIGN_IN)}}}\n")
    assert run_command(["console", "--link", "--config", str(file)]) == 1
    assert "people sign in" in capsys.readouterr().err


@pytest.mark.parametrize("switch", [True, False], ids=["on", "off"])
def test_console_on_is_short_for_the_pages_in_the_daemon(switch):
    assert ConsoleConfig.model_validate(switch) == ConsoleConfig(daemon=switch)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"listen": "0.0.0.0:8470"}, "sign_in is needed"),
        ({"listen": "0.0.0.0:8470", "sign_in": SIGN_IN}, "certificate_file and key_file"),
        ({"certificate_file": "c.pem"}, "needed together"),
        ({"listen": "nowhere"}, "127.0.0.1:9464"),
        ({"locale": "xx_YY"}, "no locale"),
        ({"address": "http://plain.example"}, "https://"),
        ({"session_minutes": 0}, "greater than or equal to 1"),
    ],
    ids=["no sign-in", "no https", "half a pair", "no address", "locale", "plain", "no time"],
)
def test_what_would_be_unsafe_or_makes_no_sense_is_refused(given, told):
    with pytest.raises(ValidationError, match=told):
        ConsoleConfig.model_validate(given)


@pytest.mark.parametrize(
    "given",
    [
        {"listen": "[::1]:8470"},
        {"listen": "0.0.0.0:1", "sign_in": SIGN_IN, "address": "https://a.example"},
        {
            "listen": "0.0.0.0:1",
            "sign_in": SIGN_IN,
            "certificate_file": "c.pem",
            "key_file": "k.pem",
        },
    ],
    ids=["this machine", "behind a proxy", "with a certificate"],
)
def test_what_is_safe_is_taken(given):
    assert ConsoleConfig.model_validate(given)
