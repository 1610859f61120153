"""A tenant whose tables are not ours: its rows, what people do there, and a daemon."""

from datetime import UTC, datetime
from decimal import Decimal

from sandbox.in_process import InProcessAdapter, open_world
from seatkeeper.bootstrap import build, meet
from seatkeeper.mapping_folder import shipped
from store.sqlite import SqliteStore
from sync.cycle import run_once
from sync.invoice_round import run_round
from tests.connector.scripted import Clockwork
from tests.engine.opening import _configuration
from tests.engine.stage import PERSON, PREMIUM, Setting
from tests.mappings.work365_tables import OPTION, WORK365

EXAMPLE = shipped() / "examples" / "work365-native"


class SecondTenant:
    """June 2025: 10 seats at 12.50, monthly in advance, June invoiced, July open."""

    def __init__(self, mappings=EXAMPLE, tables=WORK365):
        self.world, app = open_world("empty")
        for table in tables:
            self.world.dataverse.define(table)
        self.application = build(
            _configuration(self.world, Setting(mappings=mappings)),
            store=SqliteStore(":memory:"),
            effects=Clockwork(),
            adapters={"https://": InProcessAdapter(app)},
            inline=True,
        )
        self.on("2025-06-10")
        self._lay_subscription()
        self._lay_invoices()
        meet(self.application)
        self.mark = self.world.journal.last

    def on(self, day):
        with self.world.lock:
            self.world.clock.set(datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC))

    def makes(self, table, **row):
        made = {f"{table}id": self.world.new_id(), **row}
        with self.world.acting(self.world.identity.person_id):
            return self.world.dataverse.insert(table, made, by=PERSON)

    def edits(self, table, row_id, **changes):
        with self.world.acting(self.world.identity.person_id):
            self.world.dataverse.update(table, row_id, changes, by=PERSON)

    def runs(self):
        """Let the daemon do what `run --once` does."""
        report = run_once(self.application.engine)
        return [*report.failures, *run_round(self.application.engine).failures]

    def rows(self, table):
        with self.world.lock:
            return list(self.world.dataverse.rows(table))

    def row(self, table, row_id):
        return next(row for row in self.rows(table) if row[f"{table}id"] == row_id)

    def lines_on(self, invoice):
        lines = [one for one in self.rows("invoicedetail") if one["_invoiceid_value"] == invoice]
        return sorted(lines, key=lambda one: one["lineitemnumber"])

    def licence(self):
        return self.world.partner_center.subscription(self.licence_id)

    def written_tables(self):
        """Return the tables in which the daemon wrote."""
        entries = self.world.journal.since(self.mark)
        commits = [one for one in entries if one.type == "commit" and one.service == "dataverse"]
        return {one.table for one in commits if one.client == self.world.client_id}

    def _lay_subscription(self):
        tenant = self.world.new_id()
        self.world.partner_center.add_customer(
            {"id": tenant, "companyName": "Fabrikam", "domain": "fabrikam.example"}
        )
        self.account = self.makes("account", name="Fabrikam", contoso_customertenantid=tenant)
        provider = self.makes(
            "contoso_provider",
            contoso_name="Partner Center",
            contoso_kind=OPTION,
            contoso_connector="partner-center",
        )
        self.contract = self.makes(
            "contoso_billingcontract",
            contoso_name="Fabrikam 2025",
            contoso_accountid=self.account,
            contoso_frequency=OPTION,
            contoso_billingpolicy=OPTION,
            contoso_processrefunds=OPTION + 1,
            contoso_startdate="2025-01-01",
            contoso_currencycode="USD",
            contoso_timezone="UTC",
            contoso_paymentdays=14,
            contoso_nextinvoiceon="2025-07-01",
        )
        bought = {"customerId": tenant, "offerId": PREMIUM, "quantity": 10}
        bought |= {"autoRenewEnabled": True, "termDuration": "P1Y", "billingCycle": "monthly"}
        self.licence_id = str(self.world.partner_center.add_subscription(bought)["id"])
        self.subscription = self.makes(
            "work365_subscription",
            work365_subscription_subscriptionname="Microsoft 365 Business Premium",
            work365_subscription_customer=self.account,
            work365_subscription_billingcontract=self.contract,
            contoso_providerid=provider,
            contoso_providersubscriptionid=self.licence_id,
            contoso_quantity=10,
            contoso_unitprice=Decimal("12.50"),
            work365_subscription_effectivestartdate="2025-01-01",
        )

    def _lay_invoices(self):
        june = self._invoice("2025-06-01", "2025-06-30", statuscode=4)
        self.makes(
            "invoicedetail",
            productdescription="June",
            lineitemnumber=1,
            invoiceid=june,
            work365_invoiceproduct_subscription=self.subscription,
            contoso_kind=OPTION,
            contoso_periodstart="2025-06-01",
            contoso_periodlastday="2025-06-30",
            contoso_seats=10,
            contoso_seatprice=Decimal("12.50"),
            quantity=Decimal(1),
            priceperunit=Decimal("125.00"),
            contoso_calculatedamount=Decimal("125.00"),
        )
        self.july = self._invoice("2025-07-01", "2025-07-31", statuscode=1)

    def _invoice(self, first, last, **columns):
        return self.makes(
            "invoice",
            name=f"Fabrikam 2025 {first}",
            contoso_billingcontractid=self.contract,
            customerid=self.account,
            contoso_cyclestart=first,
            contoso_cyclelastday=last,
            contoso_currencycode="USD",
            **columns,
        )
