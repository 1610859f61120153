"""What a page costs does not grow with the state: counted in steps of SQLite, not in seconds."""

import pytest

from bench.console_pages import PAGES, addresses, client_over, fill
from store.sqlite import SqliteStore
from sync.browsing import LOOK_AT

MANY = 2_000
STEP = 100
MOST_STEPS = 60_000
"""Of SQLite's virtual machine; a walk over the trail takes more than twice as many."""
SEARCHED_STEPS = 25 * LOOK_AT
MOST_ROWS = 51


class Filled:
    """A filled state that counts what is asked of it."""

    def __init__(self):
        self.store = SqliteStore(":memory:")
        fill(self.store, MANY)
        self.client = client_over(self.store)
        self.steps = 0
        self.store._connection.set_progress_handler(self._count, STEP)

    def _count(self):
        self.steps += STEP
        return 0

    def asked(self, path):
        self.steps = 0
        answer = self.client.get(path)
        return answer, self.steps


@pytest.fixture(scope="module")
def filled():
    opened = Filled()
    yield opened
    opened.store.close()


@pytest.mark.parametrize("number", range(len(PAGES)), ids=PAGES)
def test_a_page_walks_an_index_and_shows_a_bounded_number_of_rows(filled, number):
    answer, steps = filled.asked(addresses(MANY)[number])
    assert answer.status_code == 200
    assert answer.text.count("<tr>") <= MOST_ROWS + 8 or "/mappings" in PAGES[number]
    assert steps < (SEARCHED_STEPS if "text=" in PAGES[number] else MOST_STEPS)


SORTS = ("USE TEMP B-TREE", "SCAN facts", "SCAN trail", "SCAN operations")


@pytest.mark.parametrize("path", ["/changes", "/trail", "/trail?event=decided", "/subscriptions"])
def test_no_list_is_sorted_or_read_in_full_for_a_page(filled, path):
    asked = []
    connection = filled.store._connection
    connection.set_trace_callback(asked.append)
    filled.client.get(path)
    connection.set_trace_callback(None)
    queries = [one for one in asked if one.startswith("SELECT") and "ORDER BY" in one]
    assert queries
    for query in queries:
        plan = [
            row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")
        ]  # its own
        assert not [step for step in plan if step.startswith(SORTS)], (query, plan)
