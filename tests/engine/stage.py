"""A small stage: one account, contract, subscription and licence, and a daemon that looks on.

Default: June 2025, 10 seats at 12.50 USD, monthly in advance from 1 January, UTC, refunds given,
June invoiced as INV-1, July open. The clock stands on 10 June when the daemon first looks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sandbox.faults import read_rule
from sandbox.journal import EntryType
from sandbox.world import World
from seatkeeper.bootstrap import Application
from sync.cycle import Report, run_once
from sync.invoice_run import Issued, run_invoices
from sync.state import Parked

PERSON = "Alex Wilber"
AUTOMATIC, MANUAL, DO_NOTHING = 126310000, 126310001, 126310002
ADVANCE, ARREARS = 126310000, 126310001
MONTHLY, QUARTERLY = 126310000, 126310001
USE_CONTRACT, APPLY_REFUND, DO_NOT_REFUND = 126310000, 126310001, 126310002
USE_GLOBAL, YES, NO = 126310000, 126310001, 126310002
STATUS: dict[str, dict[str, Any]] = {
    "active": {"statecode": 0, "statuscode": 1},
    "paused": {"statecode": 0, "statuscode": 126310000},
    "suspended": {"statecode": 1, "statuscode": 2},
    "cancelled": {"statecode": 1, "statuscode": 126310001},
    "expired": {"statecode": 1, "statuscode": 126310002},
}
PROVISIONING = {
    126310000: "awaiting",
    126310001: "not applicable",
    126310002: "provisioned",
    126310003: "failed",
}
KINDS = (
    "new",
    "quantity change",
    "deactivation",
    "activation",
    "pause",
    "resume",
    "cancellation",
    "renewal",
    "expiry",
)
LINE_KINDS = ("recurring", "charge", "refund", "one-off", "usage", "carried")
DECISIONS = ("refunded", "by subscription", "by contract", "by setting", "nothing", "removed")
INVOICE = {1: "draft", 126310000: "issued", 126310001: "paid", 126310002: "void"}
PREMIUM = "CFQ7TTC0LCHC:0002:CFQ7TTC0K971"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a stage is opened with; columns lie over the default ones."""

    audit: bool = True
    contract: Mapping[str, Any] = field(default_factory=dict)
    subscription: Mapping[str, Any] = field(default_factory=dict)
    licence: Mapping[str, Any] = field(default_factory=dict)
    money: Mapping[str, Any] = field(default_factory=dict)
    price: str = "12.50"
    amount: str = "125.00"
    """What June was invoiced with; empty: nothing was."""
    provider: int = AUTOMATIC
    mappings: Path | None = None
    first_look: str = "2025-06-10"


@dataclass(slots=True, kw_only=True)
class Stage:
    """The world, and the daemon."""

    world: World
    application: Application
    setting: Setting
    account: str = ""
    tenant: str = ""
    providers: dict[int, str] = field(default_factory=dict)
    contract: str = ""
    subscription: str = ""
    licence_id: str = ""
    june: str = ""
    june_line: str = ""
    july: str = ""
    sound: str = ""
    """A second subscription, where a test has one."""

    # --- what people do ------------------------------------------------------------------------

    def on(self, day: str, time: str = "12:00") -> None:
        """Move the clock of the world."""
        with self.world.lock:
            self.world.clock.set(datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=UTC))

    def edits(
        self, changes: Row | None = None, *, row: str = "", status: str = "", **columns: Any
    ) -> None:
        """Save a subscription once, as a person does."""
        body = {**(STATUS[status] if status else {}), **(changes or {}), **columns}
        self.writes("sk_subscription", row or self.subscription, body)

    def writes(self, table: str, row_id: str, changes: Row) -> None:
        """Change any row as a person."""
        with self.world.acting(self.world.identity.person_id):
            self.world.dataverse.update(table, row_id, dict(changes), by=PERSON)

    def makes(self, table: str, row: Row) -> str:
        """Create a row as another client does: with an id of its own."""
        made = {f"{table}id": self.world.new_id(), **row}
        with self.world.acting(self.world.identity.person_id):
            return self.world.dataverse.insert(table, made, by=PERSON)

    def deletes(self, table: str, row_id: str) -> None:
        with self.world.acting(self.world.identity.person_id):
            self.world.dataverse.delete(table, row_id, by=PERSON)

    def buys(self, **fields: Any) -> str:
        """Add a licence at Partner Center; return its id."""
        document = {
            "customerId": self.tenant,
            "offerId": PREMIUM,
            "quantity": 10,
            "productType": {"id": "OnlineServicesNCE", "displayName": "OnlineServicesNCE"},
            "creationDate": "2025-01-01T00:00:00Z",
            "autoRenewEnabled": True,
            "termDuration": "P1Y",
            "billingCycle": "monthly",
            **fields,
        }
        given = {name: value for name, value in document.items() if value is not None}
        return str(self.world.partner_center.add_subscription(given)["id"])

    def subscribes(
        self, *, provider: int = AUTOMATIC, licence: str | None = None, **row: Any
    ) -> str:
        """Add a subscription row with its licence."""
        automatic = provider == AUTOMATIC
        bought = self.buys() if automatic and licence is None else licence
        return self.makes(
            "sk_subscription",
            {
                "sk_name": "Microsoft 365 Business Premium",
                "sk_accountid": self.account,
                "sk_billingcontractid": self.contract,
                "sk_providerid": self.providers[provider],
                "sk_providersubscriptionid": bought or None,
                "sk_quantity": 10,
                "sk_unitprice": Decimal(self.setting.price),
                "sk_startdate": "2025-01-01",
                **STATUS["active"],
                **row,
            },
        )

    # --- what the daemon does ------------------------------------------------------------------

    def runs(self) -> Report:
        return run_once(self.application.engine)

    def invoices_on(self, day: str) -> list[Issued]:
        return run_invoices(self.application.engine, date.fromisoformat(day))

    # --- what is then there --------------------------------------------------------------------

    def table(self, name: str) -> list[Row]:
        with self.world.lock:
            return list(self.world.dataverse.rows(name))

    def row(self, table: str, row_id: str) -> Row:
        return next(row for row in self.table(table) if row[f"{table}id"] == row_id)

    @property
    def now_row(self) -> Row:
        return self.row("sk_subscription", self.subscription)

    @property
    def message(self) -> str:
        """What the CRM user reads on the subscription."""
        return self.now_row["sk_syncmessage"] or ""

    def logs(self, subscription: str = "") -> list[Row]:
        mine = subscription or self.subscription
        found = [
            log for log in self.table("sk_changelog") if log["_sk_subscriptionid_value"] == mine
        ]
        return sorted(found, key=lambda log: log["sk_sequence"] or 0)

    def kinds(self, subscription: str = "") -> list[tuple[str, int]]:
        return [(kind_of(log), log["sk_quantitychange"]) for log in self.logs(subscription)]

    def log(self) -> Row:
        """Return the newest log."""
        return self.logs()[-1]

    def lines(self, subscription: str = "") -> list[Row]:
        """Return the lines that came after June's, in order."""
        mine = subscription or self.subscription
        found = [
            line
            for line in self.table("sk_invoiceline")
            if line["_sk_subscriptionid_value"] == mine
            and line["sk_invoicelineid"] != self.june_line
        ]
        return sorted(found, key=lambda line: (line["createdon"], line["sk_linenumber"] or 0))

    def amounts(self, subscription: str = "") -> list[Decimal]:
        return [line["sk_amount"] for line in self.lines(subscription)]

    def on_invoice(self, invoice: str) -> list[tuple[str, Decimal]]:
        lines = [
            line for line in self.table("sk_invoiceline") if line["_sk_invoiceid_value"] == invoice
        ]
        lines.sort(key=lambda line: line["sk_linenumber"] or 0)
        return [(LINE_KINDS[line["sk_kind"] - 126310000], line["sk_amount"]) for line in lines]

    def invoices(self) -> dict[str, Row]:
        """Return the contract's invoices by the first day of their cycle."""
        mine = [
            one
            for one in self.table("sk_invoice")
            if one["_sk_billingcontractid_value"] == self.contract
        ]
        return {one["sk_cyclestart"]: one for one in mine}

    def licence(self, licence_id: str = "") -> Row:
        found = self.world.partner_center.subscription(licence_id or self.licence_id)
        assert found is not None
        return found

    def parked(self, subject: str = "") -> Parked | None:
        wanted = subject or self.subscription
        store = self.application.store
        return next(
            (one for one in store.tx(lambda tx: tx.parked()) if one.subject == wanted), None
        )

    def parked_codes(self) -> list[str]:
        return sorted(one.code for one in self.application.store.tx(lambda tx: tx.parked()))

    def requests_since(self, number: int) -> list[str]:
        """Return the requests that are no sign-in, as `service METHOD path`."""
        return [
            f"{entry.service} {entry.method} {str(entry.path).split('?')[0]}"
            for entry in self.world.journal.since(number)
            if entry.type is EntryType.REQUEST and entry.service != "sign_in"
        ]

    def sent_since(self, number: int) -> list[str]:
        return [
            one for one in self.requests_since(number) if one.startswith("partner_center PATCH")
        ]

    def commits_since(self, number: int, table: str) -> int:
        return sum(
            1
            for entry in self.world.journal.since(number)
            if entry.type is EntryType.COMMIT and entry.table == table
        )

    @property
    def mark(self) -> int:
        return self.world.journal.last

    def fails(self, **rule: Any) -> None:
        """Break a service by one rule of the fault control; without one it is whole again."""
        with self.world.lock:
            self.world.faults.replace([read_rule(rule)] if rule else [])


def kind_of(log: Row) -> str:
    return KINDS[log["sk_kind"] - 126310000]


def outcome_of(log: Row) -> str:
    return PROVISIONING[log["sk_provisioningstatus"]]


def decision_of(log: Row) -> str:
    return DECISIONS[log["sk_refunddecision"] - 126310000]


def cash(*amounts: str) -> list[Decimal]:
    return [Decimal(amount) for amount in amounts]
