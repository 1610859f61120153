"""A first read of the subscriptions, by several readers, each run in a process of its own.

Rounds go forth and back over the readers, so that a machine that gets slower or faster meanwhile
favours none. The sandbox is warmed before: its pages lie ready, as those of a large service do.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.peers import places
from bench.reader import told
from bench.running import Document, Sandbox, child
from seatkeeper.config import load_config

KINDS = ("bytes", "plain", "orjson", "connector", "detect", "adopt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One run of a reader; `waited` is the time until the answers began."""

    rows: int
    seconds: float
    cpu: float
    waited: float
    server_cpu: float
    requests: int
    peak_mib: float

    @property
    def rate(self) -> float:
        return self.rows / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The runs of one reader over a table of a size."""

    kind: str
    subscriptions: int
    runs: tuple[Reading, ...]

    @property
    def rate(self) -> float:
        """Return rows per second (median)."""
        return median(run.rate for run in self.runs)

    @property
    def spread(self) -> tuple[float, float]:
        """Return the slowest and the fastest run in rows per second."""
        rates = [run.rate for run in self.runs]
        return min(rates), max(rates)

    @property
    def peak_mib(self) -> float:
        """Return the highest peak of all runs."""
        return max(run.peak_mib for run in self.runs)

    @property
    def waiting(self) -> float:
        """Return the share of the time that passed until the answers began (median)."""
        return median(run.waited / run.seconds for run in self.runs)

    @property
    def serving(self) -> float:
        """Return the share of the time that the sandbox used a processor (median)."""
        return median(run.server_cpu / run.seconds for run in self.runs)

    @property
    def cpu(self) -> float:
        """Return the reader's own processor time in microseconds per row (median)."""
        return median(run.cpu / run.rows for run in self.runs) * 1e6

    @property
    def server_cpu(self) -> float:
        """Return the sandbox's processor time in microseconds per row (median)."""
        return median(run.server_cpu / run.rows for run in self.runs) * 1e6


def shares(one: Readings, other: Readings) -> list[float]:
    """Return the reader's processor time as a share of another's, round by round."""
    pairs = zip(one.runs, other.runs, strict=True)
    return sorted(mine.cpu / its.cpu for mine, its in pairs)


def measure(
    running: Sandbox, subscriptions: int, rounds: int, kinds: Sequence[str] = KINDS
) -> list[Readings]:
    """Read the table with every reader, several times, in alternating order.

    The first walk, which fills what the sandbox keeps, is told as the kind `cold`.
    """
    runs: dict[str, list[Reading]] = {"cold": [read(running, "bytes", subscriptions)]}
    runs |= {kind: [] for kind in kinds}
    for number in range(rounds):
        for kind in kinds if number % 2 == 0 else reversed(kinds):
            runs[kind].append(read(running, kind, subscriptions))
    return [
        Readings(kind=kind, subscriptions=subscriptions, runs=tuple(made))
        for kind, made in runs.items()
    ]


def read(running: Sandbox, kind: str, subscriptions: int) -> Reading:
    """Run one reader in a process of its own; it must see every row."""
    before = running.cpu_seconds()
    seen = _run(running, kind)
    spent = running.cpu_seconds() - before
    if seen["rows"] < subscriptions:
        raise RuntimeError(f"{kind} read {seen['rows']} of {subscriptions} rows")
    return Reading(
        rows=subscriptions,
        seconds=seen["seconds"],
        cpu=seen["cpu"],
        waited=seen["waited"],
        server_cpu=spent,
        requests=seen["requests"],
        peak_mib=seen["peak_mib"],
    )


def _run(running: Sandbox, kind: str) -> Document:
    if kind in places.PLACES:
        return places.read(kind, told(load_config(running.config_file, {})))
    with tempfile.TemporaryDirectory(prefix="seatkeeper-bench-") as folder:
        state = str(Path(folder) / "state.db")
        return child("bench.reader", kind, str(running.config_file), state)
