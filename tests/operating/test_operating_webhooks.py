"""A real daemon that polls once in ten minutes is told by webhook, over TLS."""

import json
import re
import ssl
from http.client import HTTPSConnection

import pytest
import trustme

from sandbox.scenarios.identity import HERO_AUTOMATIC
from tests.acceptance.installed import running_daemon, wait_for
from tests.operating.watched import expression_of, fetch

KEY = "a-registered-key-of-dataverse"


class Caller:
    """Calls the listener as the services do."""

    def __init__(self, address, authority):
        self.host, port = address.rsplit(":", 1)
        self.port = int(port)
        self.context = ssl.create_default_context()
        authority.configure_trust(self.context)

    def post(self, path, body, **headers):
        connection = HTTPSConnection(self.host, self.port, timeout=10, context=self.context)
        try:
            connection.request("POST", path, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture
def hooked(own_sandbox, tmp_path):
    """Return a sandbox, its daemon, and how to call it."""
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    certificate, key = tmp_path / "hook.pem", tmp_path / "hook.key"
    leaf.cert_chain_pems[0].write_to_path(str(certificate))
    leaf.private_key_pem.write_to_path(str(key))
    extra = {
        "SEATKEEPER__POLL_SECONDS": "600",
        "SEATKEEPER__HEALTH__LISTEN": "127.0.0.1:0",
        "SEATKEEPER__WEBHOOKS__LISTEN": "127.0.0.1:0",
        "SEATKEEPER__WEBHOOKS__CERTIFICATE_FILE": str(certificate),
        "SEATKEEPER__WEBHOOKS__KEY_FILE": str(key),
        "SEATKEEPER__WEBHOOKS__DATAVERSE__REGISTERED_KEY": KEY,
    }
    with running_daemon(own_sandbox, tmp_path / "daemon.log", extra) as daemon:
        wait_for(lambda: daemon.said("adopted"))
        (said,) = daemon.said("webhooks answer")
        yield own_sandbox, daemon, Caller(said["listen"], authority)


def test_a_daemon_is_woken_by_a_proven_call_and_by_no_other(hooked):
    sandbox, daemon, caller = hooked
    body = json.dumps({"PrimaryEntityName": "sk_subscription", "MessageName": "Update"})
    sandbox.deactivate(HERO_AUTOMATIC)
    assert caller.post("/webhooks/dataverse?code=wrong", body) == 401
    announced = {"Content-Length": str(600 * 1024)}  # it is not sent: nobody would read it
    assert caller.post(f"/webhooks/dataverse?code={KEY}", b"", **announced) == 413
    assert daemon.said("dataverse answered") == []
    assert caller.post(f"/webhooks/dataverse?code={KEY}", body) == 200
    wait_for(lambda: daemon.said("dataverse answered"), seconds=10)
    (health,) = daemon.said("health answers")
    text = fetch(health["listen"], "/metrics").text
    for outcome in ("taken", "forged", "oversized"):
        sample = f'seatkeeper_webhook_calls_total{{outcome="{outcome}",service="dataverse"}} 1.0'
        assert sample in text
    (asked,) = re.findall(r'outcome=~"([^"]+)"', expression_of("SeatkeeperWebhooksRefused"))
    for outcome in asked.split("|"):  # before the first such call, or its increase goes unseen
        assert f'seatkeeper_webhook_calls_total{{outcome="{outcome}",service="dataverse"}}' in text
    code, seconds = daemon.end()
    assert (code, seconds < 5) == (0, True)
    assert KEY not in daemon.log.read_text(encoding="utf-8") + text
