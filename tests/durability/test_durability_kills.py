"""The process dies at every point of a whole story: the next lives finish it, once."""

import pytest

from tests.durability.site import Site, Tally
from tests.durability.story import adopted_site, judge, play

CHUNKS = 4


def _deaths(tmp_path, pick, chunk, *, subscriptions):
    """Die at each n of a chunk, until n lies behind the story's end; return how often it died."""
    deaths, number = 0, chunk + 1
    while True:
        site = adopted_site(tmp_path / f"{number}.db", subscriptions=subscriptions)
        tally: Tally = pick(site)
        tally.arm(number)
        play(site)
        judge(site)
        if not tally.died:
            return deaths
        deaths, number = deaths + 1, number + CHUNKS


def _store(site: Site) -> Tally:
    return site.store_tally


def _wire(site: Site) -> Tally:
    return site.wire.tally


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_kill_before_any_commit_loses_nothing_and_repeats_nothing(tmp_path, chunk):
    """Everything of it is undone; what a service did before it is found out."""
    assert _deaths(tmp_path, _store, chunk, subscriptions=1) > 3


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_kill_around_any_request_loses_nothing_and_repeats_nothing(tmp_path, chunk):
    """Before the request the service knows nothing; after it the answer died with us."""
    assert _deaths(tmp_path, _wire, chunk, subscriptions=1) > 3


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_kill_before_any_commit_of_three_that_share_a_change_set_changes_nothing(tmp_path, chunk):
    assert _deaths(tmp_path, _store, chunk, subscriptions=3) > 3
