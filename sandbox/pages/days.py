"""Days for people: inclusive spans of time, and today in a contract's zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.clock import parse_instant
from sandbox.pages.reading import Row

ONE_DAY = timedelta(days=1)


def zone_of(contract: Row | None) -> str:
    """Return the name of the zone in which a contract counts its days."""
    return str((contract and contract["sk_timezone"]) or "UTC")


def today(now: datetime, contract: Row | None) -> date:
    return now.astimezone(ZoneInfo(zone_of(contract))).date()


def day(text: str | date | None) -> str:
    """Write a day: 6 June 2026; empty for none."""
    if not text:
        return ""
    written = text if isinstance(text, date) else date.fromisoformat(text[:10])
    return f"{written.day} {written:%B %Y}"


def moment(text: str | datetime | None) -> str:
    """Write an instant to the minute, in UTC; empty for none."""
    if not text:
        return ""
    at = (text if isinstance(text, datetime) else parse_instant(text)).astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M}"


def span(start: str | date | None, end: str | date | None) -> str:
    """Write a half-open period with both days included: 1-30 June 2026; empty for none."""
    if not start or not end:
        return ""
    first = start if isinstance(start, date) else date.fromisoformat(start)
    after = end if isinstance(end, date) else date.fromisoformat(end)
    last = after - ONE_DAY
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}\N{EN DASH}{day(last)}" if first != last else day(last)
    left = f"{first.day} {first:%B}" if first.year == last.year else day(first)
    return f"{left} \N{EN DASH} {day(last)}"


def age(since: str | None, now: datetime) -> int:
    """Return the whole days since an instant."""
    return (now - parse_instant(since)).days if since else 0
