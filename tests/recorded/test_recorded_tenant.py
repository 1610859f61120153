"""A recording of a tenant that is not ours: harmless to make, and nothing of it is left."""

import base64
import json
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import requests
import yaml
from vcr.request import Request

from seatkeeper.config import load_config
from seatkeeper.mapping_folder import shipped
from tests.recorded import replay, tenant
from tests.recorded.disguise import Disguise

ROOT = Path(__file__).resolve().parents[2]
NAME = 'Zoë "Canary" O\'Neil & Sons 100 % Ltd'
PERSON = "Cassandra Canary-Vogel"
MAIL = "cassandra.canary@canary-vogel.example"
TENANT = "ca9a2701-7e57-4a01-8b01-c0ffee0000aa"
LICENCE = "ca9a2702-7e57-4a02-8b02-c0ffee0000bb"
PLAN = "Canary Test Plan of Cassandra"
FRIENDLY = "Cassandra's friendly canary licence"
PRIVATE = {"sk_name": PLAN, "sk_syncmessage": f"Ask {MAIL}, then {PERSON}", "sk_quantity": 7}
ACCOUNT, CONTRACT, PROVIDER, SUBSCRIPTION, OTHER = (
    f"ca9a270{n}-7e57-4a0{n}-8b0{n}-c0ffee0000c{n}" for n in range(3, 8)
)


class Elsewhere:
    """A sandbox of its own process, with ids, names and a port that we did not choose."""

    def __init__(self, folder):
        ready = folder / "ready.json"
        call = [sys.executable, "-m", "seatkeeper", "sandbox", "--port", "0", "--ready-file"]
        self.process = subprocess.Popen(  # noqa: S603  # ourselves
            [*call, str(ready)], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        for _ in range(600):
            if ready.exists() or self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.told = json.loads(ready.read_text())
        self.config = Path(self.told["config_file"])
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = self.told["ca_file"]
        self.control("reset", {"scenario": "empty"})
        form = {
            "grant_type": "client_credentials",
            "client_id": self.told["client_id"],
            "client_secret": self.told["client_secret"],
            "scope": f"{self.told['dataverse_url']}/.default",
        }
        answer = self.ask("POST", f"{self.told['authority']}/oauth2/v2.0/token", data=form)
        self.token = answer.json()["access_token"]

    def ask(self, method, url, **more):
        answer = self.session.request(method, url, timeout=30, **more)
        assert answer.ok, answer.text
        return answer

    def control(self, path, document=None):
        method = "GET" if document is None else "POST"
        url = f"{self.told['dataverse_url']}/_sandbox/{path}"
        return self.ask(method, url, json=document).json()

    def put(self, row, headers=None, **body):
        url = f"{self.told['dataverse_url']}/api/data/v9.2/{row}"
        signed = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return self.ask("PATCH", url, json=body, headers=signed)

    def users(self):
        url = f"{self.told['dataverse_url']}/api/data/v9.2/systemusers"
        signed = {"Authorization": f"Bearer {self.token}"}
        return self.ask("GET", url, headers=signed).json()["value"]

    def written(self):
        """Return the requests of the journal that are not reads, sign-in and ours aside."""
        entries = [e for e in self.control("journal?since=0")["entries"] if e["type"] == "request"]
        own = [e for e in entries if e["service"] in {"dataverse", "partner_center"}]
        return [e for e in own if e["method"] != "GET" and not e["path"].endswith("$batch")]

    def rows_changed(self):
        return [e for e in self.control("journal?since=0")["entries"] if e["type"] == "commit"]

    def furnish(self):
        """Put in one customer, with names and mail addresses wherever people write them."""
        self.put(f"accounts({ACCOUNT})", name=NAME, sk_customertenantid=TENANT)
        self.put(f"sk_providers({PROVIDER})", sk_name=f"{PERSON} resells", sk_kind=126310000,
                 sk_connector="partner-center")  # fmt: skip
        self.put(f"sk_billingcontracts({CONTRACT})", sk_name=f"Contract of {NAME}",
                 **{"sk_accountid@odata.bind": f"/accounts({ACCOUNT})"})  # fmt: skip
        binds = {
            "sk_accountid@odata.bind": f"/accounts({ACCOUNT})",
            "sk_billingcontractid@odata.bind": f"/sk_billingcontracts({CONTRACT})",
            "sk_providerid@odata.bind": f"/sk_providers({PROVIDER})",
        }
        licence = {"sk_providersubscriptionid": LICENCE}
        self.put(f"sk_subscriptions({SUBSCRIPTION})", **PRIVATE, **licence, **binds)
        self.put(f"sk_subscriptions({OTHER})", sk_name=f"Live plan, {MAIL}", sk_quantity=1)
        person = next(u for u in self.users() if u.get("azureactivedirectoryobjectid"))
        self.put(f"systemusers({person['systemuserid']})", fullname=PERSON)
        acting = {"MSCRMCallerID": person["systemuserid"]}
        self.put(f"sk_subscriptions({SUBSCRIPTION})", acting, statecode=1, statuscode=2)
        profile = {"id": TENANT, "companyName": NAME, "domain": "canary-vogel.example"}
        self.control("partner-center/customers", profile)
        sold = {"id": LICENCE, "customerId": TENANT, "friendlyName": FRIENDLY, "quantity": 7}
        self.control("partner-center/subscriptions", sold)

    def canaries(self):
        told = self.told
        return [
            *(NAME, PERSON, MAIL, TENANT, LICENCE, PLAN, FRIENDLY, PRIVATE["sk_syncmessage"]),
            *(ACCOUNT, CONTRACT, PROVIDER, SUBSCRIPTION, OTHER, "canary-vogel.example"),
            *(told["tenant_id"], told["client_id"], told["client_secret"], self.token),
            *(f"{PERSON} resells", told["dataverse_url"].removeprefix("https://")),
        ]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    made = Elsewhere(tmp_path_factory.mktemp("elsewhere"))
    made.furnish()
    yield made
    made.session.close()
    made.process.terminate()
    made.process.wait(10)


@pytest.fixture(scope="module")
def recorded(elsewhere, tmp_path_factory):
    """Return the folder of a recording, what was found, and what the tenant saw of it."""
    folder = tmp_path_factory.mktemp("recording")
    before = len(elsewhere.rows_changed()), len(elsewhere.written())
    tour = tenant.record(load_config(elsewhere.config), folder, SUBSCRIPTION)
    after = len(elsewhere.rows_changed()), len(elsewhere.written())
    return folder, tour, before, after


def in_base64(value):
    """Return what of a value base64 shows, wherever it begins."""
    for before in range(3):
        raw = base64.b64encode(b"\0" * before + value.encode() + b"\0\0\0").decode()
        yield raw[4 if before else 0 : (before + len(value.encode())) // 3 * 4]


def forms(value):
    escaped = json.dumps(value)[1:-1]
    yield from (value, quote(value), quote(value, safe=""), quote_plus(value), escaped)
    yield from (json.dumps(escaped)[1:-1], value.replace("-", "") if len(value) == 36 else value)
    for one in in_base64(value):
        yield from (one, one.replace("+", "-").replace("/", "_"))


def everything(folder):
    """Return what stands in a recording, as text and as the documents inside it."""
    texts = [path.read_text() for path in folder.iterdir()]
    for one in yaml.safe_load((folder / tenant.CASSETTE).read_text())["interactions"]:
        texts += [str(one["request"]), str(one["response"])]
    return "\n".join(texts).lower()


def leaking(text, values):
    return {value for value in values if any(form.lower() in text for form in forms(value))}


def test_nothing_of_the_tenant_is_left_in_any_encoding(elsewhere, recorded):
    folder, *_ = recorded
    text = everything(folder)
    assert leaking(text, elsewhere.canaries()) == set()
    assert "localhost" not in text
    assert "cassandra" not in text
    assert "canary" not in text


def test_the_canaries_were_there_to_be_found(recorded):
    _, tour, *_ = recorded
    told = {one.what: one.told for one in tour.findings}
    assert told["rows of sk_subscription"] == "2 of 2 read"
    assert int(told["history"].split()[0]) >= 2  # another test may have written before
    assert told["licence"] == "active, 7 seats at the provider"
    assert all(one.ok for one in tour.findings), tour.findings


@pytest.mark.parametrize("value", ["a b-c/d?", "Zoë ÿÿÿ", "id-ca9a2701-7e57"])
def test_the_search_finds_what_is_encoded(value):
    long = f"xx{value} and so on"
    shifted = (base64.b64encode(f"{'.' * n}{long}".encode()).decode() for n in range(3))
    for text in (long, quote(long), quote_plus(long), json.dumps(long), *shifted):
        assert leaking(text.lower(), [long]) == {long}, text
        disguise = Disguise({})
        disguise.keep_secret(long)
        assert disguise.leaks(text) == {long}, text


def test_a_recording_only_reads(recorded):
    *_, before, after = recorded
    assert before == after


def test_the_same_value_has_the_same_stand_in_everywhere(recorded):
    folder, *_ = recorded
    cassette = yaml.safe_load((folder / tenant.CASSETTE).read_text())["interactions"]
    bodies = [str(one["response"]["body"]["string"]) for one in cassette]
    account = next(b for b in bodies if b.startswith("{") and "sk_customertenantid" in b)
    row = json.loads(account)["value"][0]
    notes = json.loads((folder / tenant.NOTES).read_text())
    assert (row["name"], row["sk_customertenantid"]) == ("Customer 1", notes["customer"])
    paths = [
        one["request"]["uri"] for one in cassette if "partner-center-1" in one["request"]["uri"]
    ]
    assert paths == [
        f"https://partner-center-1.invalid/v1/customers/{notes['customer']}"
        f"/subscriptions/{notes['licence']}"
    ]


def test_a_recording_is_replayed_offline_with_ones_own_mapping(recorded, tmp_path):
    folder, tour, *_ = recorded
    found = replay.replay(folder, copied(tmp_path))
    assert [(one.what, one.ok, one.told) for one in found.findings] == [
        (one.what, one.ok, one.told) for one in tour.findings
    ]


def copied(tmp_path):
    folder = tmp_path / "mappings"
    folder.mkdir()
    for path in shipped().glob("*.yaml"):
        (folder / path.name).write_text(path.read_text())
    return folder


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("suspended: [1, 2]", "suspended: [1, 9]", "has no option 9"),
        ("suspended: [1, 2]", "suspended: [1, 9]", "a value that the mapping does not know"),
        ("dataverse: sk_name", "dataverse: sk_title", "column sk_title (field name) does not"),
        ("dataverse: sk_name", "dataverse: createdon", "column createdon was not recorded"),
        ("table: sk_subscription", "table: sk_seats", "was not recorded"),
    ],
)
def test_a_replay_names_what_a_mapping_has_wrong(recorded, tmp_path, old, new, told):
    mappings = copied(tmp_path)
    file = mappings / "subscription.yaml"
    file.write_text(file.read_text().replace(old, new))
    findings = replay.replay(recorded[0], mappings).findings
    assert any(told in one.told for one in findings if not one.ok), findings


def test_the_commands_record_and_replay(elsewhere, tmp_path, capsys):
    folder, mappings = str(tmp_path / "recording"), str(copied(tmp_path))
    assert tenant.main([str(elsewhere.config), folder]) == 0
    assert replay.main([folder, mappings]) == 0
    assert "ok    licence: active, 7 seats at the provider" in capsys.readouterr().out
    assert replay.main([str(tmp_path / "absent"), mappings]) == 1


def test_writing_needs_a_named_subscription_that_calls_itself_a_test(elsewhere, tmp_path, capsys):
    call = [str(elsewhere.config), str(tmp_path), "--write", "yes"]
    before = elsewhere.rows_changed()
    assert tenant.main(call) == 1
    assert "needs SUBSCRIPTION" in capsys.readouterr().err
    assert tenant.main([*call, "--subscription", OTHER]) == 1
    assert "no 'test' in its name" in capsys.readouterr().err
    assert elsewhere.rows_changed() == before


def test_a_write_is_undone_and_replayed(elsewhere, tmp_path):
    folder, before = tmp_path / "recording", len(elsewhere.rows_changed())
    tour = tenant.record(load_config(elsewhere.config), folder, SUBSCRIPTION, write=True)
    (told,) = (one.told for one in tour.findings if one.what == "write")
    assert told == "set, refused, set back: done, precondition, done"
    changes = elsewhere.rows_changed()[before:]
    commits = [e for e in changes if e["table"] == "sk_subscription"]
    assert [e["after"]["sk_syncmessage"] for e in commits] == [
        "Seatkeeper recording",
        PRIVATE["sk_syncmessage"],
    ]
    assert leaking(everything(folder), elsewhere.canaries()) == set()
    assert all(one.ok for one in replay.replay(folder, copied(tmp_path)).findings)


SERVICE = {"https://canary.crm.example/api/": "https://dataverse.invalid/api/"}


def test_headers_links_and_tokens_are_disguised():
    disguise = Disguise(SERVICE)
    rows = f"https://canary.crm.example/api/data/v9.2/accounts({TENANT})"
    headers = {
        "Set-Cookie": [f"who={PERSON}"],
        "x-ms-service-request-id": [LICENCE],
        "Location": [rows.upper().replace("HTTPS", "https")],
        "MS-ContinuationToken": ["canary-page"],
        "Content-Type": ["application/json"],
    }
    links = {
        "@odata.nextLink": f"{rows}?$skiptoken=canary%20page&$select=name",
        "uri": "https://other.canary.example/x",
        "note": f"see {rows}",
    }
    body = {"string": json.dumps(links).encode()}
    found = disguise.response({"status": {"code": 200}, "headers": headers, "body": body})
    assert set(found["headers"]) == {"Location", "MS-ContinuationToken", "Content-Type"}
    assert leaking(str(found).lower(), [PERSON, TENANT, LICENCE, "canary"]) == set()
    told = json.loads(found["body"]["string"])
    assert told["@odata.nextLink"].startswith("https://dataverse.invalid/api/data/v9.2/accounts(0")
    assert told["@odata.nextLink"].endswith("?$skiptoken=token-2&$select=name")
    assert told["uri"] == "https://elsewhere.invalid/"


def test_what_is_no_json_is_not_kept_and_sign_in_is_not_recorded():
    disguise = Disguise(SERVICE)
    page = {"headers": {"Content-Type": ["text/html"]}, "body": {"string": PERSON.encode()}}
    assert disguise.response(page)["body"]["string"] == b'"REDACTED"'
    token = Request("POST", "https://login.example/oauth2/token", b"client_secret=x", {})
    assert disguise.request(token) is None


def test_a_batch_keeps_only_lines_of_known_form():
    disguise = Disguise(SERVICE)
    lines = ["--batchresponse_" + TENANT, "Content-Type: application/http", f"X-Who: {PERSON}",
             "HTTP/1.1 200 OK", "", json.dumps({"name": NAME, "n": 1}), f"  {PERSON}"]  # fmt: skip
    kind = {"Content-Type": [f"multipart/mixed; boundary=batchresponse_{TENANT}"]}
    body = {"string": "\r\n".join(lines).encode()}
    found = disguise.response({"headers": kind, "body": body})["body"]["string"].decode()
    fake = "00000000-0000-4000-8000-000000000001"
    assert found.split("\r\n") == [
        f"--batchresponse_{fake}", "Content-Type: application/http", "HTTP/1.1 200 OK", "",
        '{"name": "Customer 1", "n": 1}',
    ]  # fmt: skip


def test_mail_persons_and_numbers_are_told_apart():
    disguise = Disguise(SERVICE)
    row = {
        "mail": MAIL,
        "fullname": PERSON,
        "seats": 7,
        "on": "2026-06-16",
        "note": "Hello",
        "no": "",
    }
    body = {"string": json.dumps([row, row]).encode()}
    found = disguise.response({"headers": {}, "body": body})["body"]["string"]
    expected = {**row, "mail": "a1@example.invalid", "fullname": "Person 1", "note": "Text 1"}
    assert json.loads(found) == [expected, expected]


def test_a_recording_with_a_leak_is_deleted(recorded, tmp_path):
    disguise = Disguise(SERVICE)
    disguise.keep_secret("not-taken-out")
    for name in (tenant.CASSETTE, tenant.NOTES):
        (tmp_path / name).write_text("x: not-taken-out")
    with pytest.raises(tenant.NotHarmlessError, match="1 values of the tenant"):
        tenant.must_be_clean(disguise, tmp_path)
    assert list(tmp_path.iterdir()) == []
