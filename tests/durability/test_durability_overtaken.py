"""What the provider was told for a change set that was then never written is put right."""

import pytest

from tests.durability import traps
from tests.durability.site import Killed

DAY = "2025-06-16"


@pytest.fixture
def told(site):
    """Return a site that died between the suspend for a reached date and its log."""
    site.on("2025-06-15")
    site.edit(site.subscriptions[0], sk_deactivateon=DAY)
    site.run()
    site.on(DAY)
    traps.death_at(site, traps.change_set)
    with pytest.raises(Killed):
        site.run()
    site.calm()
    assert _held(site) == ("suspended", False)
    return site


def _held(site):
    licence = site.licence(site.subscriptions[0])
    return licence["status"], licence["autoRenewEnabled"]


def _hold(site):
    return site.look(lambda tx: tx.hold(site.subscriptions[0]))


def test_a_reached_date_that_is_taken_back_gives_back_what_the_suspend_took(told):
    told.edit(told.subscriptions[0], sk_deactivateon=None)
    told.quiesce()
    assert _held(told) == ("active", True)
    assert _hold(told) is None
    assert told.logs(told.subscriptions[0]) == told.lines(told.subscriptions[0]) == []


def test_it_is_given_back_once_the_provider_answers_again(told):
    told.edit(told.subscriptions[0], sk_deactivateon=None)
    traps.each(told, traps.provider_read, status=503)
    told.run()
    assert _held(told) == ("suspended", False)
    told.calm()
    told.quiesce()
    assert _held(told) == ("active", True)


def test_a_reached_date_that_still_stands_is_decided_anew_and_turned_once(told):
    told.write("sk_invoice", told.drafts["july"], {"sk_syncmessage": "a person wrote here"})
    mark = len(told.wire.provider_writes())
    told.quiesce()
    assert len(told.wire.provider_writes()) == mark
    assert _held(told) == ("suspended", False)
    (log,) = told.logs(told.subscriptions[0])
    assert log["sk_effectiveon"] == DAY
    assert not told.look(lambda tx: tx.is_watched(told.subscriptions[0]))


def test_a_late_effect_that_was_put_right_holds_nothing_back(site):
    """The hold of the corrected suspend is not what a later activation gives back."""
    subscription = site.subscriptions[0]
    for day, status in (("2025-06-16", "suspended"), ("2025-06-17", "active")):
        site.on(day)
        site.edit(subscription, status)
        site.quiesce(1)
    site.look(lambda tx: tx.watch(subscription, site.world.clock.now()))
    with site.world.lock:
        site.world.partner_center.change_by_hand(
            site.licences[subscription], {"status": "suspended", "autoRenewEnabled": False}
        )
    site.run()
    assert _held(site)[0] == "active"
    assert _hold(site) is None
