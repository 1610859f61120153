"""Writing rows: the requests, and the outcome of every answer."""

import json

import pytest
import requests

from sync.remote import (
    Outcome,
    SignInFailed,
    Unavailable,
)
from tests.connector.dataverse_answers import (
    CREATE,
    ID,
    UPDATE,
    client_of,
    error,
    multipart,
)
from tests.connector.scripted import (
    FixedTokens,
    Scripted,
    Told,
    example,
    refused,
    told,
)


def test_one_write_is_one_conditional_patch():
    adapter = Scripted([Told(204)])
    result = client_of(adapter).write([CREATE])
    assert result.outcome is Outcome.DONE
    assert adapter.urls() == [f"PATCH /api/data/v9.2/sk_lines({ID})"]
    assert adapter.requests[0].headers["If-None-Match"] == "*"
    assert adapter.requests[0].body == b'{"sk_amount":-58.330}'


def test_several_writes_are_one_change_set():
    adapter = Scripted([multipart((204, None), (204, None), change_set=True)])
    assert client_of(adapter).write([CREATE, UPDATE]).outcome is Outcome.DONE
    assert adapter.urls() == ["POST /api/data/v9.2/$batch"]
    body = adapter.requests[0].body.decode()
    assert body.count("--changeset_") == 3
    assert f"PATCH /api/data/v9.2/sk_lines({ID}) HTTP/1.1" in body
    assert 'If-Match: W/"7"' in body
    assert "If-None-Match: *" in body
    assert "Prefer" not in adapter.requests[0].headers


def test_nothing_to_write_is_done_without_a_request():
    assert client_of(Scripted([])).write([]).outcome is Outcome.DONE


ANSWERS = [
    pytest.param(
        Told(412, example("dataverse/11-concurrency-412.response.json")),
        Outcome.PRECONDITION,
        id="the version changed",
    ),
    pytest.param(refused(412, "0x80060882"), Outcome.PRECONDITION, id="the version changed, code"),
    pytest.param(
        Told(412, example("dataverse/12-prevent-update-412.response.json")),
        Outcome.PRECONDITION,
        id="the row exists",
    ),
    pytest.param(
        Told(412, example("dataverse/14-duplicate-detection-412.response.json")),
        Outcome.REFUSED,
        id="a duplicate rule",
    ),
    pytest.param(refused(412, "0x80060892"), Outcome.REFUSED, id="an alternate key is taken"),
    pytest.param(refused(404, "0x80040217"), Outcome.PRECONDITION, id="the row is gone"),
    pytest.param(refused(404, "0x8006088a"), Outcome.REFUSED, id="no such table"),
    pytest.param(refused(400, "0x80048d19"), Outcome.REFUSED, id="a bad body"),
    pytest.param(refused(429, Retry_After="4"), Outcome.RETRY, id="throttled"),
    pytest.param(refused(503, Retry_After="4"), Outcome.RETRY, id="busy, says when"),
    pytest.param(refused(503), Outcome.AMBIGUOUS, id="busy, does not say when"),
    pytest.param(refused(500, "0x80044150"), Outcome.AMBIGUOUS, id="a server error"),
    pytest.param(Told(502, b"<html>"), Outcome.AMBIGUOUS, id="a gateway"),
    pytest.param(Told(504), Outcome.AMBIGUOUS, id="a gateway timeout"),
    pytest.param(Told(408), Outcome.AMBIGUOUS, id="a request timeout"),
    pytest.param(requests.ReadTimeout(), Outcome.AMBIGUOUS, id="no answer"),
    pytest.param(requests.ConnectTimeout(), Outcome.RETRY, id="no connection"),
]


@pytest.mark.parametrize(("answer", "outcome"), ANSWERS)
def test_the_outcome_of_a_single_write(answer, outcome):
    adapter = Scripted([answer])
    result = client_of(adapter).write([UPDATE])
    assert result.outcome is outcome
    assert len(adapter.requests) == 1, "a write is never repeated here"
    assert result.correlation_id == adapter.requests[0].headers["x-ms-client-request-id"]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [a for a in ANSWERS if isinstance(a.values[0], Told) and a.values[0].body],
)
@pytest.mark.parametrize("nested", [True, False], ids=["inside the change set", "in its place"])
def test_a_change_set_has_the_outcome_of_its_failed_part(answer, outcome, nested):
    try:
        document = json.loads(answer.body)
    except ValueError:
        document = None
    wait = answer.headers.get("Retry-After")
    part = (answer.status, document, f"Retry-After: {wait}\r\n" if wait else "")
    adapter = Scripted([multipart(part, status=answer.status, change_set=nested)])
    assert client_of(adapter).write([UPDATE, CREATE]).outcome is outcome


def test_a_change_set_with_missing_answers_is_ambiguous():
    adapter = Scripted([multipart((204, None), change_set=True)])
    result = client_of(adapter).write([CREATE, UPDATE])
    assert result.outcome is Outcome.AMBIGUOUS
    assert "1 of 2" in result.message


def test_a_batch_refused_without_parts_is_judged_by_its_own_error():
    assert client_of(Scripted([refused(429, Retry_After="5")])).write([CREATE] * 2).outcome is (
        Outcome.RETRY
    )
    assert client_of(Scripted([refused(400, "0x1")])).write([CREATE] * 2).outcome is Outcome.REFUSED
    assert client_of(Scripted([told({})])).write([CREATE] * 2).outcome is Outcome.AMBIGUOUS


def test_a_create_that_is_not_found_points_to_a_lookup_and_is_refused():
    adapter = Scripted([refused(404, "0x80040217", "account With Id = x Does Not Exist")])
    assert client_of(adapter).write([CREATE]).outcome is Outcome.REFUSED


def test_a_refused_sign_in_is_raised_for_nothing_was_sent():
    with pytest.raises(SignInFailed):
        client_of(Scripted([]), tokens=FixedTokens()).write([CREATE])
    with pytest.raises(SignInFailed):
        client_of(Scripted([refused(401), refused(401)])).write([CREATE])
    answer = multipart((403, error("0x80040220")), change_set=True)
    with pytest.raises(SignInFailed):
        client_of(Scripted([answer])).write([CREATE, UPDATE])


def test_a_sign_in_without_answer_leaves_a_write_unsent():
    class Offline(FixedTokens):
        def token(self):
            raise Unavailable("sign-in: offline")

    assert client_of(Scripted([]), tokens=Offline()).write([CREATE]).outcome is Outcome.RETRY
