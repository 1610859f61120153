"""The second half of the simulated runs that every `make test` plays."""

import pytest

from tests.simulation.test_simulated_runs import CHUNKS, RUNS, play


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_further_simulated_run_violates_an_invariant(chunk):
    size = RUNS // CHUNKS
    assert not (failed := play(RUNS + chunk * size, size)), "\n\n".join(failed)
