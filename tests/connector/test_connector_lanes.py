"""Lanes: a throttled service is left alone by all, and its hint bounds the calls at once."""

import threading
import time

import pytest

from connector.errors import NotSent
from connector.http import Call
from connector.lanes import Lanes
from tests.connector.scripted import Clockwork, Scripted, Told, http_to

URL = "https://host.example/api/x"
CALL = Call(method="GET", url=URL)
PATIENCE = 3.0


class Prolonged(Clockwork):
    """Time in which the first wait is prolonged by what another thread hears meanwhile."""

    def __init__(self):
        super().__init__()
        self.lanes = Lanes(self, 60.0)

    def sleep(self, seconds):
        if not self.slept:
            self.lanes.close("host", 30.0)
        super().sleep(seconds)


class Crowd:
    """A service in which calls wait for each other, and which knows how many were inside."""

    def __init__(self, meeting, hint):
        self.barrier = threading.Barrier(meeting)
        self.hint = hint
        self.lock = threading.Lock()
        self.inside = self.most = self.answered = 0
        self.adapter = Scripted(self.answer)

    def answer(self, request):
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        if self.answered:
            time.sleep(0.05)  # long enough for all that may come in
            self.barrier.wait(PATIENCE)
        with self.lock:
            self.inside -= 1
            self.answered += 1
        return Told(204, headers={"x-ms-dop-hint": self.hint})

    def visited(self, http, calls):
        """Call once, to hear the hint, then often at once; return the answers in time."""
        http.once(CALL)
        found = []
        threads = [
            threading.Thread(target=lambda: found.append(http.once(CALL).status), daemon=True)
            for _ in range(calls)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        return found


def test_no_call_is_sent_before_the_time_that_was_stated_last():
    effects = Prolonged()
    started = effects.monotonic()
    effects.lanes.close("host", 10.0)
    with effects.lanes.passing("host", "GET host"):
        assert effects.monotonic() == started + 30.0
    assert effects.slept == [10.0, 20.0]


def test_a_shorter_pause_does_not_shorten_a_longer_one():
    effects = Clockwork()
    lanes = Lanes(effects, 60.0)
    lanes.close("host", 30.0)
    lanes.close("host", 5.0)
    with lanes.passing("host", "GET host"):
        assert effects.slept == [30.0]


def test_a_pause_longer_than_a_call_may_wait_is_told_and_nothing_is_sent():
    lanes = Lanes(Clockwork(), 60.0)
    lanes.close("host", 90.0)
    with pytest.raises(NotSent, match="90 s") as caught, lanes.passing("host", "GET host"):
        pytest.fail("the lane was closed")
    assert caught.value.retry_after_seconds == 90.0
    with lanes.passing("other", "GET other"):
        pass


def test_the_hint_bounds_the_calls_that_are_under_way():
    crowd = Crowd(meeting=2, hint="2")
    assert crowd.visited(http_to(crowd.adapter, Clockwork()), 6) == [204] * 6
    assert crowd.most == 2


@pytest.mark.parametrize("hint", ["", "0", "-3", "many", "2.5"])
def test_what_is_no_hint_bounds_nothing(hint):
    crowd = Crowd(meeting=4, hint=hint)
    assert crowd.visited(http_to(crowd.adapter, Clockwork()), 4) == [204] * 4
    assert crowd.most == 4


def test_a_wider_hint_lets_waiting_calls_pass():
    lanes = Lanes(Clockwork(), 60.0)
    lanes.narrow("host", 1)
    passed = threading.Event()

    def second():
        with lanes.passing("host", "GET host"):
            passed.set()

    thread = threading.Thread(target=second, daemon=True)
    with lanes.passing("host", "GET host"):
        thread.start()
        assert not passed.wait(0.05)
        lanes.narrow("host", 2)
        assert passed.wait(PATIENCE)
    thread.join(PATIENCE)


def test_a_call_that_fails_gives_its_place_back():
    lanes = Lanes(Clockwork(), 60.0)
    lanes.narrow("host", 1)
    with pytest.raises(OSError, match="broken"), lanes.passing("host", "GET host"):
        raise OSError("broken")
    passed = threading.Event()

    def after():
        with lanes.passing("host", "GET host"):
            passed.set()

    threading.Thread(target=after, daemon=True).start()
    assert passed.wait(PATIENCE)


def test_a_limit_lets_no_more_calls_pass_in_any_minute():
    effects = Clockwork()
    lanes = Lanes(effects, 60.0)
    lanes.limit("host", 3)
    passed = []
    for _ in range(9):
        effects.time += 5.0
        with lanes.passing("host", "a call"):
            passed.append(effects.monotonic())
    assert all(later - earlier >= 60.0 for earlier, later in zip(passed, passed[3:], strict=False))
    assert passed[-1] - passed[0] == 130.0
    assert effects.slept == [45.0, 45.0]


def test_a_limit_of_one_service_holds_no_other():
    effects = Clockwork()
    lanes = Lanes(effects, 60.0)
    lanes.limit("host", 1)
    for name in ("host", "another", "another"):
        with lanes.passing(name, "a call"):
            pass
    assert effects.slept == []
