"""What one look at a row yields: facts, and the snapshot that is kept (rules.md 1.4 to 1.8)."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from sync.detect import Detection, Patience, Sight, Watched, adopt, detect, is_due
from sync.remote import AuditEntry
from sync.state import Fact, Point, Seen, Source
from tests.engine.cases import NOW, PAIRS, TODAY, point, standing

WATCHED = Watched(
    status=("statecode", "statuscode"), quantity="sk_quantity", effective_on="sk_changeeffectiveon"
)
BEFORE = NOW - timedelta(hours=1)


def at(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


def snapshot(**fields: Any) -> Seen:
    base = Seen(
        id="s",
        version=10,
        point=point(),
        accepted=standing(),
        contract_id="c",
        modified_at=BEFORE,
        first_seen_on=date(2025, 1, 1),
    )
    return replace(base, **fields)


def row(status: str = "suspended", quantity: int = 10, **fields: Any) -> Sight:
    base = Sight(
        id="s", version=11, point=point(status, quantity), contract_id="c", modified_at=NOW
    )
    return replace(base, **fields)


def columns(status: str) -> dict[str, Any]:
    return dict(zip(WATCHED.status, PAIRS[status], strict=True))


def entry(number: int, old: dict[str, Any], new: dict[str, Any], **fields: Any) -> AuditEntry:
    base = AuditEntry(
        id=f"a{number}",
        at=at(number),
        user_id="u",
        user_name="Alex Wilber",
        operation="update",
        old=old,
        new=new,
    )
    return replace(base, **fields)


def step(number: int, was: str, now: str, **fields: Any) -> AuditEntry:
    return entry(number, columns(was), columns(now), **fields)


def looked(
    seen: Seen | None, sight: Sight, history: list[AuditEntry] | None, *, now: datetime = NOW
) -> Detection:
    patience = Patience(now=now, today=TODAY, audit_wait_seconds=60)
    return detect(seen, sight, history, WATCHED, patience)


def fact(number: int, status: str, quantity: int = 10, **fields: Any) -> Fact:
    base = Fact(
        key=f"s|a{number}",
        subscription_id="s",
        point=point(status, quantity),
        status_changed=True,
        quantity_changed=False,
        source=Source.AUDIT,
        at=at(number),
        by="Alex Wilber",
    )
    return replace(base, **fields)


CLAIM = (point("active"), point("suspended"))
LATE = (point("active"), point("paused"))


# --- adoption, and without audit -----------------------------------------------------------------


def test_adoption_keeps_the_row_and_accepts_nothing():
    sight = row(deactivate_on=date(2025, 7, 1))
    assert adopt(sight, TODAY) == Seen(
        id="s",
        version=11,
        point=point("suspended"),
        accepted=None,
        contract_id="c",
        modified_at=NOW,
        first_seen_on=TODAY,
        deactivate_on=date(2025, 7, 1),
    )


OBSERVED = Fact(
    key="",
    subscription_id="s",
    point=point("suspended"),
    status_changed=True,
    quantity_changed=False,
    source=Source.OBSERVED,
    at=NOW,
)


def test_rule_1_6_without_audit_a_difference_is_one_uncertain_change():
    assert looked(snapshot(), row(), None) == Detection(
        seen=snapshot(version=11, point=point("suspended"), modified_at=NOW),
        facts=(OBSERVED,),
        coalesced=True,
    )


@pytest.mark.parametrize(
    ("sight", "status_changed", "quantity_changed"),
    [
        (row("active", 12), False, True),
        (row("suspended", 12), True, True),
        (row("suspended"), True, False),
    ],
)
def test_rule_1_6_the_change_says_what_differs(sight, status_changed, quantity_changed):
    [found] = looked(snapshot(), sight, None).facts
    assert (found.status_changed, found.quantity_changed) == (status_changed, quantity_changed)


def test_rule_1_6_an_equal_row_is_nothing_without_audit():
    kept = snapshot(version=11, modified_at=NOW, deactivate_on=TODAY, contract_id="d")
    sight = row("active", deactivate_on=TODAY, contract_id="d")
    assert looked(snapshot(), sight, None) == Detection(seen=kept)


def test_rule_1_6_without_audit_nothing_is_claimed_and_old_claims_stay():
    assert looked(snapshot(claims=(LATE,)), row(), None).seen.claims == (LATE,)


def test_rule_1_7_an_older_read_does_not_turn_the_version_back():
    assert looked(snapshot(version=12), row(), None).seen.version == 12


def test_rule_3_a_new_row_without_audit_is_a_new_row_with_all_its_seats():
    found = looked(None, row("active"), None)
    told = replace(
        OBSERVED, point=point(), source=Source.NEW_ROW, status_changed=True, quantity_changed=True
    )
    assert found == Detection(seen=adopt(row("active"), TODAY), facts=(told,))


# --- with audit ----------------------------------------------------------------------------------


def test_rule_1_5_an_audited_change_tells_who_and_when():
    found = looked(snapshot(), row(), [step(1, "active", "suspended")])
    assert found == Detection(
        seen=snapshot(version=11, point=point("suspended"), modified_at=NOW, audit_id="a1"),
        facts=(fact(1, "suspended"),),
    )


def test_rule_1_5_the_id_of_a_user_without_a_name_is_told():
    [found] = looked(snapshot(), row(), [step(1, "active", "suspended", user_name="")]).facts
    assert found.by == "u"


def test_rule_1_5_a_change_there_and_back_is_two_changes():
    history = [step(1, "active", "suspended"), step(2, "suspended", "active")]
    found = looked(snapshot(), row("active"), history)
    assert found.facts == (fact(1, "suspended"), fact(2, "active"))
    assert (found.seen.point, found.seen.audit_id) == (point(), "a2")
    assert found.seen.modified_at == NOW


def test_rule_1_5_what_was_consumed_is_not_taken_again():
    seen = snapshot(audit_id="a2", point=point("active"))
    history = [step(1, "active", "suspended"), step(2, "suspended", "active")]
    found = looked(seen, row("paused"), [*history, step(3, "active", "paused")])
    assert found.facts == (fact(3, "paused"),)


def test_rule_1_5_without_a_consumed_row_the_snapshots_own_second_counts():
    seen = snapshot(modified_at=NOW.replace(microsecond=900_000))
    history = [step(-1, "active", "suspended"), step(0, "active", "suspended")]
    assert looked(seen, row(), history).facts == (fact(0, "suspended"),)


def test_rule_1_5_the_creation_of_a_known_row_is_past():
    created = step(0, "active", "suspended", operation="create")
    assert looked(snapshot(), row(), [created]).waits


def test_rule_1_5_an_equal_row_keeps_the_instant_from_which_late_rows_count():
    told = entry(0, {"sk_name": "a"}, {"sk_name": "b"})
    found = looked(snapshot(differs_since=BEFORE), row("active"), [told])
    assert found == Detection(seen=snapshot(version=11))


# --- saved, but no audit row tells of it yet -----------------------------------------------------

TOLD = entry(0, {"sk_name": "a"}, {"sk_name": "b"})
EARLIER = entry(-1, {"sk_name": "a"}, {"sk_name": "b"})


@pytest.mark.parametrize("history", [[], [EARLIER]], ids=["no row", "an earlier row"])
def test_rule_1_5_a_row_that_changed_there_and_back_is_looked_at_once_more(history):
    found = looked(snapshot(), row("active"), history)
    assert found == Detection(seen=snapshot(version=11, differs_since=at(60)))
    seen, late = found.seen, [step(0, "active", "paused"), step(1, "paused", "active")]
    again = looked(seen, row("active"), [*history, *late], now=at(60))
    assert again.facts == (fact(0, "paused"), fact(1, "active"))
    assert again.seen.differs_since is None


def test_rule_1_5_it_is_looked_at_once_more_and_not_again_and_again():
    seen = snapshot(version=11, differs_since=at(60))
    assert looked(seen, row("active"), [], now=at(59)).seen == seen
    assert looked(seen, row("active"), [], now=at(60)).seen == snapshot(version=11)
    saved_again = looked(seen, row("active", version=12), [], now=at(30)).seen
    assert saved_again == snapshot(version=12, differs_since=at(90))


def test_rule_1_5_a_look_that_lies_beyond_the_wait_was_set_before_the_clock_went_back():
    seen = snapshot(version=11, differs_since=at(3600))
    assert looked(seen, row("active"), []).seen == snapshot(version=11)


def test_rule_1_5_a_save_that_an_audit_row_of_its_second_tells_is_not_waited_for():
    sight = row("active", modified_at=at(0).replace(microsecond=900_000))
    assert looked(snapshot(), sight, [TOLD]).seen == snapshot(version=11)


def test_rule_1_5_a_change_whose_last_save_is_not_told_yet_is_looked_at_once_more():
    sight = row("paused", modified_at=at(9))
    found = looked(snapshot(), sight, [step(1, "active", "paused")])
    assert found.facts == (fact(1, "paused"),)
    assert found.seen.differs_since == at(60)


@pytest.mark.parametrize(
    ("since", "due"),
    [(None, False), (-3600, True), (0, True), (1, False), (60, False), (61, True)],
    ids=["nothing waits", "long ago", "now", "in a second", "at the latest", "clock went back"],
)
def test_rule_1_5_a_row_is_looked_at_again_when_it_is_time(since, due):
    patience = Patience(now=NOW, today=TODAY, audit_wait_seconds=60)
    seen = snapshot(differs_since=None if since is None else at(since))
    assert is_due(seen, patience) == due


def test_rule_1_5_a_row_that_does_not_fit_the_chain_is_passed_over():
    history = [step(1, "paused", "suspended"), step(2, "active", "suspended")]
    assert looked(snapshot(), row(), history).facts == (fact(2, "suspended"),)


def test_rule_1_5_an_audit_row_that_touches_nothing_watched_is_no_change():
    history = [entry(1, {"sk_name": "a"}, {"sk_name": "b"}), step(2, "active", "suspended")]
    assert looked(snapshot(), row(), history).facts == (fact(2, "suspended"),)


def test_rule_1_5_a_change_of_seats_alone_is_no_change_of_status():
    history = [entry(1, {"sk_quantity": 10}, {"sk_quantity": "12"})]
    [found] = looked(snapshot(), row("active", 12), history).facts
    changed = {"status_changed": False, "quantity_changed": True}
    assert found == fact(1, "active", 12, **changed)


@pytest.mark.parametrize("emptied", [None, "", " "])
def test_rule_1_5_an_emptied_quantity_is_none_at_all(emptied):
    history = [entry(1, {"sk_quantity": 10}, {"sk_quantity": emptied})]
    [found] = looked(snapshot(), row("active", 0), history).facts
    assert found.point == point("active", 0)


def test_rule_1_5_an_emptied_status_column_is_kept_as_empty():
    nowhere = Point((0, None), 10)
    history = [entry(1, columns("active"), {"statuscode": None})]
    [found] = looked(snapshot(), row(point=nowhere), history).facts
    assert found.point == nowhere


# --- late audit rows -----------------------------------------------------------------------------


def test_rule_1_5_a_difference_without_its_audit_row_waits():
    found = looked(snapshot(), row(deactivate_on=TODAY), [])
    kept = snapshot(version=11, differs_since=NOW, deactivate_on=TODAY)
    assert found == Detection(seen=kept, waits=True)


def test_rule_1_5_the_wait_of_a_row_that_was_to_be_looked_at_later_begins_now():
    found = looked(snapshot(differs_since=at(60)), row(), [])
    assert found == Detection(seen=snapshot(version=11, differs_since=NOW), waits=True)


def test_rule_1_5_the_wait_is_counted_from_its_first_look():
    seen = snapshot(version=11, differs_since=NOW)
    found = looked(seen, row(), [], now=at(59))
    assert found == Detection(seen=seen, waits=True)


def test_rule_1_5_after_the_wait_the_difference_is_taken_and_claims_its_row():
    seen = snapshot(version=11, differs_since=NOW)
    found = looked(seen, row(), [], now=at(60))
    assert found == Detection(
        seen=snapshot(version=11, point=point("suspended"), modified_at=NOW, claims=(CLAIM,)),
        facts=(OBSERVED,),
        coalesced=True,
    )


def test_rule_1_5_a_second_difference_claims_behind_the_first():
    seen = snapshot(version=11, differs_since=NOW, claims=(LATE,))
    assert looked(seen, row(), [], now=at(60)).seen.claims == (LATE, CLAIM)


def test_rule_1_5_a_claim_consumes_its_audit_row():
    seen = snapshot(point=point("suspended"), claims=(CLAIM,))
    found = looked(seen, row(), [step(1, "active", "suspended")])
    assert found == Detection(
        seen=snapshot(version=11, point=point("suspended"), audit_id="a1", claims=())
    )


def test_rule_1_5_a_claim_consumes_one_row_only():
    seen = snapshot(point=point("suspended"), claims=(CLAIM,))
    history = [
        step(1, "active", "suspended"),
        step(2, "suspended", "active"),
        step(3, "active", "suspended"),
    ]
    assert looked(seen, row(), history).facts == (fact(2, "active"), fact(3, "suspended"))


@pytest.mark.parametrize("late", [step(1, "paused", "suspended"), step(1, "active", "cancelled")])
def test_rule_1_5_a_claim_needs_the_same_old_and_new_value(late):
    seen = snapshot(point=point("suspended"), claims=(CLAIM,))
    assert looked(seen, row(), [late]).seen.claims == (CLAIM,)


def test_rule_1_5_a_claim_that_did_not_come_before_the_next_change_never_will():
    seen = snapshot(claims=((point("cancelled"), point("active")),))
    found = looked(seen, row(), [step(1, "active", "suspended")])
    assert found.seen.claims == ()


def test_rule_1_5_a_chain_that_ends_short_of_the_row_waits():
    found = looked(snapshot(), row("paused"), [step(1, "active", "suspended")])
    assert (found.waits, found.facts, found.seen.point) == (True, (), point())


def test_rule_1_5_a_row_that_was_saved_again_begins_its_wait_anew():
    seen = snapshot(differs_since=BEFORE)
    found = looked(seen, row("paused"), [step(1, "active", "suspended")])
    assert (found.waits, found.seen.differs_since) == (True, NOW)


@pytest.mark.parametrize(
    ("sight", "history"),
    [
        pytest.param(row("paused", version=10), [step(1, "active", "suspended")], id="same save"),
        pytest.param(row("paused"), [], id="nothing of it came"),
    ],
)
def test_rule_1_5_a_row_whose_rows_do_not_come_is_taken_in_the_end(sight, history):
    found = looked(snapshot(differs_since=BEFORE), sight, history)
    assert [one.point for one in found.facts] == [point("paused")]


# --- new rows ------------------------------------------------------------------------------------


def created(status: str = "active", quantity: int = 10) -> AuditEntry:
    return entry(1, {}, {**columns(status), "sk_quantity": quantity}, operation="create")


def new(status: str = "active", quantity: int = 10) -> Fact:
    changed = {"status_changed": True, "quantity_changed": True}
    return fact(1, status, quantity, source=Source.NEW_ROW, **changed)


def test_rule_3_a_new_row_is_told_by_its_creation():
    found = looked(None, row("active"), [created()])
    seen = replace(adopt(row("active"), TODAY), audit_id="a1")
    assert found == Detection(seen=seen, facts=(new(),))


def test_rule_3_what_followed_the_creation_is_a_change_of_its_own():
    history = [created(), step(2, "active", "suspended")]
    assert looked(None, row(), history).facts == (new(), fact(2, "suspended"))


def test_rule_3_a_second_creation_is_none():
    history = [created(), replace(created(), id="a2", new={"sk_name": "again"})]
    assert looked(None, row("active"), history).facts == (new(),)


UNBORN = Point((None, None), 0)


def unborn() -> Seen:
    """Return the snapshot of a new row whose creation is not audited yet."""
    return replace(adopt(row("active"), TODAY), point=UNBORN, differs_since=NOW)


def test_rule_3_a_new_row_whose_creation_is_not_audited_yet_waits():
    assert looked(None, row("active"), []) == Detection(seen=unborn(), waits=True)
    assert looked(unborn(), row("active"), [], now=at(59)) == Detection(seen=unborn(), waits=True)


def test_rule_3_a_new_row_is_told_by_its_creation_when_that_comes_late():
    found = looked(unborn(), row("active"), [created()], now=at(30))
    seen = replace(adopt(row("active"), TODAY), audit_id="a1")
    assert found == Detection(seen=seen, facts=(new(),))


def test_rule_3_what_followed_a_late_creation_is_a_change_of_its_own():
    history = [created(), step(2, "active", "suspended")]
    assert looked(unborn(), row(), history).facts == (new(), fact(2, "suspended"))


def test_rule_3_a_new_row_is_taken_as_it_stands_when_its_creation_never_comes():
    found = looked(unborn(), row("active"), [], now=at(60))
    taken = replace(
        OBSERVED, point=point(), source=Source.NEW_ROW, status_changed=True, quantity_changed=True
    )
    assert found == Detection(seen=adopt(row("active"), TODAY), facts=(taken,))


# --- the date that a person set ------------------------------------------------------------------

DATE = WATCHED.effective_on


def dated(number: int, was: str, now: str, told: object, **fields: Any) -> AuditEntry:
    return entry(number, {**columns(was), DATE: None}, {**columns(now), DATE: told}, **fields)


def test_rule_4_4_a_date_saved_with_the_change_is_its_effective_date():
    [found] = looked(snapshot(), row(), [dated(1, "active", "suspended", "2025-06-12")]).facts
    assert found.effective_on == date(2025, 6, 12)


def test_rule_4_4_a_date_with_a_time_counts_as_its_day():
    told = "2025-06-12T00:00:00Z"
    [found] = looked(snapshot(), row(), [dated(1, "active", "suspended", told)]).facts
    assert found.effective_on == date(2025, 6, 12)


def test_rule_4_4_a_date_saved_before_the_change_counts_for_it_alone():
    history = [
        entry(1, {}, {DATE: "2025-06-12"}),
        step(2, "active", "suspended"),
        step(3, "suspended", "active"),
    ]
    first, second = looked(snapshot(), row("active"), history).facts
    assert (first.effective_on, second.effective_on) == (date(2025, 6, 12), None)


def test_rule_4_4_a_date_taken_away_before_the_change_is_none():
    history = [
        entry(1, {}, {DATE: "2025-06-12"}),
        entry(2, {DATE: "2025-06-12"}, {}),
        step(3, "active", "suspended"),
    ]
    [found] = looked(snapshot(), row(), history).facts
    assert found.effective_on is None
