"""The first look at both sides of many subscriptions: `python -m bench.first_sweep CONFIG`.

The sandbox runs in a process of its own. The clock of the run is simulated: it moves when
something sleeps, and by what a request takes with so many workers; what is judged against the
limits of the services is when each request was sent by that clock. Half way the process is
killed, and another goes on with the state file. Prints JSON.
"""

import json
import logging
import random
import sys
import tempfile
import uuid
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import structlog
from requests.adapters import HTTPAdapter

from bench.running import Sandbox, child, peak_mib
from seatkeeper.bootstrap import Application, build, meet
from seatkeeper.config import load_config
from store.sqlite import SqliteStore
from sync.cycle import run_cycle
from sync.partner_round import run_partner_round

WORKERS = 4
TAKES = {"partner_center": 0.3, "dataverse": 0.5}
"""Seconds that a request is taken to last; with so many workers as many run beside one another."""
MINUTE, FIVE_MINUTES = 60.0, 300.0
GROUP = 50
"""How many subscriptions a customer of the scale scenario has."""
_SIGN_IN = ("/oauth2/", "/.well-known/", "/common/")


class KilledError(BaseException):
    """The process was killed here."""


@dataclass(slots=True)
class Simulated:
    """Effects whose time passes by sleeping and by requests."""

    now: float = 0.0
    slept: float = 0.0
    dice: random.Random = field(default_factory=lambda: random.Random(5))

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))

    def random(self) -> float:
        return self.dice.random()


@dataclass(slots=True)
class Sent:
    """When requests were sent, by service and path."""

    at: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in TAKES})
    lists: int = 0

    def most_within(self, service: str, seconds: float) -> int:
        """Return how many were sent in the fullest window of so many seconds."""
        times = self.at[service]
        return max((bisect_left(times, t + seconds) - i for i, t in enumerate(times)), default=0)


class Wire(HTTPAdapter):
    """The way to the sandbox: moves the clock, counts, and may kill."""

    def __init__(self, effects: Simulated, sent: Sent, dies_after: int | None) -> None:
        super().__init__()
        self._effects, self._sent, self._dies_after = effects, sent, dies_after

    def send(
        self, request: requests.PreparedRequest, *args: Any, **options: Any
    ) -> requests.Response:
        path = str(request.path_url).partition("?")[0]
        if not any(part in path for part in _SIGN_IN):
            service = "partner_center" if path.startswith("/v1/") else "dataverse"
            self._sent.at[service].append(self._effects.now)
            self._effects.now += TAKES[service] / WORKERS
            self._count(path)
        return super().send(request, *args, **options)

    def _count(self, path: str) -> None:
        if path.endswith("/subscriptions"):
            if self._dies_after is not None and self._sent.lists >= self._dies_after:
                raise KilledError
            self._sent.lists += 1


@dataclass(frozen=True, slots=True)
class _Place:
    """What one life of the process leaves to the next."""

    config_file: Path
    state: Path
    effects: Simulated
    sent: Sent


def _live(place: _Place, dies_after: int | None) -> Mapping[str, int]:
    """Live once on the state file: adopt, and list everything; return what is then known."""
    wire = Wire(place.effects, place.sent, dies_after)
    application = build(
        load_config(place.config_file),
        store=SqliteStore(place.state),
        effects=place.effects,
        adapters={"https://": wire},
        inline=True,
    )
    try:
        return _swept(application)
    finally:
        application.close()


def _swept(application: Application) -> Mapping[str, int]:
    meet(application)
    run_cycle(application.engine)
    report = run_partner_round(application.engine, whole=True)
    if report.failures:
        raise RuntimeError(f"the sweep failed: {report.failures}")
    return application.store.look(
        lambda tx: {
            "subscriptions": len(tx.subjects()),
            "suspects": len(tx.suspects()),
            "differences": len(tx.differences()),
        }
    )


def run(config_file: Path, customers: int) -> dict[str, float | int]:
    """List everything in two lives; return what it took by the simulated clock."""
    effects, sent = Simulated(), Sent()
    with tempfile.TemporaryDirectory(prefix="seatkeeper-bench-") as folder:
        place = _Place(config_file, Path(folder) / "state.db", effects, sent)
        try:
            _live(place, customers // 2)
        except KilledError:
            known = _live(place, None)
        else:
            raise RuntimeError("the first life was not killed")
    dataverse = sent.most_within("dataverse", FIVE_MINUTES)
    return {
        "customers": customers,
        **known,
        "lists": sent.lists,
        "minutes": effects.now / MINUTE,
        "partner_center": len(sent.at["partner_center"]),
        "dataverse": len(sent.at["dataverse"]),
        "partner_center_minute": sent.most_within("partner_center", MINUTE),
        "dataverse_five_minutes": dataverse,
        "dataverse_seconds": dataverse * TAKES["dataverse"],
        "peak_mib": peak_mib(),
    }


def measure(running: Sandbox, subscriptions: int, group: int = GROUP) -> dict[str, float | int]:
    """Run in a process of its own on a world of customers with so many subscriptions each."""
    running.reset(subscriptions)
    running.control("settings", {"partner_center_per_minute": 0})
    customers = -(-subscriptions // group)
    return child("bench.first_sweep", str(running.config_file), str(customers))


def main(arguments: Sequence[str]) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    print(json.dumps(run(Path(arguments[0]), int(arguments[1]))))


if __name__ == "__main__":
    main(sys.argv[1:])
