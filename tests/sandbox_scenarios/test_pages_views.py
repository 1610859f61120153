"""A view of the pages: search, filters, order and pages, all from the address; pure."""

import pytest

from sandbox.pages.grid import Design, Filter, grid

ROWS = [
    {"name": "beta", "seats": 3, "kind": 1},
    {"name": "Alpha", "seats": 12, "kind": 2},
    {"name": None, "seats": None, "kind": 1},
    {"name": "Gamma", "seats": 5, "kind": 1},
]
DESIGN = Design(
    columns={
        "name": ("Name", lambda row: row["name"]),
        "seats": ("Seats", lambda row: row["seats"]),
    },
    order="name",
    searched=lambda row: (row["name"], row["seats"]),
    filters=(
        Filter(
            name="kind",
            title="Kind",
            options={"1": "One", "2": "Two"},
            of=lambda row: row["kind"],
        ),
    ),
    fixed={"view": "mine"},
)


def names(**asked: str) -> list[str | None]:
    return [row["name"] for row in grid(DESIGN, ROWS, asked).page.rows]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param({}, [None, "Alpha", "beta", "Gamma"], id="by letters, empty first"),
        pytest.param(
            {"order": "-seats"}, ["Alpha", "Gamma", "beta", None], id="by number, falling"
        ),
        pytest.param({"order": "price"}, [None, "Alpha", "beta", "Gamma"], id="an unknown column"),
        pytest.param({"q": "ALP 12"}, ["Alpha"], id="all words, of any column"),
        pytest.param({"kind": "2"}, ["Alpha"], id="a filter"),
        pytest.param({"kind": "9", "q": "a"}, ["Alpha", "beta", "Gamma"], id="no such choice"),
        pytest.param({"page": "9" * 6000}, [None, "Alpha", "beta", "Gamma"], id="a page far away"),
        pytest.param({"page": "²"}, [None, "Alpha", "beta", "Gamma"], id="no number of a page"),
    ],
)
def test_a_view_shows_what_the_address_asks_for(asked: dict[str, str], expected: list[str]):
    assert names(**asked) == expected


def test_links_keep_the_search_and_the_filter_and_begin_at_the_first_page():
    shown = grid(DESIGN, ROWS, {"q": "a b&c", "kind": "1", "order": "seats", "page": "3"})
    assert shown.href(page=2) == "?view=mine&q=a+b%26c&order=seats&kind=1&page=2"
    assert shown.href(order="-seats") == "?view=mine&q=a+b%26c&order=-seats&kind=1"
    assert shown.plain == "?view=mine"


@pytest.mark.parametrize(
    ("order", "said", "next_click"),
    [
        ("seats", "ascending", "-seats"),
        ("-seats", "descending", "seats"),
        ("name", "none", "seats"),
    ],
)
def test_a_heading_says_its_order_and_turns_it(order: str, said: str, next_click: str):
    shown = grid(DESIGN, ROWS, {"order": order})
    assert shown.sorted_by("seats") == said
    assert shown.turned("seats") == next_click
