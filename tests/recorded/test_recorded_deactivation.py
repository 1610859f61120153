"""The main job, end to end, against recorded answers of both services."""

import pytest

from seatkeeper.bootstrap import build, meet
from seatkeeper.config import Config, DataverseConfig, ProviderConfig, SignInConfig
from store.sqlite import SqliteStore
from sync.cycle import run_once
from sync.remote import Condition, LicenceRef, Read
from tests.recorded import rows


def config(stage):
    sign_in = SignInConfig(
        authority=f"{stage.names.origin}/{stage.names.tenant_id}",
        tenant_id=stage.names.tenant_id,
        client_id=stage.names.client_id,
        client_secret=stage.names.client_secret,
        ca_file=stage.ca_file,
    )
    url = stage.names.origin
    return Config(
        mode="apply",
        dataverse=DataverseConfig(url=url, sign_in=sign_in),
        providers={
            "partner-center": ProviderConfig(kind="partner_center", url=url, sign_in=sign_in)
        },
        state="sqlite:///unused.db",
    )


@pytest.fixture
def application(stage):
    made = build(config(stage), store=SqliteStore(":memory:"), effects=stage.effects, inline=True)
    yield made
    made.close()


def _of(application, entity, field, value):
    mapped = application.mappings.entity(entity)
    where = (Condition(column=mapped.column(field), value=value, guid=True),)
    read = Read(set=mapped.set, columns=mapped.columns(), where=where)
    rows_found = application.engine.ports.crm.read([read])[0].rows
    return [mapped.record(row) for row in rows_found]


def test_a_deactivation_is_logged_refunded_and_suspended_at_the_provider(stage, application):
    stage.prepare(lambda world: rows.lay_out(world, stage.names))
    engine = application.engine
    meet(application)
    assert run_once(engine).changes == 1

    stage.prepare(
        lambda world: world.dataverse.update(
            "sk_subscription",
            rows.subscription(),
            {"statecode": 1, "statuscode": 2},
            by="Alex Wilber",
        )
    )
    assert run_once(engine).failures == []

    (log,) = _of(application, "change_log", "subscription", rows.subscription())
    assert (log["kind"], log["quantity_change"], log["provisioning"]) == (
        "deactivation",
        -10,
        "provisioned",
    )
    assert log["requested_by"] == "Alex Wilber"
    (line,) = _of(application, "invoice_line", "invoice", rows.DRAFT)
    assert (line["kind"], f"{line['amount']:.2f}") == ("refund", "-58.33")
    assert line["explanation"] == (
        "125.00 x 14/30 days (17-30 June 2026) of INV-7 line 3; day of change: used"
    )
    ref = LicenceRef(customer_id=stage.names.customer_id, subscription_id=rows.AT_PROVIDER)
    licence = engine.ports.providers["partner-center"].read(ref)
    assert (licence.status, licence.auto_renew) == ("suspended", False)
    assert application.store.tx(lambda tx: (tx.parked(), tx.counts().open_operations)) == ([], 0)
