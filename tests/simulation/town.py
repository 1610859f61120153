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
from sync.engine import Engine
from sync.invoice_run import Issued, run_invoices
from sync.restored import mark_restored
from tests.durability.site import MortalStore, Site, _config
from tests.simulation.chronos import Chronos
from tests.simulation.watch import Watch, WatchedWire

ADOPTED_ON = "2025-06-10"
YES, NO = 126310001, 126310002
ADVANCE, ARREARS = 126310000, 126310001


@dataclass(slots=True)
class Life:
    """One process: what it has in memory, and the lock it holds."""

    engine: Engine
    held: ExitStack
    store: SqliteStore
    polled_parked_at: float = 0.0


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
        ports = replace(
            engine.ports,
            crm=bootstrap.dataverse(config, self.chronos, adapters),
            providers=bootstrap.providers(config, self.chronos, adapters),
            store=self.wrap(self, store) if self.wrap else store,
            effects=self.chronos,
            log=self.log,
        )
        money = config.money.model_copy(update=self.configured)
        policy = bootstrap.policy(config.model_copy(update={"money": money}), _mappings())
        return replace(
            engine,
            ports=ports,
            policy=policy,
            audited=frozenset(),
            contexts={},
            sleeping={},
            announced=set(),
        )

    def alive(self) -> Life:
        if self.life is None:
            self.life = self.start()
        return self.life

    def cycle(self) -> Report:
        """Do what the daemon does every few seconds."""
        life = self.alive()
        if self.chronos.time - life.polled_parked_at >= 300:  # as in the daemon
            look_at_parked(life.engine)
            life.polled_parked_at = self.chronos.time
        return run_cycle(life.engine)

    def once(self) -> Report:
        """Do what `run --once` does: a process of its own, after the daemon was stopped."""
        self.stop()
        life = self.start()
        try:
            return run_once(life.engine)
        finally:
            life.held.close()

    def issue(self) -> list[Issued]:
        """Do what `invoice run` does, through the running daemon."""
        engine = self.alive().engine
        return run_invoices(engine, engine.now().date())

    def look(self, fn: Callable[[Any], Any]) -> Any:
        return self.durable.tx(fn)

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


def found(seed: int, **settings: Any) -> Town:
    """Lay out the town of a seed, before the daemon's first look."""
    chronos = Chronos(seed)
    rng = Random(f"world {seed}")  # noqa: S311  # repeatable on purpose
    world = World(_identity(), clock=Clock(chronos.wall), rng=rng, scenarios=SCENARIOS)
    app = assemble(world)
    world.reset("empty", seed=seed)
    quiet = {**asdict(Settings()), "partner_center_per_minute": 0}
    world.settings.change({**quiet, **settings})
    return settle(world, WatchedWire(InProcessAdapter(app)), chronos)


def settle(world: World, wire: WatchedWire, chronos: Chronos) -> Town:
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
    _settle(town)
    return town


def _settle(town: Town) -> None:
    world = town.world
    town.tenant = str(world.partner_center.add_customer({"companyName": "Fabrikam"})["id"])
    town.account = town.make("account", name="Fabrikam", sk_customertenantid=town.tenant)
    kinds = {"automatic": 126310000, "manual": 126310001, "nothing": 126310002}
    for name, kind in kinds.items():
        connector = "partner-center" if name == "automatic" else None
        town.providers[name] = town.make(
            "sk_provider", sk_name=name, sk_kind=kind, sk_connector=connector
        )
    for number, (name, refunds, policy) in enumerate(
        [("yes", YES, ADVANCE), ("no", NO, ADVANCE), ("arrears", YES, ARREARS)], start=1
    ):
        _contract(town, name, number, refunds, policy)
    for name, kind in _people():
        town.contract = town.contracts[name]
        _move_in(town, name, kind)


def _people() -> Iterator[tuple[str, str]]:
    yield from [("yes", "automatic"), ("yes", "automatic"), ("no", "automatic")]
    yield from [("yes", "manual"), ("arrears", "nothing")]


def _move_in(town: Town, contract: str, kind: str) -> None:
    number = len(town.subscriptions) + 1
    subscription = town.make(
        "sk_subscription",
        sk_name=f"Business Premium {number}",
        sk_accountid=town.account,
        sk_billingcontractid=town.contracts[contract],
        sk_providerid=town.providers[kind],
        sk_providersubscriptionid=town._buy() if kind == "automatic" else None,
        sk_quantity=10,
        sk_unitprice=10,
        sk_startdate="2025-01-01",
        statecode=0,
        statuscode=1,
    )
    town.subscriptions.append(subscription)
    if kind == "automatic":
        town.licences[subscription] = town.row("sk_subscription", subscription)[
            "sk_providersubscriptionid"
        ]
    if contract != "arrears":
        town.bill(subscription, town.drafts[f"{contract} june"], "2025-06-01", "2025-07-01")


def _contract(town: Town, name: str, number: int, refunds: int, policy: int) -> None:
    contract = town.make(
        "sk_billingcontract",
        sk_name=f"Fabrikam {name}",
        sk_accountid=town.account,
        sk_frequency=126310000,
        sk_billingpolicy=policy,
        sk_processrefunds=refunds,
        sk_startdate="2025-01-01",
        sk_currencycode="USD",
        sk_timezone="UTC",
        sk_nextinvoiceon="2025-07-01",
    )
    town.contracts[name] = contract
    if policy == ARREARS:
        return
    for month, start, end in [("june", "06-01", "07-01"), ("july", "07-01", "08-01")]:
        is_june = month == "june"
        town.drafts[f"{name} {month}"] = town.make(
            "sk_invoice",
            sk_name=f"{name} {month}",
            sk_number=f"INV-2025-{number:04d}" if is_june else None,
            sk_billingcontractid=contract,
            sk_cyclestart=f"2025-{start}",
            sk_cycleend=f"2025-{end}",
            sk_issuedon="2025-06-01" if is_june else None,
            sk_currencycode="USD",
            statecode=0,
            statuscode=126310000 if is_june else 1,
        )
