"""No secret, token or name of anyone reaches a recording."""

import base64
import json
import re
import threading
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import quote, quote_plus, urlencode

import pytest
import requests
from vcr.request import Request

from tests.recorded import tape
from tests.recorded.names import CANARIES, STAND_INS, pairs
from tests.recorded.scrub import DUMMY_JWT, JWT, Scrubber

PLANTED = {name: value for name, value in asdict(CANARIES).items() if name != "origin"}
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnktdG9rZW4ifQ.c2lnbmVkLWNhbmFyeQ"
RECORDED = re.compile(r"^def (test_\w+)\(stage\b", re.MULTILINE)
RAW = {
    "bearer": "canary-bearer-0d8b41",
    "cookie": "canary-cookie-9f17aa",
    "assertion": "canary-assertion-41d7ce",
    "password": "canary-password-60b2f3",
    "request id": "ca9a2799-7e57-4a99-8b99-c0ffee000099",
}


def shapes(secret):
    """Return how a value may stand in a file: as it is, in a URL, in JSON, in base64."""
    encoded = base64.urlsafe_b64encode(secret.encode()).decode().rstrip("=")
    return {
        secret.lower(),
        quote(secret, safe="").lower(),
        quote_plus(secret).lower(),
        json.dumps(secret)[1:-1].lower(),
        encoded.lower(),
    }


def leaks(text, secrets):
    return {one for one in secrets for shape in shapes(one) if shape in text.lower()}


@pytest.fixture
def talkative():
    """Return the address of a server that repeats what it is told and adds secrets of its own."""

    class Talkative(BaseHTTPRequestHandler):
        def do_POST(self):
            told = self.rfile.read(int(self.headers["Content-Length"])).decode()
            body = json.dumps(
                {
                    "access_token": TOKEN,
                    "refresh_token": PLANTED["refresh_token"],
                    "told": told,
                    "path": self.path,
                    "names": PLANTED,
                    "note": f"Bearer {TOKEN} of {PLANTED['tenant_id'].upper()}",
                }
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Set-Cookie", f"x={RAW['cookie']}")
            self.send_header("x-ms-service-request-id", RAW["request id"])
            self.send_header("Location", f"https://x.invalid/{PLANTED['customer_id']}")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Talkative)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_planted_secrets_do_not_reach_a_new_recording(talkative, tmp_path):
    path = tmp_path / "planted.yaml"
    form = {
        "client_id": PLANTED["client_id"],
        "client_secret": PLANTED["client_secret"],
        "client_assertion": RAW["assertion"],
        "password": RAW["password"],
        "scope": "openid",
    }
    vcr = tape.recorder(Scrubber(pairs(CANARIES)), "all")
    with vcr.use_cassette(str(path)), requests.Session() as session:
        session.trust_env = False
        answer = session.post(
            f"{talkative}/{PLANTED['tenant_id']}/token",
            params={"q": PLANTED["client_secret"]},
            data=form,
            headers={
                "Authorization": f"Bearer {RAW['bearer']}",
                "Cookie": f"x={RAW['cookie']}",
                "MS-RequestId": RAW["request id"],
            },
            timeout=5,
        )
    assert answer.json()["access_token"] == TOKEN  # the live answer is untouched
    recorded = path.read_text()
    own = [RAW["bearer"], RAW["cookie"], RAW["request id"], TOKEN, *PLANTED.values()]
    assert leaks(recorded, own) == set()
    assert "scope=openid" in recorded
    assert DUMMY_JWT in recorded


def test_secrets_of_a_form_are_struck_out_wherever_they_come_from():
    form = urlencode({"client_assertion": RAW["assertion"], "password": RAW["password"]})
    request = Request(
        "POST",
        "https://x.invalid/token",
        form,
        {"Content-Type": "application/x-www-form-urlencoded"},
    )
    scrubbed = Scrubber([]).request(request)
    assert scrubbed.body == b"client_assertion=REDACTED&password=REDACTED"


@pytest.mark.parametrize("path", sorted(tape.CASSETTES.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_canary_and_no_real_token_stands_in_a_cassette(path):
    text = path.read_text()
    assert leaks(text, PLANTED.values()) == set()
    assert set(JWT.findall("".join(text.split()))) <= {DUMMY_JWT}
    lowered = text.lower()
    for header in ("authorization:", "cookie:", "ms-requestid:", "ms-correlationid:", "x-ms-"):
        assert f"\n      {header}" not in lowered, header
    assert "localhost" not in lowered
    assert "sbx~" not in lowered


def test_there_is_a_cassette_for_every_recorded_test_and_no_other():
    sources = (path.read_text() for path in tape.CASSETTES.parent.glob("test_*.py"))
    named = {name for source in sources for name in RECORDED.findall(source)}
    assert {path.stem for path in tape.CASSETTES.glob("*.yaml")} == named


def test_one_value_has_one_stand_in_however_it_is_written():
    scrubber = Scrubber(pairs(CANARIES))
    for text in (CANARIES.customer_id, CANARIES.customer_id.upper()):
        assert scrubber.text(f"/customers/{text}/x") == f"/customers/{STAND_INS.customer_id}/x"
    assert scrubber.text(quote_plus(CANARIES.client_secret)) == STAND_INS.client_secret


def test_scrubbing_twice_changes_nothing_more():
    scrubber = Scrubber(pairs(CANARIES))
    once = scrubber.text(f"{PLANTED} {TOKEN}")
    assert scrubber.text(once) == once
