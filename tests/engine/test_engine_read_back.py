"""Whether a change set was committed, told from the rows that Dataverse holds (rules.md 2.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from sync.confirm import Found, find_created, is_written
from sync.remote import CREATE_ONLY, Answer, Json, Read
from sync.state import Operation, Service
from tests.engine.cases import mappings

DRAFT = "11111111-2222-3333-4444-55555555555a"
OTHER = "11111111-2222-3333-4444-55555555555b"
LINES = "sk_invoicelines"


class Shelf:
    """Rows by set and id; answers reads by id and keeps what it was asked."""

    def __init__(self, rows: Mapping[tuple[str, str], Mapping[str, Json]]) -> None:
        self._rows = rows
        self.asked: list[list[Read]] = []

    def read(self, reads: Sequence[Read]) -> tuple[Answer, ...]:
        self.asked.append(list(reads))
        found = [self._rows.get((one.set, one.id or "")) for one in reads]
        return tuple(Answer(rows=(row,) if row is not None else ()) for row in found)


def engine(shelf: Shelf) -> Any:
    return SimpleNamespace(ports=SimpleNamespace(crm=shelf), mappings=mappings())


def update(body: dict[str, Json], **fields: Any) -> Operation:
    base = Operation(
        id="o",
        subject="s",
        group="write:1",
        service=Service.DATAVERSE,
        action="close log",
        set="sk_changelogs",
        target="log-1",
        body=body,
        precondition='W/"1"',
    )
    return replace(base, **fields)


def create(target: str, **fields: Any) -> Operation:
    return update({}, target=target, precondition=CREATE_ONLY, **fields)


def held(body: dict[str, Json], row: dict[str, Json], **fields: Any) -> bool:
    operation = update(body, **fields)
    return is_written(engine(Shelf({(operation.set, operation.target): row})), [operation])


@pytest.mark.parametrize(
    ("sent", "there", "is_there"),
    [
        ("done", "done", True),
        ("done", "not done", False),
        ("done", None, False),
        (None, None, True),
        (None, "done", False),
        (Decimal("58.30"), Decimal("58.3000"), True),
        (Decimal("58.30"), Decimal("58.31"), False),
        (3, "3", True),
        ("It failed (code 7)", "It failed", False),
        ("It failed (code 7)", "", False),
        ("It failed (code 7)", "It failed (code 7)", True),
    ],
)
def test_rule_2_6_an_update_was_written_when_the_row_holds_its_value(sent, there, is_there):
    assert held({"sk_message": sent}, {"sk_message": there}) is is_there


@pytest.mark.parametrize(
    ("there", "is_there"), [(DRAFT.upper(), True), (OTHER, False), (None, False), ("", False)]
)
def test_rule_2_6_a_lookup_was_written_when_the_row_holds_its_id(there, is_there):
    body = {"sk_invoiceid@odata.bind": f"/sk_invoices({DRAFT})"}
    assert held(body, {"_sk_invoiceid_value": there}, set=LINES) is is_there


@pytest.mark.parametrize(("there", "is_there"), [(None, True), (DRAFT, False)])
def test_rule_2_6_a_lookup_that_was_emptied_is_empty(there, is_there):
    body = {"sk_invoiceid@odata.bind": None}
    assert held(body, {"_sk_invoiceid_value": there}, set=LINES) is is_there


def test_rule_2_6_every_value_must_be_there():
    body = {"sk_message": "done", "sk_provisioningstatus": 126310002}
    assert held(body, dict(body))
    assert not held(body, {**body, "sk_provisioningstatus": 126310000})


def test_rule_2_6_an_update_of_a_row_that_is_gone_was_not_written():
    assert not is_written(engine(Shelf({})), [update({"sk_message": "done"})])


def test_rule_2_6_every_row_of_a_set_of_updates_must_show_it():
    shelf = Shelf({("sk_changelogs", "log-1"): {"sk_message": "done"}})
    group = [update({"sk_message": "done"}), update({"sk_message": "done"}, target="log-2")]
    assert not is_written(engine(shelf), group)


def test_rule_2_6_an_update_asks_for_the_columns_it_wrote_and_no_more():
    shelf = Shelf({})
    body = {"sk_amount": 1, "sk_invoiceid@odata.bind": f"/sk_invoices({DRAFT})"}
    is_written(engine(shelf), [update(body, set=LINES)])
    columns = ("sk_amount", "_sk_invoiceid_value")
    assert shelf.asked == [[Read(set=LINES, columns=columns, id="log-1")]]


def test_rule_2_6_the_columns_of_a_table_that_is_not_mapped_any_more_are_told_by_their_names():
    body = {"old_lookup@odata.bind": f"/old_rows({DRAFT})"}
    assert held(body, {"_old_lookup_value": DRAFT}, set="old_tables")


# --- rows that are created -----------------------------------------------------------------------

BOTH = [create("log-1"), create("line-1", set=LINES)]
LOG = {("sk_changelogs", "log-1"): {"sk_changelogid": "log-1"}}


def test_rule_2_6_all_ids_of_a_set_are_read_in_one_batch():
    shelf = Shelf(LOG)
    found = find_created(engine(shelf), [*BOTH, update({"sk_message": "done"}, target="log-2")])
    assert found == Found(frozenset({"log-1"}), frozenset({"line-1"}))
    assert shelf.asked == [
        [
            Read(set="sk_changelogs", columns=("sk_changelogid",), id="log-1"),
            Read(set=LINES, columns=("sk_invoicelineid",), id="line-1"),
        ]
    ]


@pytest.mark.parametrize(("rows", "is_there"), [(LOG, True), ({}, False)])
def test_rule_2_6_one_row_that_is_there_proves_the_whole_set(rows, is_there):
    shelf = Shelf(rows)
    group = [*BOTH, update({"sk_message": "done"}, target="log-2")]
    assert is_written(engine(shelf), group) is is_there


def test_rule_2_6_a_set_that_creates_nothing_reads_nothing_by_id():
    shelf = Shelf({})
    assert find_created(engine(shelf), [update({})]) == Found(frozenset(), frozenset())
    assert shelf.asked == []


def test_rule_2_6_the_mapping_of_the_written_table_names_the_column_of_a_lookup():
    tables = {
        "other": SimpleNamespace(set="others", written_column=lambda _: "wrong"),
        "ours": SimpleNamespace(set="ours", written_column=lambda _: "_right_value"),
    }
    shelf = Shelf({("ours", "log-1"): {"_right_value": DRAFT}})
    world: Any = SimpleNamespace(
        ports=SimpleNamespace(crm=shelf), mappings=SimpleNamespace(entities=tables)
    )
    body: dict[str, Json] = {"Navigation@odata.bind": f"/sk_invoices({DRAFT})"}
    assert is_written(world, [update(body, set="ours")])
