"""`status --watch` and `log --follow`: drawn on a terminal, plain lines elsewhere."""

import io
from datetime import timedelta

import pytest
from rich.console import Console

from seatkeeper.live_views import follow, spark, watch_status
from store.memory import MemoryStore
from sync.standing import LAST_POLL, note_trouble
from sync.state import TrailEntry
from tests.store.values import NOON, fact, parked


@pytest.fixture
def store():
    found = MemoryStore()
    found.tx(lambda tx: tx.set_meta(LAST_POLL, NOON.isoformat()))
    return found


def printed(*, terminal):
    return Console(file=io.StringIO(), force_terminal=terminal, width=100, highlight=False)


def steps(*acts):
    """Return a pause that does one thing each time, and ends when nothing is left."""
    left = list(acts)

    def pause():
        if not left:
            return False
        left.pop(0)()
        return True

    return pause


def test_a_terminal_shows_figures_parked_work_and_trouble(store):
    def breaks(tx):
        tx.park(parked("a", reason="It cannot be [bold]cancelled[/bold] any more."))
        tx.add_facts([fact("k", at=NOON - timedelta(hours=1)), fact("l")])
        note_trouble(tx, "Partner Center does not answer", NOON)

    console = printed(terminal=True)
    watch_status(store, {"mode": "apply"}, steps(lambda: store.tx(breaks)), console)
    seen = console.file.getvalue()
    assert "2025-06-16 12:00:00 UTC" in seen
    assert "Parked (1)" in seen
    assert "[bold]cancelled[/bold] any more" in seen
    assert "Partner Center does not answer" in seen
    assert spark([*[0] * 11, 1, 1]) in seen


def test_elsewhere_a_line_is_printed_when_something_changed(store):
    console = printed(terminal=False)
    changes = steps(lambda: None, lambda: store.tx(lambda tx: tx.park(parked())), lambda: None)
    watch_status(store, {}, changes, console)
    first, second = console.file.getvalue().splitlines()
    assert "parked 0  guard ok" in first
    assert "parked 1  guard ok" in second


@pytest.mark.parametrize(
    ("counts", "drawn"), [([], ""), ([0, 0], "  "), ([1, 100], "▁█"), ([5], "█")]
)
def test_counts_are_drawn_as_blocks(counts, drawn):
    assert spark(counts) == drawn


@pytest.mark.parametrize(("subject", "found"), [(None, ["new", "other"]), ("a", ["new"])])
def test_the_trail_is_followed_from_now_on(store, subject, found):
    def entry(event, of="a"):
        return TrailEntry(at=NOON, subject=of, event=event, facts={"why": "[red]so"})

    store.tx(lambda tx: tx.trail([entry("old")]))
    console = printed(terminal=False)
    writes = lambda: store.tx(lambda tx: tx.trail([entry("new"), entry("other", "b")]))  # noqa: E731
    follow(store, subject, steps(writes, lambda: None), console)
    lines = console.file.getvalue().splitlines()
    assert [line.split()[4] for line in lines] == found
    assert all(line.endswith("why: [red]so") for line in lines)
