"""rules.md 6: guards stop before the first write; a person accepts the plan by its hash."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from sync import guard_memory
from sync.accepting import accept
from sync.by_hand import RefusedByHandError
from sync.cycle import run_once
from sync.guards import Limits
from sync.preview import canonical, preview
from tests.durability import traps
from tests.durability.oracle import Oracle
from tests.durability.story import assert_quiet

TWO = {"max_changes": 2, "percent_from": 1000}


@pytest.fixture
def guarded(make_site):
    """Make sites, and take the limits away from their common engine at the end."""
    made = []

    def make(subscriptions):
        made.append(make_site(subscriptions=subscriptions))
        return made[-1]

    yield make
    for site in made:
        site.application.engine.limits = Limits()


@pytest.fixture
def five(guarded):
    """Five subscriptions of one contract, known since before."""
    site = guarded(5)
    site.run()
    site.on("2025-06-16")
    return site


def _limited(site, **limits):
    site.application.engine.limits = Limits(**limits)


def _suspend(site, *numbers):
    for number in numbers:
        site.edit(site.subscriptions[number], "suspended")


def _alarms(site):
    return [one.code for one in site.look(guard_memory.alarms)]


def _written(site):
    return [one for one in site.wire.sent if traps.change_set(one) or traps.provider_write(one)]


def _plan(site):
    with site.process() as app:
        return canonical(_preview(app))


def _preview(app):
    ports = replace(app.engine.ports, store=app.store.copy())
    return preview(replace(app.engine, ports=ports, contexts={}, sleeping={}))


def _accept(site, plan):
    with site.process() as app:
        accept(app.engine, plan)


def _settled(site, *numbers):
    site.quiesce(2)
    for number in numbers:
        subscription = site.subscriptions[number]
        Oracle(site.world).judge(subscription, site.licences[subscription])
        assert len(site.logs(subscription)) == 1
    assert_quiet(site)


def test_rule_6_too_many_changes_send_nothing_at_all(five):
    """Not even the first two: a run stops before its first write."""
    _limited(five, **TWO)
    _suspend(five, 0, 1, 2)
    report = five.run()
    assert report.stopped
    assert _alarms(five) == ["too-many-changes"]
    assert _written(five) == []
    assert five.log.events.count("guard tripped") == 1


def test_rule_6_as_many_as_the_guard_allows_go_through(five):
    _limited(five, **TWO)
    _suspend(five, 0, 1)
    assert not five.run().stopped
    _settled(five, 0, 1)


def test_rule_6_changes_count_over_a_rolling_window(five):
    _limited(five, **TWO, window=timedelta(minutes=30))
    _suspend(five, 0, 1)
    five.run()
    _suspend(five, 2)
    assert five.run().stopped
    five.advance(31 * 60)
    assert not five.run().stopped
    assert _alarms(five) == []
    assert five.log.events.count("guard cleared") == 1
    _settled(five, 0, 1, 2)


def test_rule_6_a_change_that_a_person_takes_back_clears_the_guard(five):
    _limited(five, **TWO)
    _suspend(five, 0, 1, 2)
    five.run()
    five.edit(five.subscriptions[2], sk_hold=True)
    assert not five.run().stopped
    assert [len(five.logs(one)) for one in five.subscriptions[:3]] == [1, 1, 0]


def test_rule_6_a_share_counts_from_a_number_of_subscriptions_on(five):
    _limited(five, max_percent=30, percent_from=6)
    _suspend(five, 0, 1)
    assert not five.run().stopped
    _limited(five, max_percent=50, percent_from=5)
    _suspend(five, 2)
    assert five.run().stopped
    assert _alarms(five) == ["too-large-a-share"]


def test_rule_6_the_money_given_back_is_bounded_by_currency(five):
    """Each gives 46.67 USD back: 14 of 30 days of 100.00."""
    _limited(five, max_refund={"USD": Decimal("93.33")}, percent_from=1000)
    _suspend(five, 0, 1)
    assert five.run().stopped
    assert _alarms(five) == ["too-much-refund"]
    assert "93.34 USD" in five.look(guard_memory.alarms)[0].sentence
    _limited(five, max_refund={"USD": Decimal("93.34"), "EUR": Decimal(0)}, percent_from=1000)
    assert not five.run().stopped
    _settled(five, 0, 1)


def test_rule_6_changes_without_provider_action_or_money_do_not_count(guarded):
    site = guarded(0)
    site.run()
    rows = [site.subscribe(kind="manual") for _ in range(3)]
    site.run()
    _limited(site, max_changes=0, percent_from=1000)
    site.advance(3601)
    for row in rows:
        site.edit(row, "paused")
    assert not site.run().stopped
    assert [len(site.logs(row)) for row in rows] == [2, 2, 2]


def test_rule_6_what_is_refused_or_on_hold_does_not_count(five):
    _limited(five, max_changes=0, percent_from=1000)
    five.edit(five.subscriptions[0], "suspended", sk_hold=True)
    assert not five.run().stopped


def test_rule_6_adoption_counts_nothing(guarded):
    site = guarded(5)
    _limited(site, max_changes=0, max_percent=0, percent_from=1)
    assert not site.run().stopped


def test_rule_6_an_accepted_plan_goes_through_and_nothing_else(five):
    _limited(five, **TWO)
    _suspend(five, 0, 1, 2)
    five.run()
    _accept(five, _plan(five))
    assert not five.run().stopped
    _settled(five, 0, 1, 2)
    _suspend(five, 3)
    assert not five.run().stopped  # what was accepted does not count for the others


def test_rule_6_a_plan_is_refused_when_the_world_has_moved(five):
    _limited(five, **TWO)
    _suspend(five, 0, 1, 2)
    plan = _plan(five)
    _suspend(five, 3)
    with pytest.raises(RefusedByHandError, match=five.subscriptions[3]):
        _accept(five, plan)
    assert five.run().stopped
    assert _written(five) == []


def test_rule_6_a_plan_is_refused_when_a_draft_was_touched_since(five):
    _suspend(five, 0)
    plan = _plan(five)
    five.write("sk_invoice", five.drafts["july"], {"sk_syncmessage": "touched"})
    with pytest.raises(RefusedByHandError, match="moved"):
        _accept(five, plan)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda plan: "{", "no plan"),
        (lambda plan: "[]", "no plan of schema 1"),
        (lambda plan: json.dumps({**plan, "schema": 2}), "no plan of schema 1"),
        (lambda plan: json.dumps({**plan, "changes": []}), "edited"),
        (lambda plan: json.dumps({**plan, "mapping_hash": "x"}), "edited"),
    ],
)
def test_what_is_no_plan_or_was_edited_is_refused(five, spoil, said):
    _suspend(five, 0)
    plan = json.loads(_plan(five))
    with pytest.raises(RefusedByHandError, match=said):
        _accept(five, spoil(plan))


def test_rule_6_changed_mappings_send_nothing_until_their_plan_is_accepted(five):
    engine = five.application.engine
    before = engine.mappings
    engine.mappings = replace(before, hash="another")
    try:
        _suspend(five, 0)
        assert five.run().stopped
        assert _alarms(five) == ["mappings-changed"]
        assert _written(five) == []
        _accept(five, _plan(five))
        assert not five.run().stopped
    finally:
        engine.mappings = before
    five.run()
    assert _alarms(five) == ["mappings-changed"]  # and so is going back


def test_rule_6_a_plan_of_other_mappings_is_refused(five):
    engine = five.application.engine
    plan, before = _plan(five), engine.mappings
    engine.mappings = replace(before, hash="another")
    try:
        with pytest.raises(RefusedByHandError, match="another are in force"):
            _accept(five, plan)
    finally:
        engine.mappings = before


def test_rule_6_a_side_that_is_far_shorter_than_before_sends_nothing(five):
    """The application user lost its right to read: the rows are not gone."""
    _limited(five, max_percent=30, percent_from=5)
    for number in (0, 1):
        five.delete("sk_subscription", five.subscriptions[number])
    _expire(five)
    _suspend(five, 2)
    assert five.run().stopped
    assert _alarms(five) == ["side-short"]
    assert _written(five) == []
    assert five.look(lambda tx: len(tx.subjects())) == 5
    _accept(five, _plan(five))
    assert not five.run().stopped
    assert five.look(lambda tx: len(tx.subjects())) == 3


def test_rule_6_a_full_read_that_finds_the_rows_again_clears_the_alarm(five):
    _limited(five, max_percent=30, percent_from=5)
    rows = [five.row("sk_subscription", five.subscriptions[number]) for number in (0, 1)]
    for row in rows:
        five.delete("sk_subscription", row["sk_subscriptionid"])
    _expire(five)
    assert five.run().stopped
    with five.world.acting(five.world.identity.person_id):
        for row in rows:
            five.world.dataverse.insert("sk_subscription", _writable(row), by="Restore")
    _expire(five)
    assert not five.run().stopped


def _writable(row):
    own = ("sk_subscriptionid", "sk_name", "sk_quantity", "sk_unitprice", "statecode", "statuscode")
    lookups = {
        name.removeprefix("_").removesuffix("_value"): value
        for name, value in row.items()
        if name.startswith("_sk_")
    }
    return {**{name: row[name] for name in own}, **lookups}


def _expire(site):
    with site.process() as app:
        app.store.tx(lambda tx: tx.set_cursor("sk_subscription", None))


def test_observing_trips_no_guard(five):
    _limited(five, max_changes=0, max_percent=0, percent_from=1)
    _suspend(five, 0)
    with five.process() as app:
        app.engine.observe = True
        assert not run_once(app.engine).stopped
