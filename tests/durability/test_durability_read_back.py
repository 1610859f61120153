"""rules.md 2.6: the answer of a change set is lost, and so is the look at what it did."""

import pytest

from sync.state import OperationState
from tests.durability import traps
from tests.durability.oracle import Oracle
from tests.durability.story import assert_quiet


@pytest.mark.parametrize("drop", ["after_commit", "before_commit"])
def test_rule_2_6_a_change_set_that_cannot_be_read_back_waits_as_sent(site, drop):
    subscription = site.subscriptions[0]
    site.on("2025-06-16")
    site.edit(subscription, "suspended")
    lost = {"service": "dataverse", "path": "batch", "times": 50, "drop": drop}
    traps.at(site, traps.change_set, 1, lambda: site.fault(**lost))
    site.run()
    opened = site.look(lambda tx: tx.open_operations(subscription))
    assert {one.state for one in opened} == {OperationState.SENT}
    assert all(one.not_before and one.not_before > one.sent_at for one in opened)
    told = site.look(lambda tx: tx.read_trail(subscription))
    answers = [one.facts["outcome"] for one in told if one.event == "dataverse answered"]
    assert answers[:2] == ["ambiguous", "ambiguous"]
    site.calm()
    site.quiesce(2)
    assert len(site.logs(subscription)) == len(site.lines(subscription)) == 1
    Oracle(site.world).judge(subscription, site.licences[subscription])
    assert_quiet(site)
