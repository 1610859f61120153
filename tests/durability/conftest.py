"""A site on a state file of its own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.durability.site import Site, open_site
from tests.durability.story import adopted_site


@pytest.fixture
def site(make_site) -> Site:
    """One subscription; the daemon has had its first look on 10 June."""
    return make_site()


@pytest.fixture
def make_site(tmp_path) -> Iterator[Callable[..., Site]]:
    """Make sites whose daemon has had its first look; at the end nothing unforeseen happened."""
    sites: list[Site] = []

    def make(**options: Any) -> Site:
        sites.append(adopted_site(tmp_path / "state.db", **options))
        return sites[-1]

    yield make
    for site in sites:
        assert "unforeseen" not in site.log.events


@pytest.fixture
def untouched(tmp_path) -> Site:
    """Return a site that no daemon has looked at yet."""
    return open_site(tmp_path / "state.db", subscriptions=3)
