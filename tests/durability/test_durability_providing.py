"""rules.md 2.8 to 2.12: writes to the provider, what a suspend takes, and `run --once`."""

import json

import pytest

from seatkeeper import bootstrap
from sync.cycle import run_cycle, run_once, work_is_left
from sync.remote import Unavailable
from tests.durability import traps
from tests.durability.oracle import Oracle
from tests.durability.site import NEXT_TERM, Killed
from tests.durability.story import assert_quiet

AWAITING, NOT_APPLICABLE, PROVISIONED, FAILED = range(126310000, 126310004)
LOST_AFTER = {"drop": "after_commit"}
LOST_BEFORE = {"drop": "before_commit"}


def _deactivate(site, day="2025-06-16"):
    site.on(day)
    for subscription in site.subscriptions:
        site.edit(subscription, "suspended")


def _activate(site, day="2025-06-21"):
    site.on(day)
    for subscription in site.subscriptions:
        site.edit(subscription, "active")


def _judge(site):
    oracle = Oracle(site.world)
    for subscription in site.subscriptions:
        oracle.judge(subscription, site.licences[subscription])
    assert_quiet(site)


def _outcomes(site):
    return [log["sk_provisioningstatus"] for log in site.logs(site.subscriptions[0])]


def _request_ids(site):
    return [one.headers["MS-RequestId"] for one in site.wire.provider_writes()]


def _hold(site):
    return site.look(lambda tx: tx.hold(site.subscriptions[0]))


def _cycle(site):
    with site.process() as app:
        bootstrap.meet(app)
        return run_cycle(app.engine)


# --- 2.8: one write, one MS-RequestId ------------------------------------------------------------


def test_rule_2_8_after_a_timeout_the_same_request_id_is_sent_again(site):
    _deactivate(site)
    traps.fault_at(site, traps.provider_write, **LOST_BEFORE)
    site.run()
    site.calm()
    assert len(_request_ids(site)) == 1
    site.quiesce(2)
    first, second = _request_ids(site)
    assert first == second
    _judge(site)


def test_rule_2_8_a_kill_keeps_the_request_id_for_the_next_life(site):
    _deactivate(site)
    traps.death_at(site, traps.provider_write)
    with pytest.raises(Killed):
        site.run()
    site.calm()
    stored = [
        one.request_id
        for one in site.look(lambda tx: tx.open_operations(site.subscriptions[0]))
        if one.request_id
    ]
    site.quiesce(2)
    assert _request_ids(site) == stored
    _judge(site)


@pytest.mark.parametrize("status", [429, 503])
def test_rule_2_8_after_any_answer_the_request_id_is_new(site, status):
    _deactivate(site)
    traps.fault_at(site, traps.provider_write, status=status, retry_after=1)
    site.run()
    site.calm()
    site.quiesce(1)
    first, second = _request_ids(site)
    assert first != second
    _judge(site)


def test_rule_2_8_a_lost_answer_whose_effect_shows_is_not_sent_again(site):
    _deactivate(site)
    traps.fault_at(site, traps.provider_write, **LOST_AFTER)
    site.run()
    site.calm()
    assert _outcomes(site) == [PROVISIONED]
    assert len(traps.bodies(site, traps.change_set)) == 1  # it was looked at before that
    site.quiesce(2)
    assert len(_request_ids(site)) == 1
    _judge(site)


@pytest.mark.parametrize(("waited", "writes"), [(100, 1), (125, 2)])
def test_rule_2_8_nothing_is_sent_until_the_effect_shows_or_its_time_has_passed(
    site, waited, writes
):
    _deactivate(site)
    traps.fault_at(site, traps.provider_write, **LOST_BEFORE)
    site.run()
    site.calm()
    site.advance(waited)
    site.run()
    assert len(_request_ids(site)) == writes


def test_rule_2_8_while_a_write_is_unclear_the_log_says_so_and_a_person_may_go_on(site):
    """The person activates again while the suspend is unclear; it may still take effect."""
    _deactivate(site)
    traps.fault_at(site, traps.provider_write, **LOST_BEFORE)
    site.run()
    site.calm()
    (log,) = site.logs(site.subscriptions[0])
    assert log["sk_provisioningstatus"] == AWAITING
    assert "answer was lost" in log["sk_message"]
    _activate(site, "2025-06-16")
    site.run()
    site.quiesce(3)
    _judge(site)


def test_rule_2_8_an_effect_that_shows_late_is_taken_as_the_answer(make_site):
    """202: the change shows five minutes later than every look of the connector."""
    site = make_site(accepted_seconds=100)
    _deactivate(site)
    site.run()
    assert _outcomes(site) == [AWAITING]
    site.advance(110)
    site.run()
    assert len(_request_ids(site)) == 1
    site.quiesce(1)
    _judge(site)


def test_rule_2_8_an_effect_that_shows_after_the_second_send_is_made_only_once(make_site):
    site = make_site(accepted_seconds=200)
    _deactivate(site)
    site.run()
    for _ in range(3):
        site.advance(130)
        site.run()
    assert len(set(_request_ids(site))) == 1
    site.quiesce(1)
    _judge(site)


def test_a_full_body_is_echoed_with_only_the_intent_changed(site):
    """A thin PATCH would lose what it omits."""
    licence = site.licence(site.subscriptions[0])
    _deactivate(site)
    site.run()
    (write,) = site.wire.provider_writes()
    sent = json.loads(write.body)
    told = {name: value for name, value in sent.items() if name not in {"status", "links"}}
    assert sent["status"] == "suspended"
    assert told == {name: licence[name] for name in told}
    assert {"id", "quantity", "autoRenewEnabled", "offerId", "billingCycle"} <= set(told)


def test_a_licence_that_changes_between_read_and_write_is_read_again(make_site):
    """An older licence has an etag: what a person did there meanwhile is kept."""
    site = make_site(subscriptions=0)
    older = {"offerId": "84A03D81-6B37-4D66-8D4A-FAEA24541538", "productType": None}
    subscription = site.subscribe(**older, scheduledNextTermInstructions=None)
    site.run()
    _deactivate(site)

    def renamed():
        site.world.partner_center.change_by_hand(
            site.licences[subscription], {"friendlyName": "Renamed by hand"}
        )

    traps.at(site, traps.provider_write, 1, renamed)
    site.run()
    site.calm()
    licence = site.licence(subscription)
    assert (licence["friendlyName"], licence["status"]) == ("Renamed by hand", "suspended")
    first, second = _request_ids(site)
    assert first != second
    assert _outcomes(site)[-1] == PROVISIONED


# --- 2.9: the last wanted state ------------------------------------------------------------------


def test_rule_2_9_only_the_last_wanted_state_is_sent(site):
    """The provider is down for both changes: nothing was sent, so nothing has to be undone."""
    traps.each(site, traps.provider_read, status=503)
    _deactivate(site)
    site.run()
    _activate(site)
    site.run()
    assert _outcomes(site) == [AWAITING, AWAITING]
    site.calm()
    site.quiesce(2)
    assert _outcomes(site) == [NOT_APPLICABLE, PROVISIONED]
    assert "Superseded by Activation" in site.logs(site.subscriptions[0])[0]["sk_message"]
    assert site.wire.provider_writes() == []
    _judge(site)


def test_rule_2_9_a_kill_between_the_provider_and_the_log_closes_the_log_later(site):
    """The log was written as Awaiting Provisioning before; its update must not be forgotten."""
    traps.each(site, traps.provider_read, status=503)
    _deactivate(site)
    site.run()
    site.calm()
    assert _outcomes(site) == [AWAITING]
    for point in range(1, 20):
        site.advance(400)
        site.store_tally.arm(point)
        try:
            site.run()
        except Killed:
            continue
        break
    site.calm()
    site.quiesce(2)
    assert _outcomes(site) == [PROVISIONED]
    _judge(site)


@pytest.mark.parametrize("point", range(1, 16))
def test_rule_2_9_a_kill_while_an_awaiting_log_is_provisioned_never_leaves_it_awaiting(site, point):
    traps.each(site, traps.provider_read, status=503)
    _deactivate(site)
    site.run()
    site.calm()
    site.advance(400)
    site.store_tally.arm(point)
    try:
        site.run()
    except Killed:
        site.calm()
        site.quiesce(2)
    assert _outcomes(site) == [PROVISIONED]


def test_rule_2_9_a_failed_log_holds_back_later_ones_until_a_person_sets_it_back(site):
    subscription = site.subscriptions[0]
    traps.each(site, traps.provider_write, status=400)
    _deactivate(site)
    site.run()
    assert _outcomes(site) == [FAILED]
    site.calm()
    site.edit(subscription, "active")
    site.edit(subscription, "suspended")
    writes = len(site.wire.provider_writes())
    site.quiesce(2)
    assert _outcomes(site) == [FAILED, AWAITING, AWAITING]
    assert len(site.wire.provider_writes()) == writes
    failed = site.logs(subscription)[0]["sk_changelogid"]
    site.write("sk_changelog", failed, {"sk_provisioningstatus": AWAITING})
    site.quiesce(2)
    assert _outcomes(site) == [NOT_APPLICABLE, NOT_APPLICABLE, PROVISIONED]
    _judge(site)


def test_rule_2_9_failed_and_held_logs_close_when_the_provider_holds_the_wanted_state(site):
    """Somebody suspended it in Partner Center by hand."""
    subscription = site.subscriptions[0]
    traps.each(site, traps.provider_write, status=400)
    _deactivate(site)
    site.run()
    site.calm()
    site.world.partner_center.change_by_hand(site.licences[subscription], {"status": "suspended"})
    site.quiesce(2)
    assert _outcomes(site) == [PROVISIONED]
    assert site.look(lambda tx: tx.parked()) == []


# --- 2.10: the hold ------------------------------------------------------------------------------


def test_rule_2_10_the_hold_is_stored_before_the_first_suspend(site):
    _deactivate(site)
    traps.death_at(site, traps.provider_write)
    with pytest.raises(Killed):
        site.run()
    hold = _hold(site)
    assert hold["autoRenewEnabled"] is True
    assert hold["scheduledNextTermInstructions"]["quantity"] == NEXT_TERM["quantity"]


def test_rule_2_10_the_hold_is_never_overwritten_by_a_second_suspend(site):
    """The first suspend took effect unseen: what is read then is not what was held."""
    _deactivate(site)
    traps.fault_at(site, traps.provider_write, **LOST_AFTER)
    original = site.wire.before

    def before(request):
        if site.wire.provider_writes():
            raise Killed
        original(request)

    site.wire.before = before
    with pytest.raises(Killed):
        site.run()
    site.calm()
    site.quiesce(2)
    assert _hold(site)["autoRenewEnabled"] is True
    _activate(site)
    site.quiesce(2)
    _judge(site)


def test_rule_2_10_the_hold_is_copied_to_the_deactivation_log(site):
    _deactivate(site)
    site.run()
    (log,) = site.logs(site.subscriptions[0])
    assert json.loads(log["sk_heldstate"])["autoRenewEnabled"] is True


def test_rule_2_10_a_lost_state_restores_from_the_log(site):
    _deactivate(site)
    site.run()
    site.lose_state()
    site.run()
    _activate(site)
    site.quiesce(2)
    _judge(site)


@pytest.mark.parametrize("trouble", [LOST_AFTER, LOST_BEFORE])
@pytest.mark.parametrize("write", [2, 3])
def test_rule_2_10_a_hold_that_was_given_back_is_not_given_back_again(site, trouble, write):
    """After an unclear restore the next suspend holds what is there then, not what once was."""
    subscription = site.subscriptions[0]
    _deactivate(site)
    traps.fault_at(site, traps.provider_write, write, **trouble)
    site.run()
    _activate(site)
    site.run()
    site.calm()
    site.quiesce(3)
    _judge(site)
    assert _hold(site) is None
    by_hand = {"autoRenewEnabled": False, "scheduledNextTermInstructions": None}
    site.world.partner_center.change_by_hand(site.licences[subscription], by_hand)
    _deactivate(site, "2025-06-25")
    site.run()
    _activate(site, "2025-06-27")
    site.quiesce(2)
    licence = site.licence(subscription)
    assert (licence["status"], licence["autoRenewEnabled"]) == ("active", False)
    assert licence["scheduledNextTermInstructions"] is None


# --- 2.12: run --once ----------------------------------------------------------------------------


def test_rule_2_12_run_once_ignores_its_own_pauses(site):
    traps.each(site, traps.provider_read, status=503)
    _deactivate(site)
    _cycle(site)
    site.calm()
    site.effects.time += 400
    _cycle(site)
    assert _outcomes(site) == [AWAITING]
    site.run()
    assert _outcomes(site) == [PROVISIONED]


def test_rule_2_12_run_once_obeys_retry_after_and_shows_that_work_is_left(site):
    _deactivate(site)
    traps.fault_at(site, traps.change_set, status=429, retry_after=100)
    with site.process() as app:
        bootstrap.meet(app)
        run_once(app.engine)
        assert work_is_left(app.engine)
    site.calm()
    mark = site.mark
    with pytest.raises(Unavailable):
        site.run()
    assert site.mark == mark
    site.advance(101)
    site.run()
    _judge(site)


def test_rule_2_12_a_short_retry_after_is_waited_for(site):
    _deactivate(site)
    traps.fault_at(site, traps.change_set, status=429, retry_after=20)
    site.run()
    assert 20 in site.effects.slept
    _judge(site)


def test_rule_2_12_run_once_ends_though_the_service_stays_down(site):
    _deactivate(site)
    traps.each(site, traps.change_set, status=500)
    with site.process() as app:
        bootstrap.meet(app)
        run_once(app.engine)
        assert work_is_left(app.engine)
    site.calm()
    site.quiesce(1)
    _judge(site)


def test_rule_2_12_run_once_leaves_an_unclear_provider_write_as_work(site):
    _deactivate(site)
    traps.fault_at(site, traps.provider_write, **LOST_BEFORE)
    with site.process() as app:
        bootstrap.meet(app)
        run_once(app.engine)
        assert work_is_left(app.engine)


def test_the_daemon_pauses_longer_and_longer(site):
    """Between two attempts of its own the daemon lets the service breathe."""
    traps.each(site, traps.provider_read, status=503)
    _deactivate(site)
    _cycle(site)
    reads = _reads(site)
    _cycle(site)
    assert _reads(site) == reads
    site.advance(300)
    _cycle(site)
    assert _reads(site) > reads


def _reads(site):
    return sum(traps.provider_read(one) for one in site.wire.sent)
