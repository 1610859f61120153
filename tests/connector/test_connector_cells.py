"""Pages read into cells say what the same pages say row by row."""

import json

import orjson
import pytest

from connector.dataverse.cells import CellReader

ROW = {"@odata.etag": 'W/"7"', "id": "a", "versionnumber": 7, "reason": None, "price": 1.5}
MARK = b"\xef\xbb\xbf"


def page(*rows, **more):
    return orjson.dumps({"value": list(rows), **more})


def other(**values):
    return {**ROW, **values}


def test_a_row_is_exactly_what_came():
    rows = [ROW, other(id="b", price=None, versionnumber=2**53), other(reason={"x": [1, "ä"]})]
    reader = CellReader()
    assert reader.read(page(*rows)).rows == rows
    assert reader.read(page(other(id="z"))).rows[0] == other(id="z")


def test_the_links_come_along():
    found = CellReader().read(page(ROW, **{"@odata.nextLink": "n", "@odata.deltaLink": "d"}))
    assert (found.next_link, found.delta_link) == ("n", "d")


def test_a_column_is_that_of_every_row_and_none_when_no_row_has_it():
    rows = CellReader().read(page(ROW, other(id="b"))).rows
    assert (rows.column("id"), rows.column("sk_none")) == (["a", "b"], None)


def test_a_byte_order_mark_is_passed_over():
    assert CellReader().read(MARK + page(ROW)).rows == [ROW]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(page({"id": "a", "reason": "deleted"}), id="a tombstone first"),
        pytest.param(page(ROW, {"id": "a", "reason": "deleted"}), id="a tombstone among rows"),
        pytest.param(page(ROW, {"id": "b", "versionnumber": 8}), id="a row without a column"),
        pytest.param(page({"id": "a"}), id="rows without versions"),
        pytest.param(page(), id="no rows"),
        pytest.param(b"<html>", id="no JSON"),
        pytest.param(json.dumps({"error": {}}).encode(), id="an error"),
    ],
)
def test_what_does_not_fit_is_left_to_be_read_row_by_row(content):
    assert CellReader().read(content) is None


def test_a_walk_goes_on_after_a_page_that_did_not_fit():
    reader = CellReader()
    assert reader.read(page()) is None
    assert reader.read(page(ROW)).rows == [ROW]
    assert reader.read(page({"id": "a", "reason": "deleted"})) is None
    assert reader.read(page(other(id="b"))).rows == [other(id="b")]


def test_rows_are_cut_and_compared_as_a_list_is():
    rows = CellReader().read(page(ROW, other(id="b"), other(id="c"))).rows
    assert [row["id"] for row in rows[1:]] == ["b", "c"]
    assert len(rows) == 3
    assert rows[:2] != [ROW, other(id="z")]
