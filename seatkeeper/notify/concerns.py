"""What is wrong now, read from the local state and the pulse; decides nothing about messages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from seatkeeper.notify.judging import Concern, Kind
from seatkeeper.set_aside import for_a_person
from sync import guard_memory
from sync.paused import paused_since
from sync.ports import Tx
from sync.standing import LAST_SUCCESS

_CREDENTIAL_DAYS = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What a look compares the state with."""

    now: datetime
    started_at: datetime
    silence: timedelta
    """Without a success for so long, people are told."""
    credentials: Mapping[str, datetime]
    """When a certificate of a service ends."""
    trouble: str
    """What the last cycle failed with; empty when it failed with nothing."""


def read_concerns(tx: Tx, watch: Watch) -> list[Concern]:
    """Return everything that a person should know; run it with `Store.look`."""
    return [*_guards(tx, watch), *_silence(tx, watch), *_credentials(watch), *_parked(tx)]


def _guards(tx: Tx, watch: Watch) -> Iterator[Concern]:
    for alarm in guard_memory.alarms(tx):
        sentence = f"{alarm.sentence} `seatkeeper plan` shows what waits."
        yield Concern(kind=Kind.GUARD, name=alarm.code, sentence=sentence, since=watch.now)


def _silence(tx: Tx, watch: Watch) -> Iterator[Concern]:
    text = tx.meta(LAST_SUCCESS)
    since = max(datetime.fromisoformat(text), watch.started_at) if text else watch.started_at
    if watch.now - since < watch.silence or paused_since(tx):
        return
    why = watch.trouble or "The log and `seatkeeper status` tell more."
    sentence = f"No cycle has ended without a failure: {why}"
    yield Concern(kind=Kind.SILENCE, name="cycle", sentence=sentence, since=since)


def _credentials(watch: Watch) -> Iterator[Concern]:
    for service, end in watch.credentials.items():
        if end - watch.now < _CREDENTIAL_DAYS:
            sentence = f"The certificate for {service} ends on {end:%Y-%m-%d}."
            yield Concern(
                kind=Kind.CREDENTIAL, name=service, sentence=sentence, since=end - _CREDENTIAL_DAYS
            )


def _parked(tx: Tx) -> Iterator[Concern]:
    for one in for_a_person(tx.parked()):
        sentence = f"{one.subject} ({one.code}): {one.reason} {one.advice}"
        yield Concern(
            kind=Kind.PARKED, name=f"{one.subject} {one.code}", sentence=sentence, since=one.since
        )
