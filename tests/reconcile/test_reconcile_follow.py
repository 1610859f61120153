"""What a change at the provider means for the last accepted state: followed, never refused."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from lifecycle.decisions import Standing
from lifecycle.provider_side import follow, renewed
from lifecycle.states import LogKind, Money, ProviderIntent, Status
from seatkeeper.mapping_folder import open_folder, read_folder, shipped
from sync.comparing import changes, compare_licence, licence_record
from sync.remote import Licence
from sync.sides import Baseline
from sync.state import Point, Source

MAPPINGS = read_folder(open_folder(shipped()))
ENTITY = MAPPINGS.entity("subscription")
NOW = datetime(2025, 6, 16, 12, tzinfo=UTC)
ACTIVE = Point((0, 1), 10)


def at(status, quantity=10):
    return Standing(status=Status(status), quantity=quantity)


@pytest.mark.parametrize(
    ("was", "now", "quantity", "logs"),
    [
        (at("active"), "active", 10, []),
        (at("active"), "suspended", 10, [("deactivation", -10)]),
        (at("paused"), "suspended", 10, [("deactivation", -10)]),
        (at("suspended"), "active", 10, [("activation", 10)]),
        (at("suspended"), "active", 12, [("activation", 12)]),
        (at("paused"), "active", 10, [("resume", 0)]),
        (at("paused"), "active", 12, [("resume", 0), ("quantity_change", 2)]),
        (at("active"), "cancelled", 10, [("cancellation", -10)]),
        (at("suspended"), "expired", 10, [("expiry", 0)]),
        (at("active"), "expired", 0, [("expiry", -10)]),
        (at("active"), "active", 7, [("quantity_change", -3)]),
        (at("active"), "suspended", 12, [("quantity_change", 2), ("deactivation", -12)]),
        (at("suspended"), "suspended", 12, [("quantity_change", 0)]),
        (at("active"), "paused", 10, [("pause", 0)]),
        (at("cancelled"), "active", 10, [("activation", 10)]),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_rule_3_the_provider_is_followed_by_the_logs_that_lead_there(was, now, quantity, logs):
    found = follow(was, Status(now), quantity, MAPPINGS.rulebook)
    assert [(one.kind.value, one.moved) for one in found] == logs
    assert {one.provider for one in found} <= {ProviderIntent.NOTHING}
    assert [one.money for one in found] == [
        Money.SETTLE if one.moved else Money.NOTHING for one in found
    ]
    if found:
        assert found[-1].standing.status is Status(now)
        assert found[-1].standing.quantity == (quantity or was.quantity)


def test_a_renewal_moves_no_seats_and_no_money():
    found = renewed(at("active"))
    assert (found.kind, found.moved, found.money) == (LogKind.RENEWAL, 0, Money.NOTHING)
    assert found.standing == at("active")


def licence(**fields):
    resource = {
        "status": "active",
        "quantity": 10,
        "autoRenewEnabled": True,
        "commitmentEndDate": "2025-12-31",
        "termDuration": "P1Y",
        "cancellationAllowedUntilDate": None,
        "friendlyName": "Premium",
        **fields,
    }
    ends = resource["commitmentEndDate"]
    return Licence(
        status=resource["status"],
        quantity=resource["quantity"],
        auto_renew=resource["autoRenewEnabled"],
        is_new_commerce=True,
        term_ends_on=date.fromisoformat(ends) if ends else None,
        cancellable_until=None,
        refundable_seats=0,
        held={},
        etag="",
        resource=resource,
    )


ROW = {
    "status": "active",
    "quantity": 10,
    "auto_renew": True,
    "term_end": date(2025, 12, 31),
    "term_duration": "P1Y",
    "cancellable_until": None,
    "name": "Premium",
}
BASE = Baseline(
    subscription_id="a",
    crm={"status": "active", "quantity": 10, "auto_renew": True, "term_end": "2025-12-31"},
    partner={"status": "active", "quantity": 10, "auto_renew": True, "term_end": "2025-12-31"},
    at=NOW,
)


def look(row=ROW, baseline=BASE, hold=None, **fields):
    return compare_licence(ENTITY, row, licence(**fields), baseline, hold)


def found(comparison):
    facts = changes(comparison, ENTITY, ACTIVE, "a", NOW)
    return [(fact.source, fact.point, fact.effective_on) for fact in facts]


def test_what_is_alike_makes_no_change():
    assert found(look()) == []


def test_another_status_and_other_seats_are_one_change():
    suspended = Point((1, 2), 12)
    assert found(look(status="suspended", quantity=12)) == [(Source.PROVIDER, suspended, None)]


@pytest.mark.parametrize(
    ("ends", "begins"),
    [("2026-12-31", None), ("2025-05-31", None)],
    ids=["later", "earlier"],
)
def test_only_a_later_term_end_is_a_renewal(ends, begins):
    expected = [(Source.RENEWAL, ACTIVE, begins)] if ends > "2025-12-31" else []
    assert found(look(commitmentEndDate=ends)) == expected


def test_a_renewal_begins_the_day_after_the_old_term():
    row = {**ROW, "term_end": date(2025, 6, 14)}
    base = Baseline(
        subscription_id="a",
        crm={**BASE.crm, "term_end": "2025-06-14"},
        partner={**BASE.partner, "term_end": "2025-06-14"},
        at=NOW,
    )
    [(source, _, begins)] = found(look(row, base, commitmentEndDate="2026-06-14"))
    assert (source, begins) == (Source.RENEWAL, date(2025, 6, 15))


def term_until(day):
    """Return a row and a baseline whose term ends on a day."""
    row = {**ROW, "term_end": date.fromisoformat(day)}
    told = {"term_end": day}
    sides = {"crm": {**BASE.crm, **told}, "partner": {**BASE.partner, **told}}
    return row, replace(BASE, **sides)


@pytest.mark.parametrize("word", ["expired", "disabled"])
def test_rule_4_4_an_expiry_seen_late_counts_from_the_last_day_of_the_term(word):
    gone = look(*term_until("2025-06-10"), commitmentEndDate="2025-06-10", status=word)
    assert found(gone) == [(Source.PROVIDER, Point((1, 126310002), 10), date(2025, 6, 10))]


@pytest.mark.parametrize("status", ["suspended", "deleted"])
def test_rule_4_4_only_an_expiry_goes_by_the_term(status):
    gone = look(*term_until("2025-06-10"), commitmentEndDate="2025-06-10", status=status)
    assert [day for _, _, day in found(gone)] == [None]


def test_rule_4_4_an_expiry_before_the_term_ends_counts_from_when_it_was_seen():
    assert [day for _, _, day in found(look(status="expired"))] == [None]


@pytest.mark.parametrize(
    ("quantity", "day"), [(7, date(2025, 6, 15)), (12, None)], ids=["fewer", "more"]
)
def test_rule_5_4_seats_that_leave_with_a_renewal_leave_on_its_day(quantity, day):
    renewed_too = look(*term_until("2025-06-14"), commitmentEndDate="2026-06-14", quantity=quantity)
    assert [(source, day) for source, _, day in found(renewed_too)] == [
        (Source.RENEWAL, date(2025, 6, 15)),
        (Source.PROVIDER, day),
    ]


@pytest.mark.parametrize("word", ["deleted", "disabled", "expired"])
@pytest.mark.parametrize("status", ["cancelled", "expired"])
def test_one_end_is_as_good_as_another_and_its_seats_mean_nothing(status, word):
    row = {**ROW, "status": status}
    there = licence_record(ENTITY, licence(status=word, quantity=0), row)
    assert there["status"] == {"cancelled": "deleted", "expired": "expired"}[status]
    assert "quantity" not in there


def test_rule_2_10_what_a_hold_names_is_left_out():
    held = {"autoRenewEnabled": True}
    names = [one.field for one in look(hold=held, autoRenewEnabled=False).rulings]
    assert "auto_renew" not in names


def test_a_value_that_cannot_be_read_is_not_compared():
    fields = {
        name: field for name, field in ENTITY.fields.items() if name in {"status", "start_on"}
    }
    dated = {**fields, "start_on": replace(fields["start_on"], partner_center="creationDate")}
    entity = replace(ENTITY, fields=dated)
    assert "start_on" not in licence_record(entity, licence(creationDate="soon"), ROW)
    assert licence_record(entity, licence(creationDate=None), ROW)["start_on"] is None
