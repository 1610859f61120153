"""Rows to records and back: what goes out as a body is read as the same record."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seatkeeper.mapping_folder import open_mappings
from sync.mapping import MalformedRowError, Type

MAPPINGS = open_mappings(None)
ROW_ID = "11111111-2222-3333-4444-555555555555"

_VALUES = {
    Type.TEXT: st.text(),
    Type.INTEGER: st.integers(min_value=-(2**31), max_value=2**31 - 1),
    Type.DECIMAL: st.decimals(-(10**11), 10**11, places=4),
    Type.MONEY: st.decimals(-(10**11), 10**11, places=4),
    Type.BOOLEAN: st.booleans(),
    Type.DATE: st.dates(date(1753, 1, 1)),
    Type.INSTANT: st.integers(0, 2**32).map(lambda second: datetime.fromtimestamp(second, UTC)),
    Type.LOOKUP: st.uuids().map(str),
}


def values(field):
    if field.type in {Type.CHOICE, Type.STATUS}:
        known = st.sampled_from(sorted(field.choices))
        return known if field.type is Type.STATUS else st.none() | known
    return st.none() | _VALUES[field.type]


def records(entity):
    return st.fixed_dictionaries({}, optional={n: values(f) for n, f in entity.fields.items()})


def as_read(entity, body):
    """Return what Dataverse answers after a body was written."""
    row = {entity.id_column: ROW_ID.upper()}
    for column, value in body.items():
        if column.endswith("@odata.bind"):
            found = None if value is None else value.partition("(")[2].rstrip(")").upper()
            row[f"_{column.removesuffix('@odata.bind')}_value"] = found
        else:
            row[column] = value
    return row


@settings(deadline=None, max_examples=40)
@given(st.data())
@pytest.mark.parametrize("name", sorted(MAPPINGS.entities))
def test_what_is_written_is_read_as_the_same_record(name, data):
    entity = MAPPINGS.entity(name)
    record = data.draw(records(entity))
    row = as_read(entity, entity.body(record, MAPPINGS.sets))
    assert entity.record(row) == record
    assert entity.row_id(row) == ROW_ID


@settings(deadline=None, max_examples=40)
@given(st.data())
@pytest.mark.parametrize("name", sorted(MAPPINGS.entities))
def test_a_body_names_only_columns_of_the_mapping(name, data):
    entity = MAPPINGS.entity(name)
    body = entity.body(data.draw(records(entity)), MAPPINGS.sets)
    known = {column for field in entity.fields.values() for column in field.columns}
    assert {column.removesuffix("@odata.bind") for column in body} <= known


def subscription(**columns):
    return MAPPINGS.entity("subscription").record({"sk_subscriptionid": ROW_ID, **columns})


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"statecode": 1, "statuscode": 1}, r"holds \[1, 1\].*Known values: active \[0, 1\]"),
        ({"statecode": 0, "statuscode": None}, r"column statecode, statuscode"),
        ({"sk_refundchoice": 7}, r"column sk_refundchoice holds 7"),
        ({"sk_quantity": "5"}, r"column sk_quantity holds '5'. A value of type integer"),
        ({"sk_quantity": True}, r"type integer"),
        ({"sk_unitprice": 12.5}, r"type money"),
        ({"sk_unitprice": "much"}, r"type money"),
        ({"sk_startdate": "yesterday"}, r"type date"),
        ({"modifiedon": "noon"}, r"type instant"),
        ({"sk_hold": 1}, r"type boolean"),
    ],
)
def test_a_value_that_does_not_fit_names_table_row_column_and_what_fits(columns, told):
    with pytest.raises(MalformedRowError, match=told) as raised:
        subscription(**columns)
    assert str(raised.value).startswith(f"sk_subscription {ROW_ID}: ")


def test_columns_that_a_row_does_not_carry_are_left_out_of_the_record():
    assert subscription(sk_quantity=5) == {"quantity": 5}


def test_amounts_stay_exact():
    assert subscription(sk_unitprice=Decimal("0.10"))["unit_price"] == Decimal("0.10")
