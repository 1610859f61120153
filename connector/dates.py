"""Dates and instants as the services write them.

Seen on the wire: `Z`, `+00:00`, no zone at all, 0 to 7 digits of a second, and blanks after
colons in Microsoft's own samples. No zone means UTC.
"""

import re
from datetime import UTC, date, datetime

FRACTION = re.compile(r"(\.\d{1,6})\d*")


def instant(value: str) -> datetime | None:
    """Return the aware instant in UTC; None for what is none."""
    compact = FRACTION.sub(r"\1", value.replace(" ", ""))
    try:
        parsed = datetime.fromisoformat(compact)
    except ValueError:
        return None
    return parsed.replace(tzinfo=parsed.tzinfo or UTC).astimezone(UTC)


def day(value: str) -> date | None:
    """Return the calendar day that is written, whatever its time; None for what is none."""
    try:
        return date.fromisoformat(value.strip()[:10])
    except ValueError:
        return None
