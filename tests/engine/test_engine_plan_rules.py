"""What a judgement becomes: the days, the gates and the words of its logs, without any service."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.terms import RefundDecision
from lifecycle.states import Provisioning
from sync.judge import judge
from sync.model import ProviderKind
from sync.plan import needs_provider, plan
from sync.planned import Plan
from tests.engine import cases
from tests.engine.cases import TODAY, entity, fact, standing

RENEWAL = date(2026, 1, 1)
IN_TERM = cases.licence(term_ends_on=date(2025, 12, 31), auto_renew=True, refundable_seats=0)


def planned(was, facts, policy=None, **fields) -> Plan:
    case = cases.case(was=was, **fields)
    policy = policy or cases.policy()
    judgement = judge(was, facts, case.context, policy, entity())
    return plan(case, judgement, policy)


def scheduling():
    policy = cases.policy()
    return replace(policy, rulebook=replace(policy.rulebook, schedule_decreases=True))


# --- the day --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seats", "policy", "licence", "day"),
    [
        pytest.param(7, scheduling(), IN_TERM, RENEWAL, id="a decrease that the term holds"),
        pytest.param(7, cases.policy(), IN_TERM, TODAY, id="without the policy"),
        pytest.param(12, scheduling(), IN_TERM, TODAY, id="an increase"),
        pytest.param(
            7, scheduling(), replace(IN_TERM, refundable_seats=3), TODAY, id="seats that may go now"
        ),
        pytest.param(7, scheduling(), None, TODAY, id="a licence that nobody could read"),
    ],
)
def test_rule_5_4_a_decrease_that_the_provider_puts_off_takes_effect_at_renewal(
    seats, policy, licence, day
):
    found = planned(standing(), [fact("active", seats)], policy, licence=licence)
    assert [one.log.effective_on for one in found.logs] == [day]


# --- the gates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("was", "to", "decision"),
    [
        ("active", "suspended", RefundDecision.DECLINED_BY_CONTRACT),
        ("active", "cancelled", RefundDecision.DECLINED_BY_CONTRACT),
        ("suspended", "cancelled", RefundDecision.NOTHING_TO_REFUND),
        ("suspended", "active", RefundDecision.NOTHING_TO_REFUND),
        ("active", "paused", RefundDecision.NOTHING_TO_REFUND),
        ("paused", "active", RefundDecision.NOTHING_TO_REFUND),
    ],
)
def test_rule_4_5_the_gates_are_asked_only_where_seats_leave(was, to, decision):
    refuses = cases.context(contract=cases.contract(process_refunds="no"))
    [log] = planned(standing(was), [fact(to)], context=refuses).logs
    assert log.log.refund_decision == decision
    assert bool(log.refund_reason) == (decision is RefundDecision.DECLINED_BY_CONTRACT)


# --- whether the provider is read ----------------------------------------------------------------

DONE = cases.log(1, provisioning=Provisioning.PROVISIONED)
MANUAL = cases.provider(ProviderKind.MANUAL)


@pytest.mark.parametrize(
    ("fields", "facts", "is_checked", "needed"),
    [
        pytest.param({}, [fact()], False, True, id="a change that it is told"),
        pytest.param({}, [], False, False, id="nothing"),
        pytest.param({}, [], True, True, id="looked at again"),
        pytest.param({"logs": (cases.log(1), DONE)}, [], False, True, id="a log that waits"),
        pytest.param({"logs": (DONE,)}, [], False, False, id="logs that are done"),
        pytest.param({"provider": MANUAL}, [fact()], True, False, id="done by hand"),
        pytest.param({"provider": None}, [fact()], True, False, id="no provider"),
    ],
)
def test_the_provider_is_read_only_for_what_it_is_needed_for(fields, facts, is_checked, needed):
    context = cases.context(**fields)
    judgement = judge(standing(), facts, context, cases.policy(), entity())
    assert needs_provider(judgement, context, is_checked=is_checked) == needed


# --- what is numbered and kept --------------------------------------------------------------------


def test_logs_are_numbered_on_from_the_newest_and_carry_what_money_needs():
    earlier = [cases.log(number) for number in (3, 7)]
    context = cases.context(
        logs=tuple(earlier),
        subscription=cases.subscription(discount_percent=Decimal(5), tax_percent=Decimal(19)),
        contract=cases.contract(prorate_unit="fixed30"),
    )
    facts = [fact("suspended"), fact("active", key="s|a2")]
    found = planned(standing(), facts, cases.policy(change_day="new_state"), context=context)
    assert [one.log.sequence for one in found.logs] == [8, 9]
    assert [one.log.change_key for one in found.logs] == ["s|a1", "s|a2"]
    for one in found.logs:
        frozen = (one.log.change_day, one.log.prorate_unit, one.log.unit_price)
        assert frozen == ("new_state", "fixed30", context.subscription.unit_price)
        assert (one.log.discount_percent, one.log.tax_percent) == (5, 19)
        assert (one.log.etag, one.log.held, one.log.provisioned_at) == ("", "", None)
    assert found.standing == standing("active")


def test_trouble_decides_nothing_and_says_why():
    held = cases.context(subscription=cases.subscription(hold=True))
    found = planned(standing(), [fact()], context=held)
    assert (found.logs, found.lines, found.steps) == ((), (), None)
    assert found.trouble is not None
    assert found.message == found.trouble.sentence
    assert found.standing == standing()


def test_what_is_refused_is_told_on_the_row():
    found = planned(standing("cancelled"), [fact("active")])
    assert found.logs == ()
    assert found.refused
    assert found.message == found.refused
