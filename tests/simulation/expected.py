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
A row that we wrote follows Partner Center, unless a deactivate-on date was reached: there nothing
is refused, and a term that went on is a Renewal.
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
    (1, 126310002): "expired",
}
QUANTITY, DEACTIVATION, ACTIVATION, PAUSE, RESUME, CANCELLATION = range(126310001, 126310007)
RENEWAL, EXPIRY = 126310007, 126310008
DYNAMICS, PARTNER_CENTER = 126310000, 126310001
ENDS = {"suspended": DEACTIVATION, "cancelled": CANCELLATION, "expired": EXPIRY}
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
    on: date | None
    """None for a change that came over: its day is judged by the licence."""
    foreign: bool = False


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
        if is_renewed(one):
            logs.append(Logged(RENEWAL, now.seats, now.seats, None, foreign=True))
            steps += 1
        if standing(one.before) == standing(one.after):
            continue
        steps += 1
        on = None if is_followed(one) else told or one.day
        if one.by_us and not is_followed(one):
            on = date.fromisoformat(one.before["sk_deactivateon"])
        moves = _followed if is_followed(one) else _moves
        for kind, after in moves(now, standing(one.after)):
            logs.append(Logged(kind, now.seats, after.seats, on, foreign=is_followed(one)))
            now = after
        told = None
    return Course(tuple(logs), now, steps)


def is_followed(one: Commit) -> bool:
    """Tell a write of ours that takes over where a licence stands."""
    if not one.by_us or one.before is None or one.after is None:
        return False
    is_due = one.before.get("sk_deactivateon") and not one.after.get("sk_deactivateon")
    return not is_due and standing(one.before) != standing(one.after)


def is_renewed(one: Commit) -> bool:
    """Tell a write of ours that takes over a term that went on."""
    if not one.by_us or one.before is None or one.after is None:
        return False
    before, after = one.before.get("sk_termenddate"), one.after.get("sk_termenddate")
    return before != after and bool(after) and (not before or after > before)


def _followed(was: Standing, now: Standing) -> Iterator[tuple[int, Standing]]:
    """Follow a licence: back to use, then the seats, then the end; nothing is refused."""
    if now.status == "active" != was.status:
        kind = RESUME if was.status == "paused" else ACTIVATION
        was = Standing("active", was.quantity if was.seats else now.quantity)
        yield kind, was
    if now.quantity != was.quantity:
        was = Standing(was.status, now.quantity)
        yield QUANTITY, was
    if now.status != was.status:
        yield ENDS[now.status], now


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
        None if is_foreign(log) else date.fromisoformat(log["sk_effectiveon"]),
        foreign=is_foreign(log),
    )


def is_foreign(log: Row) -> bool:
    """Tell a log of a change that was made at Partner Center."""
    return bool(log.get("sk_origin") == PARTNER_CENTER)
