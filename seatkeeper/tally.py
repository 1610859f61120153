"""What a process counts of itself: calls, pauses, cycles, and what its log tells.

Counters only, guarded by one lock and held in memory; `metrics.py` shows them.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from connector.meter import Exchange
from sync.engine import Log
from sync.ports import Effects

CALL_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
CYCLE_BUCKETS = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
_HUNDRED = 100


@dataclass(slots=True)
class Spread:
    """How long something took: a histogram."""

    bounds: tuple[float, ...]
    total: float = 0.0
    counts: Counter[float] = field(default_factory=Counter)

    def add(self, seconds: float) -> None:
        """Count one duration in its bucket."""
        bound = next((one for one in self.bounds if seconds <= one), float("inf"))
        self.counts[bound] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Return the cumulated counts by upper bound, as Prometheus wants them."""
        found, sum_so_far = [], 0
        for bound in (*self.bounds, float("inf")):
            sum_so_far += self.counts[bound]
            found.append(("+Inf" if bound == float("inf") else str(bound), float(sum_so_far)))
        return found


class Tally:
    """The counters of one process; it is a connector's meter as well."""

    def __init__(self) -> None:
        self.progress: Callable[[], None] = lambda: None
        """Called whenever a call has ended: a sign of life."""
        self.lock = threading.Lock()
        self.requests: Counter[tuple[str, str, str]] = Counter()
        self.durations: dict[str, Spread] = {}
        self.throttled_seconds: dict[str, float] = {}
        self.cycles: Counter[str] = Counter()
        self.cycle_spread = Spread(CYCLE_BUCKETS)
        self.events: Counter[tuple[str, str]] = Counter()
        self.writes: Counter[tuple[str, str]] = Counter()
        self.full_reads: Counter[str] = Counter()
        self.webhook_calls: Counter[tuple[str, str]] = Counter()

    def exchanged(self, exchange: Exchange) -> None:
        """Count a call by service, kind of method and class of status."""
        service = service_of(exchange.lane)
        key = (service, _kind(exchange), _class(exchange.status))
        with self.lock:
            self.requests[key] += 1
            self.durations.setdefault(service, Spread(CALL_BUCKETS)).add(exchange.seconds)
        self.progress()

    def throttled(self, lane: str, seconds: float) -> None:
        """Add up the pauses that a service asked for."""
        service = service_of(lane)
        with self.lock:
            self.throttled_seconds[service] = self.throttled_seconds.get(service, 0.0) + seconds

    def cycle(self, outcome: str, seconds: float) -> None:
        """Count a cycle."""
        with self.lock:
            self.cycles[outcome] += 1
            self.cycle_spread.add(seconds)

    def listens(self, services: Iterable[str], outcomes: Iterable[str]) -> None:
        """Begin the counters of calls at zero: Prometheus sees no increase in a first sample."""
        words = tuple(outcomes)
        with self.lock:
            for service in services:
                self.webhook_calls.update({(service, outcome): 0 for outcome in words})

    def called(self, service: str, outcome: str) -> None:
        """Count a call that a service, or somebody else, made to our listener."""
        with self.lock:
            self.webhook_calls[service, outcome] += 1

    def told(self, level: str, event: str, facts: dict[str, object]) -> None:
        """Count what the engine told its log."""
        with self.lock:
            self.events[event, level] += 1
            if event in _WRITES:
                self.writes[_WRITES[event], str(facts.get("outcome", ""))] += 1
            if event == "full read":
                self.full_reads[str(facts.get("table", ""))] += 1


_WRITES = {"dataverse answered": "dataverse", "provider answered": "partner_center"}


def service_of(lane: str) -> str:
    """Return the label of a service; several connections to one kind share it."""
    if lane == "sign-in":
        return "sign_in"
    if lane.startswith("rest provider "):
        return "rest_provider"
    return "partner_center" if lane.startswith("partner center ") else "dataverse"


def _kind(exchange: Exchange) -> str:
    if exchange.path.endswith("/$batch"):
        return "batch"
    return "read" if exchange.method in {"GET", "HEAD"} else "write"


def _class(status: int | None) -> str:
    return "none" if status is None else f"{status // _HUNDRED}xx"


@dataclass(frozen=True, slots=True)
class CountedLog:
    """A log whose events are counted on their way."""

    log: Log
    tally: Tally

    def info(self, event: str, /, **facts: object) -> None:
        self.tally.told("info", event, facts)
        self.log.info(event, **facts)

    def warning(self, event: str, /, **facts: object) -> None:
        self.tally.told("warning", event, facts)
        self.log.warning(event, **facts)


@contextmanager
def timed_cycle(tally: Tally, effects: Effects) -> Iterator[list[str]]:
    """Count a cycle by the outcome that is put into the list."""
    begun = effects.monotonic()
    outcome: list[str] = []
    try:
        yield outcome
    finally:
        tally.cycle(outcome[-1] if outcome else "failed", effects.monotonic() - begun)
