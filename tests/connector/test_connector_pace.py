"""Background work leaves room: a share of the minute's requests, after real work had its part."""

import pytest

from connector.pace import BURST_SECONDS, PER_MINUTE, Pace
from tests.connector.scripted import Clockwork


def asks_for(pace, effects, seconds, real_per_second=0.0):
    """Let background work ask for all it may, second by second; return how much that was."""
    background, debt = 0, 0.0
    for _ in range(seconds):
        debt += real_per_second
        while debt >= 1:
            pace.spend()
            debt -= 1
        for _ in range(pace.room()):
            pace.spend()
            background += 1
        effects.sleep(1)
    return background


@pytest.mark.parametrize("share", [10, 50, 90])
def test_background_work_keeps_to_its_share_of_a_minute(share):
    effects = Clockwork()
    asked = asks_for(Pace(effects, share), effects, 600)
    most = PER_MINUTE * share / 100 * (10 + BURST_SECONDS / 60)
    assert most * 0.95 <= asked <= most


def test_no_minute_sees_more_than_the_share_and_one_burst():
    effects = Clockwork()
    pace = Pace(effects, 50)
    effects.sleep(3600)
    assert asks_for(pace, effects, 60) <= 250 + 250 * BURST_SECONDS / 60


@pytest.mark.parametrize(("real", "left"), [(2.0, 130), (4.2, 0), (8.0, 0)])
def test_real_work_takes_from_the_share_and_never_waits(real, left):
    effects = Clockwork()
    pace = Pace(effects, 50)
    asks_for(pace, effects, 60, real)
    asked = asks_for(pace, effects, 60, real)
    assert left - 15 <= asked <= left + 15


def test_after_a_burst_of_real_work_background_work_goes_on_within_seconds():
    effects = Clockwork()
    pace = Pace(effects, 50)
    for _ in range(500):
        pace.spend()
    assert pace.room() == 0
    effects.sleep(BURST_SECONDS / 2)
    assert pace.room() == 0
    effects.sleep(BURST_SECONDS / 2 + 1)
    assert pace.room() > 0
