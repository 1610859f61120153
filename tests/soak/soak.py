"""A day in minutes: thousands of changes, failing services, and one engine that stays alive.

The sandbox's clock is moved; the engine's pauses take no time.
"""

import gc
import random
import sqlite3
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from seatkeeper.bootstrap import Application, meet
from sync.cycle import run_cycle, run_once, work_is_left
from sync.invoice_round import run_round
from sync.remote import RemoteError
from tests.soak.quick import open_files, resident_bytes
from tests.soak.towns import ACTIVE, SUSPENDED, Town

DAY_SECONDS = 24 * 3600
AT_ONCE = 50
DATAVERSE, PARTNER = (
    {"service": "dataverse", "path": "."},
    {"service": "partner_center", "path": "."},
)
TROUBLES: tuple[dict[str, Any] | None, ...] = (
    None,
    None,
    {**DATAVERSE, "status": 429, "retry_after": 2, "times": 3},
    {**DATAVERSE, "status": 503, "times": 30},
    {**DATAVERSE, "method": "POST", "drop": "after_commit", "times": 1},
    {**DATAVERSE, "drop": "before_commit", "times": 2},
    {**PARTNER, "status": 500, "probability": 0.1, "times": 20},
    {**PARTNER, "method": "PATCH", "drop": "after_commit", "times": 3},
    {**PARTNER, "method": "PATCH", "drop": "before_commit", "times": 3},
    {**PARTNER, "status": 429, "retry_after": 5, "times": 3},
)


@dataclass(slots=True)
class Figures:
    """What was measured, once per round."""

    changes: int = 0
    resident: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    state_bytes: list[int] = field(default_factory=list)
    seconds: float = 0.0
    logs: int = 0
    unequal: list[str] = field(default_factory=list)
    """Subscriptions whose licence is not as Dynamics says, at the end."""
    left: bool = True

    def growth_percent(self, warm: float = 0.2, last: float = 0.1) -> float:
        """Return how much the memory grew from the end of the warming-up to the end."""
        rounds = len(self.resident)
        first = self.resident[int(rounds * warm) :][: max(1, int(rounds * last))]
        final = self.resident[-max(1, int(rounds * last)) :]
        return (median(final) / median(first) - 1) * 100

    def state_bytes_per_change(self) -> float:
        """Return how much the state file grows by one change, without the opening balance."""
        return (self.state_bytes[-1] - self.state_bytes[0]) / self.changes


@dataclass(slots=True)
class Soak:
    """One run."""

    town: Town
    application: Application
    rng: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311  # one run
    subscriptions: list[str] = field(default_factory=list)
    suspended: set[str] = field(default_factory=set)
    figures: Figures = field(default_factory=Figures)

    def play(self, changes: int, minutes: float = float("inf")) -> Figures:
        """Adopt, make so many changes amid troubles, come to rest, and judge.

        When the time is over it makes no more; the figures say how many there were.
        """
        begun = time.monotonic()
        self._adopt()
        self._measure()
        rounds = -(-changes // AT_ONCE)
        for number in range(rounds):
            if time.monotonic() - begun > minutes * 60:
                break
            self._round(min(AT_ONCE, changes - number * AT_ONCE), DAY_SECONDS / rounds)
            self._measure()
        self._rest()
        self._judge()
        self.figures.seconds = time.monotonic() - begun
        return self.figures

    def _adopt(self) -> None:
        meet(self.application)
        run_once(self.application.engine)
        rows = [row for row in self.town.subscriptions() if is_active(row)]
        self.subscriptions = sorted(row["sk_subscriptionid"] for row in rows)

    def _round(self, changes: int, seconds: float) -> None:
        for one in self.rng.sample(self.subscriptions, changes):
            self._turn(one)
        self.town.trouble(self.rng.choice(TROUBLES))
        self._cycle()
        self.town.trouble(None)
        self._pass(seconds)

    def _pass(self, seconds: float) -> None:
        self.town.advance(seconds)
        self.application.engine.ports.effects.sleep(seconds)

    def _turn(self, subscription: str) -> None:
        """Deactivate what is active, and activate what is not."""
        status = ACTIVE if subscription in self.suspended else SUSPENDED
        self.town.turn(subscription, status)
        self.suspended ^= {subscription}
        self.figures.changes += 1

    def _cycle(self) -> None:
        """Do what the daemon does; a service that fails ends the cycle, not the run."""
        try:
            run_cycle(self.application.engine)
            run_round(self.application.engine)
        except RemoteError:
            return

    def _rest(self) -> None:
        for _ in range(6):
            self._pass(400)
            run_once(self.application.engine)
            self.figures.left = work_is_left(self.application.engine)
            if not self.figures.left:
                return

    def _measure(self) -> None:
        gc.collect()
        figures = self.figures
        figures.resident.append(resident_bytes())
        figures.files.append(open_files())
        figures.threads.append(threading.active_count())
        figures.state_bytes.append(state_bytes(self.application.config.state_file))

    def _judge(self) -> None:
        mine = set(self.subscriptions)
        for row in self.town.subscriptions():
            if row["sk_subscriptionid"] in mine:
                wanted = "active" if is_active(row) else "suspended"
                if self.town.licence_status(row["sk_providersubscriptionid"]) != wanted:
                    self.figures.unequal.append(row["sk_subscriptionid"])
        self.figures.logs = self.town.logs()


def is_active(row: Mapping[str, Any]) -> bool:
    return bool(row["statuscode"] == ACTIVE["statuscode"])


def state_bytes(path: Path) -> int:
    """Return the size of the state, what is still in the log of SQLite included."""
    with closing(sqlite3.connect(path)) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    return int(pages) * int(size)
