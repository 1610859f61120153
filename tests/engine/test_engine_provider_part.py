"""The provider's part of a plan: which logs wait, close, fail or are held back (rules.md 2.9)."""

from dataclasses import replace
from typing import Any

import pytest

from lifecycle.decisions import Decision
from lifecycle.states import LogKind, Money, ProviderIntent, Provisioning
from sync.judge import Decided
from sync.model import ProviderKind
from sync.planned import Case, LogUpdate, Plan, PlannedLog
from sync.provision_plan import HEALING, is_open, waits, with_provisioning
from sync.provisioning import Steps
from sync.remote import Action
from sync.settling import Trouble
from sync.wording import BY_HAND, NOT_ANSWERED
from tests.engine.cases import (
    NOW,
    TODAY,
    case,
    context,
    fact,
    licence,
    log,
    policy,
    provider,
    standing,
    subscription,
)

AWAITING, PROVISIONED = Provisioning.AWAITING, Provisioning.PROVISIONED
FAILED, NOT_APPLICABLE = Provisioning.FAILED, Provisioning.NOT_APPLICABLE
SUSPEND = Steps(
    actions=(Action.SUSPEND,),
    note="Microsoft keeps billing until the term ends on 31 December 2025.",
)
LASTING = "Seats: 10."
REFUSAL = Trouble(code="provider-refused", reason="It says no.", advice="Look at it.")


def new(intent: ProviderIntent = ProviderIntent.SUSPEND, **fields: Any) -> PlannedLog:
    """Return a deactivation that was just decided; it is the newest log."""
    decision = Decision(
        transition="deactivate",
        kind=LogKind.DEACTIVATION,
        before=10,
        after=0,
        standing=standing("suspended"),
        provider=intent,
        money=Money.REFUND,
        reason="",
    )
    decided = Decided(key="s|a1", fact=fact(), decision=decision, effective_on=TODAY)
    return PlannedLog(log=log(16, **fields), decided=decided, refund_reason="")


def base(*logs: PlannedLog, wanted: str = "suspended", **fields: Any) -> Plan:
    return Plan(subscription_id="s", states={}, standing=standing(wanted), logs=logs, **fields)


def known(*logs: Any, kind: ProviderKind = ProviderKind.AUTOMATIC, **fields: Any) -> Case:
    row = subscription(sync_message=fields.pop("told", ""))
    return case(context=context(logs=logs, provider=provider(kind), subscription=row), **fields)


def marked(planned: PlannedLog, provisioning: Provisioning, message: str) -> PlannedLog:
    changed = replace(planned.log, provisioning=provisioning, message=message)
    return replace(planned, log=changed)


# --- which logs are open -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "open_", "waiting"),
    [
        ({}, True, True),
        ({"provisioning": FAILED}, True, True),
        ({"provisioning": PROVISIONED}, False, True),
        ({"provisioning": PROVISIONED, "provisioned_at": NOW}, False, False),
        ({"provisioning": NOT_APPLICABLE}, False, False),
        ({"change_key": ""}, False, False),
        ({"change_key": "", "provisioning": PROVISIONED}, False, False),
    ],
)
def test_a_log_is_open_until_it_is_provisioned_and_waits_until_it_is_stamped(
    fields, open_, waiting
):
    assert (is_open(log(**fields)), waits(log(**fields))) == (open_, waiting)


# --- by hand, and nobody -------------------------------------------------------------------------


def test_a_manual_provider_gets_its_change_by_hand():
    done = with_provisioning(base(new()), known(kind=ProviderKind.MANUAL), policy())
    assert done == base(marked(new(), AWAITING, BY_HAND))


@pytest.mark.parametrize("kind", [ProviderKind.MANUAL, ProviderKind.AUTOMATIC])
def test_a_log_that_a_person_provisioned_is_stamped_and_keeps_its_story(kind):
    set_by_hand = log(1, provisioning=PROVISIONED, message=f"{BY_HAND} {LASTING}")
    others = (
        log(2, provisioning=PROVISIONED, provisioned_at=NOW),
        log(3, provisioning=PROVISIONED, change_key=""),
        log(4, provisioning=NOT_APPLICABLE),
    )
    earlier = LogUpdate(log=log(5), provisioning=AWAITING, message="")
    done = with_provisioning(
        base(updates=(earlier,)), known(set_by_hand, *others, kind=kind), policy()
    )
    stamp = LogUpdate(log=set_by_hand, provisioning=PROVISIONED, message=LASTING, stamp=True)
    assert done == base(updates=(earlier, stamp))


def test_a_provider_that_needs_nothing_closes_all_logs():
    waiting = log(1, message=f"{NOT_ANSWERED} {LASTING}")
    done = with_provisioning(
        base(new()),
        known(waiting, log(2, provisioning=NOT_APPLICABLE), kind=ProviderKind.DO_NOTHING),
        policy(),
    )
    told = "The provider of this subscription needs nothing."
    update = LogUpdate(log=waiting, provisioning=NOT_APPLICABLE, message=f"{told} {LASTING}")
    assert done == base(marked(new(), NOT_APPLICABLE, told), updates=(update,))


def test_a_subscription_without_a_provider_has_no_part_for_it():
    without = case(context=context(provider=None, logs=(log(1),)))
    assert with_provisioning(base(new()), without, policy()) == base(new())


# --- by ourselves --------------------------------------------------------------------------------


def automatic(plan: Plan, known_case: Case) -> Plan:
    return with_provisioning(plan, known_case, policy())


def test_a_new_log_awaits_the_steps_that_the_licence_needs():
    done = automatic(base(new()), known())
    assert done == base(new(), steps=SUSPEND, awaits_provider="log-16")


def test_a_change_that_asks_nothing_of_the_provider_is_closed_at_once():
    ordered = new(ProviderIntent.NOTHING)
    told = "Nothing to provision: Seatkeeper does not order licences."
    assert automatic(base(ordered), known()) == base(marked(ordered, NOT_APPLICABLE, told))


def test_without_an_accepted_state_nothing_is_asked_of_the_provider():
    plan = replace(base(new()), standing=None)
    assert automatic(plan, known(log(1))) == plan


def test_nothing_is_asked_while_nothing_waits():
    assert automatic(base(), known(log(1, provisioning=PROVISIONED, provisioned_at=NOW))) == base()


def test_rule_2_9_only_the_last_wanted_state_is_sent():
    older = log(1, message=f"{NOT_ANSWERED} {LASTING}")
    first = new(id="log-15")
    earlier = LogUpdate(log=log(5), provisioning=AWAITING, message="")
    done = automatic(base(first, new(), updates=(earlier,)), known(older, log(2)))
    told = "Superseded by Deactivation of 2025-06-16; never sent to the provider."
    closed = (
        LogUpdate(log=older, provisioning=NOT_APPLICABLE, message=f"{told} {LASTING}"),
        LogUpdate(log=log(2), provisioning=NOT_APPLICABLE, message=told),
    )
    assert done == base(
        marked(first, NOT_APPLICABLE, told),
        new(),
        updates=(earlier, *closed),
        steps=SUSPEND,
        awaits_provider="log-16",
    )


def test_rule_2_9_an_older_log_that_waits_alone_is_sent():
    assert automatic(base(), known(log(1))) == base(steps=SUSPEND, awaits_provider="log-1")


def test_rule_2_9_a_new_log_that_is_closed_does_not_supersede():
    ordered = marked(new(), NOT_APPLICABLE, "x")
    done = automatic(base(ordered), known(log(1)))
    assert (done.awaits_provider, done.updates) == ("log-1", ())


# --- a failed log holds back ---------------------------------------------------------------------

HELD = (
    "Held back: the Deactivation of 2025-06-01 failed at the provider. Set that log to Awaiting"
    " Provisioning once its cause is gone."
)
ADVICE = "Set the failed change log to Awaiting Provisioning to try again."


def test_rule_2_9_a_failed_log_holds_back_later_ones():
    failed = log(1, provisioning=FAILED, message="Not provisioned: It says no.\nSeats: 10.")
    trouble = Trouble(code="provisioning-failed", reason="It says no.", advice=ADVICE)
    assert automatic(base(new()), known(failed)) == base(
        marked(new(), AWAITING, HELD), trouble=trouble, message=trouble.sentence
    )


def test_rule_2_9_the_cause_for_which_it_was_parked_and_its_sentence_stay():
    failed = log(1, provisioning=FAILED)
    reason = "The Deactivation of 2025-06-01 failed at the provider."
    trouble = Trouble(code="provider-refused", reason=reason, advice=ADVICE)
    done = automatic(base(new()), known(failed, parked_code="provider-refused", told="It failed."))
    assert (done.trouble, done.message) == (trouble, "It failed.")


def test_rule_2_9_what_the_provider_says_now_is_told_while_it_holds_back():
    failed = log(1, provisioning=FAILED)
    done = automatic(base(new()), known(failed, licence=None, provider_trouble=REFUSAL))
    assert done == base(
        marked(new(), AWAITING, HELD), trouble=REFUSAL, message="It says no. Look at it."
    )


def test_rule_2_9_a_failed_log_closes_with_those_it_held_when_the_provider_holds_their_state():
    failed = log(1, provisioning=FAILED)
    done = automatic(base(new()), known(failed, licence=licence(status="suspended")))
    assert (done.awaits_provider, done.trouble) == ("log-16", None)
    assert [one.log for one in done.updates] == [failed]


@pytest.mark.parametrize("code", sorted(HEALING))
def test_rule_2_9_a_failed_log_goes_on_when_we_see_its_cause_gone(code):
    failed = log(1, provisioning=FAILED)
    done = automatic(base(new()), known(failed, parked_code=code))
    assert (done.awaits_provider, done.steps) == ("log-16", SUSPEND)


def test_rule_2_9_a_cause_that_is_still_there_holds_back():
    failed = log(1, provisioning=FAILED)
    ended = licence(status="expired")
    plan = base(new(ProviderIntent.REACTIVATE), wanted="active")
    done = automatic(plan, known(failed, licence=ended, parked_code="provider-ended"))
    assert (done.steps, done.awaits_provider) == (None, "")
    assert done.trouble is not None


# --- a provider that cannot be read --------------------------------------------------------------


def test_rule_2_4_a_provider_that_does_not_answer_is_asked_again():
    done = automatic(base(new()), known(log(1), licence=None))
    assert done == base(marked(new(), AWAITING, NOT_ANSWERED), retry_provider=True)


def test_a_provider_that_says_no_fails_the_logs_and_parks():
    older = log(1, message=f"{NOT_ANSWERED} {LASTING}")
    earlier = LogUpdate(log=log(5), provisioning=AWAITING, message="")
    done = automatic(
        base(new(), updates=(earlier,)), known(older, licence=None, provider_trouble=REFUSAL)
    )
    failure = "Not provisioned: It says no. Look at it."
    update = LogUpdate(log=older, provisioning=FAILED, message=f"{failure}\n{LASTING}")
    assert done == base(
        marked(new(), FAILED, failure),
        updates=(earlier, update),
        trouble=REFUSAL,
        message="It says no. Look at it.",
    )


# --- late effects --------------------------------------------------------------------------------

DONE = log(1, provisioning=PROVISIONED, provisioned_at=NOW)


def test_rule_2_8_a_late_effect_is_put_right():
    done = automatic(base(), known(DONE, is_checked=True))
    assert done == base(steps=SUSPEND, corrects=True)


@pytest.mark.parametrize(
    "logs",
    [
        pytest.param((), id="no log"),
        pytest.param(
            (log(1, provisioning=PROVISIONED, provisioned_at=NOW, change_key=""),), id="not ours"
        ),
    ],
)
def test_what_an_overtaken_write_left_is_put_right_though_no_log_tells_of_it(logs):
    assert automatic(base(), known(*logs, is_checked=True)) == base(steps=SUSPEND, corrects=True)


@pytest.mark.parametrize(
    ("logs", "fields"),
    [
        pytest.param((DONE,), {}, id="nothing was unclear"),
        pytest.param(
            (DONE, log(2, provisioning=NOT_APPLICABLE)), {"is_checked": True}, id="not the last"
        ),
        pytest.param(
            (DONE,), {"is_checked": True, "licence": licence(status="suspended")}, id="all is well"
        ),
    ],
)
def test_rule_2_8_nothing_is_put_right_without_a_reason(logs, fields):
    assert automatic(base(), known(*logs, **fields)) == base()


def test_rule_2_8_a_log_that_others_wrote_later_is_no_obstacle():
    others = log(2, provisioning=NOT_APPLICABLE, change_key="")
    assert automatic(base(), known(DONE, others, is_checked=True)).corrects


def test_rule_2_8_a_licence_that_cannot_be_seen_is_looked_at_later():
    done = automatic(base(), known(DONE, is_checked=True, licence=None))
    assert done == base(retry_provider=True)
