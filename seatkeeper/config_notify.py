"""The section `notify`: who is told what is wrong, and when."""

import re
from datetime import time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr

from seatkeeper.config_parts import Section, span, span_length

_HOURS = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$")


def _hours(text: str) -> str:
    if not _HOURS.match(text):
        raise ValueError('hours such as "22:00-07:00" are needed')
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("an IANA name such as Europe/Berlin is needed") from None
    return name


class NotifyConfig(Section):
    """Messages to people; none by default."""

    urls: list[SecretStr] = Field(default_factory=list)
    quiet_hours: Annotated[str, AfterValidator(_hours)] | None = None
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    remind_after: Annotated[str, AfterValidator(span)] = "24h"
    silent_intervals: int = Field(default=20, ge=2)

    @property
    def quiet(self) -> tuple[time, time] | None:
        if self.quiet_hours is None:
            return None
        begin, _, end = self.quiet_hours.partition("-")
        return time.fromisoformat(begin), time.fromisoformat(end)

    @property
    def time_zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def remind_length(self) -> timedelta:
        return span_length(self.remind_after)
