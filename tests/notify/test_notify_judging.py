"""What people are told, and when: once, with reminders, an all clear, and quiet hours."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from seatkeeper.notify.judging import (
    Concern,
    Habits,
    Kind,
    Message,
    Word,
    due_messages,
    scrubbed,
)
from sync.notices import Told

NOON = datetime(2025, 6, 16, 12, tzinfo=UTC)
NIGHT = datetime(2025, 6, 16, 23, tzinfo=UTC)
DAY = timedelta(hours=24)
ALWAYS = Habits(remind_after=DAY, quiet=None, zone=ZoneInfo("UTC"))
NIGHTLY = Habits(remind_after=DAY, quiet=(time(22), time(7)), zone=ZoneInfo("UTC"))


def concern(kind=Kind.PARKED, name="a", since=NOON):
    return Concern(kind=kind, name=name, sentence=f"{name} is wrong.", since=since)


def told(kind=Kind.PARKED, name="a", told_at=NOON):
    topic = f"{kind} {name}"
    return Told(topic=topic, sentence=f"{name} is wrong.", since=NOON, told_at=told_at)


def words(messages):
    return [(one.kind, one.word, len(one.told)) for one in messages]


def test_news_are_told_with_what_is_wrong_and_since_when():
    (message,) = due_messages([concern()], [], ALWAYS, NOON)
    assert message.title == "Seatkeeper: Set aside for a person"
    assert message.body == "a is wrong. Since 2025-06-16 12:00 UTC."
    assert message.told == (told(),)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        pytest.param(DAY - timedelta(seconds=1), [], id="known, not yet time for a reminder"),
        pytest.param(DAY, [(Kind.PARKED, Word.REMINDER, 1)], id="known, a reminder is due"),
    ],
)
def test_what_lasts_is_told_again_after_a_while_only(later, expected):
    assert words(due_messages([concern()], [told()], ALWAYS, NOON + later)) == expected


def test_a_reminder_keeps_since_when_it_is_wrong():
    late = NOON + 3 * DAY
    (message,) = due_messages([concern(since=late)], [told()], ALWAYS, late)
    assert message.told == (told(told_at=late),)
    assert message.title.startswith("Seatkeeper: Still: ")


def test_what_is_over_gets_an_all_clear():
    (message,) = due_messages([], [told()], ALWAYS, NOON)
    assert words([message]) == [(Kind.PARKED, Word.ALL_CLEAR, 1)]
    assert message.title == "Seatkeeper: All clear: Set aside for a person"


def test_what_was_over_before_anybody_was_told_is_not_told():
    assert due_messages([], [], ALWAYS, NOON) == []


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.GUARD, [Word.NEWS]),
        (Kind.SILENCE, [Word.NEWS]),
        (Kind.CREDENTIAL, []),
        (Kind.PARKED, []),
    ],
)
def test_in_quiet_hours_only_what_is_urgent_is_told(kind, expected):
    asked = [concern(kind)]
    assert [one.word for one in due_messages(asked, [], NIGHTLY, NIGHT)] == expected
    morning = NIGHT + timedelta(hours=8)
    assert [one.word for one in due_messages(asked, [], NIGHTLY, morning)] == [Word.NEWS]


@pytest.mark.parametrize("kind", list(Kind))
def test_an_all_clear_waits_for_the_morning(kind):
    known = [told(kind, told_at=NIGHT)]
    assert due_messages([], known, NIGHTLY, NIGHT) == []
    assert len(due_messages([], known, NIGHTLY, NIGHT + timedelta(hours=8))) == 1


@pytest.mark.parametrize(
    ("begin", "end", "hour", "quiet"),
    [
        (22, 7, "22:00", True),
        (22, 7, "06:59", True),
        (22, 7, "07:00", False),
        (22, 7, "21:59", False),
        (1, 5, "01:00", True),
        (1, 5, "05:00", False),
        (1, 5, "00:30", False),
    ],
)
def test_quiet_hours_may_reach_over_midnight_and_are_local(begin, end, hour, quiet):
    zone = ZoneInfo("Asia/Tokyo")
    habits = Habits(remind_after=DAY, quiet=(time(begin), time(end)), zone=zone)
    local = datetime.combine(NOON.date(), time.fromisoformat(hour), zone)
    assert habits.is_quiet(local.astimezone(UTC)) is quiet


def test_many_of_a_kind_are_one_message_that_counts_what_it_does_not_list():
    many = [concern(name=f"s{at:02}") for at in range(25)]
    urgent = concern(Kind.GUARD, "too-many-changes")
    first, second = due_messages([*many, urgent], [], ALWAYS, NOON)
    assert (first.kind, second.kind) == (Kind.GUARD, Kind.PARKED)
    assert second.title.endswith("(25)")
    assert second.body.splitlines()[-1] == "And 15 more."
    assert len(second.told) == 25


def test_no_secret_of_the_configuration_gets_into_a_message():
    message = Message(
        kind=Kind.PARKED, word=Word.NEWS, title="a canary", body="said canary, twice", told=()
    )
    clean = scrubbed(message, ["canary", "twice"])
    assert (clean.title, clean.body) == ("a ***", "said ***, ***")
