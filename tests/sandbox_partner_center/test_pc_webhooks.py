"""Webhooks: registration, and a sender with its own key and chain (partner-center.md 3.4)."""

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID, NameOID

from sandbox.in_process import InProcessAdapter, open_world
from sandbox.persistence import SqliteStorage
from sandbox.webhooks.postman import post
from tests.sandbox_partner_center.partner_reach import ORIGIN, Partner, refusal

HERE = "/webhooks/v1/registration"
CALLBACK = "https://daemon.example/hook"
BOTH = ["subscription-updated", "test-created"]


@dataclass
class Callback:
    """The daemon's end: takes what is sent, or hangs up."""

    answers: list[int | OSError] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    meanwhile: Callable[[], object] = int

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        assert url == CALLBACK
        self.bodies.append(body)
        self.headers.append(headers)
        self.meanwhile()
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, OSError):
            raise answer
        return answer

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    def changed(self) -> list[str]:
        """Return the ids of the subscriptions that events are about, in order."""
        return [event["ResourceUri"].rpartition("/")[2] for event in self.events()]


@pytest.fixture
def callback(partner: Partner) -> Callback:
    made = Callback()
    partner.app.postman.carry = made
    return made


def register(partner: Partner, method: str = "POST", **fields: Any) -> Any:
    body = {"WebhookUrl": CALLBACK, "WebhookEvents": BOTH}
    return partner.call(method, HERE, body | fields)


def test_3_4_a_partner_registers_once_and_changes_it(partner: Partner) -> None:
    assert refusal(partner.call("GET", HERE)) == (404, 1000)
    assert refusal(register(partner, "PUT")) == (404, 1000)

    made = register(partner).json()
    changed = register(partner, "PUT", WebhookEvents=["test-created"]).json()

    assert (made["WebhookUrl"], made["WebhookEvents"]) == (CALLBACK, BOTH)
    assert changed == made | {"WebhookEvents": ["test-created"]}
    assert partner.get(HERE) == changed


@pytest.mark.parametrize(
    "fields",
    [
        {"WebhookUrl": "daemon"},
        {"WebhookUrl": "ftp://daemon.example/hook"},
        {"WebhookEvents": []},
        {"WebhookEvents": ["everything"]},
    ],
)
def test_3_4_a_bad_registration_is_refused(partner: Partner, fields: dict[str, Any]) -> None:
    assert refusal(register(partner, **fields)) == (400, 3000)
    assert refusal(partner.call("GET", HERE)) == (404, 1000)


def test_3_4_names_of_a_registration_are_read_in_any_case(partner: Partner) -> None:
    body = {"webhookUrl": CALLBACK, "webhookEvents": BOTH}

    assert partner.call("POST", HERE, body).json()["WebhookUrl"] == CALLBACK


def test_3_4_the_names_of_events_are_listed(partner: Partner) -> None:
    names = partner.get(f"{HERE}/events")

    assert {*BOTH, "invoice-ready", "usagerecords-thresholdExceeded"} <= set(names)
    assert len(names) == len(set(names)) == 26


def test_row_12_an_event_says_which_resource_changed_and_no_state(
    partner: Partner, callback: Callback
) -> None:
    register(partner)
    bought = partner.buy()
    assert callback.events() == []

    partner.patch(bought, bought | {"quantity": 12})

    audit = partner.get("/v1/auditrecords")["items"][0]["id"]
    assert callback.events() == [
        {
            "EventName": "subscription-updated",
            "ResourceUri": f"http://localhost/webhooks/v1{bought['links']['self']['uri']}",
            "ResourceName": "subscription",
            "AuditUri": f"{ORIGIN}/v1/auditrecords/{audit}",
            "ResourceChangeUtcDate": "2026-06-16T09:00:00+00:00",
        }
    ]


@pytest.mark.parametrize("cause", ["the API", "a person", "the clock"])
def test_3_4_changes_of_every_kind_are_told(
    partner: Partner, callback: Callback, cause: str
) -> None:
    register(partner)
    bought = partner.buy(commitmentEndDate="2026-06-20", autoRenewEnabled=False)
    match cause:
        case "the API":
            partner.patch(bought, bought | {"friendlyName": "Mail"})
        case "a person":
            partner.by_hand(bought, quantity=12)
        case _:
            partner.at("2026-06-21T00:00:00Z")

    assert callback.changed() == [bought["id"]]


def test_3_4_only_registered_events_are_sent(partner: Partner, callback: Callback) -> None:
    register(partner, WebhookEvents=["test-created"])

    partner.by_hand(partner.buy(), quantity=12)

    assert callback.events() == []


def certificate(partner: Partner, url: str) -> x509.Certificate:
    assert url.startswith(f"{ORIGIN}/cert/")
    answer = partner.session.get(url, timeout=5)
    assert answer.headers["Content-Type"] == "application/x-x509-ca-cert"
    return x509.load_der_x509_certificate(answer.content)


def issuer_url(found: x509.Certificate) -> str:
    oid = ExtensionOID.AUTHORITY_INFORMATION_ACCESS
    access: Any = found.extensions.get_extension_for_oid(oid).value
    assert access[0].access_method == AuthorityInformationAccessOID.CA_ISSUERS
    return str(access[0].access_location.value)


@pytest.mark.parametrize(("flag", "header"), [(False, "Authorization"), (True, "x-ms-signature")])
def test_row_12_the_signature_covers_the_raw_body_under_a_chain_to_a_root(
    partner: Partner, callback: Callback, flag: object, header: str
) -> None:
    register(partner, SignatureTokenToMsSignatureHeader=flag)
    partner.by_hand(partner.buy(), quantity=12)
    headers, body = callback.headers[0], callback.bodies[0]

    leaf = certificate(partner, headers["X-MS-Certificate-Url"])
    middle = certificate(partner, issuer_url(leaf))
    root = certificate(partner, issuer_url(middle))

    scheme, _, signature = headers[header].partition(" ")
    assert (scheme, headers["X-MS-Signature-Algorithm"]) == ("Signature", "rsa-sha256")
    key: Any = leaf.public_key()
    proof = (base64.b64decode(signature), body, padding.PKCS1v15(), hashes.SHA256())
    key.verify(*proof)
    with pytest.raises(InvalidSignature):
        key.verify(proof[0], body + b" ", *proof[2:])
    leaf.verify_directly_issued_by(middle)
    middle.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    owner = leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value
    assert owner == "Microsoft Corporation"
    assert ("Authorization" in headers) is not flag


def test_row_12_there_is_no_other_certificate(partner: Partner) -> None:
    assert partner.session.get(f"{ORIGIN}/cert/other.cer", timeout=5).status_code == 404


def test_row_12_events_can_be_late_and_come_with_the_clock(
    partner: Partner, callback: Callback
) -> None:
    partner.settings(webhook_delay_seconds=48 * 3600)
    register(partner)
    bought = partner.buy()
    partner.by_hand(bought, quantity=12)
    partner.wait(48 * 3600 - 1)
    assert callback.events() == []

    partner.wait(1)

    assert callback.changed() == [bought["id"]]


def test_row_12_events_can_be_repeated_or_lost(partner: Partner, callback: Callback) -> None:
    partner.settings(webhook_copies=2)
    register(partner)
    bought = partner.buy()

    partner.by_hand(bought, quantity=12)
    assert callback.bodies[0] == callback.bodies[1]
    partner.settings(webhook_copies=0)
    partner.by_hand(bought, quantity=13)

    assert len(callback.bodies) == 2


def test_row_12_events_can_come_out_of_order(partner: Partner, callback: Callback) -> None:
    partner.settings(webhook_delay_seconds=60)
    register(partner)
    bought = [partner.buy() for _ in range(3)]
    for one in bought:
        partner.by_hand(one, quantity=12)
    partner.settings(webhook_order="reversed")

    partner.wait(60)

    assert callback.changed() == [one["id"] for one in reversed(bought)]


def test_3_4_a_failed_delivery_is_tried_ten_times_and_then_put_aside(
    partner: Partner, callback: Callback
) -> None:
    register(partner)
    callback.answers = [500, OSError("refused"), *[404] * 20]
    partner.by_hand(partner.buy(), quantity=12)
    pauses = 0
    for attempt in range(1, 10):
        assert len(callback.bodies) == attempt
        partner.wait(60 * 2 ** (attempt - 1) - 1)
        assert len(callback.bodies) == attempt
        partner.wait(1)
        pauses += 1

    partner.wait(1_000_000)

    assert (len(callback.bodies), pauses) == (10, 9)
    assert len(partner.world.partner_center.webhooks.outbox.put_aside) == 1


def test_3_4_every_delivery_is_in_the_journal(partner: Partner, callback: Callback) -> None:
    register(partner)
    callback.answers = [OSError("refused"), 204]
    partner.by_hand(partner.buy(), quantity=12)
    partner.wait(60)

    entries = partner.control("GET", "journal")["entries"]

    sent = [entry for entry in entries if entry["service"] == "webhooks"]
    assert [(entry["status"], entry["delivered"]) for entry in sent] == [(None, False), (204, True)]
    assert {entry["path"] for entry in sent} == {CALLBACK}


def test_3_4_the_callback_may_ask_the_sandbox_while_it_is_called(
    partner: Partner, callback: Callback
) -> None:
    register(partner)
    bought = partner.buy()
    seen: list[int] = []

    def ask() -> None:
        reader = threading.Thread(target=lambda: seen.append(partner.read(bought)["quantity"]))
        reader.start()
        reader.join(timeout=5)

    callback.meanwhile = ask

    partner.by_hand(bought, quantity=12)

    assert seen == [12]
    assert callback.changed() == [bought["id"]]


def test_3_4_a_validation_event_tells_how_its_delivery_went(
    partner: Partner, callback: Callback
) -> None:
    register(partner)
    partner.settings(webhook_delay_seconds=5)
    key = partner.call("POST", f"{HERE}/validationEvents").json()["correlationId"]
    path = f"{HERE}/validationEvents/{key}"
    assert (partner.get(path)["status"], partner.get(path)["results"]) == ("inProgress", [])

    partner.wait(5)

    assert callback.events()[0]["ResourceUri"] == f"http://localhost{path}"
    assert callback.events()[0]["AuditUri"] is None
    assert partner.get(path) == {
        "correlationId": key,
        "partnerId": partner.world.tenant_id,
        "status": "completed",
        "callbackUrl": CALLBACK,
        "results": [
            {
                "responseCode": "OK",
                "responseMessage": "",
                "systemError": False,
                "dateTimeUtc": "2026-06-16T09:00:05",
            }
        ],
    }
    partner.wait(7 * 86_400)
    assert refusal(partner.call("GET", path)) == (404, 1000)


def test_3_4_an_unreachable_callback_is_a_system_error(
    partner: Partner, callback: Callback
) -> None:
    register(partner)
    callback.answers = [OSError("refused")]

    key = partner.call("POST", f"{HERE}/validationEvents").json()["correlationId"]

    result = partner.get(f"{HERE}/validationEvents/{key}")["results"][0]
    assert (result["responseCode"], result["systemError"]) == ("", True)


def test_3_4_two_validation_events_a_minute_are_allowed(
    partner: Partner, callback: Callback
) -> None:
    register(partner)
    answers = [partner.call("POST", f"{HERE}/validationEvents") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "60"
    assert len(callback.bodies) == 2


def test_3_4_a_new_world_knows_no_registration(partner: Partner, callback: Callback) -> None:
    partner.settings(webhook_delay_seconds=60)
    register(partner)
    partner.by_hand(partner.buy(), quantity=12)

    partner.control("POST", "reset", {"scenario": "empty"})
    partner.wait(60)

    assert callback.events() == []
    assert refusal(partner.call("GET", HERE)) == (404, 1000)


def test_3_4_a_registration_survives_a_restart(
    partner: Partner, callback: Callback, tmp_path: Path
) -> None:
    storage = SqliteStorage(tmp_path / "world.db")
    partner.world.storage = storage
    made = register(partner, SignatureTokenToMsSignatureHeader=True).json()
    world, app = open_world("empty")
    partner.session.mount("https://", InProcessAdapter(app))

    world.partner_center.load(storage.documents("partner_center"))
    storage.close()

    assert Partner(world, app, partner.session).get(HERE) == made
    kept = world.partner_center.webhooks.registration
    assert kept == partner.world.partner_center.webhooks.registration


class _Listener(BaseHTTPRequestHandler):
    taken: list[tuple[str, bytes]] = []  # noqa: RUF012 - the library makes the instances

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append((self.headers["X-Told"], body))
        self.send_response(307)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Listener)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_3_4_an_event_travels_over_the_network_without_following_redirects(
    listener: HTTPServer,
) -> None:
    url = f"http://127.0.0.1:{listener.server_port}/hook"

    status = post(url, b"{}", {"X-Told": "yes"})

    assert status == 307
    assert _Listener.taken == [("yes", b"{}")]
