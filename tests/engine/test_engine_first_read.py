"""The first read by column says what the same rows say one by one."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import orjson
import pytest

from connector.dataverse.cells import CellReader
from seatkeeper.mapping_folder import open_mappings
from store.memory import MemoryStore
from sync import adopting
from sync.engine import apart
from sync.opening import first_rows, take_quickly
from sync.poll import poll_subscriptions
from sync.polled_rows import link, sight_of
from tests.engine.opening import unseen_stage
from tests.engine.stage import AUTOMATIC, Setting

MAPPINGS = open_mappings(None)
ENTITY = MAPPINGS.entity("subscription")
TODAY = date(2025, 6, 10)
A, B = "AAAAAAAA-0000-0000-0000-000000000001", "bbbbbbbb-0000-0000-0000-000000000002"


def row(**values):
    return {
        "@odata.etag": 'W/"7"',
        "sk_subscriptionid": A,
        "versionnumber": 7,
        "statecode": 0,
        "statuscode": 1,
        "sk_quantity": 10,
        "_sk_accountid_value": "C0000000-0000-0000-0000-000000000001",
        "_sk_billingcontractid_value": "D0000000-0000-0000-0000-000000000001",
        "_sk_providerid_value": "e0000000-0000-0000-0000-000000000001",
        "sk_providersubscriptionid": " F0000000-0000-0000-0000-000000000001 ",
        "sk_deactivateon": None,
        "modifiedon": "2025-06-01T10:00:00Z",
        **values,
    }


def by_column(*rows):
    cells = CellReader().read(orjson.dumps({"value": rows})).rows
    return first_rows(ENTITY, cells, TODAY)


@dataclass
class Reader:
    """As much of an engine as adopting needs."""

    mappings = MAPPINGS

    def now(self):
        return datetime(2025, 6, 10, 12, tzinfo=UTC)


def one_by_one(tx, *rows):
    adopting.take(Reader(), tx, [sight_of(ENTITY, each) for each in rows])
    tx.put_links(link(ENTITY, each) for each in rows)


def held(fill):
    store = MemoryStore()
    store.tx(fill)
    ids = [A.lower(), B]
    return store.tx(lambda tx: (tx.seen(ids), tx.linked([f"f0000000-{'0000-' * 3}000000000001"])))


USUAL = [
    pytest.param({}, id="as ever"),
    pytest.param({"statecode": 1, "statuscode": 2}, id="suspended"),
    pytest.param({"statuscode": 99}, id="a status that nobody knows"),
    pytest.param({"statecode": None, "statuscode": None}, id="no status"),
    pytest.param({"sk_quantity": None}, id="no seats"),
    pytest.param({"_sk_billingcontractid_value": None}, id="no contract"),
    pytest.param({"_sk_accountid_value": None, "_sk_providerid_value": None}, id="no lookups"),
    pytest.param({"sk_providersubscriptionid": None}, id="no licence"),
    pytest.param({"sk_providersubscriptionid": "  "}, id="a blank licence"),
    pytest.param({"sk_deactivateon": "2025-07-01"}, id="an end"),
    pytest.param({"sk_deactivateon": "2025-07-01T00:00:00Z"}, id="an end with a time"),
    pytest.param({"modifiedon": "2025-06-01T10:00:00.123Z"}, id="a fraction"),
]


@pytest.mark.parametrize("values", USUAL)
def test_rule_1_1_a_row_of_the_first_read_is_the_same_by_column_and_alone(values):
    given = row(**values), row(sk_subscriptionid=B, versionnumber=8, statecode=0, statuscode=1)
    quickly = by_column(*given)
    assert quickly is not None
    assert held(lambda tx: tx.put_first(quickly)) == held(lambda tx: one_by_one(tx, *given))


UNUSUAL = [
    pytest.param({"sk_quantity": 10.0}, id="a fraction for seats"),
    pytest.param({"sk_quantity": True}, id="a yes for seats"),
    pytest.param({"statecode": "0"}, id="a text for the status"),
    pytest.param({"versionnumber": "7"}, id="a text for the version"),
    pytest.param({"versionnumber": None}, id="no version"),
    pytest.param({"sk_subscriptionid": 5}, id="a number for the id"),
    pytest.param({"modifiedon": "yesterday"}, id="no instant"),
    pytest.param({"modifiedon": None}, id="an instant that is missing"),
    pytest.param({"_sk_billingcontractid_value": 5}, id="a number for the contract"),
    pytest.param({"sk_providersubscriptionid": 5}, id="a number for the licence"),
    pytest.param({"sk_deactivateon": 20250701}, id="a number for the end"),
    pytest.param({"sk_deactivateon": {"a": 1}}, id="an object for the end"),
    pytest.param({"sk_subscriptionid": B}, id="a row that comes twice"),
    pytest.param({"sk_subscriptionid": B.upper()}, id="a row that comes twice, in capitals"),
]


@pytest.mark.parametrize("values", UNUSUAL)
def test_a_page_out_of_the_ordinary_is_looked_at_row_by_row(values):
    assert by_column(row(**values), row(sk_subscriptionid=B)) is None


def test_a_column_that_no_row_has_is_looked_for_row_by_row():
    given = row()
    del given["sk_deactivateon"]
    assert by_column(given) is None


def test_rule_1_1_a_whole_first_read_leaves_the_same_either_way(monkeypatch):
    stage = unseen_stage(Setting())
    engine, provider = stage.application.engine, stage.providers[AUTOMATIC]
    taken = []

    def watched(engine, page):
        taken.append(take_quickly(engine, page))
        return taken[-1]

    monkeypatch.setattr("sync.poll.take_quickly", watched)
    quickly = first_read(engine, provider)
    monkeypatch.setattr("sync.poll.take_quickly", lambda engine, page: None)
    assert first_read(engine, provider) == quickly
    assert taken[0] == len(quickly[0]) > 0
    assert taken[1:] == [None], "the newest row comes again at the end of the walk"


def first_read(engine, provider):
    store = MemoryStore()
    poll_subscriptions(apart(engine, store))
    return store.tx(
        lambda tx: (tx.seen(tx.subjects()), tx.linked_to([provider]), tx.meta("adopted"))
    )
