"""Everything is listed once a night, customer by customer; who differs is a suspect."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from sync.sweep import sweep
from sync.sweep_state import ORGANISATION, Stage, SweepPlan, SweepState, is_due, sweep_state
from tests.connector.scripted import Clockwork
from tests.drift.listening import CONNECTOR, changes_by_hand, clears, gets, suspects, sweeps

NIGHT = datetime(2025, 6, 10, 2, 30, tzinfo=UTC)
SWEPT = SweepState(ended="2025-06-09T02:10:00+00:00", day="2025-06-09")
PLAN = SweepPlan(at=time(2), jitter=timedelta(0))


@pytest.fixture
def stage(opened):
    return opened(subscription={"sk_autorenew": True})


@pytest.fixture
def swept(stage):
    sweeps(stage)
    return stage


def baseline(stage):
    return stage.application.store.tx(lambda tx: tx.baseline(stage.subscription))


def state(stage):
    return stage.application.store.tx(lambda tx: sweep_state(tx, CONNECTOR))


# --- what it finds -------------------------------------------------------------------------------


def test_the_first_look_adopts_what_both_sides_hold_alike_without_reading_a_licence(stage):
    mark = stage.mark
    told = sweeps(stage)
    assert (told.customers, told.licences, told.suspects) == (1, 1, 0)
    assert baseline(stage).partner["quantity"] == 10
    assert gets(stage, mark) == ["customers", f"customers/{stage.tenant}/subscriptions"]


def test_rule_1_1_the_first_look_tells_what_differs_and_writes_nothing(stage):
    changes_by_hand(stage, quantity=12)
    mark = stage.mark
    assert sweeps(stage).suspects == 0
    (told,) = stage.application.store.tx(lambda tx: tx.differences())
    assert (told.field, told.crm, told.partner, told.outcome) == (
        "quantity",
        "10",
        "12",
        "reported",
    )
    assert "quantity" not in baseline(stage).partner
    assert gets(stage, mark) == ["customers", f"customers/{stage.tenant}/subscriptions"]


def test_what_differed_at_the_first_look_is_not_asked_for_every_night(stage):
    changes_by_hand(stage, quantity=12)
    sweeps(stage)
    assert sweeps(stage).suspects == 0
    changes_by_hand(stage, quantity=13)
    assert sweeps(stage).suspects == 1


def test_rule_5_3_a_row_whose_change_is_on_its_way_is_not_adopted(stage):
    stage.fails(service="partner_center", method="PATCH", status=503, times=99)
    stage.edits(status="suspended")
    stage.runs()
    stage.fails()
    sweeps(stage)
    assert baseline(stage) is None
    assert list(suspects(stage)) == [stage.subscription]


def test_a_licence_that_is_as_it_was_makes_nobody_a_suspect(swept):
    mark = swept.mark
    assert sweeps(swept).suspects == 0
    asked = [one for one in swept.requests_since(mark) if "$batch" in one]
    assert asked == []


@pytest.mark.parametrize(
    "change",
    [{"quantity": 12}, {"status": "suspended"}, {"autoRenewEnabled": False}],
    ids=["seats", "status", "auto-renew"],
)
def test_a_licence_that_was_changed_makes_its_subscription_a_suspect(swept, change):
    changes_by_hand(swept, **change)
    assert sweeps(swept).suspects == 1
    assert suspects(swept) == {swept.subscription: "listed otherwise than it was last known"}


def test_a_row_by_hand_is_not_compared(stage):
    stage.edits(sk_providerid=stage.providers[126310001])
    stage.runs()
    changes_by_hand(stage, quantity=12)
    clears(stage)
    assert sweeps(stage).suspects == 0
    assert baseline(stage) is None


def test_a_licence_that_is_no_longer_listed_makes_its_subscription_a_suspect(swept, monkeypatch):
    feed = swept.application.engine.ports.feeds[CONNECTOR]
    monkeypatch.setattr(feed, "licences", lambda _: [])
    clears(swept)
    assert sweeps(swept).suspects == 1
    assert suspects(swept) == {swept.subscription: "no longer listed at the provider"}
    listed = swept.application.store.tx(lambda tx: tx.listed_for(CONNECTOR, swept.tenant))
    assert listed == []


def test_a_customer_whom_the_provider_does_not_serve_stops_no_other(stage):
    other = stage.world.new_id()
    stage.world.partner_center.add_customer(
        {"id": other, "companyName": "B", "domain": "b.example"}
    )
    stage.fails(
        service="partner_center", path=f"{stage.tenant}/subscriptions$", status=403, code=20002,
        times=9,
    )  # fmt: skip
    told = sweeps(stage)
    assert (told.customers, told.refused, told.ended) == (1, 1, [CONNECTOR])


# --- how it goes on ------------------------------------------------------------------------------


def test_a_sweep_that_was_killed_goes_on_where_it_was(stage):
    for number in range(3):
        tenant = stage.world.new_id()
        document = {"id": tenant, "companyName": f"C{number}", "domain": f"c{number}.example"}
        stage.world.partner_center.add_customer(document)
    feed = stage.application.engine.ports.feeds[CONNECTOR]
    room = iter([2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed, "room", lambda: next(room))
        with pytest.raises(StopIteration):
            sweeps(stage)
    assert state(stage).stage is Stage.LISTING
    mark = stage.mark
    assert sweep(stage.application.engine, seconds=None).ended == [CONNECTOR]
    assert len(gets(stage, mark)) == 2


def test_a_sweep_that_was_killed_while_it_gathered_begins_anew(stage, monkeypatch):
    feed = stage.application.engine.ports.feeds[CONNECTOR]

    def breaks():
        yield [stage.tenant]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(feed, "customers", breaks)
        with pytest.raises(KeyboardInterrupt):
            sweeps(stage)
    assert state(stage).stage is Stage.GATHERING
    assert sweep(stage.application.engine, seconds=None).customers == 1
    assert state(stage).stage is Stage.IDLE


def test_a_slice_ends_when_there_is_no_room(stage, monkeypatch):
    feed = stage.application.engine.ports.feeds[CONNECTOR]
    monkeypatch.setattr(feed, "room", lambda: 0)
    stage.application.engine.sweeps = PLAN
    told = sweep(stage.application.engine)
    assert (told.customers, state(stage).stage) == (0, Stage.LISTING)
    assert stage.application.engine.ports.effects.slept == []


def test_a_sweep_that_must_be_whole_waits_for_room(stage, monkeypatch):
    feed = stage.application.engine.ports.feeds[CONNECTOR]
    room = iter([0, 0, 5, 5])
    monkeypatch.setattr(feed, "room", lambda: next(room))
    assert sweeps(stage).ended == [CONNECTOR]
    assert stage.application.engine.ports.effects.slept[-2:] == [1.0, 1.0]


def test_partner_center_that_is_down_ends_the_slice_and_nothing_is_lost(stage):
    stage.fails(service="partner_center", path="subscriptions$", status=503, times=99)
    stage.application.engine.sweeps = PLAN
    assert list(sweep(stage.application.engine).failures) == [CONNECTOR]
    stage.fails()
    stage.application.engine.ports.effects.sleep(600)
    assert sweep(stage.application.engine).ended == [CONNECTOR]


def test_a_customer_of_a_purchase_is_listed_without_a_sweep(swept):
    licence = swept.buys()
    swept.application.store.tx(lambda tx: tx.queue_listings(CONNECTOR, [swept.tenant]))
    told = sweep(swept.application.engine)
    assert (told.licences, told.ended) == (2, [])
    assert licence in swept.application.store.tx(lambda tx: tx.listed([licence]))


# --- when it begins ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "plan", "now", "due"),
    [
        (SWEPT, PLAN, NIGHT, True),
        (SWEPT, PLAN, NIGHT.replace(hour=1), False),
        (replace(SWEPT, day="2025-06-10"), PLAN, NIGHT, False),
        (SweepState(), PLAN, NIGHT.replace(hour=1), True),
        (SweepState(), SweepPlan(), NIGHT, False),
        (SWEPT, SweepPlan(), NIGHT, False),
        (replace(SWEPT, asked=True), SweepPlan(), NIGHT, True),
        (replace(SWEPT, day="2025-07-01"), PLAN, NIGHT, True),
    ],
    ids=[
        "its hour has come",
        "before its hour",
        "done today",
        "the first of all, at once",
        "the first of all, but off",
        "off",
        "asked for",
        "the clock went back",
    ],
)  # fmt: skip
def test_when_a_sweep_begins(before, plan, now, due):
    assert is_due(before, plan, "organisation", now) is due


def test_the_minute_of_a_sweep_differs_by_organisation_and_day_and_stays_the_same():
    plan = SweepPlan(at=time(2), jitter=timedelta(hours=1))
    days = [NIGHT.date() + timedelta(days=number) for number in range(20)]
    minutes = {plan.begins(day, name) for day in days for name in ("a", "b")}
    assert len(minutes) == 40
    assert {plan.begins(day, name) for day in days for name in ("a", "b")} == minutes
    assert all(time(2) <= one.time() < time(3) for one in minutes)


def test_the_engine_knows_the_organisation_by_which_sweeps_are_spread(stage):
    assert stage.application.store.tx(lambda tx: tx.meta(ORGANISATION))
    assert isinstance(stage.application.engine.ports.effects, Clockwork)
