"""What moved on a root line since it was last settled: the runs of days behind a correction.

The lines themselves do not say which days they were for, so the state that they settle is looked
up: the latest shorter history of changes for which nothing would be due.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from billing.ledger import Ledger, Lost
from billing.money import exact_unit
from billing.periods import ONE_DAY, Period
from billing.positions import Position, position_of
from billing.roots import Root
from billing.timeline import LoggedChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """Runs of days whose kept seats changed; `seats` above zero leave, below zero come back.

    `runs` is empty when no history explains the lines, as after an edit.
    """

    runs: tuple[Lost, ...]
    period: Period
    change: LoggedChange | None
    ended_on: date | None = None
    """The contract's end, where that is the cause."""

    @property
    def seats(self) -> int:
        """The most seats that move on one day."""
        return max((abs(run.seats) for run in self.runs), default=0)


def moves_of(position: Position, ledger: Ledger) -> Moves:
    """Find the days that a correction is for, and the change that it follows from."""
    root = position.root
    if root.is_void:
        return Moves(runs=(), period=root.period, change=None)
    if ended := _ended(position, ledger):
        return ended
    before = _settled_before(position, ledger)
    runs = tuple(_moved(root, before, ledger)) if before else ()
    days = runs or tuple(ledger.lost(root))
    period = Period(days[0].period.start, days[-1].period.end) if days else root.period
    return Moves(runs=runs, period=period, change=ledger.timeline.governing(period.start))


def _ended(position: Position, ledger: Ledger) -> Moves | None:
    """Find the days behind the contract's end, when nothing but the end is the cause."""
    ends_on = ledger.timeline.ends_on
    if ends_on is None or position.root.period.end <= ends_on + ONE_DAY:
        return None
    open_ended = ledger.with_timeline(ledger.timeline.until(None))
    if not _explains(open_ended, position, exact_unit(ledger.terms.currency)):
        return None
    runs = tuple(_moved(position.root, open_ended, ledger))
    if not runs:
        return None
    period = Period(runs[0].period.start, runs[-1].period.end)
    return Moves(runs=runs, period=period, change=None, ended_on=ends_on)


def _settled_before(position: Position, ledger: Ledger) -> Ledger | None:
    unit = exact_unit(ledger.terms.currency)
    for count in reversed(range(len(ledger.timeline.changes))):
        before = ledger.with_timeline(ledger.timeline.before(count))
        if _explains(before, position, unit):
            return before
    return None


def _explains(before: Ledger, position: Position, unit: Fraction) -> bool:
    """Tell whether nothing was due in another view, and this one differs by what is due now."""
    past, difference = position_of(position.root, before), position.kept - position.standing
    return abs(past.kept - past.standing) <= unit and (
        abs(position.kept - past.kept - difference) <= unit
    )


def _moved(root: Root, before: Ledger, now: Ledger) -> Iterator[Lost]:
    """Subtract the runs of two views; both are cut at the same days."""
    gone = [replace(run, seats=-run.seats, worth=-run.worth) for run in before.lost(root)]
    by_day: dict[date, Lost] = {}
    for run in (*gone, *now.lost(root)):
        by_day[run.period.start] = _together(by_day.get(run.period.start), run)
    yield from _joined([by_day[day] for day in sorted(by_day) if by_day[day].seats])


def _together(one: Lost | None, other: Lost) -> Lost:
    if one is None:
        return other
    return replace(other, seats=one.seats + other.seats, worth=one.worth + other.worth)


def _joined(runs: list[Lost]) -> Iterator[Lost]:
    pending: Lost | None = None
    for run in runs:
        if pending and _goes_on(pending, run):
            period = Period(pending.period.start, run.period.end)
            pending = replace(pending, period=period, worth=pending.worth + run.worth)
            continue
        if pending:
            yield pending
        pending = run
    if pending:
        yield pending


def _goes_on(run: Lost, following: Lost) -> bool:
    return run.period.end == following.period.start and (run.seats, run.unit) == (
        following.seats,
        following.unit,
    )
