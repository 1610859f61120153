"""Many seeds on all cores: what `make sim` and `make prove` share."""

import os
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.run import Outcome, run

CHUNK = 5


def outcomes(seeds: Iterable[int]) -> Iterator[Outcome]:
    """Run seeds beside one another, and return how they ended, in order."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(outcome, seeds, chunksize=CHUNK)


def outcome(seed: int) -> Outcome:
    """Run one seed; what breaks the simulator itself is a violation too."""
    try:
        return run(seed)
    except Exception as error:  # noqa: BLE001  # told with its seed, and counted
        lines = traceback.format_exception(error)[-4:]
        return Outcome(seed=seed, happened=[], violations=["".join(lines)], digest="")
