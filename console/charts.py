"""Small time charts as SVG, drawn here: no script, and the figures as text beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

_BAR, _GAP, HEIGHT = 9, 2, 56


class Width(StrEnum):
    """How wide the intervals of a chart are."""

    DAY = "day"
    HOUR = "hour"


_STEP = {Width.HOUR: timedelta(hours=1), Width.DAY: timedelta(days=1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One interval, placed in the chart."""

    x: int
    y: float
    height: float
    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Counts of equal intervals, the latest at the right."""

    title: str
    unit: str
    bars: Sequence[Bar]

    @property
    def width(self) -> int:
        return len(self.bars) * (_BAR + _GAP)

    @property
    def bar_width(self) -> int:
        return _BAR

    @property
    def height(self) -> int:
        return HEIGHT

    @property
    def total(self) -> int:
        return sum(bar.count for bar in self.bars)

    @property
    def most(self) -> int:
        return max((bar.count for bar in self.bars), default=0)

    @property
    def told(self) -> str:
        """Say in words what the picture shows."""
        if not self.total:
            return f"{self.title}: none in {len(self.bars)} {self.unit}s."
        busiest = max(self.bars, key=lambda bar: bar.count)
        return (
            f"{self.title}: {self.total} in {len(self.bars)} {self.unit}s, at most {busiest.count}"
            f" in one {self.unit} ({busiest.label})."
        )


def edges(width: Width, now: datetime, intervals: int) -> list[datetime]:
    """Return the instants between which a chart counts; the last interval holds `now`."""
    begin = now.replace(minute=0, second=0, microsecond=0)
    if width is Width.DAY:
        begin = begin.replace(hour=0)
    first = begin - _STEP[width] * (intervals - 1)
    return [first + _STEP[width] * number for number in range(intervals + 1)]


def chart(title: str, counts: Sequence[int], width: Width, starts: Sequence[datetime]) -> Chart:
    """Place the counts of intervals that begin at the given instants."""
    most = max([*counts, 1])
    bars = [
        _bar(number, count / most, count, _label(width, start))
        for number, (start, count) in enumerate(zip(starts, counts, strict=False))
    ]
    return Chart(title=title, unit=width.value, bars=bars)


def _bar(number: int, share: float, count: int, label: str) -> Bar:
    height = round(share * (HEIGHT - 2), 1) if count else 1
    x = number * (_BAR + _GAP)
    return Bar(x=x, y=round(HEIGHT - height, 1), height=height, label=label, count=count)


def _label(width: Width, start: datetime) -> str:
    return f"{start:%H}:00 UTC" if width is Width.HOUR else f"{start:%Y-%m-%d}"
