"""The rounds at the providers, in the daemon and in `run --once` (rules.md 1.3)."""

from dataclasses import replace

import pytest

from seatkeeper import partners as module
from seatkeeper.commands.running import one_cycle
from seatkeeper.partners import Partners
from seatkeeper.requested import RequestRefusedError, run_request
from sync.partner_round import run_partner_round, sweep_on
from sync.remote import SignInFailed
from sync.state import DamagedStateError
from sync.sweep_state import SweepPlan, sweep_state
from tests.drift.listening import CONNECTOR, changes_by_hand, gets, suspects


@pytest.fixture
def told(stage):
    """Return the events that the engine's log is told."""
    events = []

    class Told:
        def info(self, event, /, **facts):
            events.append((event, facts.get("service")))

        def warning(self, event, /, **facts):
            events.append((event, facts.get("service")))

    engine = stage.application.engine
    engine.ports = replace(engine.ports, log=Told())
    return events


@pytest.fixture
def known(stage):
    """Hear and sweep, so that both sides have their base."""
    run_partner_round(stage.application.engine, whole=True)
    stage.on("2025-06-10", "12:10")
    return stage


def test_a_change_at_partner_center_comes_to_dynamics_by_a_round_and_a_cycle(known):
    changes_by_hand(known, quantity=12)
    known.runs()
    assert known.now_row["sk_quantity"] == 10
    run_partner_round(known.application.engine)
    known.runs()
    assert known.now_row["sk_quantity"] == 12
    assert suspects(known) == {}


def test_run_once_hears_and_follows_in_one_go(known):
    changes_by_hand(known, quantity=12)
    one_cycle(known.application)
    assert known.now_row["sk_quantity"] == 12


def test_run_once_lists_everything_only_when_it_is_asked_to(stage):
    mark = stage.mark
    one_cycle(stage.application)
    assert gets(stage, mark) == ["auditrecords"]
    mark = stage.mark
    one_cycle(stage.application, sweep=True)
    assert gets(stage, mark) == [
        "auditrecords", "customers", f"customers/{stage.tenant}/subscriptions",
    ]  # fmt: skip


def test_a_cycle_by_itself_asks_partner_center_for_nothing(known):
    mark = known.mark
    known.runs()
    assert gets(known, mark) == []


def test_a_slice_without_anything_to_list_asks_nobody(known):
    mark = known.mark
    sweep_on(known.application.engine)
    assert known.requests_since(mark) == []


def test_the_daemon_begins_a_sweep_when_its_hour_has_come(stage):
    stage.application.engine.sweeps = SweepPlan()
    Partners(stage.application.engine).sweep()
    assert stage.application.store.tx(lambda tx: sweep_state(tx, CONNECTOR)).ended == ""
    run_request(stage.application.engine, "drift sweep", "{}")
    Partners(stage.application.engine).sweep()
    assert stage.application.store.tx(lambda tx: sweep_state(tx, CONNECTOR)).ended


def test_without_a_connection_nothing_can_be_swept(stage):
    engine = stage.application.engine
    engine.ports = replace(engine.ports, feeds={}, providers={})
    with pytest.raises(RequestRefusedError, match="no connection"):
        run_request(engine, "drift sweep", "{}")


def test_a_refused_sign_in_is_said_once_and_so_is_its_end(stage, told, monkeypatch):
    partners = Partners(stage.application.engine)
    feed = stage.application.engine.ports.feeds[CONNECTOR]

    def refuses(_):
        raise SignInFailed("no")

    with monkeypatch.context() as patch:
        patch.setattr(feed, "changes", refuses)
        partners.hear()
        partners.hear()
    partners.hear()
    partners.hear()
    said = [one for one in told if one[1]]
    assert said == [("service unavailable", CONNECTOR), ("service is back", CONNECTOR)]


def test_an_outage_is_said_by_the_connector_alone(stage, told):
    stage.fails(service="partner_center", status=503, times=99)
    Partners(stage.application.engine).hear()
    assert told == []


@pytest.mark.parametrize("job", ["hear", "sweep"])
def test_what_nobody_foresaw_ends_no_daemon(stage, told, monkeypatch, job):
    def breaks(*_):
        raise ValueError

    monkeypatch.setattr(module, "run_partner_round", breaks)
    monkeypatch.setattr(module, "sweep_on", breaks)
    getattr(Partners(stage.application.engine), job)()
    assert told == [("partner round failed", None)]


def test_a_damaged_state_is_not_passed_over(stage, monkeypatch):
    def breaks(*_):
        raise DamagedStateError("torn")

    monkeypatch.setattr(module, "run_partner_round", breaks)
    with pytest.raises(DamagedStateError):
        Partners(stage.application.engine).hear()
