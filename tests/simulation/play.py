"""`make sim SEED=n` plays one run and tells what happened; `make sim RUNS=n` plays many.

`STEPS=40-100` draws between 40 and 100 acts for a run, as `make prove` does.
"""

import os
import sys
import time

from tests.simulation.run import Mix, Outcome, run
from tests.simulation.seeds import outcomes


def play_one(seed: int, mix: Mix) -> int:
    """Play a run; return 1 when it violates something."""
    outcome = run(seed, mix)
    told = outcome.told()
    sys.stdout.write(f"{told}\njournal {outcome.digest}\n")
    return _verdict(1, [outcome] if outcome.violations else [])


def play_many(runs: int, first: int, mix: Mix) -> int:
    """Play seeds from `first` on; return 1 when one of them violates something."""
    began = time.monotonic()
    failed = []
    for outcome in outcomes(range(first, first + runs), mix):
        if outcome.violations:
            failed.append(outcome)
            sys.stdout.write(f"{outcome.told()}\n")
    sys.stdout.write(f"{time.monotonic() - began:.0f} s\n")
    return _verdict(runs, failed)


def _verdict(runs: int, failed: list[Outcome]) -> int:
    seeds = ", ".join(str(outcome.seed) for outcome in failed)
    sys.stdout.write(f"{runs} runs, {len(failed)} with violations {seeds}\n")
    return 1 if failed else 0


def main() -> int:
    settings = os.environ
    few, _, many = (settings.get("STEPS") or "").partition("-")
    mix = Mix(steps=(int(few), int(many or few))) if few else Mix()
    if settings.get("SEED"):
        return play_one(int(settings["SEED"]), mix)
    return play_many(int(settings.get("RUNS") or 100), int(settings.get("FIRST") or 0), mix)


if __name__ == "__main__":
    sys.exit(main())
