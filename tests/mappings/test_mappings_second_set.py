"""The second mapping set: a tenant with other tables runs by editing YAML alone."""

import shutil
from dataclasses import replace
from datetime import date
from decimal import Decimal

from seatkeeper.live_mappings import live_problems
from seatkeeper.mapping_folder import open_folder, read_folder
from sync.invoice_run import run_invoices
from sync.statement import read_statement
from tests.mappings.second_tenant import EXAMPLE, SecondTenant
from tests.mappings.work365_tables import OPTION, WORK365
from tests.wiring.written import change

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


def test_both_sides_are_compared_under_the_tenants_names(tenant):
    suspect, store = tenant.subscription, tenant.application.store
    row = {"contoso_autorenew": True, "contoso_termenddate": "2026-06-09"}
    tenant.edits("work365_subscription", suspect, **row)
    store.tx(lambda tx: tx.suspect([suspect], "the first look"))
    assert tenant.runs() == []
    tenant.on("2025-06-16")
    with tenant.world.lock:
        by_hand = {"status": "suspended", "autoRenewEnabled": False}
        tenant.world.partner_center.change_by_hand(tenant.licence_id, by_hand)
    store.tx(lambda tx: tx.suspect([suspect], "a record"))
    assert tenant.runs() == []
    [log] = tenant.rows("contoso_changelog")
    assert (log["contoso_kind"], log["contoso_origin"]) == (DEACTIVATION, OPTION + 1)
    assert log["contoso_provisioningstatus"] == OPTION + 1
    after = tenant.row("work365_subscription", suspect)
    assert (after["statuscode"], after["contoso_autorenew"]) == (OPTION, False)
    assert [one["priceperunit"] for one in tenant.lines_on(tenant.july)] == [Decimal("-58.33")]
    assert not [one for one in tenant.written_tables() if one.startswith("sk_")]
    tenant.edits("work365_subscription", suspect, statecode=0, statuscode=1)
    assert tenant.runs() == []
    tenant.edits("work365_subscription", suspect, contoso_autorenew=True)
    assert tenant.runs() == []
    assert (tenant.licence()["status"], tenant.licence()["autoRenewEnabled"]) == ("active", True)


def by_hand(tenant, **fields):
    with tenant.world.lock:
        tenant.world.partner_center.change_by_hand(tenant.licence_id, fields)


def compared(tenant):
    store = tenant.application.store
    store.tx(lambda tx: tx.suspect([tenant.subscription], "a test says so"))
    assert tenant.runs() == []
    return tenant.row("work365_subscription", tenant.subscription)


PLANNED = ("contoso_billingcycle", "contoso_renewalquantity", "contoso_renewalcycle")


def planned(row):
    return tuple(row[name] for name in PLANNED)


def test_what_is_planned_for_the_next_term_flows_both_ways(tenant):
    first = {"contoso_billingcycle": "monthly", "contoso_termenddate": "2026-06-09"}
    tenant.edits("work365_subscription", tenant.subscription, **first)
    assert planned(compared(tenant)) == ("monthly", None, None)
    tenant.edits("work365_subscription", tenant.subscription, contoso_renewalquantity=7)
    assert tenant.runs() == []
    plan = tenant.licence()["scheduledNextTermInstructions"]
    assert (plan["quantity"], plan["product"]["billingCycle"]) == (7, "monthly")
    plan = {**plan, "quantity": 8, "product": {**plan["product"], "billingCycle": "annual"}}
    by_hand(tenant, scheduledNextTermInstructions=plan)
    assert planned(compared(tenant)) == ("monthly", 8, "annual")
    deactivate(tenant)
    assert tenant.licence()["scheduledNextTermInstructions"] is None
    assert planned(compared(tenant)) == ("monthly", 8, "annual")
    tenant.edits("work365_subscription", tenant.subscription, statecode=0, statuscode=1)
    assert tenant.runs() == []
    assert tenant.licence()["scheduledNextTermInstructions"]["quantity"] == 8
    tenant.edits("work365_subscription", tenant.subscription, contoso_renewalquantity=None)
    assert tenant.runs() == []
    assert tenant.licence()["scheduledNextTermInstructions"] is None
    assert planned(compared(tenant)) == ("monthly", None, None)
    assert not tenant.application.store.tx(lambda tx: tx.parked())


def play(tenant):
    """Deactivate, activate, invoice and pay; return the invoice of July as it was issued."""
    deactivate(tenant)
    tenant.on("2025-06-21")
    tenant.edits("work365_subscription", tenant.subscription, statecode=0, statuscode=1)
    assert tenant.runs() == []
    assert tenant.licence()["status"] == "active"
    assert [one["contoso_kind"] for one in tenant.rows("contoso_changelog")].count(ACTIVATION) == 1
    tenant.on("2025-07-01")
    run_invoices(tenant.application.engine, date(2025, 7, 1))
    issued = tenant.row("invoice", tenant.july)
    tenant.edits("invoice", tenant.july, statecode=2, statuscode=100001)
    assert tenant.runs() == []
    return issued


def judge(tenant, issued):
    """Hold the story against the judged numbers, and the end of its change logs."""
    amounts = sorted(one["priceperunit"] for one in tenant.lines_on(tenant.july))
    assert amounts == [Decimal("-58.33"), Decimal("37.50"), Decimal("125.00")]
    assert (issued["statecode"], issued["statuscode"]) == (0, 4)
    assert issued["contoso_total"] == Decimal("104.17")
    assert {one["statuscode"] for one in tenant.rows("contoso_changelog")} == {2}
    assert not tenant.application.store.tx(lambda tx: tx.parked())


def august(tenant):
    [found] = [one for one in tenant.rows("invoice") if one["contoso_cyclestart"] == "2025-08-01"]
    return found


def test_the_whole_story_gives_the_judged_invoice_and_touches_no_table_of_ours(tenant):
    judge(tenant, play(tenant))
    assert august(tenant)["contoso_cyclelastday"] == "2025-08-31"
    assert august(tenant)["_customerid_value"] == tenant.account
    assert august(tenant)["statuscode"] == 1
    assert not [one for one in tenant.written_tables() if one.startswith("sk_")]
    shown = read_statement(tenant.application.engine, tenant.july, is_id=True)
    assert (shown.total, shown.last_day) == (Decimal("104.17"), date(2025, 7, 31))
    assert {line.subscription for line in shown.lines} == {"Microsoft 365 Business Premium"}


def test_any_lookup_can_have_a_property_of_its_own_and_new_rows_their_constants(tmp_path):
    mine = shutil.copytree(EXAMPLE, tmp_path / "mappings")
    for file in ("invoice.yaml", "change_log.yaml"):
        change(mine, file, lambda d: d.update(constants={"contoso_source": "Seatkeeper"}))
    change(mine, "invoice_line.yaml", lambda d: d["fields"]["invoice"].update(bind="contoso_Bill"))
    tenant = SecondTenant(mine, [*WORK365[:-1], _bound_to_bill(WORK365[-1])])
    assert tenant.runs() == []
    judge(tenant, play(tenant))
    assert august(tenant)["contoso_source"] == "Seatkeeper"
    assert tenant.row("invoice", tenant.july)["contoso_source"] is None
    logs = tenant.rows("contoso_changelog")
    assert {one["contoso_source"] for one in logs} == {"Seatkeeper"}
    tenant.application.close()


def _bound_to_bill(table):
    columns = (
        replace(one, property_name="contoso_Bill") if one.name == "invoiceid" else one
        for one in table.columns
    )
    return replace(table, columns=tuple(columns))


def test_the_files_fit_the_tables_of_such_a_tenant(tenant):
    folder = open_folder(EXAMPLE)
    crm = tenant.application.engine.ports.crm
    assert live_problems(crm, read_folder(folder), folder) == []
