"""How many seats a subscription has on a day, by its change logs (rules 4.1, 4.3, 4.5).

Reads only what was frozen on the logs. Knows nothing of lines or amounts.

Changes count by day, then by sequence: the state of a day is what the logs in force on it leave,
taken in the order in which they were written. So a back-dated deactivation that was entered after
a later quantity change still ends in zero seats.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from billing.periods import ONE_DAY
from billing.terms import ChangeDay, ProrateUnit, RefundDecision

# Values of sk_kind that mean more here than their quantities do.
NEW = "new"
REPRICING = frozenset({"price_change", "renewal"})


class AfterEnd(StrEnum):
    """What is kept of days that were billed beyond the contract's end (rules 4.5, 4.12)."""

    DECLINED = "declined"
    """Nothing, but for days of a declined change and days before adoption."""
    EVERYTHING = "everything"
    """All that was billed: the gates decline a refund."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The price of a seat for one billing cycle; the fixed discount is for all seats together."""

    unit_price: Decimal
    discount_percent: Decimal
    discount_amount: Decimal
    tax_percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedChange:
    """A change log: what changed, and the settings that were in force when it was decided.

    `kind` is the value of sk_kind in lower snake case, as in `lifecycle.states.LogKind`.
    `sequence` rises in the order in which the logs were written.
    """

    effective_on: date
    sequence: int
    kind: str
    quantity_before: int
    quantity_after: int
    change_day: ChangeDay
    refund_decision: RefundDecision
    unit_price: Decimal
    discount_percent: Decimal
    discount_amount: Decimal
    tax_percent: Decimal
    prorate_unit: ProrateUnit
    log_id: str
    change_key: str

    @property
    def price(self) -> Price:
        return Price(
            unit_price=self.unit_price,
            discount_percent=self.discount_percent,
            discount_amount=self.discount_amount,
            tax_percent=self.tax_percent,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Some of a day's seats, and the change they came with; None means from the opening."""

    seats: int
    change: LoggedChange | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayState:
    """The seats of a day.

    `layers` are the seats as a stack, bottom first: the last seats added leave first (rule 4.7).
    `held` is how many seats billed lines keep: more than there are under a declined change, and
    None for all that was billed, as long as no change governs the day.
    """

    layers: tuple[Layer, ...]
    held: int | None
    governing: LoggedChange | None
    is_off: bool

    @property
    def seats(self) -> int:
        return sum(layer.seats for layer in self.layers)

    @property
    def declined(self) -> bool:
        return self.governing is not None and self.governing.refund_decision.declined

    def after(self, change: LoggedChange) -> "DayState":
        """Return the state that a change leaves.

        before -> after   effect
        n -> n            no seats move: a new price at most (pause, resume, renewal)
        n -> 0            all seats leave, off
        0 -> n            all seats come back, on
        n -> m, on        the quantity is m
        n -> m, off       nothing: recorded for a time when the subscription was on
        """
        if change.quantity_before == change.quantity_after:
            return self._repriced(change)
        if self.is_off and change.quantity_before and change.quantity_after:
            return self
        layers = () if self.is_off else self.layers
        return DayState(
            layers=_restacked(layers, change),
            held=self._held_after(change),
            governing=change,
            is_off=change.quantity_after == 0,
        )

    def _repriced(self, change: LoggedChange) -> "DayState":
        if change.kind not in REPRICING or not self.layers:
            return self
        return replace(self, layers=(Layer(seats=self.seats, change=change),))

    def _held_after(self, change: LoggedChange) -> int | None:
        if not change.refund_decision.declined:
            return change.quantity_after
        return None if self.held is None else max(self.held, change.quantity_after)


def _restacked(layers: tuple[Layer, ...], change: LoggedChange) -> tuple[Layer, ...]:
    missing = change.quantity_after
    stack = []
    for layer in layers:
        stack.append(replace(layer, seats=min(layer.seats, missing)))
        missing -= stack[-1].seats
    stack.append(Layer(seats=missing, change=change))
    return tuple(layer for layer in stack if layer.seats)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The seats of a subscription over time.

    `starts_on` (sk_startdate) is a billed day; None when it is not known.
    `bill_from` is the first day that may ever be charged (rule 4.6); None when there is no limit.
    `ends_on` (the contract's sk_enddate) is the last billed day; None when it is open.
    `after_end` says what is kept of billed days behind it.
    `price` is today's.
    """

    opening_quantity: int
    changes: tuple[LoggedChange, ...]
    starts_on: date | None
    bill_from: date | None
    price: Price
    ends_on: date | None = None
    after_end: AfterEnd = AfterEnd.DECLINED
    _states: dict[date, DayState] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What was worked out already: a settlement asks for the same days many times."""

    def __post_init__(self) -> None:
        in_order = sorted(self.changes, key=lambda change: (change.sequence, change.log_id))
        object.__setattr__(self, "changes", tuple(in_order))

    def first_day(self, change: LoggedChange) -> date:
        """Return the first day of the new state; the day a subscription starts is billed."""
        if change.kind == NEW:
            return self.starts_on or change.effective_on
        if change.change_day is ChangeDay.NEW_STATE:
            return change.effective_on
        return change.effective_on + ONE_DAY

    def state_on(self, day: date) -> DayState:
        """Return the state of a day: what the changes in force leave, within start and end."""
        state = self._states.get(day)
        if state is None:
            state = self._states[day] = self._worked_out(day)
        return state

    def _worked_out(self, day: date) -> DayState:
        state = self._opening()
        for change in self.changes:
            if self.first_day(change) <= day:
                state = state.after(change)
        if self.ends_on is not None and day > self.ends_on:
            return replace(state, layers=(), held=self._held_after_end(day, state))
        # A start date moved later charges less, but gives no credit: nobody decided one.
        is_early = self.starts_on is not None and day < self.starts_on
        return replace(state, layers=()) if is_early else state

    def _held_after_end(self, day: date, state: DayState) -> int | None:
        if self.after_end is AfterEnd.DECLINED:
            return state.held if self._is_history(day) or state.declined else 0
        return state.held if self.after_end is AfterEnd.EVERYTHING else 0

    def seats_on(self, day: date) -> int:
        return self.state_on(day).seats

    def governing(self, day: date) -> LoggedChange | None:
        """Return the change whose state the day has; None before the first."""
        return self.state_on(day).governing

    def is_declined(self, day: date) -> bool:
        """Say whether the day is under a change for which a refund was declined."""
        return self.state_on(day).declined

    def cuts(self) -> frozenset[date]:
        """Return the days on which the state may be another than the day before."""
        days = {self.first_day(change) for change in self.changes}
        if self.starts_on is not None:
            days.add(self.starts_on)
        if self.ends_on is not None:
            days.add(self.ends_on + ONE_DAY)
        if self.bill_from is not None:
            days.add(self.bill_from)
        return frozenset(days)

    def known_on(self, day: date) -> "Timeline":
        """Leave out the changes that take effect after a day."""
        return self._with(change for change in self.changes if change.effective_on <= day)

    def before(self, count: int) -> "Timeline":
        """Return the timeline as it was when only the first changes had been written."""
        return self._with(self.changes[:count])

    def until(self, last_day: date | None) -> "Timeline":
        """Bound the timeline by the contract's end (rule 4.12)."""
        return replace(self, ends_on=last_day)

    def giving_back(self, after_end: AfterEnd) -> "Timeline":
        """Look at the days behind the contract's end otherwise."""
        return replace(self, after_end=after_end)

    def _is_history(self, day: date) -> bool:
        """Say whether the day was invoiced before adoption, and is kept as billed (rule 4.6)."""
        return self.bill_from is not None and day < self.bill_from

    def _with(self, changes: Iterable[LoggedChange]) -> "Timeline":
        return replace(self, changes=tuple(changes))

    def _opening(self) -> DayState:
        opening = Layer(seats=self.opening_quantity, change=None)
        return DayState(
            layers=(opening,) if opening.seats else (), held=None, governing=None, is_off=False
        )
