"""What health says of a daemon in each condition: pure answers, no socket and no daemon."""

import json
import re
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from seatkeeper.health import HealthApp, livez, readyz
from seatkeeper.metrics import GUARDS, Sources
from seatkeeper.pulse import Pulse
from seatkeeper.tally import Tally
from store.memory import MemoryStore
from sync import guard_memory, guards
from sync.guards import Alarm
from sync.remote import SignInFailed, Unavailable
from sync.state import DamagedStateError, Fact, Parked, Point, Source, Wake
from tests.operating.watched import value_of

NOON = datetime(2025, 6, 16, 12, tzinfo=UTC)


class Stopwatch:
    """A monotonic clock that a test moves."""

    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def watch():
    return Stopwatch()


@pytest.fixture
def pulse(watch):
    return Pulse(poll_seconds=30, monotonic=watch)


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def sources(store, pulse):
    return Sources(
        store=store,
        pulse=pulse,
        tally=Tally(),
        facts=lambda: {"mode": "apply", "mapping_hash": "abc"},
        credentials={"dataverse": NOON},
    )


def checks(sources):
    answer = readyz(sources)
    told = json.loads(answer.content)
    assert told["ready"] is (answer.status == 200)
    return {name: said for name, said in told["checks"].items() if said != "ok"}


def scraped(sources):
    """Return the metrics as they are sent."""
    heard = []
    environ = {"PATH_INFO": "/metrics", "REQUEST_METHOD": "GET"}
    (content,) = HealthApp(sources)(environ, lambda status, _: heard.append(status))
    return heard[0], content.decode()


@pytest.mark.parametrize(
    ("poll_seconds", "silent", "status"),
    [
        pytest.param(30, 149, 200, id="a call that hangs is no silence"),
        pytest.param(30, 151, 503, id="nothing for longer than any call may take"),
        pytest.param(600, 1799, 200, id="three intervals, where they are long"),
        pytest.param(600, 1801, 503, id="more than three intervals"),
    ],
)
def test_it_is_live_while_the_work_loop_gives_signs(watch, poll_seconds, silent, status):
    pulse = Pulse(poll_seconds=poll_seconds, monotonic=watch)
    pulse.begun()
    watch.seconds += silent
    assert livez(pulse).status == status


def test_an_answered_call_is_a_sign_of_life(watch, pulse):
    watch.seconds += 200
    assert livez(pulse).status == 503
    pulse.beat()
    assert livez(pulse).status == 200


def test_a_service_that_is_down_leaves_it_live_and_not_ready(pulse, sources):
    pulse.worked(NOON)
    pulse.failed(Unavailable("dataverse does not answer"))
    assert livez(pulse).status == 200
    assert checks(sources) == {"services": "dataverse does not answer"}


def test_a_sign_in_that_fails_is_told_apart(pulse, sources):
    pulse.worked(NOON)
    pulse.failed(SignInFailed("the secret has expired"))
    assert checks(sources) == {"sign_in": "the secret has expired"}


def test_an_error_that_nobody_foresaw_is_not_shown_in_its_own_words(pulse, sources):
    pulse.worked(NOON)
    pulse.failed(ValueError("canary"))
    assert checks(sources) == {"services": "the last cycle failed; see the log"}


def test_it_is_not_ready_before_the_organisation_was_met(sources):
    assert set(checks(sources)) == {"sign_in", "services"}


def test_it_is_not_ready_while_a_guard_is_tripped(pulse, store, sources):
    pulse.worked(NOON)
    assert checks(sources) == {}
    alarm = Alarm("too-many-changes", "201 changes")
    store.tx(lambda tx: guard_memory.set_alarms(tx, [alarm]))
    assert checks(sources) == {"guard": "tripped: too-many-changes"}


def test_a_paused_daemon_is_ready_and_says_since_when(pulse, store, sources):
    pulse.worked(NOON)
    store.tx(lambda tx: tx.set_meta("paused", NOON.isoformat()))
    answer = readyz(sources)
    assert answer.status == 200
    assert json.loads(answer.content)["paused_since"] == NOON.isoformat()


class _Damaged(MemoryStore):
    def look(self, fn):
        raise DamagedStateError("the state is damaged")


def test_a_damaged_state_is_not_ready_and_has_no_figures(pulse):
    pulse.worked(NOON)
    sources = Sources(store=_Damaged(), pulse=pulse, tally=Tally(), facts=dict, credentials={})
    assert checks(sources) == {"store": "the state is damaged"}
    status, text = scraped(sources)
    assert status == "503 Service Unavailable"
    assert "see the log" in text


def fact(key, subject, at):
    return Fact(
        key=key,
        subscription_id=subject,
        point=Point((1, 2), 0),
        status_changed=True,
        quantity_changed=False,
        source=Source.OBSERVED,
        at=at,
    )


def _wake(tx, wake):
    tx.wake(wake)


def parked(subject, code):
    return Parked(subject=subject, code=code, reason="", advice="", since=NOON)


def test_the_oldest_open_change_is_aged_by_business_time_and_parked_ones_do_not_count(
    watch, pulse, store, sources
):
    pulse.worked(NOON)
    facts = [
        fact("a", "s-parked", NOON - timedelta(hours=9)),
        fact("b", "s-a", NOON - timedelta(seconds=30)),
        fact("c", "s-b", NOON - timedelta(seconds=600)),
    ]
    woken = [Wake(subscription_id=one, reason="") for one in ("s-parked", "s-a", "s-b")]
    store.tx(lambda tx: (tx.add_facts(facts), tx.park(parked("s-parked", "refused"))))
    for wake in woken:
        store.tx(partial(_wake, wake=wake))
    watch.seconds += 60
    _, text = scraped(sources)
    assert value_of(text, "seatkeeper_outbox_oldest_age_seconds") == 660
    assert value_of(text, "seatkeeper_changes_waiting") == 3
    assert value_of(text, "seatkeeper_uncertain_changes") == 3
    assert 'seatkeeper_parked{code="refused"} 1.0' in text


def test_the_delta_links_age_while_nothing_is_read(watch, pulse, store, sources):
    pulse.worked(NOON)
    store.tx(lambda tx: tx.set_meta("last_poll", (NOON - timedelta(days=6)).isoformat()))
    watch.seconds += 5
    _, text = scraped(sources)
    assert 'seatkeeper_delta_token_age_seconds{side="dataverse"} 518405.0' in text
    assert value_of(text, "seatkeeper_last_success_timestamp_seconds") == 0


def test_the_end_of_a_certificate_is_told(sources):
    _, text = scraped(sources)
    name = r'seatkeeper_credential_expiry_timestamp_seconds\{service="dataverse"\}'
    assert float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE).group(1)) == NOON.timestamp()


def test_a_tripped_guard_is_told_by_its_code(store, sources):
    store.tx(lambda tx: guard_memory.set_alarms(tx, [Alarm("side-short", "")]))
    _, text = scraped(sources)
    assert 'seatkeeper_guard_tripped{guard="side-short"} 1.0' in text
    assert 'seatkeeper_guard_tripped{guard="too-many-changes"} 0.0' in text


def test_rule_4_18_what_the_daily_look_found_is_told_by_its_name(watch, pulse, store, sources):
    _, before = scraped(sources)
    assert "seatkeeper_invariant_violations" not in before  # 0 would say that all is well
    assert value_of(before, "seatkeeper_invariants_judged_timestamp_seconds") == 0
    found = {"at": NOON.isoformat(), "violations": {"seats": 2}, "findings": {"credit owed": 1}}
    store.tx(lambda tx: tx.set_meta("invariants judged", json.dumps(found)))
    _, text = scraped(sources)
    assert 'seatkeeper_invariant_violations{invariant="seats"} 2.0' in text
    assert 'seatkeeper_invariant_violations{invariant="invoice total"} 0.0' in text
    assert 'seatkeeper_findings{finding="credit owed"} 1.0' in text
    judged_at = value_of(text, "seatkeeper_invariants_judged_timestamp_seconds")
    assert judged_at == NOON.timestamp()


def test_every_guard_that_can_trip_has_a_figure():
    source = Path(guards.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r'Alarm\("([a-z-]+)"', source)) == set(GUARDS)
