"""Many seeds on all cores: what `make sim` and `make prove` share."""

import os
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.simulation.run import USUAL, Mix, Outcome, run

CHUNK = 5


def outcomes(seeds: Iterable[int], mix: Mix | None = None) -> Iterator[Outcome]:
    """Run seeds beside one another, and return how they ended, in order."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(partial(outcome, mix=mix), seeds, chunksize=CHUNK)


def outcome(seed: int, mix: Mix | None = None) -> Outcome:
    """Run one seed; what breaks the simulator itself is a violation too."""
    try:
        return run(seed, mix)
    except Exception as error:  # noqa: BLE001  # told with its seed, and counted
        lines = traceback.format_exception(error)[-4:]
        drawn = mix.steps if mix else USUAL
        violations = ["".join(lines)]
        return Outcome(seed=seed, drawn=drawn, happened=[], violations=violations, digest="")
