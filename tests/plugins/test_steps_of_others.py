"""Issue 6.7: steps before and after a change; a step that fails parks its own subscription only."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from sync.cycle import run_cycle
from sync.preview import preview
from sync.resolving import Choice, resolve
from sync.state import OperationState, Service
from sync.steps import Change, Stage, State, Step, document, read_change
from tests.engine.stage import cash, outcome_of

CHANGE = Change(
    key="s|a1",
    log_id="l",
    table="subscription",
    columns=frozenset({"status", "quantity"}),
    subscription_id="s",
    subscription_name="Premium",
    provider_subscription_id="p",
    customer_tenant_id="t",
    contract_id="c",
    provider="Microsoft",
    kind="deactivation",
    rule="deactivate",
    was=State(status="active", quantity=10),
    now=State(status="suspended", quantity=10),
    effective_on=date(2025, 6, 16),
    requested_at=datetime(2025, 6, 16, 12, tzinfo=UTC),
    requested_by="Alex Wilber",
    amount=Decimal("-58.33"),
    currency="USD",
    provisioning="provisioned",
)
SENTENCE = "Not on a Monday. Set it back."


class Called:
    """A step's function that remembers, and does what it is told."""

    def __init__(self, said=None):
        self.said = said
        self.changes = []

    def __call__(self, change):
        self.changes.append(change)
        if isinstance(self.said, BaseException):
            raise self.said
        return self.said


def takes(stage, *steps):
    stage.application.engine.steps = steps
    return stage


def step(run, at=Stage.AFTER, name="mine", **fields):
    return Step(name=name, stage=at, run=run, **fields)


def deactivated(stage):
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()


# --- what a step is told -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        CHANGE,
        replace(CHANGE, was=None),
        replace(CHANGE, amount=None, provisioning=""),
        replace(CHANGE, origin="partner_center"),
    ],
    ids=["all", "a new row", "no amount", "from the provider"],
)
def test_a_change_that_was_stored_is_read_as_it_was(change):
    stored = json.loads(json.dumps(document(change)))
    assert read_change(stored, change.provisioning) == change


@pytest.mark.parametrize(
    ("at", "table", "columns", "is_meant"),
    [
        (Stage.AFTER, "subscription", [], True),
        (Stage.AFTER, "subscription", ["quantity"], True),
        (Stage.VALIDATE, "subscription", [], False),
        (Stage.AFTER, "contract", [], False),
        (Stage.AFTER, "subscription", ["name"], False),
    ],
    ids=["all", "one of its fields", "another stage", "another table", "another field"],
)
def test_a_step_is_called_for_what_it_asks(at, table, columns, is_meant):
    mine = step(Called(), at=at, table=table, columns=frozenset(columns))
    assert mine.is_meant(Stage.AFTER, CHANGE) is is_meant


# --- validate ----------------------------------------------------------------------------------


def test_a_step_refuses_a_change_with_its_sentence(stage):
    said = Called(SENTENCE)
    takes(stage, step(said, at=Stage.VALIDATE))
    deactivated(stage)
    assert (stage.message, stage.parked().code) == (SENTENCE, "refused")
    assert (stage.kinds(), stage.amounts(), stage.licence()["status"]) == ([], [], "active")
    told = said.changes[0]
    assert (told.kind, told.was.status, told.now.status) == ("deactivation", "active", "suspended")
    assert (told.columns, told.amount) == (frozenset({"status"}), None)
    assert (told.requested_by, told.effective_on) == ("Alex Wilber", date(2025, 6, 16))


def test_what_a_step_refused_leaves_nothing_behind_once_it_is_set_back(stage):
    takes(stage, step(Called(SENTENCE), at=Stage.VALIDATE, columns=frozenset({"status"})))
    deactivated(stage)
    stage.edits(status="active")
    stage.runs()
    assert (stage.message, stage.parked(), stage.kinds()) == ("", None, [])


def test_the_plan_says_what_a_step_is_going_to_refuse(stage):
    takes(stage, step(Called(SENTENCE), at=Stage.VALIDATE))
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    engine = stage.application.engine
    engine.ports = replace(engine.ports, store=stage.application.store.copy())
    [change] = preview(engine)["changes"]
    assert (change["refused"], change["operations"][0]["action"]) == (SENTENCE, "message")


def test_an_earlier_change_that_no_step_refuses_goes_on(stage):
    def refuses(change):
        return SENTENCE if change.kind == "deactivation" else None

    takes(stage, step(refuses, at=Stage.VALIDATE))
    stage.on("2025-06-16")
    stage.edits(sk_quantity=12)
    stage.edits(status="suspended")
    stage.runs()
    assert stage.kinds() == [("quantity change", 2)]
    assert (stage.message, stage.parked().code) == (SENTENCE, "refused")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (RuntimeError("no disk"), "RuntimeError: no disk"),
        (True, "it said True, which is no sentence"),
        (" ", "it said ' ', which is no sentence"),
    ],
    ids=["it raises", "no sentence", "an empty sentence"],
)
def test_a_step_that_cannot_judge_parks_the_change_and_is_named(stage, said, why):
    takes(stage, step(Called(said), at=Stage.VALIDATE))
    deactivated(stage)
    parked = stage.parked()
    assert (parked.code, why in parked.reason) == ("validate-step-failed", True)
    assert parked.reason.startswith("The step mine could not judge the change")
    assert stage.kinds() == []
    takes(stage)
    stage.runs()
    assert (stage.kinds(), stage.parked()) == ([("deactivation", -10)], None)


# --- after -------------------------------------------------------------------------------------


def test_a_step_is_called_once_after_the_change_stands_in_dynamics(stage):
    seen = []

    def looks(change):
        seen.append((change, outcome_of(stage.log())))

    takes(stage, step(looks))
    deactivated(stage)
    stage.runs()
    [(change, outcome)] = seen
    assert (change.provisioning, outcome) == ("provisioned", "provisioned")
    assert (change.kind, change.amount, change.currency) == (
        "deactivation",
        Decimal("-58.33"),
        "USD",
    )
    assert change.log_id == stage.log()["sk_changelogid"]


def test_a_step_sees_the_plan_before_it_is_called(stage):
    takes(stage, step(Called()))
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    engine = stage.application.engine
    engine.ports = replace(engine.ports, store=stage.application.store.copy())
    [change] = preview(engine)["changes"]
    assert [one["action"] for one in change["operations"] if one["service"] == "step"] == ["mine"]
    assert engine.steps[0].run.changes == []


def test_a_step_that_fails_parks_its_own_subscription_and_undoes_nothing(stage):
    other = stage.subscribes()
    stage.runs()

    def fails(change):
        if change.subscription_id == stage.subscription:
            raise RuntimeError("no disk")

    takes(stage, step(fails))
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.edits(row=other, status="suspended")
    stage.runs()
    parked = stage.parked()
    assert parked.code == "after-step-failed"
    assert "The step mine failed after a change was made: RuntimeError: no disk." in parked.reason
    assert stage.parked(other) is None
    for one in (stage.subscription, other):
        assert stage.kinds(one)[-1] == ("deactivation", -10)
    assert (stage.licence()["status"], stage.amounts()) == ("suspended", cash("-58.33"))


def test_what_follows_a_step_that_failed_waits_until_it_succeeds(stage):
    run = Called(RuntimeError("no disk"))
    takes(stage, step(run))
    deactivated(stage)
    stage.edits(status="active")
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]
    run.said = None
    stage.runs()
    assert stage.kinds() == [("deactivation", -10), ("activation", 10)]
    assert stage.parked() is None
    kinds = [change.kind for change in run.changes]
    assert kinds[-2:] == ["deactivation", "activation"]


def test_a_step_that_failed_is_called_again_by_itself_after_a_pause(stage):
    run = Called(RuntimeError("no disk"))
    takes(stage, step(run))
    deactivated(stage)
    called, run.said = len(run.changes), None
    run_cycle(stage.application.engine)
    assert len(run.changes) == called
    stage.on("2025-06-16", "12:10")
    run_cycle(stage.application.engine)
    assert (len(run.changes), stage.parked()) == (called + 1, None)


def test_a_step_costs_no_request(stage):
    asked = []
    for steps in ((), (step(Called()),)):
        takes(stage, *steps)
        other = stage.subscribes()
        stage.runs()
        mark = stage.mark
        stage.edits(row=other, status="suspended")
        run_cycle(stage.application.engine)
        asked.append(len(stage.requests_since(mark)))
    assert asked[0] == asked[1]


def test_no_step_overtakes_one_that_failed(stage):
    first, second = Called(RuntimeError("no disk")), Called()
    takes(stage, step(first, name="first"), step(second, name="second"))
    deactivated(stage)
    assert second.changes == []
    first.said = None
    stage.runs()
    assert len(second.changes) == 1


def test_a_step_waits_while_the_change_set_is_not_written(stage):
    logs, marks = [], iter(["once"])

    def makes_dataverse_busy(change):
        for _ in marks:
            stage.fails(service="dataverse", method="POST", path="batch", status=429, times=1)

    takes(
        stage,
        step(makes_dataverse_busy, at=Stage.VALIDATE, name="hook"),
        step(lambda change: logs.append(len(stage.logs()))),
    )
    deactivated(stage)
    stage.runs()
    assert logs == [1]


def test_a_step_that_failed_is_skipped_when_a_person_says_so(stage):
    run = Called(RuntimeError("no disk"))
    takes(stage, step(run))
    deactivated(stage)
    assert resolve(stage.application.engine, stage.subscription, Choice.SKIP) == (
        "1 steps are left out."
    )
    called = len(run.changes)
    stage.runs()
    assert (stage.parked(), len(run.changes)) == (None, called)


def test_a_step_that_is_no_longer_installed_is_missed(stage):
    takes(stage, step(Called(RuntimeError("no disk"))))
    deactivated(stage)
    takes(stage)
    stage.runs()
    assert "it is not installed any more" in stage.parked().reason


def test_a_process_that_ends_while_a_step_runs_calls_it_again(stage):
    class Killed(BaseException):
        """The process ends here."""

    run = Called(Killed())
    takes(stage, step(run))
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    with pytest.raises(Killed):
        stage.runs()
    run.said = None
    stage.runs()
    assert [change.key for change in run.changes] == [run.changes[0].key] * 2
    assert (stage.parked(), stage.kinds()) == (None, [("deactivation", -10)])


def test_rule_2_6_a_step_follows_only_the_change_set_that_was_written(stage):
    """The open invoice is edited after it was read, so that the first change set is refused."""
    run, edits = Called(), iter(["once"])

    def edits_the_draft(change):
        for _ in edits:
            stage.writes("sk_invoice", stage.july, {"sk_name": "edited"})

    takes(stage, step(edits_the_draft, at=Stage.VALIDATE, name="hook"), step(run))
    deactivated(stage)
    assert len(run.changes) == len(stage.logs()) == 1
    made = stage.application.store.tx(lambda tx: tx.operations(stage.subscription))
    calls = [one.state for one in made if one.service is Service.STEP]
    assert calls == [OperationState.SUPERSEDED, OperationState.DONE]


def test_in_mode_observe_no_step_is_called_after(stage):
    run = Called()
    takes(stage, step(run)).application.engine.observe = True
    deactivated(stage)
    assert run.changes == []
