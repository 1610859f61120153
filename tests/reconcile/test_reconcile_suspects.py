"""Whose turn it is: suspects that wait, are done, or cannot be compared; first sight; observing."""

from dataclasses import replace

import pytest

from sandbox.app import App
from sandbox.in_process import InProcessAdapter
from seatkeeper.bootstrap import build, meet
from sync.aside import Failures
from sync.cycle import run_cycle, work_is_left
from sync.engine import apart
from sync.preview import preview
from sync.reconciling import AT_ONCE, comparable, reconcile_suspects
from sync.state import FactState, Source
from tests.engine.stage import MANUAL
from tests.reconcile.sides import mapped


def gets(at, mark):
    return len([one for one in at.stage.requests_since(mark) if "partner_center GET" in one])


# --- the first look ------------------------------------------------------------------------------


def test_rule_1_1_what_differs_from_the_first_look_on_is_told_and_not_written(sides):
    at = sides(licence={"quantity": 12})
    assert at.differences == {"quantity": "reported"}
    assert (at.stage.now_row["sk_quantity"], at.stage.licence()["quantity"]) == (10, 12)
    assert (at.logged(), at.left, at.stage.parked_codes()) == ([], [], [])
    assert at.base is not None
    assert "quantity" not in at.base.crm


@pytest.mark.parametrize(
    ("owner", "seats"), [("crm", 10), ("partner_center", 8)], ids=["Dynamics", "Partner Center"]
)
def test_rule_5_1_an_enforced_field_is_made_equal_at_the_first_look(sides, tmp_path, owner, seats):
    rights = {"owner": owner, "enforce": True}
    at = sides(licence={"quantity": 8}, mappings=mapped(tmp_path, quantity=rights))
    assert (at.stage.now_row["sk_quantity"], at.stage.licence()["quantity"]) == (seats, seats)
    assert at.differences == {}


def test_an_empty_date_that_partner_center_owns_is_filled_by_its_next_change(sides):
    at = sides(subscription={"sk_termenddate": None})
    assert (at.stage.now_row["sk_termenddate"], at.differences) == (None, {})
    at.at_partner_center(commitmentEndDate="2026-12-31T00:00:00Z")
    at.looks()
    assert at.stage.now_row["sk_termenddate"] == "2026-12-31"
    assert [kind for kind, *_ in at.logged()] == ["renewal"]


def test_a_difference_keeps_the_instant_since_which_it_is_known(sides):
    at = sides(licence={"quantity": 12})
    before = at.store.tx(lambda tx: tx.differences())
    at.stage.on("2025-06-12")
    at.looks()
    assert at.store.tx(lambda tx: tx.differences()) == before


# --- who waits -----------------------------------------------------------------------------------


def test_a_licence_that_is_not_there_is_told(sides):
    at = sides()
    at.stage.edits(sk_providersubscriptionid="75a89294-0000-4000-8000-000000000000")
    at.looks()
    assert (at.differences, at.left) == ({"licence": "reported"}, [])


def test_a_suspect_without_a_provider_of_its_own_costs_no_request_there(sides):
    at = sides(provider=MANUAL)
    mark = at.stage.mark
    at.looks()
    assert (at.left, gets(at, mark)) == ([], 0)


def test_a_suspect_that_is_no_subscription_of_ours_waits_without_a_request(sides):
    at = sides()
    at.store.tx(lambda tx: tx.suspect(["somebody"], "a record"))
    assert comparable(at.stage.application.engine) == []


def test_partner_center_down_keeps_the_suspects_and_work_is_left(sides):
    at = sides()
    at.at_partner_center(quantity=12)
    at.stage.fails(service="partner_center", method="GET", status=503)
    at.looks()
    assert [subject for subject, _ in at.left] == [at.stage.subscription]
    assert work_is_left(at.stage.application.engine)
    at.stage.fails()
    at.stage.on("2025-06-11")
    at.stage.runs()
    assert (at.left, at.stage.now_row["sk_quantity"]) == ([], 12)


def test_rule_6_outside_the_scope_nothing_is_compared(sides):
    at = sides()
    engine = at.stage.application.engine
    engine.scope = type(engine.scope).of(["somebody else"], [])
    at.at_partner_center(quantity=12)
    mark = at.stage.mark
    at.looks()
    assert (gets(at, mark), len(at.left)) == (0, 1)


def test_a_cycle_reads_a_limited_number_of_licences(sides):
    at = sides()
    at.store.tx(lambda tx: tx.suspect([f"nobody {number}" for number in range(300)], "many"))
    assert len(comparable(at.stage.application.engine)[:AT_ONCE]) <= AT_ONCE


# --- observing, planning, crashing ---------------------------------------------------------------


def test_rule_6_observing_compares_and_writes_nothing(sides):
    at = sides()
    at.stage.application.engine.observe = True
    at.at_partner_center(status="suspended")
    mark = at.stage.mark
    at.looks()
    assert at.stage.commits_since(mark, "sk_subscription") == 0
    assert (at.logged(), at.stage.sent_since(mark)) == ([], [])
    at.stage.application.engine.observe = False
    at.stage.runs()
    assert [kind for kind, *_ in at.logged()] == ["deactivation"]


def planned(at):
    engine = at.stage.application.engine
    twin = engine.ports.store.copy()
    try:
        return preview(apart(engine, twin))
    finally:
        twin.close()


def test_plan_shows_what_comparing_would_do_and_does_nothing(sides):
    at = sides()
    at.at_partner_center(status="suspended")
    at.suspects()
    mark = at.stage.mark
    (change,) = planned(at)["changes"]
    assert (change["origin"], change["transition"]) == (
        "partner_center",
        "deactivation at the provider",
    )
    assert [(one["field"], one["course"]) for one in change["sides"]] == [
        ("status", "to_crm"),
        ("auto_renew", "to_crm"),
    ]
    assert {one["action"] for one in change["operations"]} >= {"provider values"}
    assert at.stage.commits_since(mark, "sk_changelog") == 0
    assert len(at.left) == 1


def test_plan_shows_a_plain_field_that_goes_to_partner_center(sides):
    at = sides()
    at.stage.edits(sk_autorenew=False)
    (change,) = planned(at)["changes"]
    assert change["reason"] == "both sides were compared"
    (operation,) = change["operations"]
    assert (operation["action"], operation["body"]["autoRenewEnabled"]) == ("set fields", False)


def test_a_changed_owner_looks_again_at_what_differs(sides, tmp_path):
    at = sides(mappings=mapped(tmp_path, quantity={"direction": "to_partner_center"}))
    at.at_partner_center(quantity=12)
    at.looks()
    assert at.differences == {"quantity": "reported"}
    engine = at.stage.application.engine
    entity = engine.mappings.entity("subscription")
    fields = {**entity.fields, "quantity": replace(entity.fields["quantity"], direction="both")}
    entities = {**engine.mappings.entities, "subscription": replace(entity, fields=fields)}
    engine.mappings = replace(engine.mappings, entities=entities, hash="another")
    report = run_cycle(engine)
    assert report.stopped  # the guard shows the plan first
    assert [one["field"] for one in planned(at)["changes"][0]["sides"]] == ["quantity"]
    assert at.stage.now_row["sk_quantity"] == 10


def test_a_state_that_was_lost_takes_the_same_change_once(sides):
    at = sides()
    at.at_partner_center(status="suspended")
    at.looks()
    at.store.tx(lambda tx: tx.drop_baseline(at.stage.subscription))
    meet(at.stage.application)
    at.looks()
    assert [kind for kind, *_ in at.logged()] == ["deactivation"]


def restarts(at):
    """Put another process in the place of the daemon: the store and the world are what is left."""
    old = at.stage.application
    at.stage.application = build(
        old.config,
        store=old.store,
        effects=old.engine.ports.effects,
        adapters={"https://": InProcessAdapter(App(at.stage.world))},
        inline=True,
    )
    meet(at.stage.application)


@pytest.mark.parametrize(
    ("meanwhile", "kinds", "status"),
    [
        ({}, ["deactivation"], "suspended"),
        ({"status": "active"}, [], "active"),
        ({"status": "deleted"}, ["cancellation"], "deleted"),
    ],
    ids=["nothing happened", "it was taken back", "it went on"],
)
def test_a_restart_between_seeing_and_planning_follows_what_is_there_now(
    sides, meanwhile, kinds, status
):
    at = sides()
    at.at_partner_center(status="suspended")
    at.suspects()
    assert reconcile_suspects(at.stage.application.engine, Failures()) == 1
    waiting = at.store.tx(lambda tx: tx.facts(at.stage.subscription, FactState.WAITING))
    assert [fact.source for fact in waiting] == [Source.PROVIDER]
    if meanwhile:
        at.at_partner_center(**meanwhile)
    restarts(at)
    at.stage.runs()
    at.stage.runs()
    assert [kind for kind, *_ in at.logged()] == kinds
    assert (at.stage.licence()["status"], at.stage.sent_since(0)) == (status, [])
    assert (at.left, at.stage.parked_codes()) == ([], [])


def test_a_change_set_whose_answer_was_lost_is_written_once(sides):
    at = sides()
    at.at_partner_center(status="suspended")
    at.stage.fails(service="dataverse", path=r"\$batch", drop="after_commit", times=2)
    at.looks()
    at.stage.fails()
    at.stage.runs()
    assert [kind for kind, *_ in at.logged()] == ["deactivation"]
    assert (at.stage.now_row["statecode"], at.left) == (1, [])


def test_rule_5_1_a_suspension_there_is_not_undone_by_a_change_of_seats_here(sides):
    at = sides()
    at.at_partner_center(status="suspended")
    at.stage.edits(sk_quantity=12)
    at.looks()
    assert at.stage.licence()["status"] == "suspended"
    assert at.stage.parked_codes() == ["provider-suspended"]
    at.at_partner_center(status="active")
    at.stage.runs()
    assert (at.stage.licence()["quantity"], at.stage.parked_codes()) == (12, [])
    at.stage.runs()
    assert (at.left, [kind for kind, *_ in at.logged()]) == ([], ["quantity change"])


def test_a_suspension_there_is_undone_by_an_activation_that_a_person_asks_for(sides):
    at = sides()
    at.at_partner_center(status="suspended")
    at.stage.edits(sk_quantity=12)
    at.stage.runs()
    for status in ("suspended", "active"):
        at.stage.edits(status=status)
        at.stage.runs()
    licence = at.stage.licence()
    assert (licence["status"], licence["quantity"]) == ("active", 12)
    assert at.stage.parked_codes() == []
