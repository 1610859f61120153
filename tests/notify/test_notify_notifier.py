"""A daemon's messages: what it is concerned about, what it remembers, what a failure does."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from seatkeeper.notify.by_apprise import AppriseTransport
from seatkeeper.notify.concerns import Watch, read_concerns
from seatkeeper.notify.judging import Habits, Kind
from seatkeeper.notify.notifier import Notifier, UntoldError
from seatkeeper.yaml_files import ConfigurationError
from store.sqlite import SqliteStore
from sync import guard_memory
from sync.guards import Alarm
from sync.standing import LAST_SUCCESS
from tests.store.values import parked

NOON = datetime(2025, 6, 16, 12, tzinfo=UTC)
SILENCE = timedelta(minutes=10)
OLD_PLUGIN = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
"""A plug-in of apprise uses it."""


class Letters:
    """A transport that keeps what it is given, or does not take it."""

    def __init__(self, trouble=None):
        self.taken, self.trouble = [], trouble

    def tell(self, title, body):
        if self.trouble:
            raise self.trouble
        self.taken.append((title, body))


@pytest.fixture
def store():
    opened = SqliteStore(":memory:")
    opened.tx(lambda tx: tx.set_meta(LAST_SUCCESS, NOON.isoformat()))
    yield opened
    opened.close()


def watch(**fields):
    given = {
        "now": NOON,
        "started_at": NOON - timedelta(hours=1),
        "silence": SILENCE,
        "credentials": {},
        "trouble": "",
        **fields,
    }
    return Watch(**given)


def notifier_on(store, letters, **fields):
    habits = Habits(
        remind_after=timedelta(hours=24), quiet=(time(22), time(7)), zone=ZoneInfo("UTC")
    )
    return Notifier(
        store=store,
        transport=letters,
        habits=habits,
        watch=lambda: watch(**fields),
        secrets=("canary",),
    )


def kinds(store, **fields):
    return [one.kind for one in store.look(lambda tx: read_concerns(tx, watch(**fields)))]


def test_nobody_is_told_while_all_is_well(store):
    assert kinds(store) == []


def test_a_tripped_guard_is_a_concern(store):
    store.tx(lambda tx: guard_memory.set_alarms(tx, [Alarm(code="too-many-changes", sentence="x")]))
    assert kinds(store) == [Kind.GUARD]


def test_what_is_parked_is_a_concern_but_not_what_lies_outside_the_scope(store):
    store.tx(lambda tx: tx.park(parked("a")))
    store.tx(lambda tx: tx.park(parked("b", code="out-of-scope")))
    (found,) = store.look(lambda tx: read_concerns(tx, watch()))
    assert found.topic.startswith("parked a ")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"now": NOON + SILENCE}, [Kind.SILENCE]),
        ({"now": NOON + SILENCE - timedelta(seconds=1)}, []),
        ({"now": NOON + SILENCE, "started_at": NOON + timedelta(minutes=9)}, []),
    ],
    ids=["long ago", "lately", "long ago, but it has only just been started"],
)
def test_no_success_for_a_while_is_a_concern(store, fields, expected):
    assert kinds(store, **fields) == expected


def test_who_paused_it_knows_that_nothing_is_done(store):
    store.tx(lambda tx: tx.set_meta("paused", NOON.isoformat()))
    assert kinds(store, now=NOON + SILENCE) == []


@pytest.mark.parametrize(("days", "expected"), [(13, [Kind.CREDENTIAL]), (15, [])])
def test_a_certificate_that_ends_soon_is_a_concern(store, days, expected):
    ends = {"dataverse": NOON + timedelta(days=days)}
    assert kinds(store, credentials=ends) == expected


def test_a_restart_repeats_nothing_and_the_all_clear_comes_once(store):
    store.tx(lambda tx: tx.park(parked("a")))
    first, second = Letters(), Letters()
    notifier_on(store, first).look()
    notifier_on(store, second).look()
    assert (len(first.taken), second.taken) == (1, [])
    store.tx(lambda tx: tx.unpark("a"))
    for _ in range(2):
        notifier_on(store, second).look()
    assert [title for title, _ in second.taken] == ["Seatkeeper: All clear: Set aside for a person"]


def test_a_message_holds_no_secret(store):
    store.tx(lambda tx: tx.park(parked("a", reason="The service said canary.")))
    letters = Letters()
    with capture_logs() as logged:
        notifier_on(store, letters).look()
    assert "***" in letters.taken[0][1]
    assert "canary" not in repr(letters.taken) + repr(logged)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [(UntoldError("nobody took it"), "nobody took it"), (ValueError("https://canary@x"), "Value")],
)
def test_a_message_that_does_not_go_out_is_logged_once_and_told_later(store, trouble, said):
    store.tx(lambda tx: tx.park(parked("a")))
    letters = Letters(trouble)
    notifier = notifier_on(store, letters)
    with capture_logs() as logged:
        notifier.look()
        notifier.look()
        letters.trouble = None
        notifier.look()
    events = [one["event"] for one in logged]
    assert events == ["notification failed", "notified", "notifications go out again"]
    assert logged[0]["error"].startswith(said)
    assert "canary" not in repr(logged)
    assert len(letters.taken) == 1


@OLD_PLUGIN
def test_an_address_that_apprise_does_not_know_is_named_by_its_place_alone():
    with pytest.raises(ConfigurationError) as caught:
        AppriseTransport(["json://localhost/hook", "canary://secret"])
    (problem,) = caught.value.problems
    assert problem.field == "notify.urls.1"
    assert "canary" not in str(problem)


@OLD_PLUGIN
def test_an_address_that_nobody_answers_is_told_without_it(capfd, caplog):
    transport = AppriseTransport(["json://user:canary@127.0.0.1:9/hook"])
    with pytest.raises(UntoldError, match="none of 1 addresses") as caught:
        transport.tell("title", "body")
    told = capfd.readouterr()
    assert "canary" not in f"{caught.value}{told.out}{told.err}"
    assert caplog.records == []
