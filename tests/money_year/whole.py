"""`python -m tests.money_year.whole [--contracts 100] [--seed 1]`: a year, and what differs."""

import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

import structlog

from tests.money_year.judge import carried, differences, gaps, wrong_totals
from tests.money_year.years import Size, open_year


def main(arguments: Sequence[str] | None = None) -> int:
    """Play a year; print what it was and every difference."""
    parser = ArgumentParser(prog="python -m tests.money_year.whole")
    parser.add_argument("--contracts", type=int, default=100)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--change", type=float, default=Size(contracts=1).change)
    asked = parser.parse_args(arguments)
    structlog.configure(processors=[_drop])
    begun = time.monotonic()
    size = Size(contracts=asked.contracts, days=asked.days, change=asked.change)
    with tempfile.TemporaryDirectory() as folder:
        year = open_year(Path(folder) / "state.db", asked.seed, size)
        today = year.plays()
        found = [*map(str, differences(year, today)), *wrong_totals(year), *gaps(year)]
        found += [f"{one}: {left} of credit is lost" for one, left in carried(year).items() if left]
    told = {name: len(year.rows(f"sk_{name}")) for name in ("changelog", "invoice", "invoiceline")}
    sys.stdout.write(
        f"seed {asked.seed}: {asked.contracts} contracts, {told}, {year.deaths} deaths,"
        f" {time.monotonic() - begun:.0f} s, {len(found)} differences\n"
    )
    sys.stdout.writelines(f"{one}\n" for one in found)
    return 1 if found else 0


def _drop(*_: object) -> dict[str, object]:
    raise structlog.DropEvent


if __name__ == "__main__":
    sys.exit(main())
