"""What the sections of the configuration share."""

import re
from datetime import timedelta

from pydantic import BaseModel, ConfigDict

_WINDOW = re.compile(r"^(\d+)([smhd])$")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Section(BaseModel):
    """A part of the configuration; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def span(text: str) -> str:
    """Return a length of time as it is written; raise ValueError for anything else."""
    if not _WINDOW.match(text):
        raise ValueError("a time such as 30m, 1h or 1d is needed")
    return text


def span_length(told: str) -> timedelta:
    """Return how long a span is."""
    return timedelta(**{_UNITS[told[-1]]: int(told[:-1])})
