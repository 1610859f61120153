"""What T2 stores before anything is sent, and what becomes of it: rules.md 2.3, 2.5 and 2.10."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.lines import LineKind, NewLine
from billing.periods import Period
from lifecycle.states import Provisioning
from sync import closing, journal, parking
from sync.judge import judge
from sync.model import Invoice
from sync.operations import GROUP_DRAFT, GROUP_NOTE, GROUP_WRITE, operations_of
from sync.plan import plan
from sync.planned import Case, LogUpdate, Plan
from sync.provisioning import Steps
from sync.remote import Action
from sync.settling import Cycle, Trouble
from sync.state import FactState, OperationState, Service, Source, Wake
from tests.engine import cases
from tests.engine.cases import NOW, TODAY, entity, fact, point, standing
from tests.engine.desk import Desk, open_desk

DRAFT = Invoice(
    id="july",
    etag='W/"7"',
    number="",
    status="draft",
    cycle_start=date(2025, 7, 1),
    cycle_end=date(2025, 8, 1),
    issued_on=None,
    currency="USD",
)
CREDIT = NewLine(
    kind=LineKind.REFUND,
    period=Period(date(2025, 6, 17), date(2025, 7, 1)),
    quantity=10,
    unit_price=Decimal("12.50"),
    discount_percent=Decimal(0),
    tax_percent=Decimal(0),
    amount=Decimal("-58.33"),
    tax_amount=Decimal(0),
    reverses="june-line",
    explanation="125.00 x 14/30 days",
    period_key=date(2025, 6, 1),
    root="june-line",
    change_key="s|a1",
)
SUSPENDING = (Action.SUSPEND.value, "partner-center", "t/l", "")
HOLD = {"autoRenewEnabled": True}
SENTENCE = Trouble(code="on-hold", reason="It is on hold.", advice="Take it off.")


@pytest.fixture
def desk() -> Desk:
    return open_desk()


def suspended(**fields: Any) -> tuple[Case, Plan]:
    """Return the plan of a deactivation with a refund, which the provider is to be told."""
    case = cases.case(**fields)
    judgement = judge(standing(), [fact()], case.context, cases.policy(), entity())
    found = plan(case, judgement, cases.policy())
    return case, replace(found, lines=(CREDIT,), draft=DRAFT)


def shown(operations):
    return [(one.action, one.set, one.target, one.precondition) for one in operations]


def operations(desk, case, planned):
    return operations_of(desk.engine, case, planned, next_number=4, name="n")


# --- the operations ------------------------------------------------------------------------------


def test_rule_2_4_a_deactivation_is_one_step_and_one_change_set_in_order(desk):
    case, planned = suspended()
    found = operations(desk, case, planned)
    [log] = planned.logs
    line = found[2].target
    assert shown(found) == [
        SUSPENDING,
        ("log deactivation", "sk_changelogs", log.log.id, "create"),
        ("invoice line", "sk_invoicelines", line, "create"),
        ("open invoice", "sk_invoices", "july", 'W/"7"'),
    ]
    assert {one.group for one in found} == {f"{GROUP_WRITE}:n"}
    assert {one.subject for one in found} == {"s"}
    assert {one.change_keys for one in found} == {("s|a1",)}
    assert {one.state for one in found} == {OperationState.READY}
    assert [one.service for one in found] == [Service.PROVIDER, *[Service.DATAVERSE] * 3]
    assert len({one.id for one in found}) == 4
    assert found == operations(desk, case, planned)  # the same name gives the same ids


def test_the_bodies_are_whole_when_they_are_stored(desk):
    _, log, line, draft = operations(desk, *suspended())
    assert log.body["sk_changekey"] == "s|a1"
    assert log.body["sk_quantitychange"] == -10
    assert line.body["sk_linenumber"] == 4
    assert (line.body["sk_amount"], line.body["sk_changekey"]) == (Decimal("-58.33"), "s|a1")
    assert draft.body == {"sk_currencycode": "USD"}


def test_several_steps_are_told_apart_and_carry_the_seats_that_are_wanted(desk):
    case, planned = suspended()
    steps = Steps(actions=(Action.REACTIVATE, Action.SET_QUANTITY))
    planned = replace(planned, steps=steps, standing=standing("active", 12), logs=(), lines=())
    found = operations(desk, case, planned)
    assert [(one.action, one.quantity) for one in found] == [
        (Action.REACTIVATE.value, 12),
        (Action.SET_QUANTITY.value, 12),
    ]
    assert found[0].id != found[1].id


@pytest.mark.parametrize("missing", ["provider", "subscription"])
def test_without_a_provider_or_a_row_there_is_nobody_to_tell(desk, missing):
    case, planned = suspended()
    bare = replace(case, context=replace(case.context, **{missing: None}))
    assert SUSPENDING not in shown(operations(desk, bare, planned))


def test_without_a_contract_no_money_is_written(desk):
    case, planned = suspended()
    bare = replace(case, context=replace(case.context, contract=None))
    assert "open invoice" not in [one.action for one in operations(desk, bare, planned)]


@pytest.mark.parametrize("fields", [{"lines": ()}, {"draft": None}], ids=["no lines", "no draft"])
def test_without_lines_or_a_draft_the_invoice_is_not_touched(desk, fields):
    case, planned = suspended()
    found = operations(desk, case, replace(planned, **fields))
    assert [one.action for one in found] == [Action.SUSPEND.value, "log deactivation"]


def test_a_log_that_waits_for_the_provider_is_updated_with_its_own_version(desk):
    waiting, other = cases.log(1), cases.log(2, quantity_before=0)
    case, planned = suspended(context=cases.context(logs=(waiting, other)))
    planned = replace(planned, logs=(), lines=(), steps=None, updates=(), awaits_provider="log-1")
    [found] = operations(desk, case, planned)
    assert shown([found]) == [("log outcome", "sk_changelogs", "log-1", waiting.etag)]
    assert found.body == {}


@pytest.mark.parametrize(
    ("stamp", "action", "columns"),
    [
        (False, "close log", {"sk_provisioningstatus", "sk_message"}),
        (True, "stamp log", {"sk_provisionedon", "sk_message"}),
    ],
)
def test_a_log_is_closed_or_stamped(desk, stamp, action, columns):
    old = cases.log(1)
    update = LogUpdate(
        log=old, provisioning=Provisioning.NOT_APPLICABLE, message="Superseded.", stamp=stamp
    )
    case, planned = suspended()
    planned = replace(planned, logs=(), lines=(), steps=None, awaits_provider="", updates=(update,))
    [found] = operations(desk, case, planned)
    assert shown([found]) == [(action, "sk_changelogs", "log-1", old.etag)]
    assert set(found.body) == columns
    assert found.body["sk_message"] == "Superseded."


def test_rule_4_9_a_removed_refund_is_written_on_its_log_once(desk):
    removed = [replace(cases.log(number), refund_decision="removed_by_person") for number in (1, 2)]
    case, planned = suspended()
    update = LogUpdate(log=removed[0], provisioning=Provisioning.NOT_APPLICABLE, message="x")
    planned = replace(planned, logs=(), lines=(), steps=None, awaits_provider="")
    planned = replace(planned, removed=tuple(removed), updates=(update,))
    found = operations(desk, case, planned)
    assert [(one.action, one.target) for one in found] == [
        ("close log", "log-1"),
        ("refund removed", "log-2"),
    ]
    assert found[1].body == {"sk_refunddecision": 126310005}
    assert found[1].precondition == removed[1].etag


@pytest.mark.parametrize(
    ("stands", "message", "body"),
    [
        ("", "", None),
        ("as it was", "as it was", None),
        ("", "It is on hold.", {"sk_syncmessage": "It is on hold."}),
        ("It is on hold.", "", {"sk_syncmessage": None}),
    ],
)
def test_rule_1_9_the_person_is_told_when_the_text_changes(desk, stands, message, body):
    case, planned = suspended(
        context=cases.context(subscription=cases.subscription(sync_message=stands))
    )
    planned = replace(planned, logs=(), lines=(), steps=None, message=message)
    found = operations(desk, case, planned)
    assert [one.body for one in found] == ([] if body is None else [body])
    for one in found:
        assert one.group == f"{GROUP_NOTE}:n"
        assert shown([one]) == [("message", "sk_subscriptions", "s", 'W/"1"')]


def test_rule_3_the_status_of_a_reached_date_goes_with_its_log(desk):
    case, planned = suspended()
    [log] = planned.logs
    reached = replace(log.decided, fact=replace(log.decided.fact, source=Source.SCHEDULE))
    planned = replace(planned, logs=(replace(log, decided=reached),), lines=(), steps=None)
    found = operations(desk, case, planned)
    assert shown(found)[-1] == ("scheduled status", "sk_subscriptions", "s", 'W/"1"')
    assert found[-1].body == {"statecode": 1, "statuscode": 2, "sk_deactivateon": None}
    assert found[-1].group == f"{GROUP_WRITE}:n"


# --- T2 ------------------------------------------------------------------------------------------


def store(desk, case, planned):
    """Let a subscription be known and woken, and store its plan."""
    desk.plans(1)  # something else, which stays as it is
    seen = next(iter(desk.tx(lambda tx: tx.seen(["s1"])).values()))
    known = replace(seen, id="s", planned=None, accepted=case.was)
    desk.tx(lambda tx: tx.put_seen([known]))
    desk.tx(lambda tx: tx.add_facts([fact(state=FactState.WAITING)]))
    desk.tx(lambda tx: tx.wake(Wake(subscription_id="s", reason="seen")))
    journal.store_plan(desk.engine, case, planned, next_number=4)
    return desk.tx(lambda tx: tx.seen(["s"]))["s"]


def test_t2_stores_facts_intents_and_the_hold_together(desk):
    case, planned = suspended(licence=cases.licence(held=HOLD))
    seen = store(desk, case, planned)
    assert (seen.accepted, seen.planned) == (standing("active"), standing("suspended"))
    assert [one.state for one in desk.tx(lambda tx: tx.facts("s"))] == [FactState.PLANNED]
    assert [one.action for one in desk.tx(lambda tx: tx.open_operations("s"))] == [
        "suspend",
        "log deactivation",
        "invoice line",
        "open invoice",
    ]
    assert desk.tx(lambda tx: tx.hold("s")) == HOLD
    assert desk.tx(lambda tx: tx.wakes("s")) is None
    assert desk.fact(1) is FactState.PLANNED


def test_every_t2_has_ids_of_its_own(desk):
    case, planned = suspended()
    for _ in range(2):
        journal.store_plan(desk.engine, case, planned, next_number=4)
    stored = desk.tx(lambda tx: tx.operations("s"))
    assert len({one.id for one in stored}) == 8
    assert len({one.group for one in stored}) == 2


def test_rule_2_10_a_hold_that_is_known_is_not_overwritten(desk):
    store(desk, *suspended(licence=cases.licence(held={"autoRenewEnabled": False}), hold=HOLD))
    assert desk.tx(lambda tx: tx.hold("s")) == HOLD


@pytest.mark.parametrize("actions", [(), (Action.SET_QUANTITY,), (Action.CANCEL,)])
def test_what_takes_nothing_holds_nothing(desk, actions):
    case, planned = suspended(licence=cases.licence(held=HOLD))
    store(desk, case, replace(planned, steps=Steps(actions=actions)))
    assert desk.tx(lambda tx: tx.hold("s")) is None


def test_what_restores_keeps_what_it_restores(desk):
    case, planned = suspended(hold=HOLD)
    store(desk, case, replace(planned, steps=Steps(actions=(Action.RESTORE,))))
    assert desk.tx(lambda tx: tx.hold("s")) == HOLD


def test_a_plan_without_logs_accepts_a_first_state_and_keeps_a_known_one(desk):
    case, planned = suspended()
    bare = replace(planned, logs=(), lines=(), steps=None)
    assert store(desk, case, bare).accepted == standing("active")
    assert store(desk, replace(case, was=None), bare).accepted == standing("suspended")
    assert store(desk, replace(case, was=None), replace(bare, standing=None)).accepted is None


def test_the_trail_tells_what_was_decided_why_and_what_is_owed(desk):
    case = cases.case()
    facts = [fact(), fact("active", key="s|a2")]
    judgement = judge(standing(), facts, case.context, cases.policy(), entity())
    both = replace(plan(case, judgement, cases.policy()), lines=(CREDIT,), draft=DRAFT)
    store(desk, case, replace(both, refused="It may not stand there."))
    entries = [one for one in desk.tx(lambda tx: tx.read_trail()) if one.subject == "s"]
    decided = [one.facts for one in entries if one.event == "decided"]
    assert [(one["change"], one["was"], one["was_quantity"]) for one in decided] == [
        ("s|a1", "active", "10"),
        ("s|a2", "suspended", "10"),
    ]
    first, log = decided[0], both.logs[0]
    assert first["log"] == log.log.id
    assert first["rule"] == log.decided.decision.transition
    assert first["reason"] == log.decided.decision.reason
    assert first["effective_on"] == str(TODAY)
    assert first["refund"] == log.log.refund_decision
    assert first["refund_reason"] == log.refund_reason
    assert first["provisioning"] == log.log.provisioning
    [owed] = [one.facts for one in entries if one.event == "owed"]
    assert owed == {"amount": "-58.33", "explanation": "125.00 x 14/30 days"}
    [refused] = [one.facts for one in entries if one.event == "refused"]
    assert refused == {"reason": "It may not stand there."}


def test_a_missing_draft_is_stored_alone(desk):
    case, planned = suspended()
    cycle = Cycle(start=date(2025, 7, 1), end=date(2025, 8, 1))
    journal.store_draft(desk.engine, case, replace(planned, draft=None, new_draft=cycle))
    [found] = desk.tx(lambda tx: tx.open_operations("s"))
    assert (found.action, found.set, found.precondition) == (
        "open invoice",
        "sk_invoices",
        "create",
    )
    assert found.group.startswith(f"{GROUP_DRAFT}:")
    assert found.body["sk_cyclestart"] == "2025-07-01"
    journal.store_draft(desk.engine, case, replace(planned, new_draft=None))
    assert len(desk.tx(lambda tx: tx.open_operations("s"))) == 1


# --- parked --------------------------------------------------------------------------------------


def parked(desk):
    found = desk.tx(lambda tx: tx.parked("s"))
    return [(one.code, one.reason, one.advice, one.since) for one in found]


def told(desk):
    entries = desk.tx(lambda tx: tx.read_trail())
    return [(one.event, one.facts) for one in entries if one.event in {"parked", "solved"}]


def test_what_is_parked_keeps_its_first_instant_while_its_cause_stays(desk):
    later = datetime(2025, 6, 17, tzinfo=UTC)
    reason = replace(SENTENCE, reason="It is still on hold.")
    other = replace(SENTENCE, code="contract-missing")
    ends = []
    for moment, trouble in ((NOW, SENTENCE), (later, SENTENCE), (later, reason), (later, other)):
        desk.crm.time = moment
        desk.tx(lambda tx, trouble=trouble: parking.park(desk.engine, tx, "s", trouble))
        ends += parked(desk)
    assert [one[0] for one in ends] == ["on-hold"] * 3 + ["contract-missing"]
    assert [one[3] for one in ends] == [NOW, NOW, NOW, later]
    assert ends[0][1:3] == ("It is on hold.", "Take it off.")
    assert [event for event, _ in told(desk)] == ["parked"] * 3
    assert told(desk)[0][1] == {"code": "on-hold", "reason": "It is on hold."}


def test_what_is_solved_is_said_once(desk):
    desk.tx(lambda tx: parking.park(desk.engine, tx, "s", SENTENCE))
    for _ in range(2):
        desk.tx(lambda tx: parking.unpark(desk.engine, tx, "s"))
    assert parked(desk) == []
    assert told(desk)[1:] == [("solved", {"code": "on-hold", "reason": "It is on hold."})]


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"trouble": SENTENCE}, ["on-hold"]), ({"refused": "No."}, ["refused"]), ({}, [])],
    ids=["trouble", "refused", "all is well"],
)
def test_t2_parks_what_a_person_must_decide_and_takes_back_what_is_solved(desk, fields, code):
    desk.tx(lambda tx: parking.park(desk.engine, tx, "s", replace(SENTENCE, code="earlier")))
    case, planned = suspended()
    store(desk, case, replace(planned, logs=(), lines=(), steps=None, **fields))
    assert [one[0] for one in parked(desk)] == code


def test_a_provider_s_no_parks_and_replaces_the_message_that_waits(desk):
    case, planned = suspended()
    for sentence in ("first", "second"):
        trouble = replace(SENTENCE, code="provisioning-failed", reason=sentence)
        journal.store_failure(desk.engine, case, planned, trouble)
    notes = desk.tx(lambda tx: tx.operations("s"))
    assert [(one.state, one.body) for one in notes] == [
        (OperationState.SUPERSEDED, {"sk_syncmessage": "first"}),
        (OperationState.READY, {"sk_syncmessage": "second"}),
    ]
    assert notes[0].message
    assert [one[1] for one in parked(desk)] == ["second"]


# --- outcome -------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", ["s1", ""], ids=["given back", "still held"])
def test_the_outcome_is_laid_over_the_log_alone_and_frozen(desk, release):
    group = desk.plans(1)
    desk.tx(lambda tx: tx.set_hold("s1", HOLD))
    outcome = {"provisioning": Provisioning.PROVISIONED, "message": "Done."}
    journal.freeze_outcome(desk.engine, group, "log-1", outcome, release=release)
    log, line, draft = desk.stored(1)
    assert log.body == {
        "sk_name": "log-1",
        "sk_provisioningstatus": 126310002,
        "sk_message": "Done.",
    }
    assert (line.body, draft.body) == ({"sk_name": "line-1"}, {"sk_name": "draft"})
    assert desk.tx(lambda tx: tx.hold("s1")) == (None if release else HOLD)


def test_a_written_schedule_is_accepted_and_claims_its_own_audit_row(desk):
    group = desk.plans(1)
    active = desk.tx(lambda tx: tx.seen(["s1"]))["s1"]
    active = replace(active, point=point("active"), deactivate_on=TODAY)
    desk.tx(lambda tx: tx.put_seen([active]))
    scheduled = [replace(group[0], action="scheduled status"), *group[1:]]
    closing.close_group(desk.engine, scheduled)
    seen = desk.tx(lambda tx: tx.seen(["s1"]))["s1"]
    assert seen.point == point("suspended")
    assert seen.claims == ((point("active"), point("suspended")),)
    assert seen.deactivate_on is None
    assert (seen.accepted, seen.planned) == (standing("suspended"), None)


def test_a_log_that_we_wrote_is_known_for_ours_and_one_that_is_updated_stays_so(desk):
    group = desk.plans(1)
    body = {
        "sk_changekey": "s1|a1",
        "sk_kind": 126310002,
        "sk_sequence": 3,
        "sk_quantityafter": 0,
        "sk_provisioningstatus": 126310000,
    }
    made = replace(group[0], body=body)
    closing.close_group(desk.engine, [made, *group[1:]])
    [known] = desk.tx(lambda tx: tx.known_logs("s1"))
    assert (known.id, known.change_key, known.sequence) == ("log-1", "s1|a1", 3)
    assert (known.kind, known.provisioning, known.stamped) == ("deactivation", "awaiting", False)
    outcome = replace(made, precondition="v", body={"sk_provisioningstatus": 126310002})
    unknown = replace(outcome, target="log-9")
    closing.close_group(desk.engine, [outcome, unknown])
    [known] = desk.tx(lambda tx: tx.known_logs("s1"))
    assert (known.id, known.sequence, known.provisioning) == ("log-1", 3, "provisioned")


def test_only_the_changes_of_a_change_set_are_done_with_it(desk):
    group = desk.plans(1)
    later = fact("active", key="s1|a2", subscription_id="s1", state=FactState.PLANNED)
    desk.tx(lambda tx: tx.add_facts([later]))
    closing.close_group(desk.engine, group, message="read back")
    states = {one.key: one.state for one in desk.tx(lambda tx: tx.facts("s1"))}
    assert states == {"s1|a1": FactState.DONE, "s1|a2": FactState.PLANNED}
    assert {one.message for one in desk.stored(1)} == {"read back"}
