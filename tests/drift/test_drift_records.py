"""What was done at Partner Center is heard from its audit records (rules.md 1.3, 1.8)."""

from datetime import UTC, datetime

import pytest

from sync.cycle import run_once
from sync.partner_poll import hear_changes
from sync.sweep_state import sweep_state
from tests.drift.listening import (
    CONNECTOR,
    changes_by_hand,
    clears,
    gets,
    hears,
    suspects,
)

WHY = "update_subscription at the provider"


@pytest.fixture
def heard(stage):
    """Listen for the first time: the opening balance."""
    hears(stage)
    stage.on("2025-06-10", "12:05")
    return stage


def test_the_first_look_is_the_opening_balance(stage):
    changes_by_hand(stage, quantity=12)
    assert hears(stage).suspects == 0
    assert suspects(stage) == {}


def test_a_change_by_hand_makes_its_subscription_a_suspect(heard):
    changes_by_hand(heard, quantity=12)
    told = hears(heard)
    assert (told.records, told.suspects) == (1, 1)
    assert suspects(heard) == {heard.subscription: WHY}


def test_a_suspicion_tells_when_and_by_whom(heard):
    changes_by_hand(heard, quantity=12)
    hears(heard)
    found = heard.application.store.tx(lambda tx: tx.suspicion(heard.subscription))
    assert found.at.replace(microsecond=0) == datetime(2025, 6, 10, 12, 5, tzinfo=UTC)
    assert "@" in found.by


def test_a_record_is_heard_once_though_windows_overlap(heard):
    changes_by_hand(heard, quantity=12)
    hears(heard)
    clears(heard)
    heard.on("2025-06-10", "12:10")
    assert hears(heard).records == 0
    assert suspects(heard) == {}


def test_a_record_that_comes_late_is_heard(heard):
    heard.world.settings.change({"partner_audit_delay_seconds": 20 * 3600})
    heard.on("2025-06-10", "23:00")
    changes_by_hand(heard, quantity=12)
    heard.on("2025-06-11", "10:00")
    assert hears(heard).records == 0
    heard.on("2025-06-11", "20:00")
    assert hears(heard).suspects == 1


def test_a_look_costs_one_request(heard):
    mark = heard.mark
    hears(heard)
    assert gets(heard, mark) == ["auditrecords"]


def test_rule_1_8_our_own_confirmed_write_makes_nobody_a_suspect(heard):
    heard.edits(status="suspended")
    heard.runs()
    assert heard.licence()["status"] == "suspended"
    told = hears(heard)
    assert (told.records, told.suspects) == (1, 0)
    assert heard.subscription not in suspects(heard)


def test_rule_1_8_a_write_whose_answer_was_lost_is_looked_at(heard):
    heard.fails(service="partner_center", method="PATCH", drop="after_commit", times=1)
    heard.edits(status="suspended")
    heard.runs()
    assert hears(heard).suspects == 1


def test_an_add_on_that_follows_our_write_is_a_suspect(heard):
    addon = heard.buys(parentSubscriptionId=heard.licence_id)
    row = heard.subscribes(licence=addon)
    heard.runs()
    hears(heard)
    clears(heard)
    heard.edits(status="suspended")
    heard.runs()
    hears(heard)
    assert list(suspects(heard)) == [row]


def test_a_purchase_has_the_licences_of_its_customer_listed(heard):
    heard.buys()
    hears(heard)
    queue = heard.application.store.tx(lambda tx: tx.listings(CONNECTOR, 9))
    assert queue == [heard.tenant]
    assert suspects(heard) == {}


def test_pages_are_followed_and_a_window_that_breaks_off_goes_on(heard, monkeypatch):
    monkeypatch.setattr("connector.partner_center.client.PAGE_SIZE", 2)
    others = [heard.subscribes() for _ in range(4)]
    heard.runs()
    hears(heard)
    clears(heard)
    heard.application.store.tx(lambda tx: tx.forget_heard(datetime(2030, 1, 1, tzinfo=UTC)))
    licences = [heard.row("sk_subscription", one)["sk_providersubscriptionid"] for one in others]
    heard.on("2025-06-12")
    hears(heard)
    clears(heard)
    for one in licences:
        changes_by_hand(heard, one, quantity=11)
    heard.fails(service="partner_center", method="GET", path="auditrecords", times=9, status=503)
    assert set(hear_changes(heard.application.engine).failures) == {CONNECTOR}
    heard.fails()
    assert hears(heard).suspects == 4
    assert set(suspects(heard)) == set(others)


def test_what_was_heard_before_a_break_is_not_lost(heard, monkeypatch):
    monkeypatch.setattr("connector.partner_center.client.PAGE_SIZE", 1)
    other = heard.subscribes()
    heard.runs()
    hears(heard)
    clears(heard)
    heard.on("2025-06-13")
    hears(heard)
    changes_by_hand(heard, quantity=12)
    licence = heard.row("sk_subscription", other)["sk_providersubscriptionid"]
    changes_by_hand(heard, licence, quantity=12)
    feed = heard.application.engine.ports.feeds[CONNECTOR]
    whole, asked = feed.changes, []

    def breaks(since):
        for page in whole(since):
            asked.append(page)
            yield page
            raise KeyboardInterrupt

    monkeypatch.setattr(feed, "changes", breaks)
    with pytest.raises(KeyboardInterrupt):
        hear_changes(heard.application.engine)
    assert list(suspects(heard)) == [other]  # the newest record stands first
    monkeypatch.undo()
    told = hears(heard)
    assert (told.suspects, set(suspects(heard))) == (1, {other, heard.subscription})


def test_partner_center_that_is_down_keeps_nobody_from_working(heard):
    heard.fails(service="partner_center", status=503, times=99)
    failed = hear_changes(heard.application.engine).failures
    assert list(failed) == [CONNECTOR]
    assert run_once(heard.application.engine).failures == []


def test_records_older_than_the_provider_keeps_are_made_good_by_a_sweep(heard):
    heard.on("2025-10-10")
    hears(heard)
    assert heard.application.store.tx(lambda tx: sweep_state(tx, CONNECTOR)).asked


def test_a_clock_that_goes_back_hears_what_follows(heard):
    heard.on("2025-06-20")
    hears(heard)
    heard.on("2025-06-15")
    changes_by_hand(heard, quantity=12)
    assert hears(heard).suspects == 1


def test_what_was_heard_is_forgotten_when_it_is_not_asked_for_any_more(heard):
    changes_by_hand(heard, quantity=12)
    hears(heard)
    heard.on("2025-06-15")
    hears(heard)  # asks from the ninth on, so that what was heard still counts
    count = "SELECT count(*) FROM heard"
    connection = heard.application.store._connection
    assert connection.execute(count).fetchone()[0] > 0
    hears(heard)
    assert connection.execute(count).fetchone()[0] == 0
