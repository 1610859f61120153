"""Messages beside the work of a daemon, and what `check` says of their addresses."""

import threading
from types import SimpleNamespace

import pytest

from seatkeeper.checking import Asked, check_all
from seatkeeper.config import load_config
from seatkeeper.notify.beside import notifying, open_transport
from seatkeeper.pulse import Pulse
from store.sqlite import SqliteStore
from tests.store.values import parked

SIGN_IN = "{tenant_id: t, client_id: c, client_secret: signing-canary}"
TEXT = f"""
mode: observe
dataverse: {{url: https://contoso.crm.dynamics.com, sign_in: {SIGN_IN}}}
state: sqlite:///state.db
"""
OLD_PLUGIN = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


class Letters:
    """A transport that keeps what it is given."""

    def __init__(self):
        self.taken, self.came = [], threading.Event()

    def tell(self, title, body):
        self.taken.append((title, body))
        self.came.set()


def configured(folder, more=""):
    path = folder / "config.yaml"
    path.write_text(TEXT + more, encoding="utf-8")
    return path


def test_the_daemon_tells_what_was_set_aside_without_its_secrets(tmp_path):
    config = load_config(configured(tmp_path, "notify: {urls: ['json://localhost']}"), {})
    store = SqliteStore(config.state_file)
    store.tx(lambda tx: tx.park(parked("a", reason="It said signing-canary.")))
    letters, pulse = Letters(), Pulse(poll_seconds=30)
    with notifying(SimpleNamespace(config=config), pulse, letters):
        assert letters.came.wait(10)
    assert [one.topic.split()[1] for one in store.tx(lambda tx: tx.told())] == ["a"]
    store.close()
    ((title, body),) = letters.taken
    assert title == "Seatkeeper: Set aside for a person"
    assert "It said ***." in body
    assert "notify" not in {one.name for one in threading.enumerate()}


def test_without_an_address_nobody_is_told_and_no_thread_runs(tmp_path):
    config = load_config(configured(tmp_path), {})
    letters = Letters()
    with notifying(SimpleNamespace(config=config), Pulse(poll_seconds=30), letters):
        assert "notify" not in {one.name for one in threading.enumerate()}
    assert letters.taken == []


@OLD_PLUGIN
@pytest.mark.parametrize(
    ("address", "ok", "told"),
    [
        ("json://user:canary@localhost", True, "1 addresses"),
        ("canary://x", False, "none that apprise knows"),
    ],
)
def test_check_looks_at_the_addresses_and_shows_none(tmp_path, address, ok, told):
    path = configured(tmp_path, f"notify: {{urls: ['{address}']}}")
    results = check_all(Asked(config=path, offline=True, environment={}))
    (found,) = [one for one in results if one.what == "notify"]
    assert (found.ok, told in found.told) == (ok, True)
    assert "canary" not in repr(results)


@OLD_PLUGIN
def test_an_address_may_stand_in_the_environment(tmp_path):
    path = configured(tmp_path, 'notify: {urls: ["${ALERT_MAIL}"]}')
    config = load_config(path, {"ALERT_MAIL": "json://localhost"})
    assert "localhost" not in repr(config)
    open_transport(config)


def test_work_that_signs_in_nowhere_leaves_the_addresses_unread(tmp_path):
    path = configured(tmp_path, 'notify: {urls: ["${ALERT_MAIL}"]}')
    assert len(load_config(path, {}, read_secrets=False).notify.urls) == 1
