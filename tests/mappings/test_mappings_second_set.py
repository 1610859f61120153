"""The second mapping set: a tenant with other tables runs by editing YAML alone."""

from datetime import date
from decimal import Decimal

from seatkeeper.live_mappings import live_problems
from seatkeeper.mapping_folder import open_folder, read_folder
from sync.invoice_run import run_invoices
from tests.mappings.second_tenant import EXAMPLE
from tests.mappings.work365_tables import OPTION

DEACTIVATION, ACTIVATION = OPTION + 2, OPTION + 3


def deactivate(tenant):
    tenant.on("2025-06-16")
    tenant.edits("work365_subscription", tenant.subscription, statecode=1, statuscode=OPTION)
    assert tenant.runs() == []


def test_a_deactivation_suspends_and_writes_log_and_refund_under_the_tenants_names(tenant):
    deactivate(tenant)
    [log] = tenant.rows("contoso_changelog")
    assert (log["contoso_kind"], log["contoso_quantitychange"]) == (DEACTIVATION, -10)
    assert log["contoso_provisioningstatus"] == OPTION + 2
    assert tenant.licence()["status"] == "suspended"
    [refund] = tenant.lines_on(tenant.july)
    assert (refund["quantity"], refund["priceperunit"]) == (1, Decimal("-58.33"))
    assert (refund["isproductoverridden"], refund["ispriceoverridden"]) == (True, True)
    assert (refund["contoso_periodstart"], refund["contoso_periodlastday"]) == (
        "2025-06-17",
        "2025-06-30",
    )
    assert refund["_work365_invoiceproduct_subscription_value"] == tenant.subscription
    assert refund["_contoso_changelogid_value"] == log["contoso_changelogid"]


def test_the_whole_story_gives_the_judged_invoice_and_touches_no_table_of_ours(tenant):
    deactivate(tenant)
    tenant.on("2025-06-21")
    tenant.edits("work365_subscription", tenant.subscription, statecode=0, statuscode=1)
    assert tenant.runs() == []
    assert tenant.licence()["status"] == "active"
    assert [one["contoso_kind"] for one in tenant.rows("contoso_changelog")].count(ACTIVATION) == 1

    tenant.on("2025-07-01")
    run_invoices(tenant.application.engine, date(2025, 7, 1))
    issued = tenant.row("invoice", tenant.july)
    amounts = sorted(one["priceperunit"] for one in tenant.lines_on(tenant.july))
    assert amounts == [Decimal("-58.33"), Decimal("37.50"), Decimal("125.00")]
    assert (issued["statecode"], issued["statuscode"]) == (0, 4)
    assert issued["contoso_total"] == Decimal("104.17")
    [august] = [one for one in tenant.rows("invoice") if one["contoso_cyclestart"] == "2025-08-01"]
    assert august["contoso_cyclelastday"] == "2025-08-31"
    assert (august["_customerid_value"], august["statuscode"]) == (tenant.account, 1)

    tenant.edits("invoice", tenant.july, statecode=2, statuscode=100001)
    assert tenant.runs() == []
    assert {one["statuscode"] for one in tenant.rows("contoso_changelog")} == {2}
    assert not tenant.application.store.tx(lambda tx: tx.parked())
    assert not [one for one in tenant.written_tables() if one.startswith("sk_")]


def test_the_files_fit_the_tables_of_such_a_tenant(tenant):
    folder = open_folder(EXAMPLE)
    crm = tenant.application.engine.ports.crm
    assert live_problems(crm, read_folder(folder), folder) == []
