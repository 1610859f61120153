"""The client of Dataverse reads each documented response, and writes each documented request."""

import re
from decimal import Decimal

import pytest

from connector.dataverse.client import DataverseClient
from sync.remote import (
    CREATE_ONLY,
    UPDATE_ONLY,
    Condition,
    NotFound,
    Outcome,
    Read,
    Refused,
    Write,
)
from tests.connector.documented import OF_DATAVERSE, answer, document, files, http_message, index
from tests.connector.scripted import (
    DATAVERSE,
    Clockwork,
    FixedTokens,
    Scripted,
    Told,
    http_to,
    told,
)

ID = "60c4e274-0d87-e711-80e5-00155db19e6d"
BULK = "changes are written in change sets, for bulk messages carry no preconditions"
SCHEMA = "the connector reads definitions and makes none"
KEYS = "rows are addressed by id, never by an alternate key"
OUTSIDE = {
    "09-upsert-altkey.exchange.http": KEYS,
    "25-createmultiple.request.json": BULK,
    "26-createmultiple.response.json": BULK,
    "27-updatemultiple.request.json": BULK,
    "28-upsertmultiple.request.json": BULK,
    "29-insertstatusvalue.request.json": SCHEMA,
    "30-insertstatusvalue.response.json": SCHEMA,
    "32-create-table.request.json": SCHEMA,
    "33-create-1N.request.json": SCHEMA,
    "34-alternate-keys-metadata.response.json": SCHEMA,
    "35-sdkmessagefilter.response.json": BULK,
    "38-webhook-remoteexecutioncontext.request.json": "tables are polled; nothing is pushed to us",
}
"""Documented payloads that are outside the connector's job, with the reason."""


def client_to(*answers):
    adapter, effects = Scripted(answers), Clockwork()
    client = DataverseClient(http_to(adapter, effects), FixedTokens("t"), effects, DATAVERSE)
    return client, adapter


def of(name, **more):
    return answer(OF_DATAVERSE, name, **more)


def body_of(name):
    return document(OF_DATAVERSE / name)


def an_update(precondition=UPDATE_ONLY):
    return Write(set="accounts", id=ID, body={"name": "x"}, precondition=precondition)


NEWEST = told({"value": [{"versionnumber": 41}]})
NOTHING = told({"value": []})


def is_tracked(name):
    """Check a first tracked read, which ends in a delta link."""
    client, _ = client_to(NEWEST, of(name), NOTHING)
    pages = list(client.pages("accounts", ["name", "fax"], None))
    assert list(pages[0].rows) == body_of(name)["value"]
    assert pages[-1].delta_link == body_of(name)["@odata.deltaLink"]


def is_a_delta(name):
    client, _ = client_to(of(name))
    (page,) = client.pages("accounts", ["name"], f"{DATAVERSE}/api/data/v9.2/accounts?x")
    rows = body_of(name)["value"]
    gone = [row for row in rows if "reason" in row]
    assert list(page.rows) == [row for row in rows if row not in gone]
    assert list(page.deleted) == [row["id"].lower() for row in gone]
    assert page.delta_link == body_of(name)["@odata.deltaLink"]
    assert gone
    assert page.rows


def is_a_first_page(name):
    """Check that the link to the next page is sent as it was told, to the letter."""
    last = told({"value": [], "@odata.deltaLink": f"{DATAVERSE}/api/data/v9.2/contacts?y"})
    client, adapter = client_to(NEWEST, of(name), last, NOTHING)
    pages = list(client.pages("contacts", ["fullname"], None))
    assert list(pages[0].rows) == body_of(name)["value"]
    assert adapter.requests[2].url == body_of(name)["@odata.nextLink"]


def is_rows(name):
    client, _ = client_to(of(name))
    where = (Condition(column="name", value="x"),)
    (found,) = client.read([Read(set="accounts", columns=("name", "revenue"), where=where)])
    assert list(found.rows) == body_of(name)["value"]
    assert found.rows[0]["revenue"] == Decimal("20000.0000")
    assert str(found.rows[0]["revenue"]) == "20000.0000"


def is_a_row(name):
    client, adapter = client_to(of(name, status=200))
    expand = (("createdby", ("fullname", "azureactivedirectoryobjectid")),)
    (found,) = client.read([Read(set="accounts", columns=("name",), id=ID, expand=expand)])
    assert found.rows == (body_of(name),)
    assert adapter.requests[0].path_url.endswith(
        "$select=name&$expand=createdby($select=fullname,azureactivedirectoryobjectid)"
    )


def is_a_written_row(name):
    client, _ = client_to(of(name))
    assert client.write([an_update(CREATE_ONLY)]).outcome is Outcome.DONE
    is_a_row(name)


def is_no_content(name):
    first, headers, body = http_message(OF_DATAVERSE, name)
    client, adapter = client_to(Told(int(first.split()[1]), body.strip().encode(), headers))
    assert client.write([an_update(CREATE_ONLY)]).outcome is Outcome.DONE
    assert adapter.requests[0].headers["If-None-Match"] == "*"


def is_an_outcome(outcome, precondition):
    """Check an answer to a write, with the documented precondition in the request."""

    def check(name):
        client, adapter = client_to(of(name))
        result = client.write([an_update(precondition)])
        assert result.outcome is outcome
        assert result.code == body_of(name)["error"]["code"]
        assert result.message.startswith(body_of(name)["error"]["message"].strip()[:60])
        sent = index(OF_DATAVERSE)[name].get("headers", {}).get("request", {})
        named = {n: v for n, v in sent.items() if n in {"If-Match", "If-None-Match"}}
        assert named.items() <= dict(adapter.requests[0].headers).items()

    return check


def is_an_absent_row(name):
    client, _ = client_to(of(name))
    assert client.read([Read(set="accounts", columns=("name",), id=ID)])[0].rows == ()


def is_refused(kind, advice):
    def check(name):
        client, _ = client_to(of(name))
        with pytest.raises(kind) as caught:
            client.read([Read(set="accounts", columns=("Name",), id=ID)])
        assert caught.value.code == body_of(name)["error"]["code"]
        assert advice in caught.value.message

    return check


def batch_of(name):
    """Return a documented batch answer; its head in the documentation leaves the boundary out."""
    first, _, body = http_message(OF_DATAVERSE, name)
    boundary = body.split("\n", 1)[0].removeprefix("--")
    kind = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
    return Told(int(first.split()[1]), body.replace("\n", "\r\n").encode(), kind)


def is_a_failed_batch(name):
    client, _ = client_to(batch_of(name))
    result = client.write([an_update(), an_update()])
    assert result.outcome is Outcome.REFUSED
    assert re.search(rb'"code":"(0x\w+)"', batch_of(name).body)[1].decode() == result.code
    assert result.correlation_id == re.search(rb"REQ_ID: (\S+)", batch_of(name).body)[1].decode()


def is_a_done_change_set(name):
    client, _ = client_to(batch_of(name))
    (result,) = client.write_sets([[an_update()] * 3])
    assert result.outcome is Outcome.DONE


def is_the_written_batch(name):
    """Check how a change set is written: line ends, heads, numbers, the shape of a path."""
    client, adapter = client_to(batch_of("22-batch-changeset.response.http"))
    client.write([Write(set="tasks", id=ID, body={"a": 1}, precondition=CREATE_ONLY)] * 3)
    sent = adapter.requests[0]
    first, headers, body = http_message(OF_DATAVERSE, name)
    assert first.split()[:2] == [sent.method, sent.url]
    kinds = (headers.pop("Content-Type"), sent.headers["Content-Type"])
    assert all(re.fullmatch(r'multipart/mixed; boundary="batch_\S+"', kind) for kind in kinds)
    assert headers.items() <= dict(sent.headers).items()
    assert b"\n" not in sent.body.replace(b"\r\n", b"")
    ours, theirs = parts_in(sent.body.decode()), parts_in(body.replace("\n", "\r\n"))[:3]
    assert [set(one) - {"If-None-Match"} for one in ours] == [set(one) for one in theirs]
    assert [one["Content-ID"] for one in ours] == [one["Content-ID"] for one in theirs]
    for part in (*ours, *theirs):
        assert part["Content-Transfer-Encoding"] == "binary"
        assert re.fullmatch(r"(POST|PATCH) /api/data/v9\.\d/tasks\S* HTTP/1\.1", part["request"])


def parts_in(body):
    """Return the heads of the requests inside a change set."""
    found = []
    for piece in body.split("--changeset_")[1:]:
        lines = piece.split("\r\n")
        if not any("HTTP/1.1" in line for line in lines):
            continue
        head = dict(line.split(": ", 1) for line in lines if re.match(r"[A-Z][\w-]+: ", line))
        found.append(head | {"request": next(line for line in lines if "HTTP/1.1" in line)})
    return found


CHECKS = {
    "01-track-changes-initial.response.json": is_tracked,
    "02-delta-with-deleted.response.json": is_a_delta,
    "03-page1-nextlink.response.json": is_a_first_page,
    "04-money-select.response.json": is_rows,
    "07-create-return-representation.response.json": is_a_written_row,
    "08-create-204.response.http": is_no_content,
    "10-upsert-representation-201.response.json": is_a_written_row,
    "11-concurrency-412.response.json": is_an_outcome(Outcome.PRECONDITION, 'W/"470867"'),
    "12-prevent-update-412.response.json": is_an_outcome(Outcome.PRECONDITION, CREATE_ONLY),
    "13-prevent-create-404.response.json": is_an_outcome(Outcome.PRECONDITION, UPDATE_ONLY),
    "14-duplicate-detection-412.response.json": is_an_outcome(Outcome.REFUSED, CREATE_ONLY),
    "16-altkey-notfound-404.captured.json": is_an_absent_row,
    "17-segment-404.response.json": is_refused(NotFound, "entity set name"),
    "18-unknown-select-400.response.json": is_refused(Refused, "seatkeeper check"),
    "19-undeclared-navprop-400.response.json": is_an_outcome(Outcome.REFUSED, CREATE_ONLY),
    "20-batch-stream-not-readable-400.response.http": is_a_failed_batch,
    "21-batch-changeset.request.http": is_the_written_batch,
    "22-batch-changeset.response.http": is_a_done_change_set,
    "23-batch-error-default-400.response.http": is_a_failed_batch,
    "37-impersonation-read.response.json": is_a_row,
}


def test_no_documented_payload_is_forgotten():
    assert set(CHECKS) | set(OUTSIDE) == set(index(OF_DATAVERSE)) == files(OF_DATAVERSE)
    assert set(CHECKS) & set(OUTSIDE) == set()
    assert all(len(reason) > 20 for reason in OUTSIDE.values())


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_documented_payload_of_dataverse_is_met(name):
    CHECKS[name](name)
