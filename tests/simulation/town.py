"""The world of a simulated run, and the lives of the daemon in it.

Three contracts (refunds yes, refunds no, in arrears), five subscriptions (three at Partner
Center, one by hand, one whose provider needs nothing). Everything is new for every run, so that
nothing of an earlier run shows in a later one; only keys and mappings are shared.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from sandbox.assembly import assemble
from sandbox.clock import Clock
from sandbox.identity import Identity, new_identity
from sandbox.in_process import InProcessAdapter
from sandbox.scenarios import SCENARIOS
from sandbox.settings import Settings
from sandbox.world import World
from seatkeeper import bootstrap, instance
from seatkeeper.bootstrap import Application
from store.sqlite import SqliteStore
from sync.cycle import Report, look_at_parked, run_cycle, run_once
from sync.engine import Engine, apart
from sync.invoice_run import Issued, run_invoices
from sync.partner_round import run_partner_round, sweep_on
from sync.restored import mark_restored
from tests.durability.site import MortalStore, Site, _config
from tests.simulation.chronos import Chronos
from tests.simulation.houses import move_in
from tests.simulation.watch import Watch, WatchedWire

ADOPTED_ON = "2025-06-10"
HEARS_EVERY = 300.0
"""Seconds between two looks at the records of Partner Center (partner_poll_seconds)."""


@dataclass(slots=True)
class Life:
    """One process: what it has in memory, and the lock it holds."""

    engine: Engine
    held: ExitStack
    store: SqliteStore
    polled_parked_at: float = 0.0
    heard_at: float = -HEARS_EVERY


@dataclass(slots=True, kw_only=True)
class Town(Site):
    """The stage of a simulated run."""

    chronos: Chronos
    watch: Watch
    durable: SqliteStore
    contracts: dict[str, str] = field(default_factory=dict)
    life: Life | None = None
    backups: list[SqliteStore] = field(default_factory=list)
    configured: dict[str, Any] = field(default_factory=dict)
    lossy: bool = False
    """Whether a state was lost or put back while a change was not logged yet."""
    copied: SqliteStore | None = None
    """The state of a rival on another machine."""
    went_back: bool = False
    """Whether business time went back: late changes then look like old ones."""
    lost_on: date | None = None
    """The day on which the daemon began anew without its state."""
    restored: bool = False
    cycles: int = 0
    """How often a daemon went round."""
    wrap: Callable[["Town", SqliteStore], Any] | None = None
    """How a negative control spoils the store; None is the way it is."""

    # --- the daemon ----------------------------------------------------------------------------

    def start(self) -> Life:
        """Begin a process: take the lock, make new clients, meet the organisation."""
        held = ExitStack()
        try:
            held.enter_context(instance.single_instance(self.state))
            life = Life(engine=self._engine(), held=held, store=self.durable)
            bootstrap.meet(replace(self.application, engine=life.engine))
        except BaseException:
            held.close()
            raise
        return life

    def stop(self) -> None:
        """End the process, as a kill does: nothing is said, the lock is gone."""
        if self.life is not None:
            self.life.held.close()
        self.life = None

    def _engine(self) -> Engine:
        config, adapters = self.application.config, {"https://": self.wire}
        engine = self.application.engine
        store: Any = MortalStore(self.durable, self.store_tally, self.wire)
        providers = bootstrap.providers(config, self.chronos, adapters)
        ports = replace(
            engine.ports,
            crm=bootstrap.dataverse(config, self.chronos, adapters),
            providers=providers,
            feeds=bootstrap.feeds(providers, self.chronos, config.partner_sweep.share_percent),
            store=self.wrap(self, store) if self.wrap else store,
            effects=self.chronos,
            log=self.log,
        )
        money = config.money.model_copy(update=self.configured)
        policy = bootstrap.policy(config.model_copy(update={"money": money}), _mappings())
        fresh = apart(engine, ports.store)
        return replace(fresh, ports=ports, policy=policy, audited=frozenset(), announced=set())

    def alive(self) -> Life:
        if self.life is None:
            self.life = self.start()
        return self.life

    def cycle(self) -> Report:
        """Do what the daemon does every few seconds."""
        life = self.alive()
        self.hear(life)
        if self.chronos.time - life.polled_parked_at >= 300:  # as in the daemon
            look_at_parked(life.engine)
            life.polled_parked_at = self.chronos.time
        self.cycles += 1
        return run_cycle(life.engine)

    def hear(self, life: Life) -> None:
        """Hear what was done at Partner Center, and list what a sweep has left."""
        if self.chronos.time - life.heard_at >= HEARS_EVERY:
            run_partner_round(life.engine)
            life.heard_at = self.chronos.time
        sweep_on(life.engine)

    def hear_now(self) -> Report:
        """Look at Partner Center though it is not time, and work."""
        life = self.alive()
        life.heard_at = self.chronos.time - HEARS_EVERY
        return self.cycle()

    def quiet_cycle(self) -> Report:
        """Do what the daemon does between two looks at Partner Center."""
        self.cycles += 1
        return run_cycle(self.alive().engine)

    def sweep(self) -> None:
        """Do what `drift --now` asks of the daemon: list everything."""
        run_partner_round(self.alive().engine, whole=True)

    def once(self) -> Report:
        """Do what `run --once` does: a process of its own, after the daemon was stopped."""
        self.stop()
        life = self.start()
        try:
            self.cycles += 1
            report = run_once(life.engine)
            if not (report.failures or report.stopped):
                run_partner_round(life.engine)
                if self.look(lambda tx: tx.suspects()):
                    self.cycles += 1
                    run_once(life.engine)
            return report
        finally:
            life.held.close()

    def issue(self) -> list[Issued]:
        """Do what `invoice run` does, through the running daemon."""
        engine = self.alive().engine
        return run_invoices(engine, engine.now().date())

    def look(self, fn: Callable[[Any], Any]) -> Any:
        return self.durable.tx(fn)

    def told(self) -> Iterator[tuple[str, str]]:
        """Yield the differences that are only told, or wait for a person."""
        for one in self.look(lambda tx: tx.differences()):
            if one.outcome in {"reported", "conflict"}:
                yield one.subscription_id, one.field

    def lose_state(self) -> None:
        self.stop()
        self.durable = SqliteStore(":memory:")

    def back_up(self) -> None:
        self.backups.append(self.durable.copy())

    def restore(self, number: int) -> None:
        """Put an old backup in place of the state, as `seatkeeper restore` does."""
        self.stop()
        self.restored = True
        self.durable = self.backups[number % len(self.backups)].copy()
        now = self.world.clock.now()
        self.durable.tx(lambda tx: mark_restored(tx, now))

    def second(self) -> None:
        """Start another daemon on the same state and let it work; the lock must refuse it."""
        second = self.start()
        try:
            run_cycle(second.engine)
        finally:
            second.held.close()

    def rival(self) -> None:
        """Let another machine work that begins with a copy of the state, and has no lock with us.

        Nobody should do this; the ids of the facts keep even that from writing anything twice.
        """
        ours = self.durable
        if self.copied is None:
            self.copied = ours.copy()
        self.durable = self.copied
        try:
            engine = self._engine()
            bootstrap.meet(replace(self.application, engine=engine))
            run_cycle(engine)
        finally:
            self.durable = ours

    def settle_down(self, rounds: int = 3) -> None:
        """Work until nothing is left to do, past every pause, while nothing goes wrong."""
        self.calm()
        for _ in range(rounds):
            self.advance(400)
            self.once()

    def touch(self, **columns: Any) -> None:
        """Save every subscription that is there, as people do sooner or later."""
        there = {row["sk_subscriptionid"] for row in self.rows("sk_subscription")}
        for subscription in self.subscriptions:
            if subscription in there:
                self.edit(subscription, sk_name="touched", **columns)

    # --- time ----------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Let time pass for everybody; tokens grow older too."""
        self.chronos.time += seconds

    def today(self) -> date:
        return self.world.clock.now().date()

    def calm(self) -> None:
        """Nothing dies or fails any more, and the services answer as they mostly do."""
        self.store_tally.deadly = self.wire.tally.deadly = 0
        self.wire.before = lambda _: None
        self.fault()
        quiet = {"accepted_seconds": 0, "not_ready_seconds": 0, "partner_center_per_minute": 0}
        self.world.settings.change(quiet)


@cache
def _identity() -> Identity:
    return new_identity(Random(1))  # noqa: S311  # one identity for all runs: keys are dear


@cache
def _application() -> Application:
    world = World(_identity())
    return bootstrap.build(_config(world), store=SqliteStore(":memory:"), inline=True)


def _mappings() -> Any:
    return _application().mappings


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="seatkeeper-simulation-")


def found(seed: int, *, ending: bool = False, **settings: Any) -> Town:
    """Lay out the town of a seed, before the daemon's first look; `ending`: terms end soon."""
    chronos = Chronos(seed)
    rng = Random(f"world {seed}")  # noqa: S311  # repeatable on purpose
    world = World(_identity(), clock=Clock(chronos.wall), rng=rng, scenarios=SCENARIOS)
    app = assemble(world)
    world.reset("empty", seed=seed)
    quiet = {**asdict(Settings()), "partner_center_per_minute": 0}
    world.settings.change({**quiet, **settings})
    return settle(world, WatchedWire(InProcessAdapter(app)), chronos, ending=ending)


def settle(world: World, wire: WatchedWire, chronos: Chronos, *, ending: bool = False) -> Town:
    """Lay out the town in an empty world."""
    watch = Watch(world=world)
    town = Town(
        world=world,
        wire=wire,
        effects=chronos,  # type: ignore[arg-type]  # the site's Clockwork, by another name
        chronos=chronos,
        watch=watch,
        durable=SqliteStore(":memory:"),
        state=Path(_folder().name) / "state.db",
        application=_application(),
        contract="",
    )
    wire.watch, wire.town = watch, town
    town.log = watch.log
    world.clock.set(datetime.fromisoformat(f"{ADOPTED_ON}T12:00").replace(tzinfo=UTC))
    move_in(town, ending=ending)
    return town
