"""Mappings that change under a running daemon: validated first, and nothing is sent unseen."""

import os
from dataclasses import replace

import pytest

from seatkeeper.mapping_reload import Reloader
from store.sqlite import SqliteStore
from sync import guard_memory
from sync.guards import Load
from sync.polled_columns import follow_columns
from tests.engine.opening import open_stage
from tests.engine.stage import Setting
from tests.wiring.written import change, own_mappings


@pytest.fixture
def mine(tmp_path):
    return own_mappings(tmp_path)


@pytest.fixture
def stage(mine):
    stage = open_stage(Setting(mappings=mine))
    yield stage
    stage.application.close()


def asked(stage):
    """Return a reloader that was sent SIGHUP."""
    reloader = Reloader(stage.application)
    reloader._asked = True
    return reloader


def alarms(stage):
    return [one.code for one in stage.application.store.tx(guard_memory.alarms)]


def rename_rule(mine, name="switch-off"):
    change(mine, "lifecycle.yaml", lambda document: document["transitions"][0].update(name=name))


def swap(mine, one, other):
    """Let two fields of the subscription exchange their columns."""

    def edit(document):
        first, second = document["fields"][one], document["fields"][other]
        first["dataverse"], second["dataverse"] = second["dataverse"], first["dataverse"]

    change(mine, "subscription.yaml", edit)


def test_nothing_is_read_unless_somebody_asks(stage, mine):
    rename_rule(mine)
    assert Reloader(stage.application).look() is False
    assert alarms(stage) == []


def test_rule_6_changed_mappings_send_nothing_until_their_plan_is_accepted(stage, mine):
    rename_rule(mine)
    reloader = asked(stage)
    assert reloader.look() is True
    assert reloader.look() is False
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    assert stage.runs().stopped
    assert alarms(stage) == ["mappings-changed"]
    assert stage.logs() == []
    stage.application.store.tx(lambda tx: guard_memory.accept(stage.application.engine, tx, []))
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]


def test_rule_6_setting_the_files_back_clears_the_guard(stage, mine):
    before = (mine / "lifecycle.yaml").read_bytes()
    rename_rule(mine)
    assert asked(stage).look()
    assert stage.runs().stopped
    (mine / "lifecycle.yaml").write_bytes(before)
    assert asked(stage).look()
    assert not stage.runs().stopped
    assert alarms(stage) == []


def test_what_was_worked_out_by_the_old_mappings_is_forgotten(stage, mine):
    engine = stage.application.engine
    engine.weighed = (("a change",), Load(1))
    engine.sleeping["a row"] = engine.now()
    rename_rule(mine)
    assert asked(stage).look()
    assert (engine.weighed, engine.sleeping) == (None, {})


def test_the_new_rules_are_the_ones_that_decide(stage, mine):
    change(
        mine,
        "lifecycle.yaml",
        lambda document: document["transitions"][0].update(money="nothing"),
    )
    assert asked(stage).look()
    stage.application.store.tx(lambda tx: guard_memory.accept(stage.application.engine, tx, []))
    stage.on("2025-06-16")
    stage.edits(status="suspended")
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]
    assert stage.lines() == []


@pytest.mark.parametrize("slip", ["unknown key", "no yaml", "a test that does not hold"])
def test_mappings_that_cannot_be_used_leave_the_old_ones_in_force(stage, mine, capsys, slip):
    before = stage.application.engine.mappings
    if slip == "unknown key":
        change(mine, "provider.yaml", lambda document: document.update(mtach={}))
    elif slip == "no yaml":
        (mine / "provider.yaml").write_text("fields: {a: 1\n", encoding="utf-8")
    else:
        edit = {"name": "a", "dataverse": {"sk_name": "x"}, "expect": {"name": "y"}}
        change(mine, "provider.yaml", lambda document: document.update(tests=[edit]))
    assert asked(stage).look() is False
    assert stage.application.engine.mappings is before
    said = capsys.readouterr().out
    assert "mappings refused" in said
    assert "provider.yaml:" in said
    assert not stage.runs().stopped


def test_files_that_say_the_same_change_nothing(stage, capsys):
    before = stage.application.engine.mappings
    assert asked(stage).look() is False
    assert stage.application.engine.mappings is before
    assert "mappings unchanged" in capsys.readouterr().out


def test_a_watching_reloader_sees_what_changes_and_what_is_mended(stage, mine):
    reloader = Reloader(stage.application, watch=True)
    assert reloader.look() is False
    rename_rule(mine)
    assert reloader.look() is True
    assert reloader.look() is False
    os.utime(mine / "provider.yaml", (1, 1))
    assert reloader.look() is False
    (mine / "provider.yaml").rename(mine / "provider.yml")
    assert reloader.look() is False
    (mine / "provider.yml").rename(mine / "provider.yaml")
    rename_rule(mine, "switch-off-again")
    assert reloader.look() is True


def test_rule_1_1_columns_with_other_names_are_read_in_full_and_compared(stage, mine):
    swap(mine, "deactivate_on", "change_effective_on")
    table = stage.application.engine.mappings.entity("subscription").table
    assert stage.application.store.tx(lambda tx: tx.cursor(table)) is not None
    assert asked(stage).look()
    assert stage.application.store.tx(lambda tx: tx.cursor(table)) is None
    stage.application.store.tx(lambda tx: guard_memory.accept(stage.application.engine, tx, []))
    stage.edits({"sk_changeeffectiveon": "2025-06-16"})
    stage.on("2025-06-16")
    stage.runs()
    assert stage.kinds() == [("deactivation", -10)]


def test_columns_that_are_not_followed_need_no_full_read(stage, mine):
    swap(mine, "discount_percent", "tax_percent")
    table = stage.application.engine.mappings.entity("subscription").table
    assert asked(stage).look()
    assert stage.application.store.tx(lambda tx: tx.cursor(table)) is not None


def test_a_state_that_knows_no_columns_yet_is_not_read_in_full(stage):
    engine, store = stage.application.engine, SqliteStore(":memory:")
    table = engine.mappings.entity("subscription").table
    store.tx(lambda tx: tx.set_cursor(table, "a link"))
    engine.ports = replace(engine.ports, store=store)
    follow_columns(engine)
    follow_columns(engine)
    assert store.tx(lambda tx: tx.cursor(table)) == "a link"
    store.close()
