"""Set the stage: lay the rows, connect the daemon, and let it look for the first time."""

from decimal import Decimal
from typing import Any

from sandbox.app import App
from sandbox.in_process import InProcessAdapter, open_world
from sandbox.world import World
from seatkeeper.bootstrap import build, meet
from seatkeeper.config import Config
from store.sqlite import SqliteStore
from tests.connector.scripted import Clockwork
from tests.engine.stage import (
    ADVANCE,
    AUTOMATIC,
    DO_NOTHING,
    INVOICE,
    MANUAL,
    MONTHLY,
    YES,
    Setting,
    Stage,
)

ORIGIN = "https://localhost"
INVOICE_STATUS = {
    name: {"statecode": 1 if name in {"paid", "void"} else 0, "statuscode": code}
    for code, name in INVOICE.items()
}


def open_stage(setting: Setting) -> Stage:
    """Open a stage, adopted."""
    stage = unseen_stage(setting)
    stage.runs()
    return stage


def unseen_stage(setting: Setting) -> Stage:
    """Open a stage that the daemon has not looked at yet."""
    return stage_in(*open_world("empty"), setting)


def stage_in(world: World, app: App, setting: Setting) -> Stage:
    """Lay the rows into a world that has the tables, and connect the daemon."""
    world.settings.change({"audit": setting.audit})
    application = build(
        _configuration(world, setting),
        store=SqliteStore(":memory:"),
        effects=Clockwork(),
        adapters={"https://": InProcessAdapter(app)},
        inline=True,
    )
    stage = Stage(world=world, application=application, setting=setting)
    stage.on(setting.first_look)
    _lay_parties(stage)
    _lay_subscription(stage)
    _lay_invoices(stage)
    meet(application)
    return stage


def _configuration(world: World, setting: Setting) -> Config:
    sign_in = {
        "authority": f"{ORIGIN}/{world.tenant_id}",
        "tenant_id": world.tenant_id,
        "client_id": world.client_id,
        "client_secret": world.client_secret,
    }
    partner = {"kind": "partner_center", "url": ORIGIN, "sign_in": sign_in}
    return Config.model_validate(
        {
            "mode": "apply",
            "dataverse": {"url": ORIGIN, "sign_in": sign_in},
            "providers": {"partner-center": partner},
            "mappings": setting.mappings,
            "state": "sqlite:///unused.db",
            "money": dict(setting.money),
        }
    )


def _lay_parties(stage: Stage) -> None:
    stage.tenant = stage.world.new_id()
    document = {"id": stage.tenant, "companyName": "Fabrikam", "domain": "fabrikam.example"}
    stage.world.partner_center.add_customer(document)
    stage.account = stage.makes(
        "account", {"name": "Fabrikam", "sk_customertenantid": stage.tenant}
    )
    kinds = {"Partner Center": AUTOMATIC, "By hand": MANUAL, "Nobody": DO_NOTHING}
    for name, kind in kinds.items():
        row: dict[str, Any] = {"sk_name": name, "sk_kind": kind}
        if kind == AUTOMATIC:
            row["sk_connector"] = "partner-center"
        stage.providers[kind] = stage.makes("sk_provider", row)


def _lay_subscription(stage: Stage) -> None:
    setting = stage.setting
    row = {
        "sk_name": "Fabrikam 2025",
        "sk_accountid": stage.account,
        "sk_frequency": MONTHLY,
        "sk_billingpolicy": ADVANCE,
        "sk_processrefunds": YES,
        "sk_startdate": "2025-01-01",
        "sk_currencycode": "USD",
        "sk_timezone": "UTC",
        "sk_paymentdays": 14,
        "sk_nextinvoiceon": "2025-07-01",
    }
    stage.contract = stage.makes("sk_billingcontract", row | dict(setting.contract))
    if setting.provider == AUTOMATIC:
        stage.licence_id = stage.buys(**setting.licence)
    stage.subscription = stage.subscribes(
        provider=setting.provider, licence=stage.licence_id, **setting.subscription
    )


def _lay_invoices(stage: Stage) -> None:
    if not stage.setting.amount:
        return
    stage.june = lay_invoice(
        stage, "2025-06-01", "2025-07-01", "issued", number="INV-1", issued_on="2025-06-01"
    )
    stage.june_line = lay_line(stage, stage.june, stage.subscription)
    stage.july = lay_invoice(stage, "2025-07-01", "2025-08-01", "draft")


def lay_invoice(
    stage: Stage, start: str, end: str, status: str, *, number: str = "", issued_on: str = ""
) -> str:
    row = {
        "sk_name": f"Fabrikam 2025 {start}",
        "sk_billingcontractid": stage.contract,
        "sk_cyclestart": start,
        "sk_cycleend": end,
        "sk_number": number or None,
        "sk_issuedon": issued_on or None,
        "sk_currencycode": stage.setting.contract.get("sk_currencycode", "USD"),
        **INVOICE_STATUS[status],
    }
    return stage.makes("sk_invoice", row)


def lay_line(stage: Stage, invoice: str, subscription: str, **columns: Any) -> str:
    """Add June's Recurring line, or what `columns` make of it."""
    amount = Decimal(stage.setting.amount or "125.00")
    row = {
        "sk_name": "June",
        "sk_linenumber": 1,
        "sk_invoiceid": invoice,
        "sk_subscriptionid": subscription,
        "sk_kind": 126310000,
        "sk_periodstart": "2025-06-01",
        "sk_periodend": "2025-07-01",
        "sk_quantity": 10,
        "sk_unitprice": Decimal(stage.setting.price),
        "sk_amount": amount,
        "sk_calculatedamount": amount,
    }
    return stage.makes("sk_invoiceline", row | columns)
