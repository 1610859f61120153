"""What must be logged for what people did: a model of rules.md 3 that shares no code with it.

```
was        now         log            seats
active     suspended   Deactivation   n -> 0
paused     suspended   Deactivation   n -> 0
suspended  active      Activation     0 -> the row's quantity
active     paused      Pause          n -> n
paused     active      Resume         n -> n
not over   cancelled   Cancellation   n -> 0
active, another quantity above 0: Quantity Change; everything else is refused and logs nothing
```
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from tests.simulation.evidence import Commit, Row

PAIRS = {
    (0, 1): "active",
    (0, 126310000): "paused",
    (1, 2): "suspended",
    (1, 126310001): "cancelled",
}
QUANTITY, DEACTIVATION, ACTIVATION, PAUSE, RESUME, CANCELLATION = range(126310001, 126310007)
KINDS = {
    ("active", "suspended"): DEACTIVATION,
    ("paused", "suspended"): DEACTIVATION,
    ("suspended", "active"): ACTIVATION,
    ("active", "paused"): PAUSE,
    ("paused", "active"): RESUME,
    ("active", "cancelled"): CANCELLATION,
    ("paused", "cancelled"): CANCELLATION,
    ("suspended", "cancelled"): CANCELLATION,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The last state that was accepted."""

    status: str
    quantity: int

    @property
    def seats(self) -> int:
        return self.quantity if self.status in {"active", "paused"} else 0


@dataclass(frozen=True, slots=True)
class Logged:
    """A log that must be there, or one that is."""

    kind: int
    before: int
    after: int
    on: date


@dataclass(frozen=True, slots=True)
class Course:
    """What must have been logged, and where it ends."""

    logs: tuple[Logged, ...]
    ends: Standing
    steps: int
    """How often the row was saved with another status or quantity, refused ones included."""


def course(commits: Sequence[Commit]) -> Course:
    """Follow a subscription's row from its creation through everything that was committed."""
    first = next(one.after for one in commits if one.is_created)
    assert first is not None
    now = standing(first)
    logs: list[Logged] = []
    steps = 0
    told: date | None = None
    for one in commits:
        if one.before is None or one.after is None:
            continue
        told = _told(one.before, one.after, told)
        if standing(one.before) == standing(one.after):
            continue
        steps += 1
        on = told or one.day
        if one.by_us:
            on = date.fromisoformat(one.before["sk_deactivateon"])
        for kind, after in _moves(now, standing(one.after)):
            logs.append(Logged(kind, now.seats, after.seats, on))
            now = after
        told = None
    return Course(tuple(logs), now, steps)


def _told(before: Row, after: Row, earlier: date | None) -> date | None:
    """Return the day that was told for the next change; the same day again is not told anew."""
    day = after["sk_changeeffectiveon"]
    if day == before["sk_changeeffectiveon"]:
        return earlier
    return date.fromisoformat(day) if day else None


def _moves(was: Standing, now: Standing) -> Iterator[tuple[int, Standing]]:
    """Take the status first, then the quantity."""
    if now.status != was.status:
        kind = KINDS.get((was.status, now.status))
        if kind is None or (kind == ACTIVATION and now.quantity <= 0):
            return
        was = Standing(now.status, now.quantity if kind == ACTIVATION else was.quantity)
        yield kind, was
    if now.quantity != was.quantity and was.status == "active" and now.quantity > 0:
        yield QUANTITY, Standing("active", now.quantity)


def standing(row: Row) -> Standing:
    """Read where a row stands."""
    return Standing(PAIRS[row["statecode"], row["statuscode"]], row["sk_quantity"])


def logged(log: Row) -> Logged:
    """Read a log that is there."""
    return Logged(
        log["sk_kind"],
        log["sk_quantitybefore"],
        log["sk_quantityafter"],
        date.fromisoformat(log["sk_effectiveon"]),
    )
