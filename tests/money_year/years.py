"""A year of contracts in the sandbox: people change things at random, the daemon dies at random.

The daemon sees the world through the connectors only; the oracle reads the journal only.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sandbox.in_process import InProcessAdapter, open_world
from sandbox.world import World
from seatkeeper import bootstrap
from seatkeeper.bootstrap import Application
from seatkeeper.config import Config
from store.sqlite import SqliteStore
from sync.cycle import run_once
from sync.invoice_run import run_invoices
from tests.connector.scripted import Clockwork
from tests.durability.site import Killed, MortalStore, Silence, Tally, Wire
from tests.money_year.calendar_oracle import Contract

ORIGIN = "https://localhost"
PERSON = "Alex Wilber"
FIRST = 126310000
BEGUN = date(2025, 1, 10)
DAY = timedelta(days=1)
ACTIVE = {"statecode": 0, "statuscode": 1}
PAUSED = {"statecode": 0, "statuscode": FIRST}
SUSPENDED = {"statecode": 1, "statuscode": 2}
CANCELLED = {"statecode": 1, "statuscode": FIRST + 1}
ISSUED, PAID = {"statecode": 0, "statuscode": FIRST}, {"statecode": 1, "statuscode": FIRST + 1}
ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "Europe/Berlin", "Pacific/Auckland")
CURRENCIES = {"USD": "12.50", "EUR": "19.90", "JPY": "1250", "KWD": "4.250"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How long and how wild a year is; the chances are per subscription and day."""

    contracts: int
    days: int = 365
    change: float = 0.02
    death: float = 0.1
    downtime: float = 0.02
    """The chance per day that the daemon is down for some days."""


@dataclass(slots=True, kw_only=True)
class Year:
    """The world, the state file, and who plays."""

    world: World
    wire: Wire
    effects: Clockwork
    state: Path
    application: Application
    rng: random.Random
    size: Size
    account: str = ""
    provider: str = ""
    contracts: dict[str, dict[str, Any]] = field(default_factory=dict)
    subscriptions: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    deaths: int = 0
    down_until: date = date.min

    # --- the daemon ----------------------------------------------------------------------------

    @contextmanager
    def process(self) -> Iterator[Application]:
        """One life of the daemon; however it ends, only the state file is left."""
        store = SqliteStore(self.state)
        engine = self.application.engine
        ports = replace(
            engine.ports, store=MortalStore(store, self.tally, self.wire), log=Silence()
        )
        try:
            yield replace(
                self.application, engine=replace(engine, ports=ports, contexts={}, sleeping={})
            )
        finally:
            store.close()

    def works(self, today: date) -> None:
        """Poll, apply, invoice; die in between now and then, and start again."""
        deadly = self.rng.randint(1, 40) if self.rng.random() < self.size.death else 0
        self.tally.arm(deadly)
        try:
            self._works_once(today)
        except Killed:
            self.deaths += 1
            self.tally.arm(0)
            self._passes(130)
            self._works_once(today)

    def _works_once(self, today: date) -> None:
        with self.process() as app:
            bootstrap.meet(app)
            run_once(app.engine, passes=8)
            run_invoices(app.engine, today)

    def _passes(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        self.effects.time += seconds

    # --- people --------------------------------------------------------------------------------

    def plays(self) -> date:
        """Play the whole year; return its last day, after the daemon has settled everything."""
        today = BEGUN
        self._at(today, 9)
        self.works(today)
        for number in range(1, self.size.days + 1):
            today = BEGUN + DAY * number
            self._people(today)
            if self.rng.random() < self.size.downtime:
                self.down_until = today + DAY * self.rng.randint(2, 12)
            if today > self.down_until:
                self._at(today, 22, 30)
                self.works(today)
        self.size = replace(self.size, death=0.0)
        for _ in range(3):
            today += DAY
            self._at(today, 12)
            self.works(today)
        return today

    def _at(self, day: date, hour: int, minute: int = 0) -> None:
        before = self.world.clock.now()
        self.world.clock.set(datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC))
        self.effects.time += max(0.0, (self.world.clock.now() - before).total_seconds())

    def _people(self, today: date) -> None:
        """Let everybody do what they do on a day, in the order of its hours."""
        self._at(today, 1)
        for subscription in list(self.subscriptions):
            while self.rng.random() < self.size.change:
                self._passes(self.rng.randint(1, 300))
                self._changes(subscription, today)
        self._pays(today)
        if self.rng.random() < 0.01 * self.size.contracts / 10:
            contract = self.rng.choice(sorted(self.contracts))
            self.subscribe(contract, self.contracts[contract], starts=today)

    def _changes(self, subscription: str, today: date) -> None:
        row = self.row("sk_subscription", subscription)
        pair = {"statecode": row["statecode"], "statuscode": row["statuscode"]}
        act = self.rng.choice(
            {
                1: ("off", "off", "fewer", "more", "more", "price", "pause", "later", "flip"),
                FIRST: ("resume", "off"),
                2: ("on",),
            }.get(pair["statuscode"], ("nothing",))
        )
        for columns in self._saves(act, row, today):
            self._passes(self.rng.randint(1, 120))
            self.write("sk_subscription", subscription, columns)

    def _saves(self, act: str, row: dict[str, Any], today: date) -> list[dict[str, Any]]:
        """Return what a person saves, one after the other."""
        seats, dated = row["sk_quantity"], self._dated(today)
        if act == "price":
            listed = Decimal(CURRENCIES[self.currency_of(row)])
            return [{"sk_unitprice": listed * self.rng.choice([1, 2, 3])}]
        if act == "later":
            on = today + DAY * self.rng.randint(1, 15)
            return [{"sk_deactivateon": on.isoformat()}]
        if act == "flip":
            return [{**SUSPENDED, **dated}, {**ACTIVE, **dated}]
        return [
            {
                "off": {
                    **SUSPENDED,
                    **dated,
                    "sk_refundchoice": FIRST + self.rng.choice([0, 0, 1, 2]),
                },
                "on": {**ACTIVE, **dated},
                "pause": PAUSED,
                "resume": ACTIVE,
                "fewer": {"sk_quantity": max(1, seats - self.rng.randint(1, 4)), **dated},
                "more": {"sk_quantity": seats + self.rng.randint(1, 5), **dated},
                "nothing": {"sk_name": row["sk_name"]},
            }[act]
        ]

    def _dated(self, today: date) -> dict[str, Any]:
        """Now and then the change was made earlier than it is entered."""
        if self.rng.random() < 0.85:
            return {"sk_changeeffectiveon": None}
        return {"sk_changeeffectiveon": (today - DAY * self.rng.randint(1, 40)).isoformat()}

    def _pays(self, today: date) -> None:
        for invoice in self.rows("sk_invoice"):
            if invoice["statuscode"] == FIRST and self.rng.random() < 0.1:
                self.write(
                    "sk_invoice", invoice["sk_invoiceid"], {**PAID, "sk_paidon": today.isoformat()}
                )

    # --- rows ----------------------------------------------------------------------------------

    def write(self, table: str, row_id: str, columns: dict[str, Any]) -> None:
        with self.world.acting(self.world.identity.person_id):
            self.world.dataverse.update(table, row_id, columns, by=PERSON)

    def make(self, table: str, **columns: Any) -> str:
        row = {f"{table}id": self.world.new_id(), **columns}
        with self.world.acting(self.world.identity.person_id):
            return self.world.dataverse.insert(table, row, by=PERSON)

    def rows(self, table: str) -> list[dict[str, Any]]:
        with self.world.lock:
            return list(self.world.dataverse.rows(table))

    def row(self, table: str, row_id: str) -> dict[str, Any]:
        return next(row for row in self.rows(table) if row[f"{table}id"] == row_id)

    def lay(self) -> None:
        """Lay a customer, contracts and subscriptions; the running cycles were billed by hand."""
        tenant = self.world.partner_center.add_customer({"companyName": "Fabrikam"})["id"]
        self.account = self.make("account", name="Fabrikam", sk_customertenantid=str(tenant))
        self.provider = self.make("sk_provider", sk_name="Nobody", sk_kind=FIRST + 2)
        for number in range(self.size.contracts):
            self._contract(number)

    def _contract(self, number: int) -> None:
        pick = self.rng.choices
        anchor = date(2024, 1, 1) + DAY * self.rng.randint(0, 365)
        if self.rng.random() < 0.25:
            anchor = self.rng.choice([date(2024, 1, 31), date(2024, 2, 29), date(2024, 8, 30)])
        ends = BEGUN + DAY * self.rng.randint(60, 300) if self.rng.random() < 0.1 else None
        row = {
            "sk_name": f"Contract {number}",
            "sk_accountid": self.account,
            "sk_frequency": FIRST + pick([0, 1, 2, 3], [70, 15, 10, 5])[0],
            "sk_billingpolicy": FIRST + pick([0, 1], [70, 30])[0],
            "sk_processrefunds": FIRST + pick([0, 1, 2], [40, 40, 20])[0],
            "sk_prorateunit": FIRST + pick([0, 1, 2, 3], [70, 10, 10, 10])[0],
            "sk_startdate": anchor.isoformat(),
            "sk_enddate": ends.isoformat() if ends else None,
            "sk_currencycode": self.rng.choice(sorted(CURRENCIES)),
            "sk_timezone": self.rng.choice(ZONES),
            "sk_paymentdays": 14,
        }
        start, end = Contract(row=row).cycle_of(BEGUN)
        is_arrears = row["sk_billingpolicy"] == FIRST + 1
        row["sk_nextinvoiceon"] = end.isoformat()
        contract = self.make("sk_billingcontract", **row)
        self.contracts[contract] = row
        invoice = "" if is_arrears else self._invoice_by_hand(contract, row, start, end)
        for _ in range(self.rng.choice([1, 1, 2])):
            subscription = self.subscribe(contract, row, starts=anchor)
            if invoice:
                self._line_by_hand(invoice, subscription, start, end)

    def subscribe(self, contract: str, row: dict[str, Any], *, starts: date) -> str:
        subscription = self.make(
            "sk_subscription",
            sk_name=f"Business Premium {len(self.subscriptions) + 1}",
            sk_accountid=self.account,
            sk_billingcontractid=contract,
            sk_providerid=self.provider,
            sk_quantity=self.rng.randint(1, 20),
            sk_unitprice=Decimal(CURRENCIES[row["sk_currencycode"]]),
            sk_discountpercent=self.rng.choice([None, None, 10]),
            sk_discountamount=self.rng.choice([None, None, None, 1]),
            sk_taxpercent=self.rng.choice([None, 19]),
            sk_startdate=starts.isoformat(),
            **ACTIVE,
        )
        self.subscriptions.append(subscription)
        return subscription

    def currency_of(self, row: dict[str, Any]) -> str:
        return str(self.contracts[row["_sk_billingcontractid_value"]]["sk_currencycode"])

    def _invoice_by_hand(self, contract: str, row: dict[str, Any], start: date, end: date) -> str:
        return self.make(
            "sk_invoice",
            sk_name="by hand",
            sk_billingcontractid=contract,
            sk_cyclestart=start.isoformat(),
            sk_cycleend=end.isoformat(),
            sk_issuedon=start.isoformat(),
            sk_currencycode=row["sk_currencycode"],
            **ISSUED,
        )

    def _line_by_hand(self, invoice: str, subscription: str, start: date, end: date) -> None:
        row = self.row("sk_subscription", subscription)
        price = Decimal(str(row["sk_unitprice"])) * (
            100 - Decimal(str(row["sk_discountpercent"] or 0))
        )
        fixed = Decimal(str(row["sk_discountamount"] or 0))
        self.make(
            "sk_invoiceline",
            sk_invoiceid=invoice,
            sk_subscriptionid=subscription,
            sk_linenumber=1,
            sk_kind=FIRST,
            sk_periodstart=start.isoformat(),
            sk_periodend=end.isoformat(),
            sk_quantity=row["sk_quantity"],
            sk_unitprice=row["sk_unitprice"],
            sk_discountpercent=row["sk_discountpercent"],
            sk_amount=price / 100 * row["sk_quantity"] - fixed,
        )


def open_year(state: Path, seed: int, size: Size) -> Year:
    """Lay a year before the daemon's first look."""
    started = datetime.now(UTC)  # noqa: TID251  # tokens live in real time; here it stands still
    world, app = open_world("empty", wall=lambda: started)
    world.settings.change({"audit": True, "partner_center_per_minute": 0})
    wire, effects = Wire(InProcessAdapter(app)), Clockwork()
    application = bootstrap.build(
        _config(world),
        store=SqliteStore(":memory:"),
        effects=effects,
        adapters={"https://": wire},
        inline=True,
    )
    year = Year(
        world=world,
        wire=wire,
        effects=effects,
        state=state,
        application=application,
        rng=random.Random(seed),  # noqa: S311  # repeatable on purpose
        size=size,
    )
    wire.tally = year.tally
    year._at(BEGUN, 8)
    year.lay()
    return year


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
            "guards": {"max_changes": 100_000, "max_percent": 100},
            "money": {"max_back_dating_days": 60, "process_refunds": True},
        }
    )
