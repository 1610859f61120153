"""Commands that are handed to a running daemon (rules.md 2.14)."""

from threading import Thread

import pytest

from seatkeeper.commands.sessions import ask
from seatkeeper.daemon import Daemon
from seatkeeper.instance import AlreadyRunningError
from sync.cycle import run_cycle
from sync.paused import is_paused
from sync.remote import Unavailable
from sync.scope import Scope
from sync.state import Request
from tests.acceptance.installed import wait_for

PAUSE = Request("11111111-0000-4000-8000-000000000001", "pause", "{}")
INVOICES = Request("11111111-0000-4000-8000-000000000002", "invoice run", "{}")


def asked(stage):
    return stage.application.store.tx(lambda tx: [one.verb for one in tx.asked()])


def test_rule_2_14_a_command_that_nobody_answers_is_withdrawn(stage):
    with pytest.raises(AlreadyRunningError, match="the command is withdrawn"):
        ask(stage.application, "pause", "{}")
    assert asked(stage) == []


def test_rule_6_a_pause_interrupts_the_work_that_is_under_way(stage):
    Daemon(stage.application)
    stage.edits(status="suspended")
    stage.application.store.tx(lambda tx: tx.ask(PAUSE))
    run_cycle(stage.application.engine)
    assert stage.logs() == []
    stage.application.store.tx(lambda tx: tx.answer(PAUSE.id, "[]"))
    run_cycle(stage.application.engine)
    assert stage.kinds() == [("deactivation", -10)]


def test_rule_6_a_daemon_that_starts_looks_at_what_is_parked(stage):
    engine = stage.application.engine
    engine.scope = Scope.of(["nobody"], [])
    stage.edits(status="suspended")
    stage.runs()
    assert not engine.ports.store.tx(lambda tx: tx.wakes(stage.subscription))
    stage.application.stop.set()
    Daemon(stage.application).run()
    assert engine.ports.store.tx(lambda tx: tx.wakes(stage.subscription))


@pytest.mark.parametrize(
    ("verbs", "left"), [(None, []), (frozenset({"pause"}), ["invoice run"])], ids=["met", "unmet"]
)
def test_rule_2_14_commands_are_answered_while_a_service_is_down(stage, verbs, left):
    daemon = Daemon(stage.application)
    for request in (PAUSE, INVOICES):
        stage.application.store.tx(lambda tx, request=request: tx.ask(request))
    waiting = Thread(target=daemon._failed, args=(Unavailable("down"), verbs))
    waiting.start()
    try:
        wait_for(lambda: asked(stage) == left)
    finally:
        stage.application.stop.set()
        waiting.join()
    assert is_paused(stage.application.engine)
