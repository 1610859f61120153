"""Which messages are due: pure. What is wrong, what people were told, and the hour decide.

wrong now | told before | message
--------- | ----------- | --------------------------------------------------------
yes       | no          | news; in quiet hours only when it is urgent
yes       | yes         | a reminder, when the last word is `remind_after` old
no        | yes         | the all clear; when the quiet hours are over
no        | no          | none: what is over before anybody was told is not told
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from zoneinfo import ZoneInfo

from sync.notices import Told

_LISTED = 10
"""So many sentences stand in one message; the others are counted."""


class Kind(StrEnum):
    """What a message is about; one message tells all news of a kind."""

    GUARD = "guard"
    SILENCE = "silence"
    CREDENTIAL = "credential"
    PARKED = "parked"


class Word(StrEnum):
    """What is said of a trouble."""

    NEWS = "news"
    REMINDER = "reminder"
    ALL_CLEAR = "all clear"


URGENT = frozenset({Kind.GUARD, Kind.SILENCE})
"""Nothing is sent, or nothing works: these wake people."""

_TITLES: Mapping[Kind, str] = {
    Kind.GUARD: "A guard tripped, nothing is sent",
    Kind.SILENCE: "Nothing has worked for a while",
    Kind.CREDENTIAL: "A credential ends soon",
    Kind.PARKED: "Set aside for a person",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """Something that is wrong now."""

    kind: Kind
    name: str
    sentence: str
    since: datetime

    @property
    def topic(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """When people want to be told."""

    remind_after: timedelta
    quiet: tuple[time, time] | None
    zone: ZoneInfo

    def is_quiet(self, now: datetime) -> bool:
        """Tell whether an instant lies in the quiet hours, which may reach over midnight."""
        if self.quiet is None:
            return False
        begin, end = self.quiet
        hour = now.astimezone(self.zone).time()
        return begin <= hour < end if begin <= end else hour >= begin or hour < end


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, and what is to be remembered once it has gone out."""

    kind: Kind
    word: Word
    title: str
    body: str
    told: tuple[Told, ...]


def due_messages(
    concerns: Iterable[Concern], told: Iterable[Told], habits: Habits, now: datetime
) -> list[Message]:
    """Return the messages that are due now, the urgent kinds first."""
    known = {one.topic: one for one in told}
    wrong = {one.topic: one for one in concerns}
    words = [*_of_wrong(wrong, known, habits, now), *_of_mended(wrong, known)]
    wanted = [one for one in words if _is_wanted(one, quiet=habits.is_quiet(now))]
    order = {kind: at for at, kind in enumerate(Kind)}
    wanted.sort(key=lambda one: (order[one[0]], one[1], one[2].since, one[2].topic))
    return [
        _message(kind, word, [one for _, _, one in group])
        for (kind, word), group in groupby(wanted, key=lambda one: one[:2])
    ]


_Line = tuple[Kind, Word, Told]


def _of_wrong(
    wrong: Mapping[str, Concern], known: Mapping[str, Told], habits: Habits, now: datetime
) -> list[_Line]:
    found: list[_Line] = []
    for topic, one in wrong.items():
        before = known.get(topic)
        if before is not None and now - before.told_at < habits.remind_after:
            continue
        word = Word.NEWS if before is None else Word.REMINDER
        since = one.since if before is None else before.since
        fresh = Told(topic=topic, sentence=one.sentence, since=since, told_at=now)
        found.append((one.kind, word, fresh))
    return found


def _of_mended(wrong: Mapping[str, Concern], known: Mapping[str, Told]) -> list[_Line]:
    return [
        (Kind(topic.partition(" ")[0]), Word.ALL_CLEAR, one)
        for topic, one in known.items()
        if topic not in wrong
    ]


def _is_wanted(line: _Line, *, quiet: bool) -> bool:
    kind, word, _ = line
    return not quiet or (kind in URGENT and word is not Word.ALL_CLEAR)


def _message(kind: Kind, word: Word, told: Sequence[Told]) -> Message:
    heads = {Word.NEWS: "", Word.REMINDER: "Still: ", Word.ALL_CLEAR: "All clear: "}
    count = f" ({len(told)})" if len(told) > 1 else ""
    lines = [f"{one.sentence} Since {_shown(one.since)}." for one in told[:_LISTED]]
    if len(told) > _LISTED:
        lines.append(f"And {len(told) - _LISTED} more.")
    title = f"Seatkeeper: {heads[word]}{_TITLES[kind]}{count}"
    return Message(kind=kind, word=word, title=title, body="\n".join(lines), told=tuple(told))


def scrubbed(message: Message, secrets: Iterable[str]) -> Message:
    """Return a message in which no secret of the configuration stands, whoever put it there."""
    title, body = message.title, message.body
    for secret in secrets:
        title, body = title.replace(secret, "***"), body.replace(secret, "***")
    return replace(message, title=title, body=body)


def _shown(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
