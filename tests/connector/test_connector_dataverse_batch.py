"""The multipart bodies of `$batch`, as documented and as wires bend them."""

import pytest

from connector.dataverse import batch
from tests.connector.scripted import example

KIND = b"Content-Type: application/http"
GET = batch.Part(method="GET", path="/api/data/v9.2/t?$select=a", headers={"Accept": "a/b"})
PATCH = batch.Part(
    method="PATCH", path="/api/data/v9.2/t(1)", headers={"If-Match": "*"}, body=b"{}"
)


def documented(name: str) -> tuple[str, bytes]:
    _, body = example(name).replace(b"\r\n", b"\n").split(b"\n\n", 1)
    boundary = body.lstrip().split(b"\n")[0].strip()[2:].decode()
    return f"multipart/mixed; boundary={boundary}", body


def test_reads_are_written_with_crlf_and_an_empty_line_after_each_head():
    written = batch.reads([GET], "1")
    assert written.content_type == 'multipart/mixed; boundary="batch_1"'
    assert written.body == (
        b"--batch_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        b"GET /api/data/v9.2/t?$select=a HTTP/1.1\r\nAccept: a/b\r\n\r\n\r\n--batch_1--\r\n"
    )


def test_a_change_set_has_the_layout_of_the_documented_one():
    written = batch.change_sets([[PATCH, PATCH]], "9").body.decode()
    ours = [line for line in written.split("\r\n") if line.startswith(("--", "Content-"))]
    shown = example("dataverse/21-batch-changeset.request.http").decode().replace("\r\n", "\n")
    lines = [line for line in shown.split("\n") if line.startswith(("--", "Content-"))][1:]
    kinds = [line.split(":")[0].split("_")[0] for line in ours]
    documented_kinds = [line.split(":")[0].split("_")[0] for line in lines]
    part = ["--changeset", "Content-Type", "Content-Transfer-Encoding", "Content-ID"]
    for head in (kinds, documented_kinds):
        assert head[:2] == ["--batch", "Content-Type"]
        assert head[2:6] == part
    assert written.endswith("--changeset_9--\r\n\r\n--batch_9--\r\n")


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_the_documented_answer_is_read_part_by_part(line_end):
    kind, body = documented("dataverse/22-batch-changeset.response.http")
    replies = batch.answers(kind, body.replace(b"\r\n", b"\n").replace(b"\n", line_end))
    assert [reply.status for reply in replies] == [204, 204, 204, 200]
    assert (
        replies[0].headers["odata-entityid"].endswith("tasks(e73ffc82-e292-ed11-aad1-000d3a9933c9)")
    )
    assert len(replies[3].exact()["value"]) == 3


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("23-batch-error-default-400", "0x80044331"),
        ("20-batch-stream-not-readable-400", "0x80048d19"),
    ],
)
def test_a_documented_error_part_is_read(name, code):
    replies = batch.answers(*documented(f"dataverse/{name}.response.http"))
    assert [reply.status for reply in replies] == [400]
    assert code.encode() in replies[0].content
    assert replies[0].correlation_id == replies[0].headers["REQ_ID"]


def test_the_boundary_is_found_without_its_header():
    _, body = documented("dataverse/22-batch-changeset.response.http")
    assert len(batch.answers("multipart/mixed", body)) == 4


def test_a_part_that_is_cut_off_is_not_there():
    kind, body = documented("dataverse/22-batch-changeset.response.http")
    whole = len(batch.answers(kind, body))
    counts = [len(batch.answers(kind, body[:size])) for size in range(len(body))]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == whole == 4
    last = body.index(b"e93ffc82")
    assert len(batch.answers(kind, body[:last])) < 3


def test_preamble_and_blanks_after_a_boundary_do_no_harm():
    body = b"preamble\r\n--x  \r\n" + KIND + b"\r\n\r\nHTTP/1.1 204 No\r\n\r\n\r\n--x--"
    assert [r.status for r in batch.answers("multipart/mixed; boundary=x", body)] == [204]


def test_a_body_that_looks_like_a_boundary_inside_a_line_stays_whole():
    answer = b'\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{"a": "--x--"}'
    part = b"--x\r\n" + KIND + answer + b"\r\n--x--\r\n"
    (reply,) = batch.answers("multipart/mixed; boundary=x", part)
    assert reply.exact() == {"a": "--x--"}


def test_a_line_that_ends_like_a_boundary_is_none():
    answer = b'\r\n\r\nHTTP/1.1 200 OK\r\nNote: of --x\r\n\r\n{"a": 1}'
    part = b"--x\r\n" + KIND + answer + b"\r\n--x--\r\n"
    (reply,) = batch.answers("multipart/mixed; boundary=x", part)
    assert (reply.headers["Note"], reply.exact()) == ("of --x", {"a": 1})


@pytest.mark.parametrize("body", [b"", b"<html>gateway</html>", b"--x\r\nnothing"])
def test_what_is_no_batch_has_no_answers(body):
    assert batch.answers("multipart/mixed; boundary=x", body) == []
