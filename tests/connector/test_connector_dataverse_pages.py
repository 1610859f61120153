"""Following a table: full walks, changes, deletions, expired and refused links."""

import tracemalloc
from urllib.parse import unquote

import pytest

from connector.dataverse.client import DataverseClient
from sync.remote import CursorExpired, NotFound, Refused
from tests.connector.scripted import (
    DATAVERSE,
    Clockwork,
    FixedTokens,
    Scripted,
    Told,
    example,
    http_to,
    refused,
    told,
)

API = f"{DATAVERSE}/api/data/v9.2"
DELTA = f"{API}/accounts?$select=name&$deltatoken=919042%2108%2f22%2f2017%2008%3a10%3a44"
NEWER = f"{API}/accounts?$select=name&$deltatoken=919058%21x"
NEXT = f"{API}/accounts?$select=name&$skiptoken=%3Ccookie%20pagenumber=%222%22%20/%3E"
NEWEST = told({"value": [{"versionnumber": 41}]})


def row(name, version=1):
    return {"@odata.etag": f'W/"{version}"', "name": name, "versionnumber": version}


def page(*rows, next_link=None, delta_link=None):
    document = {"value": list(rows)}
    document |= {"@odata.nextLink": next_link} if next_link else {}
    document |= {"@odata.deltaLink": delta_link} if delta_link else {}
    return told(document)


def walk(adapter, cursor=None, columns=("name",)):
    effects = Clockwork()
    client = DataverseClient(http_to(adapter, effects), FixedTokens("t"), effects, DATAVERSE)
    return list(client.pages("accounts", columns, cursor))


def names(pages):
    return [[r["name"] for r in p.rows] for p in pages]


def test_a_full_walk_reads_what_changed_meanwhile_before_it_hands_out_the_link():
    adapter = Scripted(
        [
            NEWEST,
            page(row("a"), next_link=NEXT),
            page(row("b"), delta_link=DELTA),
            page(row("a, changed", 42)),
        ]
    )
    pages = walk(adapter)
    assert names(pages) == [["a"], ["b"], ["a, changed"]]
    assert [p.delta_link for p in pages] == [None, None, DELTA]
    assert [p.resume is None for p in pages] == [False, False, True]
    assert len({p.walk for p in pages}) == 1
    assert adapter.urls() == [
        "GET /api/data/v9.2/accounts?$select=versionnumber&$orderby=versionnumber%20desc&$top=1",
        "GET /api/data/v9.2/accounts?$select=name,versionnumber",
        "GET " + NEXT.removeprefix(DATAVERSE),
        "GET /api/data/v9.2/accounts?$select=name,versionnumber&$filter=versionnumber%20ge%2041",
    ]
    asked = [r.headers.get("Prefer") for r in adapter.requests]
    tracked = "odata.track-changes,odata.maxpagesize=5000"
    assert asked == [None, tracked, tracked, "odata.maxpagesize=5000"]


def test_an_idle_cycle_is_exactly_one_request():
    adapter = Scripted([page(delta_link=NEWER)])
    pages = walk(adapter, DELTA)
    assert [(p.rows, p.delta_link) for p in pages] == [([], NEWER)]
    (url,) = map(unquote, adapter.urls())
    assert url == "GET " + unquote(DELTA.removeprefix(DATAVERSE))


def test_changes_of_several_pages_carry_the_link_on_the_last():
    adapter = Scripted([page(row("a"), next_link=NEXT), page(row("b"), delta_link=NEWER)])
    assert [p.delta_link for p in walk(adapter, DELTA)] == [None, NEWER]


def test_the_documented_delta_answer_is_split_into_rows_and_deletions():
    body = example("dataverse/02-delta-with-deleted.response.json")
    (found,) = walk(Scripted([Told(body=body)]), DELTA)
    assert names([found]) == [["Monte Orton"]]
    assert list(found.deleted) == ["2e451703-c686-e711-80e5-00155db19e6d"]
    assert found.rows[0]["@odata.etag"] == 'W/"915244"'
    assert found.delta_link is not None


@pytest.mark.parametrize(
    "gone",
    [
        pytest.param(
            {"id": "2E451703-C686-E711-80E5-00155DB19E6D", "reason": "deleted"}, id="bare"
        ),
        pytest.param(
            {"id": f"{API}/accounts(2e451703-c686-e711-80e5-00155db19e6d)", "reason": "deleted"},
            id="an address",
        ),
        pytest.param(
            {"@odata.context": "x/$deletedEntity", "id": "2e451703-c686-e711-80e5-00155db19e6d"},
            id="without a reason",
        ),
    ],
)
def test_a_deletion_is_seen_in_every_form(gone):
    (found,) = walk(Scripted([page(row("a"), gone, delta_link=NEWER)]), DELTA)
    assert list(found.deleted) == ["2e451703-c686-e711-80e5-00155db19e6d"]
    assert names([found]) == [["a"]]


def test_a_row_with_a_column_named_reason_is_no_deletion():
    (found,) = walk(Scripted([page({**row("a"), "reason": "x"}, delta_link=NEWER)]), DELTA)
    assert found.deleted == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refused(400, "0x80044352"), id="expired, by code"),
        pytest.param(refused(500, "0x80044352"), id="expired, whatever the status"),
        pytest.param(refused(410), id="gone"),
        pytest.param(refused(400, "0x80040203"), id="refused for another reason"),
    ],
)
def test_a_refused_delta_link_asks_for_a_full_read(answer):
    with pytest.raises(CursorExpired):
        walk(Scripted([answer] * 4), DELTA)


def test_a_delta_link_of_another_host_gets_no_token():
    adapter = Scripted([])
    with pytest.raises(CursorExpired, match="another host"):
        walk(adapter, "https://evil.example/api/data/v9.2/accounts?$deltatoken=1")
    assert adapter.requests == []


def test_a_refused_next_link_restarts_the_walk_once():
    adapter = Scripted(
        [
            NEWEST,
            page(row("a"), next_link=NEXT),
            refused(400),
            told({"value": [{"versionnumber": 43}]}),
            page(row("a"), next_link=NEXT),
            page(row("b"), delta_link=DELTA),
            page(),
        ]
    )
    pages = walk(adapter)
    assert names(pages) == [["a"], ["a"], ["b"], []]
    assert len({p.walk for p in pages}) == 2
    assert adapter.urls()[-1].endswith("versionnumber%20ge%2043")


def test_a_next_link_that_is_refused_again_ends_the_walk():
    first = page(row("a"), next_link=NEXT)
    with pytest.raises(Refused):
        walk(Scripted([NEWEST, first, refused(404), NEWEST, first, refused(404)]))
    with pytest.raises(CursorExpired):
        walk(Scripted([first, refused(404), first, refused(404)]), DELTA)


FULL = (
    NEWEST,
    page(row("a"), next_link=NEXT),
    page(row("b"), delta_link=DELTA),
    page(row("c", 42), next_link=NEXT),
    page(row("d", 43)),
)
"""A full read: two pages of the table, and two of what changed meanwhile."""


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_a_full_read_goes_on_after_the_page_that_was_stored(taken):
    cursor = walk(Scripted(FULL))[taken - 1].resume
    adapter = Scripted(FULL[1 + taken :])
    pages = walk(adapter, cursor)
    assert names(pages) == [["a"], ["b"], ["c"], ["d"]][taken:]
    assert pages[-1].delta_link == DELTA
    assert len(adapter.requests) == 4 - taken
    whole = Scripted(FULL)
    walk(whole)
    assert adapter.urls() == whole.urls()[1 + taken :]


@pytest.mark.parametrize("refusal", [400, 404, 410])
def test_a_stored_next_link_that_is_refused_restarts_the_walk(refusal):
    cursor = walk(Scripted(FULL))[0].resume
    expired = refused(refusal, "0x80044352") if refusal == 410 else refused(refusal)
    adapter = Scripted([expired, *FULL])
    if refusal == 410:  # said to be too old: the engine asks for a full read
        with pytest.raises(CursorExpired):
            walk(adapter, cursor)
    else:
        assert names(walk(adapter, cursor)) == [["a"], ["b"], ["c"], ["d"]]


def test_a_refused_link_among_the_late_rows_asks_for_those_only_again():
    cursor = walk(Scripted(FULL))[2].resume
    adapter = Scripted([refused(404), *FULL[3:]])
    assert names(walk(adapter, cursor)) == [["c"], ["d"]]
    assert adapter.urls()[1].endswith("versionnumber%20ge%2041")


def test_a_walk_that_asked_for_other_columns_begins_again():
    cursor = walk(Scripted(FULL))[0].resume
    assert names(walk(Scripted(FULL), cursor, ("name", "fax"))) == [["a"], ["b"], ["c"], ["d"]]


def test_a_stored_link_of_another_host_gets_no_token():
    cursor = walk(Scripted(FULL))[0].resume.replace("contoso", "evil")
    adapter = Scripted(FULL)
    walk(adapter, cursor)
    assert {request.url.split("/")[2] for request in adapter.requests} == {
        "contoso.crm.dynamics.com"
    }


def test_a_passing_trouble_in_the_middle_of_a_walk_is_repeated():
    adapter = Scripted(
        [NEWEST, page(row("a"), next_link=NEXT), refused(503), page(delta_link=DELTA), page()]
    )
    assert walk(adapter)[-1].delta_link == DELTA


def test_a_table_without_a_delta_link_is_refused_with_advice():
    with pytest.raises(Refused, match="change tracking"):
        walk(Scripted([NEWEST, page(row("a"))]))
    with pytest.raises(Refused, match="change tracking"):
        walk(Scripted([page(row("a"))]), DELTA)


def test_a_table_that_is_not_there_is_not_found():
    body = example("dataverse/17-segment-404.response.json")
    with pytest.raises(NotFound):
        walk(Scripted([Told(404, body)]))


def test_an_empty_table_still_gets_a_link():
    adapter = Scripted([told({"value": []}), page(delta_link=DELTA), page()])
    assert walk(adapter)[-1].delta_link == DELTA
    assert adapter.urls()[-1].endswith("versionnumber%20ge%200")


def test_pages_are_asked_for_only_when_wanted():
    adapter = Scripted([NEWEST, page(row("a"), next_link=NEXT)])
    effects = Clockwork()
    client = DataverseClient(http_to(adapter, effects), FixedTokens("t"), effects, DATAVERSE)
    pages = client.pages("accounts", ["name"], None)
    assert adapter.requests == []
    next(pages)
    assert len(adapter.requests) == 2


def test_memory_does_not_grow_with_the_table():
    def peak_of(count):
        left = iter([NEXT] * (count - 1))
        rows = [row(f"name {n}", n) for n in range(2000)]

        def answer(request):
            link = next(left, None)
            return page(*rows, next_link=link, delta_link=None if link else NEWER)

        effects = Clockwork()
        http = http_to(Scripted(answer), effects)
        client = DataverseClient(http, FixedTokens("t"), effects, DATAVERSE)
        tracemalloc.start()
        seen = sum(len(found.rows) for found in client.pages("accounts", ["name"], DELTA))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert seen == 2000 * count
        return peak

    assert peak_of(12) < 1.2 * peak_of(3)
