"""The first half of the simulated runs that every `make test` plays; each seed is one run.

Two modules, so that two workers of xdist share them.
"""

import pytest

from tests.simulation.run import run

RUNS = 250
CHUNKS = 10


def play(first: int, runs: int) -> list[str]:
    """Return what to read about the runs that violated something."""
    outcomes = (run(seed) for seed in range(first, first + runs))
    return [outcome.told() for outcome in outcomes if outcome.violations]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_simulated_run_violates_an_invariant(chunk):
    size = RUNS // CHUNKS
    assert not (failed := play(chunk * size, size)), "\n\n".join(failed)
