"""Issue 6.6: `policies.deactivate` of lifecycle.yaml, from the click to the provider."""

from dataclasses import replace
from decimal import Decimal

import pytest
import yaml
from typer.testing import CliRunner

from lifecycle.decisions import Decision
from lifecycle.rules import Deactivate, read_rulebook
from lifecycle.states import LogKind, Status
from seatkeeper.explain import find_story, tell
from seatkeeper.mapping_folder import shipped
from seatkeeper.requested import RequestRefusedError, run_request
from seatkeeper.verbs import command_line
from sync.by_hand import RefusedByHandError
from sync.cycle import run_cycle
from sync.deactivating import Situation, must_wait, verdict
from sync.judge import Decided
from sync.mapping_schema import lifecycle_schema
from sync.preview import preview
from sync.resolving import Choice, resolve
from sync.state import Source
from tests.engine import cases
from tests.engine.stage import cash, outcome_of
from tests.mappings.small_schema import errors

OPEN = {"creationDate": "2025-06-14T00:00:00Z"}
"""Bought two days before the deactivation: the window is open until 21 June."""
PROVIDER_DOWN = {"service": "partner_center", "status": 503}


def by(stage, policy):
    """Put a policy in force."""
    engine = stage.application.engine
    book = replace(engine.policy.rulebook, on_deactivate=Deactivate(policy))
    engine.policy = replace(engine.policy, rulebook=book)
    return stage


def deactivated(stage, policy):
    by(stage, policy)
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    return stage


# --- the table ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "licence", "status"),
    [
        ("suspend", OPEN, "suspended"),
        ("suspend", {}, "suspended"),
        ("cancel_inside_window", OPEN, "deleted"),
        ("cancel_inside_window", {}, "suspended"),
        ("refuse_outside_window", OPEN, "deleted"),
        ("refuse_outside_window", {"productType": None, "offerId": "031c9e47"}, "suspended"),
        ("ask", {"productType": None, "offerId": "031c9e47"}, "suspended"),
    ],
    ids=[
        "suspend, window open",
        "suspend, window closed",
        "cancel inside, window open",
        "cancel inside, window closed",
        "refuse outside, window open",
        "refuse outside, an older licence",
        "ask, an older licence",
    ],
)
def test_a_deactivation_reaches_the_provider_as_the_policy_says(opened, policy, licence, status):
    stage = deactivated(opened(licence=licence), policy)
    assert stage.licence()["status"] == status
    assert outcome_of(stage.log()) == "provisioned"
    assert (stage.kinds(), stage.amounts()) == ([("deactivation", -10)], cash("-58.33"))
    assert (stage.parked(), stage.message) == (None, "")


def test_a_deactivation_that_cancels_says_that_it_is_final(opened):
    stage = deactivated(opened(licence=OPEN), "cancel_inside_window")
    assert stage.log()["sk_message"].startswith("A cancellation is final: to use the subscription")
    assert "keeps billing" not in stage.log()["sk_message"]


def test_what_was_cancelled_asks_for_a_new_purchase_when_it_is_activated(opened):
    stage = deactivated(opened(licence=OPEN), "cancel_inside_window")
    stage.edits(status="active")
    stage.runs()
    assert stage.parked().code == "provider-ended"


# --- refuse outside the window -----------------------------------------------------------------


def test_outside_the_window_a_deactivation_is_refused_with_the_reason(stage):
    deactivated(stage, "refuse_outside_window")
    assert stage.parked().code == "refused"
    assert stage.message == (
        "It cannot be deactivated now: the time to cancel it is over. Microsoft keeps billing"
        " until the term ends on 31 December 2025. Set it back, and deactivate it when its term"
        " ends."
    )
    assert (stage.kinds(), stage.amounts()) == ([], [])
    assert stage.licence()["status"] == "active"


def test_a_refused_deactivation_that_is_set_back_leaves_nothing_behind(stage):
    deactivated(stage, "refuse_outside_window")
    stage.edits(status="active")
    stage.runs()
    assert (stage.parked(), stage.message) == (None, "")
    assert (stage.kinds(), stage.amounts()) == ([], [])


def test_a_refused_deactivation_goes_on_once_the_policy_allows_it(stage):
    deactivated(stage, "refuse_outside_window")
    by(stage, "suspend")
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]
    assert (stage.parked(), stage.message) == (None, "")


@pytest.mark.parametrize(
    ("policy", "code"), [("refuse_outside_window", "refused"), ("ask", "deactivation-choice")]
)
def test_a_date_that_is_reached_is_held_too_and_not_read_in_every_cycle(stage, policy, code):
    by(stage, policy)
    stage.edits(sk_deactivateon="2025-06-16")
    stage.runs()
    stage.on("2025-06-16")
    stage.runs()
    assert (stage.parked().code, stage.kinds()) == (code, [])
    assert stage.now_row["statecode"] == 0
    run_cycle(stage.application.engine)
    mark = stage.mark
    run_cycle(stage.application.engine)
    asked = [one.rsplit("/", 1)[-1] for one in stage.requests_since(mark)]
    assert asked == ["sk_changelogs", "sk_subscriptions"]
    stage.edits(sk_deactivateon=None)
    stage.runs()
    assert (stage.parked(), stage.message, stage.kinds()) == (None, "", [])


def test_while_the_provider_is_silent_a_deactivation_waits_that_it_may_refuse(stage):
    stage.fails(**PROVIDER_DOWN)
    deactivated(stage, "refuse_outside_window")
    assert (stage.kinds(), stage.amounts(), stage.parked()) == ([], [], None)
    stage.fails()
    stage.runs()
    assert stage.parked().code == "refused"


# --- ask ---------------------------------------------------------------------------------------


def test_a_deactivation_that_asks_waits_with_its_consequences_on_the_row(stage):
    deactivated(stage, "ask")
    parked = stage.parked()
    assert parked.code == "deactivation-choice"
    assert parked.reason == (
        "A deactivation waits for a choice. Microsoft keeps billing until the term ends on 31"
        " December 2025. It can no longer be cancelled: the cancellation window is closed."
        " Auto-renew is saved, and restored by an activation."
        " Margin effect: -58.33 USD, because no cost is avoided."
        " Refund -58.33 USD on the open invoice: the billing contract processes refunds."
    )
    assert stage.message == f"{parked.reason} {parked.advice}"
    assert (stage.kinds(), stage.amounts()) == ([], [])
    assert stage.licence()["status"] == "active"


def test_rule_1_9_a_question_that_stays_the_same_is_written_once(opened):
    stage = deactivated(opened(licence=OPEN), "ask")
    mark = stage.mark
    stage.on("2025-06-18")
    stage.runs()
    assert stage.commits_since(mark, "sk_subscription") == 0
    assert "until 21 June 2025" in stage.message


@pytest.mark.parametrize(
    ("choice", "status"), [(Choice.SUSPEND, "suspended"), (Choice.CANCEL, "deleted")]
)
def test_a_deactivation_that_asks_goes_on_as_it_was_chosen(opened, choice, status):
    stage = deactivated(opened(licence=OPEN), "ask")
    said = resolve(stage.application.engine, stage.subscription, choice)
    assert said == f"Chosen: {choice.value}. The change goes on."
    stage.runs()
    assert stage.licence()["status"] == status
    assert (stage.kinds(), stage.amounts()) == ([("deactivation", -10)], cash("-58.33"))
    assert (stage.parked(), stage.message) == (None, "")


def test_a_cancellation_that_was_chosen_too_late_is_asked_about_again(stage):
    deactivated(stage, "ask")
    resolve(stage.application.engine, stage.subscription, Choice.CANCEL)
    stage.runs()
    assert stage.parked().code == "deactivation-choice"
    assert stage.licence()["status"] == "active"


def test_a_question_stays_while_the_provider_is_silent(stage):
    deactivated(stage, "ask")
    parked, message, mark = stage.parked(), stage.message, stage.mark
    stage.fails(**PROVIDER_DOWN)
    stage.runs()
    assert (stage.parked(), stage.message) == (parked, message)
    assert stage.commits_since(mark, "sk_subscription") == 0


@pytest.mark.parametrize("policy", ["refuse_outside_window", "ask"])
def test_what_has_happened_at_the_provider_is_neither_refused_nor_asked_about(policy):
    book = replace(cases.policy().rulebook, on_deactivate=Deactivate(policy))
    rule = book.rule(Status.ACTIVE, Status.SUSPENDED)
    decision = Decision(
        transition=rule.name,
        kind=LogKind.DEACTIVATION,
        before=10,
        after=0,
        standing=cases.standing("suspended"),
        provider=rule.provider,
        money=rule.money,
        reason="",
    )
    silent = Situation(licence=None, is_silent=True, choice="", moment=cases.case().moment)
    told = replace(silent, licence=cases.licence(), is_silent=False)
    for source, is_held in ((Source.AUDIT, True), (Source.PROVIDER, False)):
        fact = cases.fact(source=source)
        one = Decided(key="k", fact=fact, decision=decision, effective_on=cases.TODAY)
        assert must_wait(one, silent, book) is is_held
        assert bool(verdict(one, told, book)) is is_held


def test_a_choice_counts_for_one_change_only(opened):
    stage = deactivated(opened(licence=OPEN), "ask")
    resolve(stage.application.engine, stage.subscription, Choice.SUSPEND)
    stage.runs()
    stage.edits(status="active")
    stage.runs()
    stage.edits(status="suspended")
    stage.runs()
    assert stage.parked().code == "deactivation-choice"


def test_a_deactivation_that_asks_and_is_set_back_leaves_nothing_behind(stage):
    deactivated(stage, "ask")
    stage.edits(status="active")
    stage.runs()
    assert (stage.parked(), stage.message) == (None, "")
    assert (stage.kinds(), stage.amounts()) == ([], [])


def test_a_choice_that_is_not_offered_is_refused(stage):
    by(stage, "suspend")
    stage.on("2025-06-16")
    stage.edits(sk_quantity=0)
    stage.runs()
    with pytest.raises(RefusedByHandError, match="cannot be resolved in this way"):
        resolve(stage.application.engine, stage.subscription, Choice.SUSPEND)


def test_a_choice_comes_by_the_command_as_well(opened):
    stage = deactivated(opened(licence=OPEN), "ask")
    asked = f'{{"subject": "{stage.subscription}", "choice": "cancel"}}'
    run_request(stage.application.engine, "parked resolve", asked)
    stage.application.engine.observe = True
    with pytest.raises(RequestRefusedError, match="observe"):
        run_request(stage.application.engine, "parked resolve", asked)


# --- cancelling and fewer seats, outside the window --------------------------------------------


def test_a_cancellation_that_comes_too_late_is_suspended_when_a_person_says_so(stage):
    stage.on("2025-06-16")
    stage.edits(status="cancelled")
    stage.runs()
    assert stage.parked().code == "cancel-window-closed"
    resolve(stage.application.engine, stage.subscription, Choice.SUSPEND)
    stage.runs()
    assert stage.licence()["status"] == "suspended"
    assert outcome_of(stage.log()) == "provisioned"
    assert "keeps billing until the term ends" in stage.log()["sk_message"]
    assert (stage.parked(), stage.message) == (None, "")


@pytest.mark.parametrize("schedule", [True, False], ids=["schedule", "park"])
def test_rule_5_4_fewer_seats_outside_the_window_are_scheduled_or_parked(stage, schedule):
    engine = stage.application.engine
    book = replace(engine.policy.rulebook, schedule_decreases=schedule)
    engine.policy = replace(engine.policy, rulebook=book)
    stage.on("2025-06-16")
    stage.edits(sk_quantity=7)
    stage.runs()
    log = stage.log()
    if schedule:
        assert (outcome_of(log), log["sk_effectiveon"]) == ("provisioned", "2026-01-01")
        assert stage.amounts() == []
        assert stage.licence()["scheduledNextTermInstructions"]["quantity"] == 7
    else:
        assert outcome_of(log) == "failed"
        assert stage.parked().code == "decrease-refused"
    assert stage.licence()["quantity"] == 10


# --- told before and after ---------------------------------------------------------------------


def test_the_plan_tells_what_the_log_is_going_to_tell(opened):
    stage = opened(licence=OPEN, subscription={"sk_costprice": Decimal("10.00")})
    by(stage, "cancel_inside_window")
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    engine, store = stage.application.engine, stage.application.store
    engine.ports = replace(engine.ports, store=store.copy())
    [change] = preview(engine)["changes"]
    engine.ports = replace(engine.ports, store=store)
    assert "a cost of 46.66 USD is avoided" in change["consequences"]
    stage.runs()
    assert stage.log()["sk_message"] == change["consequences"]


def test_the_hash_of_a_plan_does_not_change_with_the_days_that_are_left(opened):
    stage = opened(licence=OPEN)
    stage.on("2025-06-16", "10:00")
    stage.edits(status="suspended")
    engine, store = stage.application.engine, stage.application.store

    def looked_at():
        engine.ports = replace(engine.ports, store=store.copy())
        document = preview(engine)
        engine.ports = replace(engine.ports, store=store)
        return document["hash"], document["changes"][0]["consequences"]

    first, before = looked_at()
    stage.on("2025-06-17")
    second, after = looked_at()
    assert ("4 days left" in before, "3 days left" in after) == (True, True)
    assert first == second


# --- the policy itself -------------------------------------------------------------------------


def policies(**told):
    """Read the shipped rules with other policies."""
    document = yaml.safe_load((shipped() / "lifecycle.yaml").read_text(encoding="utf-8"))
    document["policies"].update(told)
    return document


def test_a_policy_that_is_not_known_is_a_finding_and_the_schema_refuses_it():
    document = policies(deactivate="cancel")
    book, [found] = read_rulebook(document)
    assert book is None
    assert found.path == ("policies", "deactivate")
    assert found.remedy == f"Use one of: {', '.join(Deactivate)}."
    assert list(errors(lifecycle_schema(), document))


def test_a_policy_that_is_misspelt_is_suggested():
    _, [found] = read_rulebook(policies(deactivat="ask"))
    assert found.remedy == "Did you mean 'deactivate'?"


@pytest.mark.parametrize("policy", Deactivate)
def test_each_policy_can_be_said_in_the_file(policy):
    book, found = read_rulebook(policies(deactivate=policy.value))
    assert (found, book and book.on_deactivate) == ([], policy)


def test_without_a_word_a_deactivation_suspends():
    document = policies()
    document["policies"].pop("deactivate")
    book, _ = read_rulebook(document)
    assert book is not None
    assert book.on_deactivate is Deactivate.SUSPEND


def test_a_choice_that_does_not_exist_is_a_slip_of_the_command_line():
    said = CliRunner().invoke(command_line(), ["parked", "resolve", "x", "--choose", "later"])
    assert "--choose takes one of: suspend, cancel, skip." in said.output


def test_explain_tells_what_a_deactivation_meant(stage):
    deactivated(stage, "suspend")
    story = find_story(stage.application.store, stage.subscription)
    assert story is not None
    entity = stage.application.mappings.entity("subscription")
    [decided] = [line for line in tell(story, entity) if "decided:" in line]
    assert "; it means: It can no longer be cancelled" in decided
    assert decided.endswith("Margin effect: -58.33 USD, because no cost is avoided.")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"status": "cancelled"}, "Not provisioned: The provider allows no cancellation any more"),
        ({"sk_quantity": 7}, "Not provisioned: The provider lets only 0 of 3 seats go now"),
    ],
    ids=["a cancellation outside the window", "fewer seats outside the window"],
)
def test_what_the_provider_would_not_do_is_told_before_it_is_tried(stage, change, told):
    stage.edits(**change)
    engine = stage.application.engine
    engine.ports = replace(engine.ports, store=engine.ports.store.copy())
    [planned] = preview(engine)["changes"]
    assert planned["consequences"].startswith(told)
