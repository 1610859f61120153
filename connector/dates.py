"""Dates and instants as the services write them.

Seen on the wire: `Z`, `+00:00`, no zone at all, 0 to 7 digits of a second, and blanks after
colons in Microsoft's own samples. No zone means UTC; the year 1 is .NET's word for "never".
"""

import re
from datetime import UTC, date, datetime

FRACTION = re.compile(r"(\.\d{1,6})\d*")
NEVER = 1
"""The year of .NET's smallest date, which stands for a date that is not set."""


def instant(value: str) -> datetime | None:
    """Return the aware instant in UTC; None for what is none."""
    compact = FRACTION.sub(r"\1", value.replace(" ", ""))
    try:
        parsed = datetime.fromisoformat(compact)
        zoned = parsed.replace(tzinfo=parsed.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):  # the last: another zone at the end of the calendar
        return None
    return None if parsed.year == NEVER else zoned


def day(value: str) -> date | None:
    """Return the calendar day that is written, whatever its time; None for what is none."""
    try:
        found = date.fromisoformat(value.strip()[:10])
    except ValueError:
        return None
    return None if found.year == NEVER else found
