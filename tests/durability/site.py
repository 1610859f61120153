"""A small world and a daemon that can be killed: the state file outlives every process.

One customer, one contract (10.00 USD x 10 seats a month, in advance, June invoiced, July open),
some subscriptions with their licences. A `Process` is one life of the daemon on the state file.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import requests
from requests.adapters import BaseAdapter

from sandbox.faults import read_rule
from sandbox.in_process import InProcessAdapter, open_world
from sandbox.settings import Settings
from sandbox.world import World
from seatkeeper import bootstrap
from seatkeeper.bootstrap import Application
from seatkeeper.config import Config
from store.sqlite import SqliteStore
from sync.cycle import Report, run_once
from sync.invoice_run import Issued, run_invoices
from tests.connector.scripted import Clockwork

ORIGIN = "https://localhost"
PERSON = "Alex Wilber"
STATUS: dict[str, dict[str, Any]] = {
    "active": {"statecode": 0, "statuscode": 1},
    "paused": {"statecode": 0, "statuscode": 126310000},
    "suspended": {"statecode": 1, "statuscode": 2},
}
NEXT_TERM = {
    "product": {
        "productId": "CFQ7TTC0LCHC",
        "skuId": "0002",
        "availabilityId": "CFQ7TTC0K971",
        "billingCycle": "monthly",
        "termDuration": "P1Y",
    },
    "quantity": 8,
}


class Killed(BaseException):
    """The process was killed at this point; nothing after it runs."""


@dataclass(slots=True)
class Tally:
    """Counts what may be a point of death, and kills at the chosen one."""

    deadly: int = 0
    """The number of the point at which to die; 0 = never."""
    count: int = 0
    died: bool = False

    def arm(self, deadly: int) -> None:
        self.deadly, self.count, self.died = deadly, 0, False

    def point(self) -> None:
        self.count += 1
        if self.count == self.deadly:
            self.died = True
            raise Killed


class Wire(BaseAdapter):
    """The way to the sandbox: can die before and after a request, and remembers the requests."""

    def __init__(self, sandbox: InProcessAdapter) -> None:
        super().__init__()
        self._sandbox = sandbox
        self.tally = Tally()
        self.sent: list[requests.PreparedRequest] = []
        self.before: Callable[[requests.PreparedRequest], None] = lambda _: None
        """Called before each request: what others do in between."""
        self.is_closed = False
        """Set while a transaction of the store is open."""

    def send(self, request, **options):
        assert not self.is_closed, "a request inside a transaction (rules.md 2.2)"
        if "/oauth2/" in request.url or "/.well-known/" in request.url:
            return self._sandbox.send(request, **options)
        self.tally.point()
        self.before(request)
        self.sent.append(request)
        response = self._sandbox.send(request, **options)
        self.tally.point()
        return response

    def close(self) -> None:
        """Nothing is open."""

    def deliver(self, request: requests.PreparedRequest) -> None:
        """Let a request that got lost arrive now; nobody waits for its answer any more."""
        self._sandbox.send(request)

    def forget(self) -> None:
        """Begin a new world."""
        self.tally = Tally()
        self.sent.clear()
        self.before = lambda _: None

    def provider_writes(self) -> list[requests.PreparedRequest]:
        return [one for one in self.sent if one.method == "PATCH" and "/v1/customers/" in one.url]


class Silence:
    """A log that keeps events and prints nothing."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, /, **_: object) -> None:
        self.events.append(event)

    def warning(self, event: str, /, **_: object) -> None:
        self.events.append(event)


class MortalStore:
    """The `Store` port that can die just before the commit of a transaction that wrote.

    After the commit nothing is different until the next request (`Wire` dies there) or the next
    commit; a transaction that only read leaves nothing different either.
    """

    def __init__(self, store: SqliteStore, tally: Tally, wire: Wire) -> None:
        self._store = store
        self._tally = tally
        self._wire = wire

    def tx(self, fn):
        def mortal(tx):
            before = self._store._connection.total_changes
            self._wire.is_closed = True
            try:
                result = fn(tx)
            finally:
                self._wire.is_closed = False
            if self._store._connection.total_changes != before:
                self._tally.point()
            return result

        return self._store.tx(mortal)

    def copy(self) -> SqliteStore:
        return self._store.copy()

    def close(self) -> None:
        self._store.close()


@dataclass(slots=True, kw_only=True)
class Site:
    """The world, the state file, and the connectors that each life of the daemon uses."""

    world: World
    wire: Wire
    effects: Clockwork
    state: Path
    application: Application
    contract: str
    account: str = ""
    tenant: str = ""
    providers: dict[str, str] = field(default_factory=dict)
    drafts: dict[str, str] = field(default_factory=dict)
    subscriptions: list[str] = field(default_factory=list)
    licences: dict[str, str] = field(default_factory=dict)
    store_tally: Tally = field(default_factory=Tally)
    log: Silence = field(default_factory=Silence)
    opens: Callable[[Path], Any] = SqliteStore
    """Opens the state; PostgreSQL has its own."""

    # --- the daemon ----------------------------------------------------------------------------

    @contextmanager
    def process(self) -> Iterator[Application]:
        """One life of the daemon; however it ends, only the state file is left."""
        store = self.opens(self.state)
        mortal = MortalStore(store, self.store_tally, self.wire)
        engine = self.application.engine
        live = replace(
            engine,
            ports=replace(engine.ports, store=mortal, log=self.log),
            contexts={},
            sleeping={},
        )
        try:
            yield Application(
                config=self.application.config,
                mappings=self.application.mappings,
                engine=live,
                stop=self.application.stop,
            )
        finally:
            store.close()

    def run(self, *, meet: bool = True, passes: int = 8) -> Report:
        """Start, work once, end."""
        with self.process() as app:
            if meet:
                bootstrap.meet(app)
            return run_once(app.engine, passes=passes)

    def invoice(self, day: str) -> list[Issued]:
        with self.process() as app:
            bootstrap.meet(app)
            return run_invoices(app.engine, date.fromisoformat(day))

    def calm(self) -> None:
        """Nothing dies or fails any more."""
        self.store_tally.deadly = self.wire.tally.deadly = 0
        self.wire.before = lambda _: None
        self.fault()

    def quiesce(self, rounds: int = 4) -> None:
        """Work until nothing is left to do, past every pause."""
        for _ in range(rounds):
            self.advance(400)
            self.run()

    def is_settled(self) -> bool:
        """Tell whether nothing waits, is open, or has to be read again."""
        return self.look(lambda tx: not (tx.due(None) or tx.revisits() or tx.waits()))

    def look(self, fn):
        """Read the state file with a store of its own."""
        store = self.opens(self.state)
        try:
            return store.tx(fn)
        finally:
            store.close()

    def lose_state(self) -> None:
        for path in self.state.parent.glob(self.state.name + "*"):
            path.unlink()

    # --- people --------------------------------------------------------------------------------

    def on(self, day: str, time: str = "12:00") -> None:
        with self.world.lock:
            self.world.clock.set(datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC))

    def advance(self, seconds: float) -> None:
        """Let time pass for everybody, the daemon's monotonic clock included."""
        with self.world.lock:
            self.world.clock.advance(seconds)
        self.effects.time += seconds

    def edit(self, subscription: str, status: str = "", **columns: Any) -> None:
        """Save a subscription once, a second after whatever was before."""
        self.advance(1)
        self.write("sk_subscription", subscription, {**STATUS.get(status, {}), **columns})

    def write(self, table: str, row_id: str, changes: dict[str, Any]) -> None:
        with self.world.acting(self.world.identity.person_id):
            self.world.dataverse.update(table, row_id, changes, by=PERSON)

    def make(self, table: str, **columns: Any) -> str:
        row = {f"{table}id": self.world.new_id(), **columns}
        with self.world.acting(self.world.identity.person_id):
            return self.world.dataverse.insert(table, row, by=PERSON)

    def delete(self, table: str, row_id: str) -> None:
        with self.world.acting(self.world.identity.person_id):
            self.world.dataverse.delete(table, row_id, by=PERSON)

    def fault(self, **rule: Any) -> None:
        """Break a service by one rule of the fault control; without one it is whole again."""
        with self.world.lock:
            self.world.faults.replace([read_rule(rule)] if rule else [])

    # --- what is there -------------------------------------------------------------------------

    def rows(self, table: str) -> list[dict[str, Any]]:
        with self.world.lock:
            return list(self.world.dataverse.rows(table))

    def row(self, table: str, row_id: str) -> dict[str, Any]:
        return next(row for row in self.rows(table) if row[f"{table}id"] == row_id)

    def logs(self, subscription: str) -> list[dict[str, Any]]:
        mine = [
            r for r in self.rows("sk_changelog") if r["_sk_subscriptionid_value"] == subscription
        ]
        return sorted(mine, key=lambda row: row["sk_sequence"])

    def lines(self, subscription: str) -> list[dict[str, Any]]:
        """Return the lines that Seatkeeper wrote for a subscription."""
        return [
            row
            for row in self.rows("sk_invoiceline")
            if row["_sk_subscriptionid_value"] == subscription
            and row["sk_calculatedamount"] is not None
        ]

    def licence(self, subscription: str) -> dict[str, Any]:
        found = self.world.partner_center.subscription(self.licences[subscription])
        assert found is not None
        return found

    @property
    def mark(self) -> int:
        return self.world.journal.last

    # --- the stage -----------------------------------------------------------------------------

    def subscribe(self, *, kind: str = "automatic", **licence: Any) -> str:
        """Add a subscription with its licence, and its line on June's invoice."""
        subscription = self.make(
            "sk_subscription",
            sk_name=f"Business Premium {len(self.subscriptions) + 1}",
            sk_accountid=self.account,
            sk_billingcontractid=self.contract,
            sk_providerid=self.providers[kind],
            sk_providersubscriptionid=self._buy(**licence) if kind == "automatic" else None,
            sk_quantity=10,
            sk_unitprice=10,
            sk_startdate="2025-01-01",
            **STATUS["active"],
        )
        row = self.row("sk_subscription", subscription)
        self.licences[subscription] = row["sk_providersubscriptionid"]
        self.subscriptions.append(subscription)
        self.bill(subscription, self.drafts["june"], "2025-06-01", "2025-07-01")
        return subscription

    def second_contract(self) -> str:
        """Add a contract with one subscription, to be invoiced on 1 July as well."""
        contract = self.make(
            "sk_billingcontract",
            sk_name="Fabrikam, second",
            sk_accountid=self.account,
            sk_frequency=126310000,
            sk_billingpolicy=126310000,
            sk_startdate="2025-01-01",
            sk_currencycode="USD",
            sk_timezone="UTC",
            sk_nextinvoiceon="2025-07-01",
        )
        return self.make(
            "sk_subscription",
            sk_name="By hand",
            sk_accountid=self.account,
            sk_billingcontractid=contract,
            sk_providerid=self.providers["manual"],
            sk_quantity=10,
            sk_unitprice=10,
            sk_startdate="2025-01-01",
            **STATUS["active"],
        )

    def bill(self, subscription: str, invoice: str, start: str, end: str) -> None:
        self.make(
            "sk_invoiceline",
            sk_invoiceid=invoice,
            sk_subscriptionid=subscription,
            sk_linenumber=len(self.subscriptions),
            sk_kind=126310000,
            sk_periodstart=start,
            sk_periodend=end,
            sk_quantity=10,
            sk_unitprice=10,
            sk_amount=100,
        )

    def _buy(self, **licence: Any) -> str:
        document = {
            "customerId": self.tenant,
            "offerId": "CFQ7TTC0LCHC:0002:CFQ7TTC0K971",
            "quantity": 10,
            "productType": {"id": "OnlineServicesNCE", "displayName": "OnlineServicesNCE"},
            "creationDate": "2025-01-01T00:00:00Z",
            "autoRenewEnabled": True,
            "scheduledNextTermInstructions": NEXT_TERM,
            "termDuration": "P1Y",
            "billingCycle": "monthly",
            **licence,
        }
        told = {name: value for name, value in document.items() if value is not None}
        return str(self.world.partner_center.add_subscription(told)["id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What is dear to make and holds nothing of a site: keys, clients, mappings."""

    world: World
    wire: Wire
    effects: Clockwork
    application: Application


@cache
def _ground() -> Ground:
    started = datetime.now(UTC)  # noqa: TID251  # tokens live in real time; here it stands still
    world, app = open_world("empty", wall=lambda: started)
    wire, effects = Wire(InProcessAdapter(app)), Clockwork()
    application = bootstrap.build(
        _config(world),
        store=SqliteStore(":memory:"),
        effects=effects,
        adapters={"https://": wire},
        inline=True,
    )
    return Ground(world=world, wire=wire, effects=effects, application=application)


def open_site(
    state: Path,
    *,
    subscriptions: int = 1,
    opens: Callable[[Path], Any] = SqliteStore,
    **settings: Any,
) -> Site:
    """Lay the stage on 10 June 2025, before the daemon's first look."""
    ground = _ground()
    world = ground.world
    world.rng.seed(1)
    world.reset("empty")
    world.settings.change({**asdict(Settings()), "partner_center_per_minute": 0, **settings})
    ground.wire.forget()
    ground.effects.ids = 0
    ground.effects.time += 86_400  # past every pause that a service asked for
    ground.effects.slept.clear()
    site = Site(
        world=world,
        wire=ground.wire,
        effects=ground.effects,
        state=state,
        application=ground.application,
        contract="",
        opens=opens,
    )
    site.on("2025-06-10")
    _lay(site)
    for _ in range(subscriptions):
        site.subscribe()
    return site


def _config(world: World) -> Config:
    sign_in = {
        "authority": ORIGIN,
        "tenant_id": world.tenant_id,
        "client_id": world.client_id,
        "client_secret": world.client_secret,
    }
    return Config.model_validate(
        {
            "mode": "apply",
            "dataverse": {"url": ORIGIN, "sign_in": sign_in},
            "providers": {
                "partner-center": {"kind": "partner_center", "url": ORIGIN, "sign_in": sign_in}
            },
            "state": "sqlite:///state.db",
        }
    )


def _lay(site: Site) -> None:
    site.tenant = str(site.world.partner_center.add_customer({"companyName": "Fabrikam"})["id"])
    site.account = site.make("account", name="Fabrikam", sk_customertenantid=site.tenant)
    site.providers = {
        "automatic": site.make(
            "sk_provider",
            sk_name="Partner Center",
            sk_kind=126310000,
            sk_connector="partner-center",
        ),
        "manual": site.make("sk_provider", sk_name="By hand", sk_kind=126310001),
    }
    site.contract = site.make(
        "sk_billingcontract",
        sk_name="Fabrikam monthly",
        sk_accountid=site.account,
        sk_frequency=126310000,
        sk_billingpolicy=126310000,
        sk_processrefunds=126310001,
        sk_startdate="2025-01-01",
        sk_currencycode="USD",
        sk_timezone="UTC",
        sk_nextinvoiceon="2025-07-01",
    )
    months = {"june": ("06", "07", 126310000), "july": ("07", "08", 1)}
    for name, (month, following, status) in months.items():
        site.drafts[name] = site.make(
            "sk_invoice",
            sk_name=name,
            sk_number="INV-2025-0001" if name == "june" else None,
            sk_billingcontractid=site.contract,
            sk_cyclestart=f"2025-{month}-01",
            sk_cycleend=f"2025-{following}-01",
            sk_issuedon="2025-06-01" if name == "june" else None,
            sk_currencycode="USD",
            statecode=0,
            statuscode=status,
        )
