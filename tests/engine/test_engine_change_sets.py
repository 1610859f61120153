"""What follows from each answer to a change set: rules.md 2.3 to 2.7, case by case."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sync import apply, closing
from sync.aside import Failures
from sync.operations import GROUP_NOTE, GROUP_PERSON
from sync.remote import Outcome, Unavailable, WriteResult
from sync.state import FactState, OperationState, Service
from tests.engine.cases import NOW, standing
from tests.engine.desk import DONE, Desk, Told, open_desk

MOVED = WriteResult(outcome=Outcome.PRECONDITION, status=412, message="the row was changed")
REFUSED = WriteResult(outcome=Outcome.REFUSED, status=403, code="0x80040220", message="no right")
LOST = WriteResult(outcome=Outcome.AMBIGUOUS, message="no answer")
LATER = WriteResult(outcome=Outcome.RETRY, status=503)
TOLD = replace(LATER, retry_after_seconds=17)
AFTER_FIRST, AFTER_SECOND = timedelta(seconds=10), timedelta(seconds=20)


@pytest.fixture
def desk() -> Desk:
    return open_desk()


# --- one change set ------------------------------------------------------------------------------


def test_rule_2_3_that_the_call_begins_is_stored_before_it_does(desk):
    seen: list[Any] = []
    desk.crm.before = lambda: seen.append((desk.ended(), desk.stored(1)[0].sent_at))
    desk.sends(desk.plans(1))
    assert seen == [((OperationState.SENT, "", None, 1), NOW)]


def test_a_change_set_that_is_done_is_accepted(desk):
    desk.sends(desk.plans(1))
    assert desk.crm.sets == [["log-1", "line-1", "draft"]]
    assert desk.ended() == (OperationState.DONE, "", None, 1)
    assert desk.fact() is FactState.DONE
    assert desk.accepted() == (standing("suspended"), None)
    assert desk.told(1, "written") == [
        {"operations": '["invoice line", "log deactivation", "open invoice"]'}
    ]


def test_what_was_answered_is_in_the_trail_and_in_the_log(desk):
    log = Told()
    desk.engine.ports = replace(desk.engine.ports, log=log)
    desk.crm.script = [replace(MOVED, code="0x80060882", correlation_id="c-1")]
    desk.sends(desk.plans(1))
    facts = {
        "outcome": Outcome.PRECONDITION.value,
        "operations": 3,
        "status": 412,
        "code": "0x80060882",
        "correlation_id": "c-1",
        "said": "the row was changed",
    }
    assert log.named("dataverse answered") == [{"subject": "s1", **facts}]
    [told] = desk.told(1, "dataverse answered")
    assert told == {name: str(value) for name, value in facts.items()}


def test_a_person_s_write_accepts_nothing(desk):
    desk.sends(desk.plans(1, kind=GROUP_PERSON))
    assert desk.ended()[0] is OperationState.DONE
    assert desk.fact() is FactState.PLANNED
    assert desk.accepted() == (standing("active"), standing("suspended"))


@pytest.mark.parametrize(
    ("result", "reason"),
    [(MOVED, "the row was changed"), (replace(MOVED, message=""), "a row had changed")],
)
def test_rule_2_6_a_failed_precondition_without_any_row_decides_anew(desk, result, reason):
    desk.crm.script = [result]
    desk.sends(desk.plans(1))
    assert desk.crm.looked == [["log-1", "line-1"]]
    assert desk.ended() == (OperationState.SUPERSEDED, reason, None, 1)
    assert desk.fact() is FactState.WAITING
    assert desk.accepted() == (standing("active"), None)
    assert desk.told(1, "decide anew") == [{"reason": reason}]
    wake = desk.tx(lambda tx: tx.wakes("s1"))
    assert (wake.reason, wake.not_before) == ("decide anew", None)
    assert not desk.tx(lambda tx: tx.is_watched("s1"))


def test_a_provider_that_was_told_for_an_overtaken_change_set_is_looked_at_again(desk):
    group = desk.plans(1)
    step = replace(group[0], id="p", service=Service.PROVIDER, state=OperationState.DONE)
    for attempts, group_name, is_watched in ((0, "", False), (1, "other", False), (1, "", True)):
        name = group_name or group[0].group
        told = replace(step, attempts=attempts, group=name)
        desk.tx(lambda tx, told=told: tx.add_operations([told]))
        closing.reopen_group(desk.engine, group, "moved")
        assert desk.tx(lambda tx: tx.is_watched("s1")) == is_watched
    assert desk.tx(lambda tx: tx.watches_due(NOW)) == ["s1"]


def test_rule_2_6_any_row_that_is_there_says_that_all_of_it_was_committed(desk):
    desk.crm.script, desk.crm.there = [MOVED], {"log-1", "line-1"}
    desk.sends(desk.plans(1))
    assert desk.ended() == (OperationState.DONE, "it was there already", None, 1)
    assert desk.fact() is FactState.DONE


def test_rule_2_6_what_a_person_removed_is_reported_and_not_made_again(desk):
    desk.crm.script, desk.crm.there = [MOVED], {"line-1"}
    desk.sends(desk.plans(1))
    state, message, _, _ = desk.ended()
    assert state is OperationState.DONE
    assert message.endswith(": log-1")
    assert len(desk.crm.sets) == 1


def test_rule_2_6_a_lone_row_that_is_there_already_was_made_before(desk):
    """An open invoice is made alone."""
    desk.crm.script, desk.crm.there = [MOVED], {"log-1"}
    desk.sends(desk.plans(1)[:1])
    assert desk.stored(1)[0].state is OperationState.DONE


def test_a_precondition_of_updates_alone_asks_for_no_rows(desk):
    desk.crm.script, desk.crm.there = [MOVED], {"draft"}
    desk.sends(desk.plans(1)[2:])
    assert desk.crm.looked == []
    assert desk.stored(1)[2].state is OperationState.SUPERSEDED


def test_a_note_that_met_a_changed_row_decides_nothing_anew(desk):
    desk.crm.script = [MOVED]
    desk.sends(desk.plans(1, kind=GROUP_NOTE))
    assert desk.fact() is FactState.PLANNED
    assert desk.told(1, "decide anew") == []
    assert desk.tx(lambda tx: tx.wakes("s1")) is not None


def test_what_a_person_asked_for_is_not_repeated_on_a_row_that_moved(desk):
    desk.crm.script = [MOVED]
    desk.sends(desk.plans(1, kind=GROUP_PERSON))
    assert desk.fact() is FactState.PLANNED
    [told] = desk.told(1, "not done")
    assert told == {"asked": "log deactivation", "reason": "the row was changed"}


@pytest.mark.parametrize(
    ("result", "wait"), [(TOLD, timedelta(seconds=17)), (LATER, AFTER_FIRST)], ids=["told", "not"]
)
def test_what_was_certainly_not_executed_waits_as_long_as_it_was_told(desk, result, wait):
    desk.crm.script = [result]
    desk.sends(desk.plans(1))
    assert desk.ended() == (OperationState.READY, "", NOW + wait, 1)
    assert desk.crm.looked == []
    desk.sends(desk.stored(1))
    assert desk.ended() == (OperationState.DONE, "", None, 2)


def test_a_lone_write_that_was_not_executed_waits_as_well(desk):
    desk.crm.script = [LATER]
    desk.sends(desk.plans(1)[:1])
    assert desk.stored(1)[0].not_before == NOW + AFTER_FIRST


def test_a_refused_change_set_is_parked_with_the_reason(desk):
    desk.crm.script = [REFUSED]
    desk.sends(desk.plans(1))
    [parked] = desk.tx(lambda tx: tx.parked("s1"))
    assert parked.code == "dataverse-refused"
    assert "no right" in parked.reason
    assert "0x80040220" in parked.reason
    assert desk.ended() == (OperationState.FAILED, parked.reason, None, 1)
    assert desk.fact() is FactState.WAITING
    assert [parked.since, parked.advice[:7]] == [NOW, "Correct"]


def test_a_refusal_without_a_code_says_so(desk):
    desk.crm.script = [replace(REFUSED, code="")]
    desk.sends(desk.plans(1))
    [parked] = desk.tx(lambda tx: tx.parked("s1"))
    assert parked.reason.endswith("(code -).")


# --- an unclear answer ---------------------------------------------------------------------------


def test_a_lost_answer_whose_rows_are_there_is_done(desk):
    desk.crm.script, desk.crm.there = [LOST], {"log-1"}
    desk.sends(desk.plans(1))
    assert desk.ended() == (OperationState.DONE, "its rows were read back", None, 1)
    assert len(desk.crm.sets) == 1


def test_a_lost_answer_is_sent_again_once_at_once_and_then_after_a_pause(desk):
    desk.crm.script = [LOST, LOST]
    desk.sends(desk.plans(1))
    assert len(desk.crm.sets) == 2
    assert desk.ended() == (OperationState.READY, "", NOW + AFTER_SECOND, 2)
    assert desk.crm.sets[0] == desk.crm.sets[1]


def test_a_lone_write_whose_answer_is_lost_twice_waits_as_well(desk):
    desk.crm.script = [LOST, LOST]
    desk.sends(desk.plans(1)[:1])
    assert desk.stored(1)[0].not_before == NOW + AFTER_SECOND


def test_what_cannot_be_read_back_stays_sent_and_is_looked_at_later(desk):
    desk.crm.script, desk.crm.is_down = [LOST], True
    desk.sends(desk.plans(1))
    assert desk.ended() == (OperationState.SENT, "", NOW + AFTER_FIRST, 1)
    told = desk.told(1, "dataverse answered")
    assert [one["outcome"] for one in told] == [Outcome.AMBIGUOUS.value] * 2
    assert told[1]["said"] == "Dataverse does not answer"


@pytest.mark.parametrize("is_there", [True, False])
def test_what_a_kill_left_unclear_is_looked_for_before_anything_is_sent(desk, is_there):
    begun = [replace(one, state=OperationState.SENT, attempts=1) for one in desk.plans(1)]
    desk.tx(lambda tx: tx.add_operations(begun))
    desk.crm.there = {"log-1"} if is_there else set()
    desk.sends(begun)
    assert desk.crm.looked == [["log-1", "line-1"]]
    assert len(desk.crm.sets) == (0 if is_there else 1)
    assert desk.ended()[0] is OperationState.DONE


def test_what_was_begun_is_concluded_before_what_is_new(desk):
    begun = [replace(one, state=OperationState.SENT, attempts=1) for one in desk.plans(1)]
    desk.tx(lambda tx: tx.add_operations(begun))
    desk.sends(desk.plans(2), begun)
    assert [one[0] for one in desk.crm.sets] == ["log-1", "log-2"]


# --- several together ----------------------------------------------------------------------------


def test_rule_2_5_changes_of_one_contract_share_a_change_set_and_its_draft_once(desk):
    desk.sends(desk.plans(1), desk.plans(2))
    assert desk.crm.requests == [1]
    assert desk.crm.sets == [["log-1", "line-1", "draft", "log-2", "line-2"]]
    assert {desk.ended(1), desk.ended(2)} == {(OperationState.DONE, "", None, 1)}
    assert desk.accepted(1) == desk.accepted(2) == (standing("suspended"), None)


@pytest.mark.parametrize("result", [REFUSED, MOVED], ids=["refused", "precondition"])
def test_rule_2_5_what_is_not_accepted_together_goes_alone(desk, result):
    desk.crm.script = [result, DONE, result]
    desk.sends(desk.plans(1), desk.plans(2))
    assert [one[0] for one in desk.crm.sets] == ["log-1", "log-1", "log-2"]
    assert desk.ended(1) == (OperationState.DONE, "", None, 2)
    assert desk.ended(2)[0] in {OperationState.FAILED, OperationState.SUPERSEDED}
    assert desk.fact(2) is FactState.WAITING


def test_what_is_there_already_is_not_sent_again_when_a_shared_set_is_split(desk):
    desk.crm.script, desk.crm.there = [MOVED], {"log-1"}
    desk.sends(desk.plans(1), desk.plans(2))
    assert [one[0] for one in desk.crm.sets] == ["log-1", "log-2"]
    assert desk.ended(1) == (OperationState.DONE, "", None, 1)
    assert desk.told(1, "dataverse answered") == [{"outcome": "done", "operations": "3", **ZERO}]


ZERO = {"status": "0"}


def test_a_lost_answer_to_a_shared_set_is_found_out_for_each(desk):
    desk.crm.script, desk.crm.there = [LOST], {"log-1"}
    desk.sends(desk.plans(1), desk.plans(2))
    assert desk.ended(1)[:2] == (OperationState.DONE, "its rows were read back")
    assert [one[0] for one in desk.crm.sets] == ["log-1", "log-2"]


@pytest.mark.parametrize(
    ("changes", "sets"), [(50, [150 - 49]), (51, [150 - 49, 3])], ids=["fifty", "one more"]
)
def test_rule_2_5_at_most_fifty_changes_share_a_change_set(desk, changes, sets):
    desk.sends(*(desk.plans(number) for number in range(changes)))
    assert [len(one) for one in desk.crm.sets] == sets
    assert desk.crm.requests == [len(sets)]


@pytest.mark.parametrize(
    ("contracts", "changes", "requests"),
    [
        pytest.param(50, 1, [50], id="fifty change sets"),
        pytest.param(51, 1, [50, 1], id="one more"),
        pytest.param(4, 33, [4], id="396 writes"),
        pytest.param(2, 67, [3, 1], id="more than 400"),
    ],
)
def test_rule_2_7_change_sets_share_a_request_within_its_limits(desk, contracts, changes, requests):
    numbers = iter(range(contracts * changes))
    groups = [[desk.plans(next(numbers)) for _ in range(changes)] for _ in range(contracts)]
    apply.send_all(desk.engine, groups, Failures())
    assert desk.crm.requests == requests
    assert {desk.ended(number)[0] for number in range(contracts * changes)} == {OperationState.DONE}


def test_rule_2_7_each_change_set_of_a_request_ends_by_its_own_answer(desk):
    desk.crm.script = [DONE, REFUSED, TOLD]
    groups = [[desk.plans(number)] for number in (1, 2, 3)]
    apply.send_all(desk.engine, groups, Failures())
    ends = [desk.ended(number)[0] for number in (1, 2, 3)]
    assert ends == [OperationState.DONE, OperationState.FAILED, OperationState.READY]


# --- a service that is down ----------------------------------------------------------------------


def test_a_service_that_is_down_is_told_and_the_others_go_on(desk):
    begun = [replace(one, state=OperationState.SENT, attempts=1) for one in desk.plans(1)]
    desk.tx(lambda tx: tx.add_operations(begun))
    broken = iter([True])

    def fail_once() -> None:
        if next(broken, False):
            raise Unavailable("down")

    desk.crm.before = fail_once
    with pytest.raises(Unavailable, match="down"):
        desk.sends(begun, desk.plans(2))
    assert desk.ended(1)[0] is OperationState.SENT
    assert desk.ended(2)[0] is OperationState.DONE


def test_a_change_set_without_any_answer_is_not_passed_over(desk):
    desk.crm.short = 1
    apply.send_all(desk.engine, [[desk.plans(1)], [desk.plans(2)]], Failures())
    assert "s2" in {one.subject for one in desk.tx(lambda tx: tx.parked())}
    assert desk.ended(2)[0] is OperationState.SENT


def test_what_nobody_foresaw_is_set_aside_with_every_change_it_concerns(desk):
    def break_down() -> None:
        raise ZeroDivisionError

    desk.crm.before = break_down
    desk.sends(desk.plans(1), desk.plans(2))
    codes = [(one.subject, one.code) for one in desk.tx(lambda tx: tx.parked())]
    assert sorted(codes) == [("s1", "unforeseen"), ("s2", "unforeseen")]
    assert desk.ended(1)[0] is OperationState.SENT


def test_what_is_begun_or_over_waits_for_no_instant(desk):
    waiting = replace(desk.plans(1)[0], not_before=NOW)
    begun, ended = waiting.begun(NOW), waiting.ended(OperationState.FAILED, "why")
    assert (begun.not_before, begun.sent_at, begun.attempts) == (None, NOW, 1)
    assert (ended.not_before, ended.state, ended.message) == (None, OperationState.FAILED, "why")
