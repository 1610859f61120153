"""The section `partner_sweep`: when all that Partner Center holds is listed and compared."""

import re
from datetime import time, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from seatkeeper.config_parts import Section
from sync.sweep_state import SweepPlan

_HOUR = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$")
_YAML_HOURS = range(60, 24 * 60)
"""What YAML makes of a bare 1:00 to 23:59."""


def _hour(told: object) -> object:
    """Read an hour of the day; YAML takes a bare 12:30 for a number, and a bare off for false."""
    if told is False or told == "off":
        return None
    if isinstance(told, int) and told in _YAML_HOURS:
        return time(told // 60, told % 60)
    if told is not None and not isinstance(told, time) and not _HOUR.match(str(told)):
        raise ValueError('a time such as "02:00" (UTC), or off, is needed')
    return told


class PartnerSweepConfig(Section):
    """When everything that Partner Center holds is listed and compared."""

    at: Annotated[time | None, BeforeValidator(_hour)] = time(2)
    jitter_minutes: int = Field(default=60, ge=0, le=720)
    share_percent: int = Field(default=50, ge=1, le=90)

    @property
    def plan(self) -> SweepPlan:
        return SweepPlan(at=self.at, jitter=timedelta(minutes=self.jitter_minutes))
