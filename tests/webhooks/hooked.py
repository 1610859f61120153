"""A stage whose daemon takes webhooks, and callers that are honest or not."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from connector.certificate_fetch import fetch_small
from sandbox.app import App
from sandbox.in_process import InProcessAdapter, open_world
from sandbox.webhooks.desk import Registration
from sandbox.webhooks.seal import certificate_file, signed
from seatkeeper.config_webhooks import WebhooksConfig
from seatkeeper.pulse import Pulse
from seatkeeper.webhooks.app import WebhookApp
from seatkeeper.webhooks.nudges import Nudges
from seatkeeper.webhooks.server import DATAVERSE, PARTNER_CENTER, webhook_app
from seatkeeper.webhooks.taking import take_nudges
from sync.cycle import run_cycle
from tests.engine.opening import stage_in
from tests.engine.stage import Setting, Stage

KEY = "a-registered-key-of-dataverse"
HOST = "localhost"


class Hands:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Hooked:
    """A stage, the listener's application, and what the work loop would do."""

    stage: Stage
    sandbox: App
    app: WebhookApp
    nudges: Nudges
    hands: Hands
    pulse: Pulse
    fetched: list[str] = field(default_factory=list)

    def calls(self, path: str, body: bytes = b"", **told: Any) -> int:
        """Call as a stranger on the network would; return the status."""
        answers: list[str] = []
        self.app(environ(path, body, **told), lambda status, headers: answers.append(status))
        return int(answers[0].split()[0])

    def carry(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Take what the sandbox's sender posts."""
        return self.calls(PARTNER_CENTER, body, headers=headers)

    def dataverse_says(self, table: str = "sk_subscription", **told: Any) -> int:
        """Post what Dataverse posts after a change (dataverse.md 9)."""
        body = remote_execution_context(table, **told.pop("context", {}))
        return self.calls(DATAVERSE, body, **{"query": f"code={KEY}", **told})

    def loops(self) -> bool:
        """Do what the work loop does with nudges; tell whether it ran a cycle."""
        engine = self.stage.application.engine
        if not take_nudges(engine, self.nudges):
            return False
        run_cycle(engine)
        self.pulse.worked(engine.now())
        return True

    def counted(self) -> dict[tuple[str, str], int]:
        """Return how many calls came, without the counters that begin at zero."""
        return dict(+self.stage.application.tally.webhook_calls)


def environ(path: str, body: bytes, **told: Any) -> dict[str, Any]:
    names = {
        f"HTTP_{name.upper().replace('-', '_')}": v for name, v in told.get("headers", {}).items()
    }
    length = told.get("length", str(len(body)))
    return {
        "REQUEST_METHOD": told.get("method", "POST"),
        "PATH_INFO": path,
        "QUERY_STRING": told.get("query", ""),
        "REMOTE_ADDR": told.get("address", "198.51.100.7"),
        "wsgi.input": io.BytesIO(body),
        **({} if length is None else {"CONTENT_LENGTH": length}),
        **names,
    }


def remote_execution_context(table: str, **told: Any) -> bytes:
    """Return the body of a webhook of Dataverse, cut down to what matters."""
    return json.dumps(
        {
            "MessageName": "Update",
            "PrimaryEntityName": table,
            "PrimaryEntityId": "00000000-0000-0000-0000-000000000001",
            "OperationId": "00000000-0000-0000-0000-00000000000a",
            "Depth": 1,
            "InputParameters": [{"key": "Target", "value": {"Attributes": []}}],
            **told,
        }
    ).encode()


def open_hooked(folder: Any) -> Hooked:
    """Open a stage that has adopted, with a listener for both services and a registered sender."""
    world, sandbox = open_world("empty")
    stage = stage_in(world, sandbox, Setting())
    stage.runs()
    stage.application.store.tx(lambda tx: tx.suspect([stage.subscription], "the first look"))
    stage.runs()
    fetched: list[str] = []
    hands, pulse = Hands(), None
    pulse = Pulse(poll_seconds=30, monotonic=hands)
    application = stage.application
    pulse.worked(application.engine.now())
    roots = folder / "roots.pem"
    roots.write_bytes(root_of(HOST))
    webhooks = WebhooksConfig.model_validate(
        {
            "listen": "127.0.0.1:0",
            "dataverse": {"registered_key": KEY},
            "partner_center": {
                "certificate_hosts": [HOST],
                "audit_hosts": [HOST],
                "roots_file": roots,
            },
        }
    )
    application.config = application.config.model_copy(update={"webhooks": webhooks})
    nudges = Nudges(wake=Event(), monotonic=hands)

    def fetch(url: str) -> bytes:
        fetched.append(url)
        return fetch_small(url, adapters={"https://": InProcessAdapter(sandbox)})

    app = webhook_app(application, pulse, nudges, fetch)
    hooked = Hooked(stage, sandbox, app, nudges, hands, pulse, fetched)
    sandbox.postman.carry = hooked.carry
    world.partner_center.webhooks.registration = Registration(
        subscriber_id="s",
        url="https://daemon.example/hook",
        events=("subscription-updated", "test-created"),
        own_header=False,
        host=HOST,
    )
    return hooked


def root_of(host: str) -> bytes:
    content = certificate_file("root.cer", host)
    assert content is not None
    return x509.load_der_x509_certificate(content).public_bytes(Encoding.PEM)


def event(hooked: Hooked, **told: Any) -> bytes:
    """Return the body of an event about the stage's licence."""
    stage = hooked.stage
    path = f"customers/{stage.tenant}/subscriptions/{stage.licence_id}"
    at = hooked.pulse.now() - told.pop("age", timedelta(0))
    return json.dumps(
        {
            "EventName": "subscription-updated",
            "ResourceUri": f"http://{HOST}/webhooks/v1/{path}",
            "ResourceName": "subscription",
            "AuditUri": f"https://{HOST}/v1/auditrecords/1",
            "ResourceChangeUtcDate": at.isoformat(),
            **told,
        }
    ).encode()


def sealed(body: bytes, *, own_header: bool = False) -> dict[str, str]:
    return signed(body, HOST, own_header=own_header)
