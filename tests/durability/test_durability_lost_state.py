"""The local state is lost at the worst moments: what the logs at Dataverse tell is not repeated."""

import pytest

from tests.durability import traps
from tests.durability.oracle import Oracle
from tests.durability.site import Killed
from tests.durability.story import activate, assert_quiet, deactivate

LOST_AFTER = {"drop": "after_commit"}


def _die_at(site, kind, number=1):
    traps.death_at(site, kind, number)
    with pytest.raises(Killed):
        site.run()
    site.calm()


def _judge(site):
    oracle = Oracle(site.world)
    for subscription in site.subscriptions:
        oracle.judge(subscription, site.licences[subscription])
    assert_quiet(site)


def _own_writes(site):
    ours = site.world.client_id
    return [one for one in Oracle(site.world).commits if one.client == ours]


def test_rule_1_4_an_open_change_set_that_was_committed_is_not_written_again(site):
    """The answer was lost, and the state with it."""
    deactivate(site)
    traps.fault_at(site, traps.change_set, **LOST_AFTER)
    lose_the_answer = site.wire.before

    def before(request):
        lose_the_answer(request)
        if site.logs(site.subscriptions[0]):
            raise Killed

    site.wire.before = before
    with pytest.raises(Killed):
        site.run()
    site.calm()
    site.lose_state()
    written = len(_own_writes(site))
    site.quiesce(3)
    assert len(_own_writes(site)) == written
    _judge(site)


def test_rule_1_4_an_open_follow_up_of_a_log_is_taken_up_from_the_log(site):
    """The log of a second change was on its way; the first one tells where things stood."""
    deactivate(site)
    site.run()
    activate(site)
    _die_at(site, traps.change_set)  # reactivated and restored, but no log tells it
    site.lose_state()
    site.quiesce(3)
    _judge(site)


def test_rule_1_4_a_change_whose_intent_alone_was_stored_is_seen_again_by_the_next_state(site):
    deactivate(site)
    site.run()
    activate(site)
    _die_at(site, traps.provider_write)
    site.lose_state()
    site.quiesce(3)
    _judge(site)


def test_rule_1_4_a_suspend_whose_outcome_no_log_tells_is_repaired_by_the_activation(site):
    """No log: the suspended row is the opening balance; nothing is sent, refunded or logged."""
    subscription = site.subscriptions[0]
    deactivate(site)
    _die_at(site, traps.change_set)  # suspended at the provider, nothing at Dataverse
    site.lose_state()
    written = len(_own_writes(site))
    site.quiesce(2)
    assert len(_own_writes(site)) == written
    assert site.licence(subscription)["status"] == "suspended"
    activate(site)
    site.quiesce(2)
    assert site.licence(subscription)["status"] == "active"
    assert [log["sk_kind"] for log in site.logs(subscription)] == [126310003]
    assert_quiet(site)


@pytest.mark.parametrize("trouble", [{"status": 503}, {"drop": "after_commit"}])
def test_rule_1_4_an_awaiting_log_is_provisioned_once_by_the_next_state(site, trouble):
    """The log was written as Awaiting Provisioning; whether the write arrived is not known."""
    subscription = site.subscriptions[0]
    deactivate(site)
    traps.each(site, lambda request: "/v1/customers/" in str(request.url), **trouble)
    site.run()
    site.calm()
    assert site.logs(subscription)[0]["sk_provisioningstatus"] == 126310000
    site.lose_state()
    site.quiesce(3)
    flips = Oracle(site.world).provider_writes(site.licences[subscription])
    assert [pair for pair in flips if pair[0] != pair[1]] == [("active", "suspended")]
    _judge(site)


def test_rule_1_4_an_activation_between_the_loss_and_the_next_state_is_a_change(site):
    deactivate(site)
    site.run()
    site.lose_state()
    activate(site)
    site.quiesce(3)
    _judge(site)


def test_rule_1_4_an_activation_that_was_logged_just_before_the_loss_is_not_repeated(site):
    deactivate(site)
    site.run()
    activate(site)
    site.run()
    site.lose_state()
    written = len(_own_writes(site))
    site.quiesce(3)
    assert len(_own_writes(site)) == written
    _judge(site)
