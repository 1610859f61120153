"""`verify` on a living site: whole after a story, and each kind of damage is found."""

import sqlite3
from contextlib import closing

import pytest

from seatkeeper.verify import verify_rows, verify_store
from store.sqlite import SqliteStore
from tests.durability import traps
from tests.durability.site import Killed
from tests.durability.story import STEPS, activate, deactivate


def _verify(site):
    with site.process() as app:
        store = SqliteStore(site.state)
        engine = app.engine
        engine.ports = type(engine.ports)(
            crm=engine.ports.crm,
            providers={},
            store=store,
            effects=engine.ports.effects,
            dispatcher=engine.ports.dispatcher,
            log=engine.ports.log,
        )
        found = [*verify_store(store), *verify_rows(engine)]
        store.close()
        return found


def _whats(site):
    return [(one.what, one.broken) for one in _verify(site)]


def _sql(site, statement):
    with closing(sqlite3.connect(site.state)) as other:
        other.executescript(statement)


@pytest.fixture
def told(site):
    """Return a site after deactivation, activation and the July invoice."""
    for act, work in STEPS:
        act(site)
        work(site)
    site.quiesce(1)
    return site


def test_rule_4_18_all_is_whole_after_a_story(told):
    assert _verify(told) == []


def test_rule_4_18_all_is_whole_while_it_is_suspended(site):
    deactivate(site)
    site.run()
    assert _verify(site) == []


def test_rule_4_18_what_has_not_been_polled_yet_is_not_judged(site):
    deactivate(site)
    site.run()
    activate(site)
    assert _verify(site) == []


def test_rule_4_18_a_change_under_way_is_not_judged(site):
    deactivate(site)
    traps.death_at(site, traps.change_set)
    with pytest.raises(Killed):
        site.run()
    site.calm()
    assert _verify(site) == []


STATEMENTS = {
    "trail": "UPDATE trail SET facts = '{}' WHERE sequence = 2",
    "lost work": "UPDATE facts SET state = 'planned' WHERE ordinal = 1",
    "stale state": "UPDATE seen SET status = 'suspended'",
    "logged twice": (
        "INSERT INTO logs SELECT 'other', subscription_id, version, change_key, 7, kind,"
        " quantity_after, provisioning, stamped FROM logs LIMIT 1;"
        "DELETE FROM facts"
    ),
}


@pytest.mark.parametrize("what", STATEMENTS)
def test_a_state_that_another_hand_touched_is_found(told, what):
    _sql(told, STATEMENTS[what])
    assert (what, True) in _whats(told)


def test_rule_4_18_logs_that_do_not_add_up_are_found(told):
    log = told.logs(told.subscriptions[0])[1]
    told.write("sk_changelog", log["sk_changelogid"], {"sk_quantitychange": 9})
    told.quiesce(1)
    assert _whats(told) == [("seats", True)]


def test_rule_4_18_more_given_back_than_billed_is_found(told):
    refund = next(line for line in told.lines(told.subscriptions[0]) if line["sk_amount"] < 0)
    told.write("sk_invoiceline", refund["sk_invoicelineid"], {"sk_calculatedamount": -900})
    found = _verify(told)
    assert [one.what for one in found] == ["credits"]
    assert "billed 100" in found[0].told


def test_rule_4_18_a_line_that_was_edited_after_its_invoice_was_issued_is_found(told):
    line = next(one for one in told.lines(told.subscriptions[0]) if one["sk_kind"] == 126310000)
    told.write("sk_invoiceline", line["sk_invoicelineid"], {"sk_amount": 1})
    assert _whats(told) == [("invoice total", True), ("invoice total", True)]


def test_a_dataverse_that_is_down_leaves_a_note_and_the_local_findings(told):
    _sql(told, STATEMENTS["trail"])
    told.fault(service="dataverse", status=503)
    found = _whats(told)
    told.calm()
    assert found == [("trail", True), ("rows", False)]


def test_another_organisation_is_found(told):
    _sql(told, "UPDATE meta SET value = 'other' WHERE key = 'organisation'")
    assert _whats(told) == [("organisation", True)]


def test_verifying_writes_nothing(told):
    before = told.look(lambda tx: tx.read_trail())
    commits = told.mark
    _verify(told)
    assert told.look(lambda tx: tx.read_trail()) == before
    entries = told.world.journal.since(commits)
    assert [entry for entry in entries if str(entry.type) == "commit"] == []
