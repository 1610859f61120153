"""`import` makes rows of licences that Dynamics does not have, matched by ids only."""

from datetime import date

import pytest

from seatkeeper.requested import RequestRefusedError, run_request
from sync.importing import Wanted, plan_import, run_import
from sync.paused import stop_sending
from sync.scope import Scope
from tests.drift.listening import clears, hears, suspects, sweeps
from tests.engine.stage import MANUAL, STATUS, cash

ALL = Wanted()


@pytest.fixture
def bought(stage):
    """Buy a licence that Dynamics does not know, and have it listed."""
    hears(stage)
    stage.sound = stage.buys(quantity=7, friendlyName="Stray")
    sweeps(stage)
    return stage


def plans(stage, wanted=ALL):
    return plan_import(stage.application.engine, wanted)


def imports(stage, wanted=ALL):
    return run_import(stage.application.engine, wanted)


def refused(stage, wanted=ALL):
    (one,) = plans(stage, wanted)
    return one.refused


def test_a_plan_names_what_would_be_made_and_makes_nothing(bought):
    (one,) = plans(bought)
    assert (one.licence, one.customer, one.name) == (bought.sound, bought.tenant, "Stray")
    assert (one.seats, one.status, one.refused, one.done) == (7, "active", "", "")
    assert (one.account, one.contract) == (bought.account, bought.contract)
    assert one.bill_from == date(2025, 6, 10)
    assert len(bought.table("sk_subscription")) == 1


def test_an_imported_row_holds_what_the_licence_holds(bought):
    (one,) = imports(bought)
    assert one.done == "made"
    row = bought.row("sk_subscription", one.row)
    assert row["sk_providersubscriptionid"] == bought.sound
    assert (row["sk_quantity"], row["statecode"], row["statuscode"]) == (7, 0, 1)
    assert row["_sk_accountid_value"] == bought.account
    assert row["_sk_billingcontractid_value"] == bought.contract
    assert row["_sk_providerid_value"] == bought.providers[126310000]
    assert (row["sk_name"], row["sk_startdate"]) == ("Stray", "2025-01-01")
    assert row["sk_billfrom"] == "2025-06-10"


def test_rule_3_an_imported_row_gets_a_new_log_and_nothing_is_sent_or_charged(bought):
    (one,) = imports(bought)
    mark = bought.mark
    bought.on("2025-06-11")
    bought.runs()
    assert bought.kinds(one.row) == [("new", 7)]
    assert bought.sent_since(mark) == []
    assert bought.amounts(one.row) == []


def test_rule_4_6_nothing_before_the_day_of_the_import_is_charged(bought):
    (one,) = imports(bought)
    bought.runs()
    bought.edits(row=one.row, sk_unitprice=30)
    bought.runs()
    bought.invoices_on("2025-07-01")
    # 7 seats at 30.00: 21 of June's 30 days, and July; not the months before.
    assert bought.amounts(one.row) == cash("147.00", "210.00")


def test_an_imported_row_has_its_baseline_at_once(bought):
    (one,) = imports(bought)
    found = bought.application.store.tx(lambda tx: tx.baseline(one.row))
    assert found.partner["quantity"] == 7
    bought.runs()
    clears(bought)
    assert sweeps(bought).suspects == 0
    assert one.row not in suspects(bought)


def test_importing_twice_makes_one_row(bought):
    (first,) = imports(bought)
    named = Wanted(licences=(bought.sound,))
    (again,) = imports(bought, named)
    assert "names it already" in again.refused
    assert imports(bought) == []
    assert len(bought.table("sk_subscription")) == 2
    assert first.row == again.row


def test_rule_2_2_a_replay_after_a_lost_answer_makes_one_row(bought):
    bought.fails(service="dataverse", method="PATCH", drop="after_commit", times=1)
    (one,) = imports(bought)
    assert one.done == "made"
    assert len(bought.table("sk_subscription")) == 2


def test_a_suspended_licence_becomes_a_suspended_row(stage):
    licence = stage.buys()
    stage.world.partner_center.change_by_hand(licence, {"status": "suspended"})
    sweeps(stage)
    (one,) = imports(stage, Wanted(licences=(licence,), customer=stage.tenant))
    assert one.done == "made"
    row = stage.row("sk_subscription", one.row)
    assert {name: row[name] for name in ("statecode", "statuscode")} == STATUS["suspended"]


def test_a_day_to_bill_from_can_be_named(bought):
    (one,) = imports(bought, Wanted(bill_from=date(2025, 7, 1)))
    assert bought.row("sk_subscription", one.row)["sk_billfrom"] == "2025-07-01"


def test_a_customer_can_be_named_before_anything_was_listed(stage):
    licence = stage.buys()
    found = plans(stage, Wanted(customer=stage.tenant))
    assert [(one.licence, one.refused) for one in found] == [(licence, "")]


# --- what is refused, with the remedy ------------------------------------------------------------


def test_a_licence_that_nobody_knows_is_refused(bought):
    told = refused(bought, Wanted(licences=(bought.world.new_id(),)))
    assert "drift --sweep" in told
    assert "--customer" in told


def test_a_licence_whose_customer_has_no_account_is_refused(bought):
    bought.writes("account", bought.account, {"sk_customertenantid": None})
    assert "No account has the customer tenant id" in refused(bought)


def test_a_customer_is_never_matched_by_name(bought):
    bought.writes("account", bought.account, {"sk_customertenantid": None})
    bought.makes("account", {"name": "Fabrikam"})
    assert "No account has the customer tenant id" in refused(bought)


def test_an_account_without_a_contract_is_refused(bought):
    bought.writes("sk_billingcontract", bought.contract, {"sk_accountid": None})
    assert "has no billing contract. Create one" in refused(bought)


def test_of_several_contracts_one_must_be_named(bought):
    other = bought.makes("sk_billingcontract", {"sk_name": "B", "sk_accountid": bought.account})
    assert f"Name one with --contract: {bought.contract} (Fabrikam 2025)" in refused(bought)
    assert refused(bought, Wanted(contract=other)) == ""
    told = refused(bought, Wanted(contract=bought.world.new_id()))
    assert "Name one of its own" in told


def test_a_contract_in_an_unknown_time_zone_is_refused(bought):
    bought.writes("sk_billingcontract", bought.contract, {"sk_timezone": "Mars/Base"})
    assert "sk_timezone" in refused(bought)


def test_a_connection_that_two_providers_name_is_refused(bought):
    row = {"sk_name": "Twin", "sk_kind": 126310000, "sk_connector": "partner-center"}
    bought.makes("sk_provider", row)
    assert refused(bought).startswith("2 automatic providers")


def test_a_licence_that_has_ended_is_refused(stage):
    licence = stage.buys()
    stage.world.partner_center.change_by_hand(licence, {"status": "deleted"})
    sweeps(stage)
    told = refused(stage, Wanted(licences=(licence,), customer=stage.tenant))
    assert told.startswith("It is deleted at Partner Center")


def test_a_licence_outside_the_scope_is_refused(bought):
    bought.application.engine.scope = Scope.of([bought.world.new_id()], [])
    assert "not in the scope" in refused(bought)
    bought.application.engine.scope = Scope.of([bought.tenant.upper()], ["partner-center"])
    assert refused(bought) == ""


def test_one_that_is_refused_stops_no_other(bought):
    unknown = bought.world.new_id()
    found = imports(bought, Wanted(licences=(unknown, bought.sound)))
    assert {one.licence: bool(one.refused) for one in found} == {unknown: True, bought.sound: False}


def test_what_dataverse_refuses_is_told_and_nothing_stays_parked(bought):
    bought.fails(service="dataverse", method="PATCH", status=400, times=9)
    (one,) = imports(bought)
    assert one.refused
    bought.fails()
    assert bought.parked_codes() == []
    assert imports(bought)[0].done == "made"


def test_observing_makes_nothing(bought):
    bought.application.engine.observe = True
    asked = '{"licences": "", "customer": null, "contract": null, "bill_from": null}'
    with pytest.raises(RequestRefusedError, match="mode is observe"):
        run_request(bought.application.engine, "import", asked)
    assert bought.sound in run_request(bought.application.engine, "import plan", asked)


def test_while_paused_it_is_stored_and_made_later(bought):
    engine = bought.application.engine
    stop_sending(engine, engine.now())
    (one,) = imports(bought)
    assert one.done == "stored"
    assert len(bought.table("sk_subscription")) == 1


def test_a_row_by_hand_with_the_same_licence_counts_as_its_row(bought):
    row = bought.subscribes(provider=MANUAL, licence=bought.sound)
    assert plans(bought) == []
    told = refused(bought, Wanted(licences=(bought.sound,)))
    assert row in told
