"""rules.md 1: how a change is seen, and what would make it be missed or seen twice."""

import pytest

from seatkeeper import bootstrap
from sync.cycle import run_cycle
from sync.state import IncompatibleStateError
from tests.durability import traps
from tests.durability.oracle import Oracle
from tests.durability.site import STATUS, Killed

EXPIRED_DAYS = 8
DAY = 86_400


def _kinds(site, subscription=None):
    names = {0: "new", 1: "quantity", 2: "deactivation", 3: "activation", 4: "pause", 5: "resume"}
    logs = site.logs(subscription or site.subscriptions[0])
    return [names[log["sk_kind"] - 126310000] for log in logs]


def _own_commits(site, table):
    found = Oracle(site.world).commits
    return [one for one in found if one.table == table and one.client == site.world.client_id]


def _cycle(site):
    """Run one cycle as the daemon does: its own pauses count."""
    with site.process() as app:
        bootstrap.meet(app)
        return run_cycle(app.engine)


# --- 1.1 and 1.2: full reads ---------------------------------------------------------------------


def test_rule_1_1_the_first_read_adopts_and_writes_nothing(untouched):
    untouched.edit(untouched.subscriptions[0], "suspended")
    untouched.run()
    untouched.quiesce(2)
    client = untouched.world.client_id
    assert [one for one in Oracle(untouched.world).commits if one.client == client] == []


def test_rule_1_1_a_full_read_after_an_expired_link_is_compared_with_the_snapshot(make_site):
    site = make_site(subscriptions=3)
    site.advance(EXPIRED_DAYS * DAY)
    site.edit(site.subscriptions[1], "suspended")
    site.run()
    site.quiesce(2)
    assert "full read" in site.log.events
    assert [_kinds(site, one) for one in site.subscriptions] == [[], ["deactivation"], []]


@pytest.mark.parametrize("token_at", ["start", "end"])
@pytest.mark.parametrize("page", [1, 2, 3, 4])
def test_rule_1_2_a_row_that_changes_while_the_table_is_read_is_seen_once(
    make_site, token_at, page
):
    site = make_site(subscriptions=3, delta_token_at=token_at, max_page_size=1)
    first = min(site.subscriptions)  # on the first page
    site.advance(EXPIRED_DAYS * DAY)
    # the first request meets the expired link, the second asks for the newest version
    traps.at(site, traps.table_read, 2 + page, lambda: site.edit(first, "suspended"))
    site.run()
    site.calm()
    assert _kinds(site, first) == ["deactivation"]
    site.quiesce(2)
    assert _kinds(site, first) == ["deactivation"]


@pytest.mark.parametrize("status", [400, 404, 410])
def test_rule_1_2_a_refused_next_link_restarts_the_walk(make_site, status):
    site = make_site(subscriptions=3, max_page_size=1)
    site.advance(EXPIRED_DAYS * DAY)
    site.edit(site.subscriptions[2], "suspended")
    traps.fault_at(site, traps.table_read, 4, status=status)
    site.run()
    site.calm()
    site.quiesce(1)
    assert [_kinds(site, one) for one in site.subscriptions] == [[], [], ["deactivation"]]


def test_a_kill_in_the_middle_of_a_full_read_goes_on_with_it(make_site):
    site = make_site(subscriptions=3, max_page_size=1)
    site.advance(EXPIRED_DAYS * DAY)
    for subscription in site.subscriptions:
        site.edit(subscription, "suspended")
    traps.death_at(site, traps.table_read, 4)
    with pytest.raises(Killed):
        site.run()
    site.calm()
    site.quiesce(2)
    assert [_kinds(site, one) for one in site.subscriptions] == [["deactivation"]] * 3


# --- 1.3 and 1.4: the logs first -----------------------------------------------------------------


def test_rule_1_3_change_logs_are_polled_before_subscriptions(site):
    mark = site.mark
    site.run(meet=False)
    entries = [entry.wire() for entry in site.world.journal.since(mark)]
    paths = [entry["path"].rsplit("/", 1)[-1] for entry in entries if entry["path"]]
    assert paths == ["sk_changelogs", "sk_subscriptions"]


def test_rule_1_4_a_lost_state_takes_the_logged_state_as_the_last_one(site):
    """The row was set back while the state was lost: that is a change, not an opening balance."""
    subscription = site.subscriptions[0]
    site.on("2025-06-16")
    site.edit(subscription, "suspended")
    site.run()
    site.lose_state()
    site.on("2025-06-21")
    site.edit(subscription, "active")
    site.quiesce(2)
    oracle = Oracle(site.world)
    oracle.judge(subscription, site.licences[subscription])
    assert _kinds(site) == ["deactivation", "activation"]


def test_rule_1_4_a_lost_state_repeats_nothing(site):
    site.on("2025-06-16")
    site.edit(site.subscriptions[0], "suspended")
    site.run()
    before = len(Oracle(site.world).commits)
    site.lose_state()
    site.quiesce(2)
    assert len(Oracle(site.world).commits) == before


# --- 1.5 and 1.6: the audit history --------------------------------------------------------------


def test_rule_1_5_every_transition_between_two_polls_has_its_log_with_who_and_when(site):
    site.on("2025-06-16")
    site.edit(site.subscriptions[0], "suspended")
    site.on("2025-06-18")
    site.edit(site.subscriptions[0], "active")
    site.on("2025-06-20")
    site.edit(site.subscriptions[0], "paused")
    site.run()
    logs = site.logs(site.subscriptions[0])
    assert _kinds(site) == ["deactivation", "activation", "pause"]
    days = ["2025-06-16", "2025-06-18", "2025-06-20"]
    assert [log["sk_effectiveon"] for log in logs] == days
    assert all(log["sk_requestedby"] for log in logs)
    assert all(log["sk_changekey"].startswith(f"{site.subscriptions[0]}|") for log in logs)


def test_rule_1_5_a_late_history_is_waited_for_and_then_tells_the_change(make_site):
    site = make_site(audit_delay_seconds=30)
    site.edit(site.subscriptions[0], "suspended")
    site.run()
    assert _kinds(site) == []
    site.advance(40)
    site.run()
    (log,) = site.logs(site.subscriptions[0])
    assert log["sk_requestedby"]
    assert "uncertain" not in log["sk_message"]


@pytest.mark.parametrize(("waited", "logs"), [(58, []), (62, ["deactivation"])])
def test_rule_1_5_the_observed_difference_is_taken_after_the_wait(make_site, waited, logs):
    site = make_site(audit_delay_seconds=1_000)
    site.edit(site.subscriptions[0], "suspended")
    site.run()
    site.advance(waited)
    site.run()
    assert _kinds(site) == logs


def test_rule_1_5_a_change_taken_without_its_audit_row_claims_it_later(make_site):
    """The late row must neither be a second deactivation, nor swallow the next real one."""
    site = make_site(audit_delay_seconds=1_000)
    site.edit(site.subscriptions[0], "suspended")
    site.run()
    site.advance(62)
    site.run()
    site.advance(2_000)  # the late row is visible now
    site.edit(site.subscriptions[0], "active")
    site.advance(1)
    site.edit(site.subscriptions[0], "suspended")
    site.advance(1)
    site.edit(site.subscriptions[0], "active")
    site.world.settings.change({"audit_delay_seconds": 0})
    site.quiesce(2)
    assert _kinds(site) == ["deactivation", "activation", "deactivation", "activation"]
    Oracle(site.world).judge(site.subscriptions[0], site.licences[site.subscriptions[0]])


def test_rule_1_5_late_rows_of_the_same_instant_are_claimed_one_by_one(make_site):
    """The clock stepped back: both changes bear one time, and were taken without their rows."""
    site = make_site(audit_delay_seconds=1_000)
    for status in ("suspended", "active"):
        site.on("2025-06-16")
        site.write("sk_subscription", site.subscriptions[0], STATUS[status])
        site.run()
        site.advance(62)
        site.run()
    assert _kinds(site) == ["deactivation", "activation"]
    site.advance(2_000)
    site.edit(site.subscriptions[0], sk_name="touched")
    site.world.settings.change({"audit_delay_seconds": 0})
    site.quiesce(2)
    assert _kinds(site) == ["deactivation", "activation"]


def test_rule_1_5_a_change_there_and_back_whose_rows_are_late_is_found_at_the_next_touch(make_site):
    site = make_site(audit_delay_seconds=30)
    site.edit(site.subscriptions[0], "suspended")
    site.edit(site.subscriptions[0], "active")
    site.run()
    site.advance(40)
    site.edit(site.subscriptions[0], sk_name="touched")
    site.quiesce(2)
    assert _kinds(site) == ["deactivation", "activation"]


def test_rule_1_5_our_own_status_write_consumes_exactly_one_audit_row(site):
    """After a scheduled deactivation the same transition by a person is still one of its own."""
    subscription = site.subscriptions[0]
    site.edit(subscription, sk_deactivateon="2025-06-16")
    site.run()
    site.on("2025-06-16", "00:30")
    site.run()
    assert site.row("sk_subscription", subscription)["statecode"] == 1
    site.on("2025-06-18")
    for status in ("active", "suspended", "active"):
        site.edit(subscription, status)
    site.quiesce(2)
    assert _kinds(site) == ["deactivation", "activation", "deactivation", "activation"]
    site.edit(subscription, "suspended")
    site.run()
    assert _kinds(site)[-1] == "deactivation"
    assert "uncertain" not in site.logs(subscription)[-1]["sk_message"]


def test_rule_1_6_without_audit_an_observed_difference_is_one_change_and_says_so(make_site):
    site = make_site(audit=False)
    site.on("2025-06-14")
    site.edit(site.subscriptions[0], "paused")
    site.on("2025-06-16")
    site.edit(site.subscriptions[0], "suspended")
    site.on("2025-06-18")
    site.run()
    site.quiesce(1)
    (log,) = site.logs(site.subscriptions[0])
    assert (log["sk_kind"], log["sk_effectiveon"]) == (126310002, "2025-06-16")
    assert "uncertain" in log["sk_message"]


def test_rule_1_6_without_audit_there_and_back_is_nothing(make_site):
    site = make_site(audit=False)
    site.edit(site.subscriptions[0], "suspended")
    site.edit(site.subscriptions[0], "active")
    site.quiesce(2)
    assert _kinds(site) == []


# --- 1.7 to 1.10 ---------------------------------------------------------------------------------


def test_rule_1_7_a_row_with_an_open_operation_is_judged_when_it_is_closed(site):
    """A person goes on while the first change is on its way; both become logs, in order."""
    subscription = site.subscriptions[0]
    site.on("2025-06-16")
    site.edit(subscription, "suspended")
    traps.each(site, traps.change_set, status=429, retry_after=30)
    _cycle(site)
    site.calm()
    assert site.look(lambda tx: bool(tx.open_operations(subscription)))
    site.on("2025-06-17")
    site.edit(subscription, "active")
    site.effects.time += 40
    _cycle(site)
    site.quiesce(2)
    assert _kinds(site) == ["deactivation", "activation"]
    Oracle(site.world).judge(subscription, site.licences[subscription])


def test_rule_1_8_a_change_by_the_same_application_user_is_a_change(site):
    subscription = site.subscriptions[0]
    with site.world.acting("another program"):
        site.world.dataverse.update(
            "sk_subscription", subscription, STATUS["suspended"], by=site.world.application_user_id
        )
    site.run()
    assert _kinds(site) == ["deactivation"]


def test_rule_1_9_success_writes_nothing_to_the_subscription(site):
    site.on("2025-06-16")
    site.edit(site.subscriptions[0], "suspended")
    site.run()
    site.on("2025-06-21")
    site.edit(site.subscriptions[0], "active")
    site.quiesce(2)
    assert _own_commits(site, "sk_subscription") == []


def test_rule_1_9_the_message_is_written_only_when_its_text_changes(site):
    subscription = site.subscriptions[0]
    contract = site.contract
    site.edit(subscription, "suspended", sk_billingcontractid=None)
    for _ in range(3):
        site.run()
        site.advance(400)
    (written,) = _own_commits(site, "sk_subscription")
    assert "billing contract" in written.after["sk_syncmessage"]
    site.edit(subscription, sk_billingcontractid=contract)
    site.quiesce(2)
    assert len(_own_commits(site, "sk_subscription")) == 2
    assert site.row("sk_subscription", subscription)["sk_syncmessage"] is None


def test_rule_1_10_the_day_of_a_change_is_the_day_of_dataverse(site):
    site.on("2025-06-16", "23:59")
    site.edit(site.subscriptions[0], "suspended")
    site.on("2025-06-17", "00:10")
    site.run()
    (log,) = site.logs(site.subscriptions[0])
    assert log["sk_effectiveon"] == "2025-06-16"
    assert log["sk_provisionedon"].startswith("2025-06-17T00:10")


def test_a_clock_that_goes_back_loses_nothing(site):
    subscription = site.subscriptions[0]
    site.on("2025-06-16")
    site.edit(subscription, "suspended")
    site.run()
    site.on("2025-06-15")
    site.edit(subscription, "active")
    site.run()
    site.quiesce(1)
    assert _kinds(site) == ["deactivation", "activation"]


def test_a_state_that_meets_another_organisation_is_refused(site):
    site.world.reset("empty")
    with pytest.raises(IncompatibleStateError, match="another state"):
        site.run()
