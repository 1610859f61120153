"""The crash tests and the simulator, on PostgreSQL: the same suites, the same judges."""

import pytest

from tests.durability.story import adopted_site, judge, play
from tests.postgres.carried import Carrier, Opener
from tests.simulation.run import run

STORE_POINTS = (3, 5)
WIRE_POINTS = (3, 6)
SEEDS = (1, 13)


@pytest.fixture
def site(tmp_path):
    return adopted_site(tmp_path / "state", subscriptions=2, opens=Opener())


@pytest.mark.parametrize("number", STORE_POINTS)
def test_a_kill_before_a_commit_loses_nothing_and_repeats_nothing_on_postgresql(site, number):
    site.store_tally.arm(number)
    assert play(site) == 1
    judge(site)


@pytest.mark.parametrize("number", WIRE_POINTS)
def test_a_kill_around_a_request_loses_nothing_and_repeats_nothing_on_postgresql(site, number):
    site.wire.tally.arm(number)
    assert play(site) == 1
    judge(site)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_simulated_run_on_postgresql_is_the_run_on_sqlite(seed):
    """No invariant is violated, and the services note the same to the last byte."""
    carrier = Carrier()
    there = run(seed, wrap=carrier)
    carrier.close()
    assert not there.violations, there.told()
    assert there.digest == run(seed).digest
