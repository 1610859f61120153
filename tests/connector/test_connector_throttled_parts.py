"""Throttling inside a batch closes the service's lane as a plain 429 does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.dataverse.client import DataverseClient
from connector.errors import NotSent
from connector.http import Http, Limits
from sync.remote import Outcome, Unavailable
from tests.connector.dataverse_answers import CREATE, MANY, ONE, UPDATE, error, multipart
from tests.connector.scripted import (
    DATAVERSE,
    Clockwork,
    FixedTokens,
    Scripted,
    http_to,
    refused,
    told,
)

THROTTLED = "0x80072322"
ROW = told({"name": "x"})


def part(status=429, retry_after="17", code=THROTTLED):
    return (status, error(code), f"Retry-After: {retry_after}\r\n" if retry_after else "")


def client_of(adapter, effects, **limits):
    return DataverseClient(
        http_to(adapter, effects, **limits), FixedTokens("t"), effects, DATAVERSE
    )


def test_a_429_of_one_read_in_a_batch_makes_the_next_request_wait():
    effects = Clockwork()
    adapter = Scripted([multipart((200, {"name": "x"}), part()), ROW])
    client = client_of(adapter, effects)
    with pytest.raises(Unavailable) as caught:
        client.read([ONE, MANY])
    assert caught.value.retry_after_seconds == 17.0
    client.read([ONE])
    assert effects.slept == [17.0]


def test_a_429_of_a_change_set_makes_the_next_request_wait():
    effects = Clockwork()
    adapter = Scripted([multipart(part(), change_set=True), ROW])
    client = client_of(adapter, effects)
    result = client.write([CREATE, UPDATE])
    assert (result.outcome, result.retry_after_seconds) == (Outcome.RETRY, 17.0)
    client.read([ONE])
    assert effects.slept == [17.0]


def test_a_429_of_one_of_several_change_sets_makes_the_next_request_wait():
    effects = Clockwork()
    adapter = Scripted([multipart(part(), (204, None)), ROW])
    client = client_of(adapter, effects)
    client.write_sets([[CREATE], [UPDATE]])
    client.read([ONE])
    assert effects.slept == [17.0]


@pytest.mark.parametrize("quiet", [part(retry_after=""), part(status=400, code="0x80048408")])
def test_a_part_that_asks_for_no_pause_closes_nothing(quiet):
    effects = Clockwork()
    client = client_of(Scripted([multipart(quiet, (204, None)), ROW]), effects)
    client.write_sets([[CREATE], [UPDATE]])
    client.read([ONE])
    assert effects.slept == []


def test_a_long_pause_told_by_a_part_holds_writes_back():
    effects = Clockwork()
    adapter = Scripted([multipart(part(retry_after="900"), change_set=True)])
    client = client_of(adapter, effects, total_pause_seconds=60)
    client.write([CREATE, UPDATE])
    result = client.write([UPDATE])
    assert (result.outcome, result.retry_after_seconds) == (Outcome.RETRY, 900.0)
    assert len(adapter.requests) == 1


PAUSES = st.lists(
    st.tuples(st.sampled_from(["plain", "part", "set"]), st.integers(1, 50)), max_size=6
)


@given(told_pauses=PAUSES)
def test_nothing_is_ever_sent_before_the_time_that_a_plain_or_a_batched_429_stated(told_pauses):
    effects = Clockwork()
    closed_until = [effects.time]
    script = iter(told_pauses)

    def answer(request):
        assert effects.time >= closed_until[0]
        kind, seconds = next(script, ("done", 0))
        if kind == "done":
            return ROW if request.method == "GET" else multipart((200, {}), (200, {}))
        closed_until[0] = effects.time + seconds
        if request.method == "GET" or kind == "plain":
            return refused(429, THROTTLED, Retry_After=str(seconds))
        return multipart(part(retry_after=str(seconds)), (204, None), change_set=kind == "set")

    http = Http(effects, None, {"https://": Scripted(answer)}, limits=Limits(attempts=1))
    client = DataverseClient(http, FixedTokens("t"), effects, DATAVERSE)
    for number in range(len(told_pauses) + 2):
        if number % 2:
            client.write([CREATE, UPDATE])
        else:
            try:
                client.read([ONE] if number % 4 else [ONE, MANY])
            except NotSent:
                raise
            except Unavailable:
                pass
