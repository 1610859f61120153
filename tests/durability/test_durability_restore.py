"""A backup is put back, or the state is lost: nothing is done twice, and nothing is lost."""

from datetime import UTC, datetime

import pytest

from store.backup import restore_backup, write_backup
from store.sqlite import SqliteStore
from sync.findings import judge_state
from sync.restored import mark_restored
from tests.durability import traps
from tests.durability.oracle import Oracle
from tests.durability.site import Killed
from tests.durability.story import activate, assert_quiet, deactivate, first_of_july, issue, judge

WALL = datetime(2031, 1, 1, tzinfo=UTC)
"""The wall clock of the machine, far from Dataverse's: nothing may be computed with it."""
UNCLEAR = 130


def _backup(site):
    file = site.state.with_name("backup.db")
    write_backup(site.state, file)
    return file


def _restore(site, file):
    restore_backup(file, site.state, stamp="then", prepare=lambda tx: mark_restored(tx, WALL))


def _writes(site):
    return len(site.wire.provider_writes())


def _commits(site):
    return len(Oracle(site.world).commits)


def _judge(site):
    oracle = Oracle(site.world)
    for subscription in site.subscriptions:
        oracle.judge(subscription, site.licences[subscription])
    _assert_whole(site)
    assert_quiet(site)


def _assert_whole(site):
    """Hold what is kept here against what the logs say."""
    store = SqliteStore(site.state)
    findings = list(judge_state(store))
    store.close()
    assert findings == []


def _kinds(site, subscription):
    names = {0: "new", 1: "quantity", 2: "deactivation", 3: "activation", 4: "pause", 5: "resume"}
    return [names[log["sk_kind"] - 126310000] for log in site.logs(subscription)]


def _kill_at(site, kind, number=1):
    """Run until the process dies just before a request of a kind."""
    traps.death_at(site, kind, number)
    with pytest.raises(Killed):
        site.run()
    site.calm()


AUDITS = pytest.mark.parametrize("audit", [True, False], ids=["audited", "not audited"])


# --- a backup from before -------------------------------------------------------------------------


@AUDITS
def test_rule_2_13_what_was_done_after_the_backup_is_not_done_again(make_site, audit):
    site = make_site(audit=audit, subscriptions=2)
    file = _backup(site)
    deactivate(site)
    site.run()
    activate(site)
    site.run()
    before = (_commits(site), _writes(site))
    _restore(site, file)
    site.quiesce(3)
    assert (_commits(site), _writes(site)) == before
    _judge(site)


@AUDITS
def test_rule_2_13_a_deactivation_after_the_backup_is_not_done_again(make_site, audit):
    site = make_site(audit=audit)
    file = _backup(site)
    deactivate(site)
    site.run()
    before = (_commits(site), _writes(site))
    _restore(site, file)
    site.quiesce(3)
    assert (_commits(site), _writes(site)) == before
    activate(site)
    site.run()
    site.quiesce(2)
    _judge(site)


@AUDITS
def test_rule_2_13_changes_that_come_after_the_restore_follow_those_that_were_done(
    make_site, audit
):
    site = make_site(audit=audit)
    deactivate(site)
    site.run()
    file = _backup(site)
    activate(site)
    site.run()
    _restore(site, file)
    site.on("2025-06-24")
    for subscription in site.subscriptions:
        site.edit(subscription, "suspended")
    site.run()
    site.quiesce(2)
    assert _kinds(site, site.subscriptions[0]) == ["deactivation", "activation", "deactivation"]
    _judge(site)


@AUDITS
def test_rule_2_13_a_new_change_is_not_lost_behind_those_that_were_done(make_site, audit):
    """One change set with a log that exists would count as committed as a whole."""
    site = make_site(audit=audit)
    file = _backup(site)
    deactivate(site)
    site.run()
    activate(site)
    site.run()
    _restore(site, file)
    site.on("2025-06-24")
    site.edit(site.subscriptions[0], "suspended")
    site.run()
    site.quiesce(2)
    assert _kinds(site, site.subscriptions[0]) == ["deactivation", "activation", "deactivation"]
    _judge(site)


def test_rule_1_4_a_log_of_our_own_whose_answer_was_lost_is_no_news(site):
    """The scheduled status that travelled with it still claims its audit row."""
    subscription = site.subscriptions[0]
    site.edit(subscription, sk_deactivateon="2025-06-16")
    site.run()
    site.on("2025-06-16", "00:30")
    traps.fault_at(site, traps.change_set, drop="after_commit")
    lose_the_answer = site.wire.before

    def before(request):
        lose_the_answer(request)
        if site.logs(subscription):
            raise Killed

    site.wire.before = before
    with pytest.raises(Killed):
        site.run()
    site.calm()
    site.on("2025-06-18")
    for status in ("active", "suspended", "active"):
        site.edit(subscription, status)
    site.quiesce(3)
    assert _kinds(site, subscription) == ["deactivation", "activation"] * 2
    events = [entry.event for entry in site.look(lambda tx: tx.read_trail(subscription))]
    assert "adopted from its logs" not in events
    _assert_whole(site)


@AUDITS
def test_rule_2_13_seats_that_changed_after_the_backup_are_learnt_from_the_log(make_site, audit):
    site = make_site(audit=audit)
    subscription = site.subscriptions[0]
    file = _backup(site)
    site.on("2025-06-16")
    site.edit(subscription, sk_quantity=14)
    site.run()
    site.on("2025-06-18")
    site.edit(subscription, "suspended")
    site.run()
    site.on("2025-06-20")
    site.edit(subscription, "active")
    site.run()
    before = (_commits(site), _writes(site))
    _restore(site, file)
    site.quiesce(3)
    assert (_commits(site), _writes(site)) == before
    assert _kinds(site, subscription) == ["quantity", "deactivation", "activation"]
    assert site.licence(subscription)["quantity"] == 14
    site.edit(subscription, sk_quantity=15)
    site.quiesce(2)
    assert [log["sk_quantitychange"] for log in site.logs(subscription)] == [4, -14, 14, 1]
    assert site.licence(subscription)["quantity"] == 15
    assert_quiet(site)


def test_rule_2_13_a_change_that_was_refused_after_the_backup_is_no_change_later(site):
    """Cancelled and set back by a person; what the logs tell after it makes it history."""
    subscription = site.subscriptions[0]
    deactivate(site)
    site.run()
    file = _backup(site)
    site.on("2025-06-18")
    site.edit(subscription, "paused")  # refused: suspended to paused
    site.run()
    site.edit(subscription, "suspended")
    site.run()
    activate(site)
    site.run()
    before = _writes(site)
    _restore(site, file)
    site.quiesce(3)
    assert _kinds(site, subscription) == ["deactivation", "activation"]
    assert _writes(site) == before
    assert_quiet(site)


def test_rule_2_13_a_fact_that_waited_at_the_backup_and_was_done_since_is_history(site):
    """It was parked when the backup was made."""
    subscription = site.subscriptions[0]
    site.on("2025-06-16")
    site.edit(subscription, "suspended", sk_hold=True)
    site.run()
    file = _backup(site)
    site.edit(subscription, sk_hold=False)
    site.run()
    activate(site)
    site.run()
    before = _writes(site)
    _restore(site, file)
    site.quiesce(3)
    assert _writes(site) == before
    _judge(site)


def test_rule_2_13_an_invoice_that_was_issued_after_the_backup_is_not_issued_again(site):
    file = _backup(site)
    deactivate(site)
    site.run()
    activate(site)
    site.run()
    first_of_july(site)
    issue(site)
    _restore(site, file)
    site.quiesce(2)
    issue(site)
    site.quiesce(1)
    judge(site)


# --- with an operation open -----------------------------------------------------------------------


@AUDITS
@pytest.mark.parametrize("kind", [traps.provider_write, traps.change_set], ids=["step", "set"])
@pytest.mark.parametrize("since", ["nothing", "finished", "activated", "again"])
def test_rule_2_13_an_operation_that_was_open_at_the_backup_is_verified_first(
    make_site, audit, kind, since
):
    site = make_site(audit=audit)
    deactivate(site)
    _kill_at(site, kind)
    file = _backup(site)
    if since != "nothing":
        site.quiesce(1)
    if since in {"activated", "again"}:
        activate(site)
        site.run()
        site.quiesce(1)
    if since == "again":
        site.on("2025-06-24")
        site.edit(site.subscriptions[0], "suspended")
        site.run()
        site.quiesce(1)
    before = (_commits(site), _writes(site))
    _restore(site, file)
    site.run()
    site.quiesce(4)
    if since != "nothing":
        assert (_commits(site), _writes(site)) == before
    _judge(site)


def test_rule_2_13_a_step_that_was_open_is_looked_at_until_its_time_has_passed(site):
    """It may have been sent after the backup, and still arrive."""
    deactivate(site)
    _kill_at(site, traps.provider_write)
    file = _backup(site)
    _restore(site, file)
    site.run()
    site.advance(100)
    site.run()
    assert _writes(site) == 0
    site.advance(UNCLEAR)
    site.run()
    assert _writes(site) == 1
    site.quiesce(2)
    _judge(site)


def test_rule_2_13_a_restored_step_is_never_sent_again_with_its_old_body(site):
    """It was done, given back by a person at the provider, and is not what the logs want."""
    deactivate(site)
    _kill_at(site, traps.change_set)  # the suspend is done, its log is not written
    file = _backup(site)
    site.quiesce(1)
    activate(site)
    site.run()
    _restore(site, file)
    before = _writes(site)
    site.quiesce(4)
    assert _writes(site) == before
    assert site.licence(site.subscriptions[0])["status"] == "active"
    _judge(site)


def test_rule_2_13_a_hold_of_the_backup_gives_way_to_what_the_logs_hold(site):
    """Auto-renew was on at the first suspend and turned off by a person before the second."""
    subscription = site.subscriptions[0]
    deactivate(site)
    site.run()
    file = _backup(site)
    activate(site)
    site.run()
    site.world.partner_center.change_by_hand(
        site.licences[subscription],
        {"autoRenewEnabled": False, "scheduledNextTermInstructions": None},
    )
    site.on("2025-06-24")
    site.edit(subscription, "suspended")
    site.run()
    _restore(site, file)
    site.on("2025-06-26")
    site.edit(subscription, "active")
    site.quiesce(3)
    assert site.licence(subscription)["status"] == "active"
    assert site.licence(subscription)["autoRenewEnabled"] is False
    assert_quiet(site)


def test_rule_2_13_a_hold_that_no_log_tells_yet_survives_the_restore(site):
    """The suspend was done and its outcome written nowhere but in the local state."""
    subscription = site.subscriptions[0]
    deactivate(site)
    _kill_at(site, traps.change_set)
    assert site.licence(subscription)["autoRenewEnabled"] is False
    _restore(site, _backup(site))
    site.quiesce(3)
    activate(site)
    site.quiesce(2)
    _judge(site)
    assert site.licence(subscription)["autoRenewEnabled"] is True
