"""Reads, conditions and writes as OData text."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.dataverse import odata
from connector.documents import read_exact, render
from sync.remote import CREATE_ONLY, UPDATE_ONLY, Comparison, Condition, Read, ReadHistory, Write

ID = "60C4E274-0D87-E711-80E5-00155DB19E6D"
LOW = ID.lower()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(None, "null", id="nothing"),
        pytest.param(7, "7", id="a number"),
        pytest.param(True, "true", id="a flag, as subtype of int"),
        pytest.param("O'Neil", "'O''Neil'", id="a quote is doubled"),
        pytest.param(date(2025, 6, 16), "2025-06-16", id="a day"),
        pytest.param(
            datetime(2025, 6, 16, 14, tzinfo=timezone(timedelta(hours=2))),
            "2025-06-16T12:00:00Z",
            id="an instant, in UTC",
        ),
    ],
)
def test_a_literal_is_written_as_its_type(value, text):
    assert odata.literal(Condition(column="c", value=value)) == text


def test_a_lookup_is_compared_with_a_bare_guid():
    condition = Condition(column="_x_value", value=ID, guid=True)
    assert odata.condition_text(condition) == f"_x_value eq {LOW}"


def test_a_lookup_that_is_no_guid_is_an_error():
    with pytest.raises(ValueError, match="hexadecimal"):
        odata.literal(Condition(column="_x_value", value="1 or true", guid=True))


def test_a_time_without_a_zone_is_an_error():
    naive = datetime(2025, 6, 16, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="no time zone"):
        odata.literal(Condition(column="c", value=naive))


def test_a_read_by_id_addresses_one_row():
    read = Read(set="sk_lines", columns=("a", "b"), id=ID, expand=(("sk_Owner", ("c", "d")),))
    assert odata.read_path(read) == (f"sk_lines({LOW})?$select=a,b&$expand=sk_Owner($select=c,d)")


def test_a_read_by_conditions_joins_them_with_and():
    read = Read(
        set="sk_lines",
        columns=("a",),
        where=(
            Condition(column="a", comparison=Comparison.GE, value=3),
            Condition(column="b", value="x&y=z"),
        ),
        order_by=("a desc", "b"),
        top=5,
    )
    assert odata.read_path(read) == (
        "sk_lines?$select=a&$filter=a%20ge%203%20and%20b%20eq%20'x%26y%3Dz'"
        "&$orderby=a%20desc,b&$top=5"
    )


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_survives_the_way_through_the_address(value):
    read = Read(set="t", columns=("a",), where=(Condition(column="a", value=value),))
    query = urlsplit(f"https://host/{odata.read_path(read)}").query
    assert parse_qs(query)["$filter"] == ["a eq '" + value.replace("'", "''") + "'"]


@pytest.mark.parametrize("row_id", ["", "1) or (1", "sk_x='y'"])
def test_an_id_that_is_no_guid_never_becomes_an_address(row_id):
    with pytest.raises(ValueError, match="hexadecimal"):
        odata.row_path("t", row_id)


def test_history_asks_by_reference_and_later_pages_by_cookie():
    read = ReadHistory(set="sk_subscriptions", id=ID)
    assert unquote(odata.history_path(read)) == (
        f'RetrieveRecordChangeHistory(Target=@t)?@t={{"@odata.id":"sk_subscriptions({LOW})"}}'
    )
    assert '"PageNumber":2,"PagingCookie":"<c/>"' in unquote(odata.history_path(read, 2, "<c/>"))


def test_a_tracked_read_always_brings_the_version():
    assert odata.tracked_path("t", ["a"]) == "t?$select=a,versionnumber"
    assert odata.tracked_path("t", ["versionnumber"]) == "t?$select=versionnumber"


@pytest.mark.parametrize(
    ("precondition", "header"),
    [
        pytest.param(CREATE_ONLY, ("If-None-Match", "*"), id="create only"),
        pytest.param(UPDATE_ONLY, ("If-Match", "*"), id="update only"),
        pytest.param('W/"12"', ("If-Match", 'W/"12"'), id="one version"),
    ],
)
def test_every_write_carries_its_precondition(precondition, header):
    write = Write(set="t", id=ID, body={}, precondition=precondition)
    assert header in odata.write_headers(write).items()


def test_a_write_without_a_precondition_is_an_error():
    with pytest.raises(ValueError, match="precondition"):
        odata.write_headers(Write(set="t", id=ID, body={}, precondition=""))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_money_keeps_all_its_digits_both_ways(amount):
    document = read_exact(render({"amount": amount}))
    assert Decimal(str(document["amount"])) == amount
