"""Every request of a whole story meets every fourth trouble: the outcome is the same.

The simulator draws the other pairs, and many more.
"""

from contextlib import suppress

import pytest

from sync.remote import RemoteError
from tests.durability import traps
from tests.durability.site import Site
from tests.durability.story import STEPS, adopted_site, judge
from tests.durability.wandering import TROUBLES


def _works(site: Site, work) -> None:
    """Let the daemon work; a service that is down ends the life, and more lives follow."""
    for _ in range(5):
        with suppress(RemoteError):
            work(site)
            if site.is_settled():
                return
        site.advance(130)
        with suppress(RemoteError):
            site.run()


def _story(site: Site) -> None:
    for act, work in STEPS:
        act(site)
        _works(site, work)


def _requests(tmp_path) -> int:
    """Count the requests of the story when nothing happens."""
    site = adopted_site(tmp_path / "calm.db")
    before = len(site.wire.sent)
    for act, work in STEPS:
        act(site)
        work(site)
    return len(site.wire.sent) - before


@pytest.mark.parametrize(("place", "trouble"), list(enumerate(sorted(TROUBLES))))
def test_trouble_at_every_fourth_request_changes_nothing_in_the_end(tmp_path, place, trouble):
    total = _requests(tmp_path)
    assert total > 20
    for number in range(1 + place % 4, total + 1, 4):
        site = adopted_site(tmp_path / f"{number}.db")
        traps.fault_at(site, traps.any_request, number, **TROUBLES[trouble])
        _story(site)
        site.calm()
        site.quiesce(1)
        judge(site)
