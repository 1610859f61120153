"""A site on a state file of its own."""

import pytest

from tests.durability.site import Site, open_site
from tests.durability.story import adopted_site


@pytest.fixture
def site(tmp_path) -> Site:
    """One subscription; the daemon has had its first look on 10 June."""
    return adopted_site(tmp_path / "state.db")


@pytest.fixture
def make_site(tmp_path):
    """Return a maker of sites whose daemon has had its first look."""

    def make(**options) -> Site:
        return adopted_site(tmp_path / "state.db", **options)

    return make


@pytest.fixture
def untouched(tmp_path) -> Site:
    """Return a site that no daemon has looked at yet."""
    return open_site(tmp_path / "state.db", subscriptions=3)
