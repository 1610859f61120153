"""The limits of rules.md 6: what they count, when they trip, and what they say."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.lines import LineKind, NewLine
from billing.periods import Period
from lifecycle.states import Money, ProviderIntent
from sync.guards import (
    Alarm,
    Limits,
    Load,
    judge_load,
    judge_mappings,
    judge_side,
    load_of,
    percent,
    weigh,
)
from sync.judge import Decided, judge
from sync.model import ProviderKind
from sync.plan import plan
from sync.planned import Plan, PlannedLog
from sync.state import Counted
from tests.engine.cases import NOW, case, context, entity, fact, policy, provider, standing

HOW = (
    "`seatkeeper plan --json > plan.json` shows what would be done;"
    " `seatkeeper apply --plan plan.json` accepts exactly that."
)


def counted(refund: str = "0", currency: str = "USD") -> Counted:
    return Counted(change_key="k", at=NOW, currency=currency, refund=Decimal(refund))


def test_a_load_adds_changes_and_refunds_by_currency():
    total = load_of([counted("5"), counted(), counted("2.50"), counted("1", "EUR")])
    assert total == Load(4, {"USD": Decimal("7.50"), "EUR": Decimal(1)})


def test_a_load_of_nothing_is_nothing():
    assert load_of([]) == Load(0, {})


def test_a_change_without_refund_names_no_currency():
    assert load_of([counted()]).refunds == {}


@pytest.mark.parametrize(("load", "alarms"), [(200, []), (201, ["too-many-changes"])])
def test_rule_6_so_many_changes_and_no_more(load, alarms):
    assert [one.code for one in judge_load(Limits(), Load(load), 10_000)] == alarms


@pytest.mark.parametrize(
    ("load", "known", "alarms"),
    [(7, 24, []), (8, 24, []), (7, 25, []), (8, 25, ["too-large-a-share"]), (24, 24, [])],
)
def test_rule_6_so_large_a_share_and_no_larger_from_25_rows_on(load, known, alarms):
    assert [one.code for one in judge_load(Limits(), Load(load), known)] == alarms


@pytest.mark.parametrize(("refund", "alarms"), [("100.00", []), ("100.01", ["too-much-refund"])])
def test_rule_6_so_much_refund_and_no_more(refund, alarms):
    limits = Limits(max_refund={"USD": Decimal(100)})
    load = Load(1, {"USD": Decimal(refund), "EUR": Decimal(1000)})
    assert [one.code for one in judge_load(limits, load, 10)] == alarms


def test_rule_6_a_currency_without_refunds_is_no_alarm():
    assert judge_load(Limits(max_refund={"USD": Decimal(0)}), Load(1), 10) == ()


def test_rule_6_the_alarms_say_how_much_was_allowed_and_how_to_go_on():
    limits = Limits(
        max_changes=2,
        max_percent=10,
        max_refund={"USD": Decimal(100), "EUR": Decimal("7.5")},
    )
    load = Load(3, {"USD": Decimal("100.5"), "EUR": Decimal(8)})
    assert judge_load(limits, load, 28) == (
        Alarm(
            "too-many-changes",
            f"3 changes within 1 hour; guards.max_changes allows 2. {HOW}",
        ),
        Alarm(
            "too-large-a-share",
            "3 of 28 subscriptions (11 %) change within 1 hour; guards.max_percent allows 10 %."
            f" {HOW}",
        ),
        Alarm(
            "too-much-refund",
            f"8.00 EUR would be given back within 1 hour; guards.max_refund allows 7.50 EUR. {HOW}",
        ),
        Alarm(
            "too-much-refund",
            "100.50 USD would be given back within 1 hour; guards.max_refund allows 100.00 USD."
            f" {HOW}",
        ),
    )


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (timedelta(days=1), "1 day"),
        (timedelta(days=2), "2 days"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(seconds=90), "90 seconds"),
    ],
)
def test_a_window_is_told_in_its_largest_whole_unit(window, words):
    [alarm] = judge_load(Limits(window=window, max_changes=0), Load(1), 0)
    assert f"1 changes within {words};" in alarm.sentence


@pytest.mark.parametrize(
    ("part", "whole", "share"), [(0, 10, 0), (1, 3, 34), (3, 10, 30), (1, 1, 100), (1, 0, 0)]
)
def test_a_share_is_rounded_up(part, whole, share):
    assert percent(part, whole) == share


@pytest.mark.parametrize("accepted", [None, "b" * 64])
def test_rule_6_mappings_that_were_accepted_are_no_alarm(accepted):
    assert judge_mappings(accepted, "b" * 64) == ()


def test_rule_6_changed_mappings_name_both_hashes():
    told = "The mappings changed since they were accepted (aaaaaaaaaaaa, now bbbbbbbbbbbb)."
    assert judge_mappings("a" * 64, "b" * 64) == (Alarm("mappings-changed", f"{told} {HOW}"),)


@pytest.mark.parametrize(
    ("met", "known", "trips"), [(0, 24, False), (17, 25, True), (18, 25, False), (25, 25, False)]
)
def test_rule_6_a_short_side_trips_from_25_rows_on(met, known, trips):
    assert bool(judge_side(Limits(), met, known)) is trips


def test_rule_6_a_short_side_says_what_to_look_at():
    [alarm] = judge_side(Limits(), 10, 40)
    assert alarm == Alarm(
        "side-short",
        "A full read found 10 of 40 known subscriptions (75 % are missing); guards.max_percent"
        " allows 30 %. Look whether the application user still sees all rows, or they were"
        f" deleted on purpose. {HOW}",
    )


# --- what is counted -----------------------------------------------------------------------------


def planned(*states: str) -> Plan:
    """Return the plan of changes, one after the other, from an active subscription."""
    facts = [fact(state, key=f"s|a{number}") for number, state in enumerate(states)]
    made = judge(standing(), facts, context(), policy(), entity())
    return plan(case(), made, policy())


def keys(made: Plan, **fields: Any) -> list[str]:
    return [one.change_key for one in weigh(case(**fields), made, NOW)]


def line(amount: str) -> NewLine:
    return NewLine(
        kind=LineKind.REFUND,
        period=Period(date(2025, 6, 17), date(2025, 7, 1)),
        quantity=10,
        unit_price=Decimal("12.50"),
        discount_percent=Decimal(0),
        tax_percent=Decimal(0),
        amount=Decimal(amount),
        tax_amount=Decimal(0),
        reverses=None,
        period_key=date(2025, 6, 1),
        root="",
        change_key="s|a1",
        explanation="",
    )


def of(log: PlannedLog, intent: ProviderIntent, money: Money) -> PlannedLog:
    decision = replace(log.decided.decision, provider=intent, money=money)
    decided: Decided = replace(log.decided, decision=decision)
    return replace(log, decided=decided)


def test_rule_6_changes_are_counted_newest_first():
    assert keys(planned("suspended", "active")) == ["s|a1", "s|a0"]


@pytest.mark.parametrize(
    ("intent", "money", "kind", "is_counted"),
    [
        (ProviderIntent.SUSPEND, Money.NOTHING, ProviderKind.AUTOMATIC, True),
        (ProviderIntent.NOTHING, Money.REFUND, ProviderKind.AUTOMATIC, True),
        (ProviderIntent.NOTHING, Money.REFUND, ProviderKind.MANUAL, True),
        (ProviderIntent.SUSPEND, Money.NOTHING, ProviderKind.MANUAL, False),
        (ProviderIntent.NOTHING, Money.NOTHING, ProviderKind.AUTOMATIC, False),
    ],
)
def test_rule_6_counted_is_a_provider_action_or_money(intent, money, kind, is_counted):
    made = planned("suspended")
    made = replace(made, logs=(of(made.logs[0], intent, money),))
    assert bool(keys(made, context=context(provider=provider(kind)))) is is_counted


def test_rule_6_without_a_provider_only_money_counts():
    made = planned("suspended")
    made = replace(made, logs=(of(made.logs[0], ProviderIntent.SUSPEND, Money.NOTHING),))
    assert keys(made, context=context(provider=None)) == []


def test_rule_6_the_refund_is_told_once_with_the_newest_change():
    made = planned("suspended", "active")
    made = replace(made, lines=(line("-5.00"), line("3.00"), line("-1.25"), line("0.00")))
    found = list(weigh(case(), made, NOW))
    assert found == [
        Counted(change_key="s|a1", at=NOW, currency="USD", refund=Decimal("6.25")),
        Counted(change_key="s|a0", at=NOW, currency="USD", refund=Decimal(0)),
    ]


def test_rule_6_without_a_contract_no_currency_is_told():
    found = weigh(case(context=context(contract=None)), planned("suspended"), NOW)
    assert [one.currency for one in found] == [""]
