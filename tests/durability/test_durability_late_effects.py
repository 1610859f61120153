"""rules.md 2.8: a lost request that arrives after the next write was done is put right."""

import pytest

from tests.durability import traps
from tests.durability.oracle import Oracle
from tests.durability.site import Killed
from tests.durability.story import assert_quiet

LOST_BEFORE = {"drop": "before_commit"}
FIVE_MINUTES = 300


def _lost_suspend(site):
    """Suspend; the request gets lost under way, and is kept by the network."""
    site.on("2025-06-16")
    site.edit(site.subscriptions[0], "suspended")
    traps.fault_at(site, traps.provider_write, **LOST_BEFORE)
    site.run()
    site.calm()
    (lost,) = site.wire.provider_writes()
    site.advance(130)
    site.run()
    assert site.licence(site.subscriptions[0])["status"] == "suspended"
    return lost


def _reactivated(site):
    """Activate again, before the lost request was looked for a second time."""
    site.advance(10)
    site.edit(site.subscriptions[0], "active")
    site.run()
    assert site.licence(site.subscriptions[0])["status"] == "active"


def _arrives(site, lost):
    """Deliver the old request under a request id that nobody replays any more."""
    site.world.settings.change({"request_id_window_seconds": 0})
    site.wire.deliver(lost)
    assert site.licence(site.subscriptions[0])["status"] == "suspended"


def _events(site):
    return [one.event for one in site.look(lambda tx: tx.read_trail(site.subscriptions[0]))]


def _judge(site):
    """Hold the logs, the money and the licence against what must have followed.

    The network made one change more than we did, and so did the correction.
    """
    oracle = Oracle(site.world)
    oracle.judge_logs(site.subscriptions[0])
    oracle.judge_outcomes(site.subscriptions[0])
    oracle.judge_money(site.subscriptions[0])
    licence = site.licence(site.subscriptions[0])
    assert (licence["status"], licence["autoRenewEnabled"]) == ("active", True)
    assert licence["scheduledNextTermInstructions"] is not None
    assert_quiet(site)


def test_rule_2_8_a_late_effect_is_corrected_five_minutes_after_the_next_write(site):
    lost = _lost_suspend(site)
    _reactivated(site)
    _arrives(site, lost)
    site.advance(FIVE_MINUTES - 20)
    site.run()
    assert site.licence(site.subscriptions[0])["status"] == "suspended"
    site.advance(40)
    site.run()
    assert site.licence(site.subscriptions[0])["status"] == "active"
    assert "late effect" in _events(site)
    site.quiesce(3)
    _judge(site)


def test_rule_2_8_without_a_late_effect_the_licence_is_read_once_and_left(site):
    _lost_suspend(site)
    _reactivated(site)
    site.wire.sent.clear()
    site.quiesce(3)
    assert len([one for one in site.wire.sent if traps.provider_read(one)]) == 1
    assert site.wire.provider_writes() == []
    assert "late effect" not in _events(site)
    _judge(site)


def test_rule_2_8_a_clear_write_is_not_looked_at_again(site):
    site.on("2025-06-16")
    site.edit(site.subscriptions[0], "suspended")
    site.run()
    site.wire.sent.clear()
    site.quiesce(2)
    assert [one for one in site.wire.sent if traps.provider_read(one)] == []


def test_rule_2_8_a_provider_that_is_down_is_looked_at_later(site):
    lost = _lost_suspend(site)
    _reactivated(site)
    _arrives(site, lost)
    traps.each(site, traps.provider_read, status=503)
    site.advance(FIVE_MINUTES)
    site.run()
    site.calm()
    site.quiesce(3)
    assert site.licence(site.subscriptions[0])["status"] == "active"
    _judge(site)


def test_rule_2_8_a_person_who_suspends_at_the_provider_is_not_mistaken_for_a_late_effect(site):
    """Nothing was unclear: what Partner Center shows stays (rules.md 5.1)."""
    site.on("2025-06-16")
    site.edit(site.subscriptions[0], "suspended")
    site.run()
    site.edit(site.subscriptions[0], "active")
    site.run()
    licence = site.licences[site.subscriptions[0]]
    site.world.partner_center.change_by_hand(licence, {"status": "suspended"})
    site.quiesce(3)
    assert site.licence(site.subscriptions[0])["status"] == "suspended"


def test_rule_2_8_a_kill_while_it_is_corrected_corrects_it_afterwards(site):
    lost = _lost_suspend(site)
    _reactivated(site)
    _arrives(site, lost)
    site.advance(FIVE_MINUTES)
    traps.death_at(site, traps.provider_write)
    with pytest.raises(Killed):
        site.run()
    site.calm()
    site.quiesce(3)
    assert site.licence(site.subscriptions[0])["status"] == "active"
    _judge(site)


def test_rule_2_8_a_licence_that_cannot_be_corrected_is_parked(site):
    lost = _lost_suspend(site)
    _reactivated(site)
    _arrives(site, lost)
    licence = site.licences[site.subscriptions[0]]
    site.world.partner_center.change_by_hand(licence, {"status": "deleted"})
    site.advance(FIVE_MINUTES)
    site.run()
    (parked,) = site.look(lambda tx: tx.parked())
    assert (parked.subject, parked.code) == (site.subscriptions[0], "provider-ended")
