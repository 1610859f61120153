"""What is kept of every root line, and which seats on which days no line covers.

Seats are a stack: root lines cover it bottom first, and the last seats added leave first.
Computes; decides nothing about lines.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from billing.lines import BilledLine
from billing.money import less_percent
from billing.periods import ONE_DAY, Frequency, Period, cycles
from billing.roots import Root, roots_of, unit_on, voided_of
from billing.shares import share, unit_at
from billing.terms import ProrateUnit, Terms
from billing.timeline import DayState, LoggedChange, Price, Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Days on which some seats of a root line are not kept."""

    period: Period
    seats: int
    unit: ProrateUnit
    worth: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Seats and days that are active and that no line covers, at one price.

    `at_bottom` says that the fixed discount of a cycle belongs to this piece.
    """

    cycle: Period
    period: Period
    seats: int
    price: Price
    at_bottom: bool
    unit: ProrateUnit
    change: LoggedChange | None

    def worth(self, anchor: date) -> Fraction:
        """Return the exact charge; a fixed discount never makes it a credit."""
        part = share(self.period, self.cycle, self.unit, anchor)
        whole = less_percent(Fraction(self.price.unit_price), self.price.discount_percent)
        fixed = Fraction(self.price.discount_amount) if self.at_bottom else Fraction(0)
        return max(Fraction(0), (whole * self.seats - fixed) * part)

    def follows(self, other: "Piece") -> bool:
        """Say whether the two are one run of equal seats."""
        return (
            other.period.end == self.period.start
            and (other.cycle, other.seats, other.price) == (self.cycle, self.seats, self.price)
            and (other.at_bottom, other.unit) == (self.at_bottom, self.unit)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A subscription's timeline beside its billed root lines."""

    timeline: Timeline
    terms: Terms
    roots: tuple[Root, ...]
    voided: tuple[Root, ...]
    """Void root lines that were corrected elsewhere; they cover no seats."""
    cuts: frozenset[date]

    def with_timeline(self, timeline: Timeline) -> "Ledger":
        """Look at the same lines through another timeline, with the same runs of days."""
        return replace(self, timeline=timeline)

    def lost(self, root: Root) -> list[Lost]:
        """List the runs of days on which seats of a root are not kept."""
        runs = (self._lost_on(run, root) for run in root.period.split(self.cuts))
        return [run for run in runs if run.seats]

    def kept(self, root: Root) -> Fraction:
        """Return the exact amount that is desired of a root."""
        return max(
            Fraction(0), root.full - sum((run.worth for run in self.lost(root)), Fraction(0))
        )

    def governed_share(self, period: Period) -> Fraction:
        """Return the share of a period's days that any change governs."""
        runs = period.split(self.cuts)
        days = sum(run.days for run in runs if self.timeline.governing(run.start))
        return Fraction(days, period.days) if period.days else Fraction(0)

    def _lost_on(self, run: Period, root: Root) -> Lost:
        unit = unit_on(run.start, self.timeline, self.terms)
        kept = self._kept_seats(run, root, unit)
        part = share(run, root.frame, unit, self.terms.anchor)
        lost = root.seats - kept
        return Lost(period=run, seats=lost, unit=unit, worth=root.seat_rate * lost * part)

    def _kept_seats(self, run: Period, root: Root, unit: ProrateUnit) -> int:
        held = [state.held for state in self._states(run, root.frame, unit)]
        known = [seats for seats in held if seats is not None]
        if len(known) < len(held):
            return root.seats
        return min(root.seats, max(0, max(known) - self._level_below(run.start, root)))

    def _states(self, run: Period, frame: Period, unit: ProrateUnit) -> list[DayState]:
        """Return the states that count for a run: all of its unit, or its own (rule 4.11)."""
        whole = unit_at(run.start, frame, unit, self.terms.anchor)
        runs = whole.split(self.cuts) if whole else [run]
        return [self.timeline.state_on(one.start) for one in runs]

    def _level_below(self, day: date, root: Root) -> int:
        below = self.roots[: self.roots.index(root)]
        return sum(one.seats for one in below if one.period.contains(day))

    def covered(self, day: date) -> int:
        return sum(root.seats for root in self.roots if root.period.contains(day))

    def uncovered(self, within: Period) -> list[Piece]:
        """List the active seats and days that no root covers, as runs of equal seats."""
        pieces: list[Piece] = []
        for cycle in cycles(self.terms.anchor, self.terms.frequency, within.start, within.end):
            for run in cycle.clamp(within).split(self.cuts):
                for piece in self._uncovered_on(run, cycle):
                    _append(pieces, piece)
        return pieces

    def _uncovered_on(self, run: Period, cycle: Period) -> Iterator[Piece]:
        unit = unit_on(run.start, self.timeline, self.terms)
        top = max(self._states(run, cycle, unit), key=lambda state: state.seats)
        covered, bottom = self.covered(run.start), 0
        for seats, price, change in self._priced(top, cycle):
            open_seats = min(seats, bottom + seats - covered)
            if open_seats > 0:
                yield Piece(
                    cycle=cycle,
                    period=run,
                    seats=open_seats,
                    price=price,
                    at_bottom=bottom == 0 and covered == 0,
                    unit=unit,
                    change=change,
                )
            bottom += seats

    def _priced(
        self, state: DayState, cycle: Period
    ) -> list[tuple[int, Price, LoggedChange | None]]:
        """Price the layers of a day: as on their log if it took effect in the cycle, else today's.

        Layers of one price are one layer.
        """
        priced: list[tuple[int, Price, LoggedChange | None]] = []
        for layer in state.layers:
            change = self._within(layer.change, cycle)
            price, seats = change.price if change else self.timeline.price, layer.seats
            if priced and priced[-1][1] == price:
                seats += priced.pop()[0]
            priced.append((seats, price, change))
        return priced

    def _within(self, change: LoggedChange | None, cycle: Period) -> LoggedChange | None:
        is_within = change is not None and self.timeline.first_day(change) >= cycle.start
        return change if is_within else None


def ledger_of(
    timeline: Timeline, terms: Terms, billed: Sequence[BilledLine], until: date
) -> Ledger:
    """Lay a timeline beside its lines; days before `until` can be looked at."""
    bounded = timeline.until(terms.ends_on)
    roots = roots_of(bounded, terms, billed)
    cuts = bounded.cuts() | {day for root in roots for day in (root.period.start, root.period.end)}
    return Ledger(
        timeline=bounded,
        terms=terms,
        roots=roots,
        voided=voided_of(billed),
        cuts=cuts | _months(bounded, terms, cuts, until),
    )


def _months(timeline: Timeline, terms: Terms, cuts: Iterable[date], until: date) -> frozenset[date]:
    units = {terms.prorate_unit, *(change.prorate_unit for change in timeline.changes)}
    if ProrateUnit.MONTHS not in units:
        return frozenset()
    days = sorted({*cuts, terms.anchor, until})
    months = cycles(terms.anchor, Frequency.MONTHLY, days[0], days[-1] + ONE_DAY)
    return frozenset(month.start for month in months)


def _append(pieces: list[Piece], piece: Piece) -> None:
    """Join a piece to the run it goes on with."""
    for place, before in enumerate(pieces):
        if piece.follows(before):
            joined = Period(before.period.start, piece.period.end)
            pieces[place] = replace(before, period=joined)
            return
    pieces.append(piece)
