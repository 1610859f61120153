"""What the waiting facts of a subscription mean, and what keeps them back (rules.md 3, 4.4)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from sync.judge import Judgement, find_trouble, judge, standing_refusal, status_of
from sync.model import Context, ProviderKind, ProviderRow
from sync.settling import Trouble
from sync.state import Fact, FactState, Point, Source
from tests.engine.cases import (
    TODAY,
    context,
    contract,
    entity,
    fact,
    log,
    point,
    policy,
    standing,
    subscription,
)

NOWHERE = Point((1, 77), 10)
APPLIED = "; the change is then applied by itself."
UNCHANGED, WAITING = FactState.UNCHANGED, FactState.WAITING


def judged(*facts: Fact, was: Any = "active", known: Context | None = None) -> Judgement:
    before = standing(was) if was else None
    return judge(before, facts, known or context(), policy(), entity())


def on_row(**fields: Any) -> Context:
    return context(subscription=subscription(**fields))


def days(found: Judgement) -> list[date]:
    return [one.effective_on for one in found.decided]


# --- troubles ------------------------------------------------------------------------------------


def connection(kind: ProviderKind) -> ProviderRow:
    return ProviderRow(id="p", name="Elsewhere", kind=kind, connector="elsewhere")


@pytest.mark.parametrize(
    ("known", "code", "reason", "advice"),
    [
        (
            context(subscription=None),
            "row-deleted",
            "The subscription row was deleted before its change was applied.",
            "Nothing was done for it. Look at the provider and the open invoice by hand.",
        ),
        (
            on_row(hold=True),
            "on-hold",
            "The subscription is on hold (sk_hold), so that nothing is done for it.",
            "Take it off hold; waiting changes are then applied by themselves.",
        ),
        (
            context(contract=None),
            "contract-missing",
            "The subscription has no billing contract.",
            f"Choose its billing contract{APPLIED}",
        ),
        (
            on_row(contract_id=None),
            "contract-missing",
            "The subscription has no billing contract.",
            f"Choose its billing contract{APPLIED}",
        ),
        (
            on_row(quantity=-1),
            "quantity-negative",
            "The quantity -1 is negative.",
            "Enter the number of seats, 1 or more.",
        ),
        (
            context(provider=None),
            "provider-missing",
            "The subscription has no provider.",
            f"Choose its provider{APPLIED}",
        ),
        (
            context(provider=connection(ProviderKind.AUTOMATIC)),
            "provider-unknown",
            "The provider Elsewhere names the connection 'elsewhere', which Seatkeeper does not"
            " have.",
            "Correct it on the provider, or add it under providers: in the configuration"
            " (configured: partner-center).",
        ),
    ],
)
def test_what_cannot_be_decided_says_why_and_waits(known, code, reason, advice):
    trouble = Trouble(code=code, reason=reason, advice=advice)
    states = {"s|a1": WAITING}
    assert judged(fact(), known=known) == Judgement(
        states=states, standing=standing(), trouble=trouble
    )


def test_the_advice_names_every_connection_or_none():
    known = context(provider=connection(ProviderKind.AUTOMATIC))
    told = [
        found.advice if (found := find_trouble(known, policy(connectors=names))) else ""
        for names in (frozenset(), frozenset({"b", "a"}))
    ]
    assert [one.rpartition("(")[2] for one in told] == ["configured: none).", "configured: a, b)."]


@pytest.mark.parametrize("kind", [ProviderKind.MANUAL, ProviderKind.DO_NOTHING])
def test_a_provider_that_we_do_not_call_needs_no_connection(kind):
    assert find_trouble(context(provider=connection(kind)), policy()) is None


def test_no_seats_are_no_trouble_of_the_row():
    assert find_trouble(on_row(quantity=0), policy()) is None


def test_the_contracts_own_trouble_comes_before_the_providers():
    known = context(contract=contract(currency="XXY"), provider=None)
    found = find_trouble(known, policy())
    assert found is not None
    assert found.code == "currency-unknown"


def test_a_status_that_is_not_mapped_waits_for_a_person():
    found = judged(fact(), fact(key="s|a2", point=NOWHERE))
    assert found == Judgement(
        states={"s|a1": WAITING, "s|a2": WAITING},
        standing=standing(),
        trouble=Trouble(
            code="status-unknown",
            reason="The status reason [1, 77] (statecode, statuscode) is not mapped.",
            advice="Set a known status reason, or map it in mappings/subscription.yaml.",
        ),
    )


def test_an_unknown_status_that_was_left_again_means_nothing():
    found = judged(fact(point=NOWHERE), fact(key="s|a2"))
    assert found.trouble is None
    assert found.states == {"s|a1": UNCHANGED, "s|a2": FactState.PLANNED}


def test_a_pair_means_a_status_or_nothing():
    known = [status_of(entity(), point(name)) for name in ("active", "paused", "expired")]
    assert [*known, status_of(entity(), NOWHERE)] == ["active", "paused", "expired", None]


# --- decisions -----------------------------------------------------------------------------------


def test_an_accepted_change_moves_the_standing():
    found = judged(fact())
    assert [(one.key, one.decision.transition) for one in found.decided] == [("s|a1", "deactivate")]
    assert found.decided[0].fact == fact()
    assert (found.standing, found.states) == (standing("suspended"), {"s|a1": FactState.PLANNED})
    assert (found.refusal, found.trouble) == (None, None)


def test_changes_are_judged_one_after_the_other():
    found = judged(fact(), fact("active", key="s|a2"))
    assert [one.decision.transition for one in found.decided] == ["deactivate", "activate"]
    assert found.standing == standing()


def test_rule_3_status_is_handled_before_quantity_and_each_has_its_key():
    found = judged(fact("active", 12), was="paused")
    told = [(one.key, one.decision.transition, one.decision.after) for one in found.decided]
    assert told == [("s|a1", "resume", 10), ("s|a1|quantity", "change-quantity", 12)]
    assert found.standing == standing("active", 12)


def test_a_refused_change_keeps_what_was_accepted():
    found = judged(fact("active"), was="cancelled")
    assert found.refusal is not None
    assert found.refusal.sentence.startswith("A cancelled subscription cannot be used again")
    assert found.states == {"s|a1": FactState.REFUSED}
    assert (found.decided, found.standing) == ((), standing("cancelled"))


def test_a_refused_quantity_beside_an_accepted_status_is_told():
    found = judged(fact("active", 0), was="paused")
    assert found.states == {"s|a1": FactState.PLANNED}
    assert found.refusal is not None


def test_a_refusal_that_was_undone_is_solved():
    found = judged(fact("active"), fact("cancelled", key="s|a2"), was="cancelled")
    assert found.refusal is None
    assert found.states == {"s|a1": FactState.REFUSED, "s|a2": UNCHANGED}


def test_the_same_state_again_is_nothing():
    found = judged(fact("active"))
    assert (found.decided, found.states) == ((), {"s|a1": UNCHANGED})


def test_a_new_row_is_a_new_log_with_its_seats():
    found = judged(fact("active", 7, source=Source.NEW_ROW), was=None)
    assert [(one.decision.kind, one.decision.after) for one in found.decided] == [("new", 7)]


def test_the_first_known_state_of_an_adopted_row_is_its_baseline():
    found = judged(fact("active", 7), was=None)
    assert found == Judgement(states={"s|a1": UNCHANGED}, standing=standing("active", 7))


def test_a_row_that_was_never_understood_has_no_baseline():
    found = judged(fact(point=NOWHERE), fact("paused", key="s|a2"), was=None)
    assert (found.decided, found.standing) == ((), standing("paused"))


def test_facts_that_are_none_leave_everything_as_it_was():
    assert judged() == Judgement(states={}, standing=standing())


@pytest.mark.parametrize(
    ("was", "stands", "is_refused"),
    [
        ("active", point("suspended"), False),
        ("active", point(), False),
        ("active", point(quantity=0), True),
        ("cancelled", point(), True),
        ("suspended", point("suspended", 12), True),
        ("active", NOWHERE, False),
    ],
)
def test_a_row_stands_where_it_may_or_is_refused(was, stands, is_refused):
    found = standing_refusal(standing(was), stands, policy(), entity())
    assert (found is not None) is is_refused


# --- the scheduled date --------------------------------------------------------------------------


def scheduled(**fields: Any) -> Fact:
    return fact(source=Source.SCHEDULE, effective_on=TODAY, **fields)


def test_a_reached_date_is_taken_while_it_stands_on_the_row():
    found = judged(scheduled(), known=on_row(deactivate_on=TODAY))
    assert days(found) == [TODAY]


@pytest.mark.parametrize("moved", [None, TODAY + timedelta(days=1)])
def test_a_reached_date_that_was_moved_or_taken_away_is_nothing(moved):
    found = judged(scheduled(), known=on_row(deactivate_on=moved))
    assert (found.decided, found.states) == ((), {"s|a1": UNCHANGED})


def test_a_change_by_a_person_is_not_withdrawn_by_the_date():
    found = judged(fact(), known=on_row(deactivate_on=TODAY))
    assert len(found.decided) == 1


# --- the effective date --------------------------------------------------------------------------

TOLD = date(2025, 6, 12)
FAR = date(2025, 1, 1)
EARLIEST = TODAY - timedelta(days=90)


def test_rule_4_4_a_change_counts_from_the_day_of_its_instant_in_the_contracts_zone():
    late = fact(at=datetime(2025, 6, 16, 23, 30, tzinfo=UTC))
    known = context(contract=contract(time_zone="Europe/Berlin"))
    assert days(judged(late, known=known)) == [date(2025, 6, 17)]


def test_rule_4_4_the_date_that_was_saved_with_the_change_counts():
    told = fact(effective_on=TOLD)
    assert days(judged(told, known=on_row(change_effective_on=TOLD))) == [TOLD]


def test_rule_4_4_a_date_that_may_be_taken_counts_though_the_row_has_another_now():
    told = fact(effective_on=TOLD)
    assert days(judged(told, known=on_row(change_effective_on=date(2025, 6, 13)))) == [TOLD]


def test_rule_4_4_the_earliest_day_may_be_taken_and_the_day_before_may_not():
    at_once = fact(effective_on=EARLIEST)
    assert days(judged(at_once, known=on_row(change_effective_on=EARLIEST))) == [EARLIEST]
    before = EARLIEST - timedelta(days=1)
    found = judged(fact(effective_on=before), known=on_row(change_effective_on=before))
    assert found == Judgement(
        states={"s|a1": WAITING},
        standing=standing(),
        trouble=Trouble(
            code="back-dated",
            reason="The effective date 2025-03-17 lies more than 90 days before the change of"
            " 2025-06-16.",
            advice="Set it to 2025-03-18 or later, or raise money.max_back_dating_days.",
        ),
    )


def test_rule_4_4_a_date_too_far_back_gives_way_to_the_one_that_mended_it():
    told = fact(effective_on=FAR)
    assert days(judged(told, known=on_row(change_effective_on=TOLD))) == [TOLD]


def test_rule_4_4_a_date_too_far_back_that_was_taken_away_gives_way_to_the_day_of_the_change():
    assert days(judged(fact(effective_on=FAR))) == [TODAY]


def test_rule_4_4_without_audit_a_date_too_far_back_is_not_mended_by_itself():
    told = fact(effective_on=FAR, source=Source.OBSERVED)
    assert judged(told, known=on_row(change_effective_on=TOLD)).trouble is not None


def test_rule_4_4_with_audit_a_date_saved_after_the_change_belongs_to_the_next_one():
    assert days(judged(fact(), known=on_row(change_effective_on=TOLD))) == [TODAY]


def test_rule_4_4_without_audit_the_date_on_the_row_counts_once():
    known = on_row(change_effective_on=TOLD)
    observed = fact(source=Source.OBSERVED)
    again = replace(observed, key="s|a2", point=point("active"))
    assert days(judged(observed, again, known=known)) == [TOLD, TODAY]
    used = replace(known, logs=(log(12),))
    assert days(judged(observed, known=used)) == [TODAY]
