"""What is active on one side alone is listed with customer, seats and monthly value."""

from contextlib import nullcontext
from decimal import Decimal

import pytest

from seatkeeper.commands import drift as command
from sync.partner_round import PartnerFigures, partner_figures, run_partner_round
from sync.sweep import sweep
from sync.unmatched import find_unmatched, with_values
from tests.drift.listening import changes_by_hand, hears, sweeps


def found(stage):
    store, engine = stage.application.store, stage.application.engine
    return with_values(engine, store.tx(find_unmatched))


def test_nothing_is_unmatched_when_both_sides_are_active(stage):
    sweeps(stage)
    assert found(stage) == []


def test_a_licence_without_a_row_is_told_with_its_customer_and_seats(stage):
    licence = stage.buys(quantity=7, friendlyName="Stray")
    sweeps(stage)
    (one,) = found(stage)
    assert (one.active_in, one.subscription, one.licence) == ("partner_center", "", licence)
    assert (one.customer, one.name, one.seats) == (stage.tenant, "Stray", 7)
    assert (one.crm_status, one.partner_status) == ("absent", "active")
    assert one.monthly_value is None


def test_a_licence_that_is_active_though_its_row_is_not_is_told_with_its_value(stage):
    stage.edits(status="suspended")
    stage.runs()
    sweeps(stage)
    assert found(stage) == []
    changes_by_hand(stage, status="active")
    sweeps(stage)
    (one,) = found(stage)
    assert (one.active_in, one.subscription) == ("partner_center", stage.subscription)
    assert (one.crm_status, one.partner_status) == ("suspended", "active")
    assert (one.monthly_value, one.currency) == (Decimal("125.00"), "USD")


def test_a_row_whose_licence_is_suspended_there_is_told(stage):
    changes_by_hand(stage, status="suspended")
    sweeps(stage)
    (one,) = found(stage)
    assert (one.active_in, one.subscription) == ("crm", stage.subscription)
    assert (one.crm_status, one.partner_status, one.seats) == ("active", "suspended", 10)


def test_a_row_whose_licence_nobody_knows_is_told(stage):
    row = stage.subscribes(licence=stage.world.new_id())
    stage.runs()
    sweeps(stage)
    (one,) = found(stage)
    assert (one.active_in, one.subscription, one.partner_status) == ("crm", row, "unknown")
    assert one.name == "Microsoft 365 Business Premium"


def test_a_row_of_a_manual_provider_is_matched_by_nobody(stage):
    stage.subscribes(provider=126310001, licence=stage.world.new_id())
    stage.runs()
    sweeps(stage)
    assert found(stage) == []


def test_before_the_first_sweep_no_row_is_missed(stage):
    assert found(stage) == []


@pytest.mark.parametrize(
    ("frequency", "value"), [(126310000, "125.00"), (126310001, "41.67"), (126310002, "10.42")]
)
def test_the_value_is_that_of_a_month_whatever_the_frequency(opened, frequency, value):
    stage = opened(contract={"sk_frequency": frequency})
    changes_by_hand(stage, status="suspended")
    sweeps(stage)
    assert found(stage)[0].monthly_value == Decimal(value)


@pytest.mark.parametrize(
    "broken",
    [{"sk_unitprice": None}, {"sk_billingcontractid": None}],
    ids=["no price", "no contract"],
)
def test_without_price_or_contract_the_value_is_unknown(stage, broken):
    changes_by_hand(stage, status="suspended")
    sweeps(stage)
    stage.edits(broken)
    assert found(stage)[0].monthly_value is None


def test_a_currency_that_is_none_leaves_the_value_unknown(opened):
    stage = opened(contract={"sk_currencycode": "XXX"})
    changes_by_hand(stage, status="suspended")
    sweeps(stage)
    assert found(stage)[0].monthly_value is None


def test_records_keep_the_list_up_to_date_between_two_sweeps(stage):
    hears(stage)
    sweeps(stage)
    stage.on("2025-06-10", "12:05")
    changes_by_hand(stage, status="suspended")
    hears(stage)
    assert [one.partner_status for one in found(stage)] == ["suspended"]
    stage.on("2025-06-10", "12:06")
    changes_by_hand(stage, status="active")
    hears(stage)
    assert found(stage) == []


def test_our_own_writes_keep_it_up_to_date_too(stage):
    hears(stage)
    sweeps(stage)
    stage.on("2025-06-10", "12:05")
    stage.edits(status="suspended")
    stage.runs()
    assert len(found(stage)) == 1
    hears(stage)
    assert found(stage) == []


def test_a_purchase_is_known_after_the_next_round(stage):
    hears(stage)
    sweeps(stage)
    stage.on("2025-06-10", "12:05")
    licence = stage.buys()
    hears(stage)
    sweep(stage.application.engine)
    assert [one.licence for one in found(stage)] == [licence]


def test_the_figures_are_those_of_the_last_round(stage):
    store, engine = stage.application.store, stage.application.engine
    assert store.tx(partner_figures) == PartnerFigures()
    stage.buys()
    changes_by_hand(stage, status="suspended")
    assert run_partner_round(engine, whole=True).failures == {}
    now = engine.now().isoformat()
    expected = PartnerFigures(partner_center=1, crm=1, heard=now, swept=now)
    assert store.tx(partner_figures) == expected


def test_a_round_that_failed_leaves_the_instant_of_the_last_good_one(stage):
    store, engine = stage.application.store, stage.application.engine
    run_partner_round(engine)
    before = store.tx(partner_figures)
    assert before.heard
    stage.on("2025-06-11")
    stage.runs()
    stage.fails(service="partner_center", status=503, times=99)
    assert run_partner_round(engine).failures
    assert store.tx(partner_figures) == before


def test_nobody_is_told_that_all_is_well_before_everything_was_listed(stage, monkeypatch, capsys):
    hears(stage)
    on_a_copy = nullcontext(stage.application)
    monkeypatch.setattr(command, "load_config", lambda _: None)
    monkeypatch.setattr(command, "on_a_copy", lambda _: on_a_copy)
    assert command.drift(unmatched=True) == 0
    assert "Not everything was listed yet" in capsys.readouterr().out
    sweeps(stage)
    assert command.drift(unmatched=True) == 0
    assert capsys.readouterr().out.endswith("Everything that is active is active on both sides.\n")
