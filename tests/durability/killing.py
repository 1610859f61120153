"""The real daemon in processes of its own over HTTPS, killed with SIGKILL while it writes.

The sandbox runs in this process, so that a write can be stopped on its way: before it is
executed, or after, while its answer is still awaited. Then the daemon is killed.
"""

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

from sandbox.faults import Drop
from sandbox.server import Options, Running, start
from tests.simulation import evidence, invariants
from tests.simulation.acts import NAMES, Act, happen
from tests.simulation.chronos import Chronos
from tests.simulation.town import Town, settle
from tests.simulation.watch import WatchedWire

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30.0
POLL_SECONDS = "1"
NEXT = {"active": "suspended", "suspended": "active", "paused": "active"}


@dataclass(slots=True)
class Trap:
    """Stands in front of the sandbox, and stops the n-th write of a life."""

    app: Any
    number: int = 0
    drop: Drop | None = None
    seen: int = 0
    caught: Event = field(default_factory=Event)
    released: Event = field(default_factory=Event)

    def set(self, number: int, drop: Drop) -> None:
        self.number, self.drop, self.seen = number, drop, 0
        self.caught.clear()
        self.released.clear()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer a request; the one that is caught is held until the process is dead."""
        if not self._is_deadly(environ):
            return self.app(environ, start_response)
        answer = None
        if self.drop is Drop.AFTER_COMMIT:
            answer = list(self.app(environ, start_response))
        self.caught.set()
        self.released.wait(PATIENCE_SECONDS)
        if answer is None:
            start_response("503 Service Unavailable", [("Content-Length", "0")])
            return []
        return answer

    def _is_deadly(self, environ: Any) -> bool:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if not path.startswith(("/api/data/", "/v1/")) or method == "GET":
            return False
        if path.endswith("/$batch") and not _writes(environ):
            return False
        self.seen += 1
        return self.seen == self.number


def _writes(environ: Any) -> bool:
    """Tell a change set from a batch of reads; the body is put back for the sandbox."""
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return b"\nPATCH /" in body


@dataclass(slots=True, kw_only=True)
class Killing:
    """A town over HTTPS, and the lives of the daemon in it."""

    town: Town
    running: Running
    trap: Trap
    rng: Random
    kills: int = 0
    at_writes: int = 0
    said: list[str] = field(default_factory=list)
    state: str = ""
    """Where the daemon keeps its state; empty: where the sandbox's configuration says."""

    def life(self, number: int, drop: Drop) -> None:
        """Let people change something, start a daemon, and kill it at its n-th write."""
        self.people()
        self.trap.set(number, drop)
        process = self._spawn("run")
        try:
            self._await(process)
        finally:
            self._kill(process)
        self.at_writes += self.trap.caught.is_set()

    def short_life(self) -> None:
        """Let people change something, start a daemon, and kill it at any time."""
        self.people()
        self.trap.set(0, Drop.BEFORE_COMMIT)
        process = self._spawn("run")
        time.sleep(self.rng.uniform(0.4, 1.6))
        self._kill(process)

    def _kill(self, process: "subprocess.Popen[bytes]") -> None:
        process.kill()
        process.wait()
        self.trap.released.set()
        self.kills += 1

    def _await(self, process: "subprocess.Popen[bytes]") -> None:
        """Wait for the deadly write, or until the daemon has nothing left to write."""
        mark, end = self.running.world.journal.last, time.monotonic() + PATIENCE_SECONDS
        while not self.trap.caught.wait(0.02):
            assert process.poll() is None, "the daemon ended by itself"
            assert time.monotonic() < end, "the daemon did not get on"
            if self._polls(mark) > 1:
                return

    def _polls(self, mark: int) -> int:
        entries = list(self.running.world.journal.since(mark))
        return sum(1 for one in entries if str(one.path).endswith("/sk_changelogs"))

    def people(self) -> None:
        """Let two subscriptions be changed, and the clock pass every pause."""
        with self.running.world.lock:
            self.running.world.clock.advance(self.rng.choice([400, 4_000, 20_000]))
        for who in self.rng.sample(range(5), 2):
            row = self.town.row("sk_subscription", self.town.subscriptions[who])
            wanted = NEXT[NAMES[row["statuscode"]]]
            if wanted == "suspended" and self.rng.random() < 0.3:
                wanted = "paused"
            happen(self.town, Act("status", who, 0, wanted))

    def rest(self) -> None:
        """Run undisturbed until everything is done."""
        for _ in range(3):
            with self.running.world.lock:
                self.running.world.clock.advance(400)
            process = self._spawn("run", "--once")
            assert process.wait(PATIENCE_SECONDS) in {0, 4, 75}

    def _spawn(self, *arguments: str) -> "subprocess.Popen[bytes]":
        kept = {name: one for name, one in os.environ.items() if not name.startswith("SEATKEEPER")}
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"):
            kept.pop(name, None)
        kept |= {"PYTHONPATH": str(ROOT), "SEATKEEPER__POLL_SECONDS": POLL_SECONDS}
        if self.state:
            kept["SEATKEEPER__STATE"] = self.state
        return subprocess.Popen(  # noqa: S603  # ourselves
            [sys.executable, "-m", "seatkeeper", *arguments, "--config", self._config],
            env=kept,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def _config(self) -> str:
        return str(self.running.ready["config_file"])

    def violations(self) -> Iterator[str]:
        """Hold what the journal tells against the invariants."""
        seen = evidence.read(self.running.world)
        for subscription in self.town.subscriptions:
            yield from invariants.i1_one_log_per_change(seen, subscription)
            yield from invariants.i3_money_to_the_cent(seen, subscription)
            if licence := self.town.licences.get(subscription):
                yield from invariants.i2_turned_as_needed(seen, subscription, licence)
                yield from invariants.i4_both_sides_agree(seen, subscription, licence)
        yield from invariants.i2_nothing_twice(seen)
        yield from invariants.i3_invoices_add_up(seen)
        yield from invariants.i9_nothing_deleted(seen)


@contextmanager
def killing(seed: int, state: str = "") -> Iterator[Killing]:
    """Run a sandbox with the town in it; the daemon has had its first look."""
    with start(Options(mappings=ROOT / "mappings", scenario="empty", seed=seed)) as running:
        running.world.settings.change({"partner_center_per_minute": 0})
        town = settle(running.world, WatchedWire(None), Chronos(seed))  # type: ignore[arg-type]
        trap = Trap(running._server.wsgi_app)
        running._server.wsgi_app = trap
        running._server.error_log = lambda *_, **__: None  # it complains of clients that are dead
        lives = Killing(town=town, running=running, trap=trap, rng=Random(seed), state=state)  # noqa: S311
        lives.rest()
        yield lives
