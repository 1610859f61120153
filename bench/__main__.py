"""`python -m bench [--write] [--rows N] [--rounds N] [--samples N] [--settled N] [--only PART]`."""

import logging
import sys
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

import structlog

from bench import machine, report, suite
from bench.running import sandbox
from bench.suite import Sizes

DOCUMENT = Path(__file__).parent.parent / "docs" / "performance.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write into the document when asked to."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    begun = time.monotonic()
    options = _options(arguments)
    described = machine.described()
    with sandbox() as running:
        tables = suite.run(running, _sizes(options), _say, options.only)
    minutes = (time.monotonic() - begun) / 60
    found = report.document([*described, f"Duration: {minutes:.1f} minutes"], tables)
    print(found)
    if options.write and options.only:
        report.update(DOCUMENT, described[:1], tables)
    elif options.write:
        report.write(DOCUMENT, found)


class Options:
    """What was asked for on the command line."""

    rows: int
    rounds: int
    samples: int
    settled: int
    invoices: int
    swept: int
    burst: int
    only: list[str]
    write: bool


def _options(arguments: Sequence[str] | None) -> Options:
    parser = ArgumentParser(prog="python -m bench", description="Measure what Seatkeeper costs.")
    whole = Sizes()
    parser.add_argument("--rows", type=int, default=whole.rows, help="rows of the first read")
    parser.add_argument("--rounds", type=int, default=whole.rounds, help="runs of each reader")
    parser.add_argument("--samples", type=int, default=whole.samples, help="timed deactivations")
    parser.add_argument("--settled", type=int, default=whole.settled, help="settlements, 3 times")
    parser.add_argument(
        "--invoices", type=int, default=whole.invoices, help="contracts that are invoiced"
    )
    parser.add_argument(
        "--only", action="append", default=[], choices=list(suite.PARTS), help="this part; again"
    )
    parser.add_argument(
        "--swept", type=int, default=whole.swept, help="subscriptions of the first look"
    )
    parser.add_argument("--burst", type=int, default=whole.burst, help="deactivations at once")
    parser.add_argument("--write", action="store_true", help=f"write into {DOCUMENT.name}")
    return parser.parse_args(arguments, namespace=Options())


def _sizes(options: Options) -> Sizes:
    """Scale everything else with the rows."""
    whole, rows, rounds = Sizes(), options.rows, options.rounds
    return Sizes(
        rows=rows,
        more_rows=rows * 5,
        rounds=rounds,
        samples=options.samples,
        settled=options.settled,
        invoices=options.invoices,
        swept=options.swept,
        burst=options.burst,
        laid=min(rows * 5, whole.laid),
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
