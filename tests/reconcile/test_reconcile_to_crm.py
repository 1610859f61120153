"""What was changed at Partner Center comes to Dynamics, once, and is never sent back."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lifecycle.states import Money
from sync.reconciling import comparable
from sync.state import Point
from tests.engine.stage import cash, decision_of

FOREIGN = "not applicable", "partner center"


def claims(at):
    [seen] = at.store.tx(lambda tx: tx.seen([at.stage.subscription])).values()
    return [*seen.claims]


def test_rule_5_1_a_suspension_by_microsoft_is_imported_and_not_undone(sides):
    at = sides()
    at.stage.on("2025-06-16")
    at.at_partner_center(status="suspended")
    mark = at.stage.mark
    at.looks()
    row = at.stage.now_row
    assert (row["statecode"], row["statuscode"]) == (1, 2)
    assert at.logged() == [("deactivation", -10, *FOREIGN)]
    assert at.stage.amounts() == cash("-58.33")
    assert at.stage.sent_since(mark) == []
    assert (at.left, at.differences, at.stage.parked_codes()) == ([], {}, [])


def test_the_story_made_at_partner_center_bills_as_the_one_made_in_dynamics(sides):
    at = sides()
    for day, status in (("2025-06-16", "suspended"), ("2025-06-21", "active")):
        at.stage.on(day)
        at.at_partner_center(status=status)
        at.looks()
    assert at.stage.amounts() == cash("-58.33", "37.50")
    assert [kind for kind, *_ in at.logged()] == ["deactivation", "activation"]


def test_seats_bought_at_partner_center_are_charged_from_their_day(sides):
    at = sides()
    at.stage.on("2025-06-21")
    at.at_partner_center(quantity=12)
    at.looks()
    assert at.stage.now_row["sk_quantity"] == 12
    assert at.logged() == [("quantity change", 2, *FOREIGN)]
    assert at.stage.amounts() == cash("7.50")


def test_rule_5_1_a_change_is_dated_by_partner_centers_record_in_the_contracts_zone(sides):
    at = sides(contract={"sk_timezone": "Pacific/Auckland"})
    at.stage.on("2025-06-20")
    at.at_partner_center(status="suspended")
    at.looks(at=datetime(2025, 6, 15, 13, tzinfo=UTC))  # already the 16th in Auckland
    log = at.stage.log()
    assert (log["sk_effectiveon"], log["sk_requestedby"]) == ("2025-06-16", "Ada")
    assert at.stage.amounts() == cash("-58.33")


@pytest.mark.parametrize(
    ("by_hand", "pair", "kinds"),
    [
        ({"status": "deleted"}, (1, 126310001), ["cancellation"]),
        ({"status": "suspended", "quantity": 12}, (1, 2), ["quantity change", "deactivation"]),
    ],
    ids=["cancelled", "seats, then suspended"],
)
def test_a_status_of_partner_center_is_what_dynamics_then_says(sides, by_hand, pair, kinds):
    at = sides()
    at.stage.on("2025-06-16")
    at.at_partner_center(**by_hand)
    at.looks()
    row = at.stage.now_row
    assert (row["statecode"], row["statuscode"]) == pair
    assert [kind for kind, *_ in at.logged()] == kinds
    assert at.stage.sent_since(0) == []


def test_a_term_that_went_on_is_a_renewal(sides):
    at = sides()
    at.at_partner_center(commitmentEndDate="2026-12-31T00:00:00Z")
    at.looks()
    assert at.stage.now_row["sk_termenddate"] == "2026-12-31"
    assert at.logged() == [("renewal", 0, *FOREIGN)]
    assert at.stage.amounts() == []


@pytest.mark.parametrize(
    ("today", "effective", "money"),
    [
        ("2025-06-19", "2025-06-15", cash("-62.50")),
        ("2025-09-29", "2025-07-01", cash("4.03")),
    ],
    ids=["four days late", "longer ago than changes may be dated back"],
)
def test_rule_4_4_an_expiry_that_is_seen_late_bills_to_the_end_of_the_term(
    sides, today, effective, money
):
    at = sides(
        licence={"commitmentEndDate": "2025-06-15T00:00:00Z", "autoRenewEnabled": False},
        subscription={"sk_termenddate": "2025-06-15", "sk_autorenew": False},
    )
    at.stage.on(today)
    at.looks()
    assert at.logged() == [("expiry", -10, *FOREIGN)]
    assert at.stage.log()["sk_effectiveon"] == effective
    assert (at.stage.now_row["statuscode"], at.stage.amounts()) == (126310002, money)
    assert at.stage.parked_codes() == []


def test_a_plain_field_comes_over_without_a_log(sides):
    at = sides()
    at.at_partner_center(autoRenewEnabled=False)
    mark = at.stage.mark
    at.looks()
    assert at.stage.now_row["sk_autorenew"] is False
    assert (at.logged(), at.stage.commits_since(mark, "sk_subscription")) == ([], 1)


def test_rule_1_8_our_own_write_is_no_change_and_makes_nobody_suspect(sides):
    at = sides()
    at.stage.on("2025-06-16")
    at.at_partner_center(status="suspended", autoRenewEnabled=False)
    at.looks()
    mark = at.stage.mark
    at.stage.runs()
    at.stage.runs()
    assert at.logged() == [("deactivation", -10, *FOREIGN)]
    assert [one for one in at.stage.requests_since(mark) if "partner_center" in one] == []


def test_rule_1_5_our_own_status_write_consumes_one_audit_row(sides):
    at = sides()
    at.stage.on("2025-06-16")
    at.at_partner_center(status="suspended")
    at.looks()
    assert claims(at) == [(Point((0, 1), 10), Point((1, 2), 10))]
    at.stage.runs()
    assert claims(at) == []
    at.stage.on("2025-06-21")
    at.stage.edits(status="active")
    at.stage.runs()
    assert [(kind, origin) for kind, _, _, origin in at.logged()] == [
        ("deactivation", "partner center"),
        ("activation", "dynamics"),
    ]
    assert at.stage.licence()["status"] == "active"


def test_no_money_and_no_refund_later_where_the_policy_says_none(sides):
    at = sides()
    engine = at.stage.application.engine
    book = replace(engine.policy.rulebook, partner_money=Money.NOTHING)
    engine.policy = replace(engine.policy, rulebook=book)
    at.stage.on("2025-06-16")
    at.at_partner_center(status="suspended")
    at.looks()
    assert (at.stage.amounts(), decision_of(at.stage.log())) == ([], "by setting")
    at.stage.on("2025-06-21")
    at.stage.edits(status="active")
    at.stage.runs()
    assert at.stage.amounts() == []


def test_a_suspect_costs_one_get_and_one_read_of_dataverse(sides):
    at = sides()
    mark = at.stage.mark
    at.looks()
    told = at.stage.requests_since(mark)
    assert [one.split("/")[0] for one in told if one.startswith("partner_center")] == [
        "partner_center GET "
    ]
    polls = 2
    assert len([one for one in told if one.startswith("dataverse")]) == polls + 1


def test_what_nobody_suspects_is_not_read(sides):
    at = sides()
    at.at_partner_center(quantity=12)
    mark = at.stage.mark
    at.stage.runs()
    assert not any(one.startswith("partner_center") for one in at.stage.requests_since(mark))


def test_rule_5_3_a_subscription_with_work_of_its_own_waits_and_stays_suspect(sides):
    at = sides()
    at.stage.fails(service="partner_center", method="PATCH", status=429)
    at.stage.edits(status="suspended")
    at.stage.runs()
    at.looks()
    assert [subject for subject, _ in at.left] == [at.stage.subscription]
    assert comparable(at.stage.application.engine, ignore_pauses=True) == []
    at.stage.fails()
    at.stage.runs()
    assert (at.left, at.stage.licence()["status"]) == ([], "suspended")
    assert at.logged() == [("deactivation", -10, "provisioned", "dynamics")]


def test_rule_5_3_seats_that_do_not_go_are_told_until_they_are_alike(sides):
    at = sides()
    at.stage.edits(sk_quantity=5)
    at.stage.edits(status="suspended")
    at.stage.runs()
    at.at_partner_center(status="active")
    at.looks()
    for _ in range(3):
        at.stage.runs()
        assert at.stage.parked_codes() == ["value-refused"]
        assert at.differences == {"quantity": "to_partner_center"}
    assert (at.stage.now_row["sk_quantity"], at.stage.licence()["quantity"]) == (5, 10)


def test_rule_5_3_seats_that_changed_unseen_come_over_though_a_suspend_went_out_since(sides):
    at = sides()
    at.at_partner_center(quantity=8)
    at.stage.edits(status="suspended")
    at.stage.runs()
    at.at_partner_center(status="active")
    at.looks()
    assert (at.stage.now_row["sk_quantity"], at.stage.licence()["quantity"]) == (8, 8)
    assert [kind for kind, *_ in at.logged()] == ["deactivation", "activation"]
    assert (at.left, at.differences) == ([], {})
