"""An oracle that bills day by day from the sandbox's journal; it imports nothing of ours.

It reads the committed rows of contracts and subscriptions, keeps for every day of every billed
cycle the seats that were charged and at which price, and adds up what stands.
The rules it follows are those of rules.md 4, written down a second time.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from sandbox.journal import Entry, EntryType

Row = Mapping[str, Any]

FIRST = 126310000
MONTHS = {FIRST: 1, FIRST + 1: 3, FIRST + 2: 12, FIRST + 3: 36}
ARREARS = FIRST + 1
BY_MONTHS, BY_CYCLE, BY_THIRTY = FIRST + 1, FIRST + 2, FIRST + 3
USE_CONTRACT, APPLY = FIRST, FIRST + 1
REFUNDS = {FIRST: True, FIRST + 1: True, FIRST + 2: False}
"""What the contract says; the global setting of these years is yes."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A row before and after somebody's write."""

    at: datetime
    table: str
    id: str
    before: Row | None
    after: Row | None


def commits_of(entries: Iterator[Entry]) -> Iterator[Commit]:
    """Yield the writes to Dataverse in their order."""
    for entry in entries:
        if entry.type is EntryType.COMMIT and entry.service == "dataverse":
            yield Commit(
                at=datetime.fromisoformat(entry.at),
                table=str(entry.table),
                id=str(entry.id),
                before=orjson.loads(entry.before) if entry.before else None,
                after=orjson.loads(entry.after) if entry.after else None,
            )


def exact(value: object) -> Fraction:
    """Read a number of the journal exactly, as it is written."""
    return Fraction(str(value or 0))


# --- the calendar --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """How a contract cuts time."""

    row: Row

    @property
    def anchor(self) -> date:
        return date.fromisoformat(self.row["sk_startdate"])

    def boundary(self, number: int) -> date:
        """Return the first day of a cycle; the day of the anchor, or the last of its month."""
        months = self.anchor.year * 12 + self.anchor.month - 1
        year, month = divmod(months + number * MONTHS[self.row["sk_frequency"]], 12)
        return date(year, month + 1, min(self.anchor.day, monthrange(year, month + 1)[1]))

    def cycle_of(self, day: date) -> tuple[date, date]:
        number = 0
        while self.boundary(number) > day:
            number -= 1
        while self.boundary(number + 1) <= day:
            number += 1
        return self.boundary(number), self.boundary(number + 1)

    def days(self, start: date, end: date) -> list[date]:
        return [start + DAY * n for n in range((end - start).days)]

    def weights(self, start: date, end: date) -> dict[date, Fraction]:
        """Return the share of the cycle that each day is."""
        days = self.days(start, end)
        unit = self.row["sk_prorateunit"]
        if unit == BY_THIRTY:
            whole = self._thirty(end) - self._thirty(start)
            return {
                one: Fraction(self._thirty(one + DAY) - self._thirty(one), whole) for one in days
            }
        if unit == BY_MONTHS:
            months = self._months(start, end)
            return {one: Fraction(1, len(months) * len(month)) for month in months for one in month}
        return {one: Fraction(1, len(days)) for one in days}

    def together(self, start: date, end: date) -> list[list[date]]:
        """Return the days of which the highest quantity counts for all."""
        unit = self.row["sk_prorateunit"]
        if unit == BY_MONTHS:
            return self._months(start, end)
        if unit == BY_CYCLE:
            return [self.days(start, end)]
        return [[one] for one in self.days(start, end)]

    def _months(self, start: date, end: date) -> list[list[date]]:
        months: list[list[date]] = []
        for one in self.days(start, end):
            last = monthrange(one.year, one.month)[1]
            if not months or one.day == min(self.anchor.day, last):
                months.append([])
            months[-1].append(one)
        return months

    def _thirty(self, day: date) -> int:
        at_end = day.day == monthrange(day.year, day.month)[1]
        of_month = 30 if at_end and self.anchor.day > 28 else min(day.day, 30)
        return day.year * 360 + day.month * 30 + of_month

    def local(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.row["sk_timezone"])).date()

    @property
    def last_day(self) -> date:
        told = self.row["sk_enddate"]
        return date.fromisoformat(told) if told else date.max


# --- what happened -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Seats that changed; the day of a change belongs to the old state."""

    first_day: date
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A move, and what was frozen when it was decided."""

    move: Move
    price: Fraction
    declined: bool


@dataclass(slots=True, kw_only=True)
class Subscription:
    """One subscription, its charged days and what stands of them."""

    contract: Contract
    row: Row
    opening: int
    bill_from: date
    waiting: list[Move] = field(default_factory=list)
    logged_early: int = 0
    facts: list[Fact] = field(default_factory=list)
    seats: dict[date, list[Fraction]] = field(default_factory=dict)
    """Per day, the prices of the seats that were charged, bottom first."""

    @property
    def price(self) -> Fraction:
        return exact(self.row["sk_unitprice"]) * (1 - exact(self.row["sk_discountpercent"]) / 100)

    def note(self, commit: Commit) -> None:
        """Take a new version of the row; a change of seats waits for its decision."""
        assert commit.before is not None
        assert commit.after is not None
        self.row = commit.after
        was, now = held(commit.before), held(commit.after)
        if was != now:
            first_day = self._effective_on(commit) + DAY
            self.waiting.append(Move(first_day=first_day, before=was, after=now))
            if self.logged_early:
                self.logged_early -= 1
                self.decide()

    def decide(self) -> None:
        """Freeze the next change as it is decided: today's price, and whether it is refunded.

        The log of a scheduled deactivation stands before its row in their change set.
        """
        if not self.waiting:
            self.logged_early += 1
            return
        move = self.waiting.pop(0)
        is_less = move.after < move.before
        self.facts.append(
            Fact(move=move, price=self.price, declined=is_less and not self._refunds())
        )

    def _refunds(self) -> bool:
        choice = self.row["sk_refundchoice"] or USE_CONTRACT
        if choice == USE_CONTRACT:
            return REFUNDS[self.contract.row["sk_processrefunds"]]
        return choice == APPLY

    def _effective_on(self, commit: Commit) -> date:
        before, after = commit.before or {}, commit.after or {}
        planned = before.get("sk_deactivateon")
        if planned and not after.get("sk_deactivateon"):
            return date.fromisoformat(planned)
        told = after.get("sk_changeeffectiveon")
        if told == before.get("sk_changeeffectiveon"):
            told = None  # it was entered for an earlier change
        return date.fromisoformat(told) if told else self.contract.local(commit.at)

    # --- the state of a day --------------------------------------------------------------------

    def state(self, day: date, today: date) -> tuple[list[Fact | None], int | None]:
        """Return whose each seat of a day is, and how many charged seats are kept."""
        stack: list[Fact | None] = [None] * self.opening
        kept: int | None = None
        is_off = is_declined = False
        for fact in self.facts:
            move = fact.move
            late = move.first_day > day or move.first_day - DAY > today
            if late or (is_off and move.before and move.after):
                continue
            base = [] if is_off else stack
            stack = [*base[: move.after], *[fact] * (move.after - len(base))]
            if not fact.declined:
                kept = move.after
            elif kept is not None:
                kept = max(kept, move.after)
            is_off, is_declined = move.after == 0, fact.declined
        if day > self.contract.last_day:
            return [], kept if is_declined else 0
        start = self.row["sk_startdate"]
        return ([] if start and day < date.fromisoformat(start) else stack), kept

    # --- charging ------------------------------------------------------------------------------

    def charge(self, start: date, end: date, today: date) -> None:
        """Charge every seat of these days that no charge covers yet."""
        for cycle in self._cycles(max(start, self.bill_from, self.contract.anchor), end):
            for unit in self.contract.together(*cycle):
                wanted = [one for one in unit if max(start, self.bill_from) <= one < end]
                if wanted:
                    self._charge_unit(cycle, unit, wanted, today)

    def _charge_unit(
        self, cycle: tuple[date, date], unit: Sequence[date], wanted: Sequence[date], today: date
    ) -> None:
        stack = max((self.state(one, today)[0] for one in unit), key=len)
        for one in wanted if len(unit) == 1 else unit:
            charged = self.seats.setdefault(one, [])
            if len(charged) < len(stack):
                prices = [self._price(fact, cycle) for fact in stack[len(charged) :]]
                charged += self._less_fixed(prices) if not charged else prices

    def _less_fixed(self, prices: list[Fraction]) -> list[Fraction]:
        """Take the fixed discount off the lowest seats of one price, each its part."""
        fixed = exact(self.row["sk_discountamount"])
        block = list(takewhile(lambda one: one == prices[0], prices))
        return [one - fixed / len(block) for one in block] + prices[len(block) :]

    def _price(self, fact: Fact | None, cycle: tuple[date, date]) -> Fraction:
        return fact.price if fact and fact.move.first_day >= cycle[0] else self.price

    def _cycles(self, start: date, end: date) -> Iterator[tuple[date, date]]:
        while start < end:
            cycle = self.contract.cycle_of(start)
            yield cycle
            start = cycle[1]

    def desired(self, cycle: tuple[date, date], today: date) -> Fraction:
        """Return what is to stand for a cycle, exactly."""
        weights = self.contract.weights(*cycle)
        total = Fraction(0)
        for unit in self.contract.together(*cycle):
            kepts = [self.state(one, today)[1] for one in unit]
            known = [one for one in kepts if one is not None]
            kept = max(known) if len(known) == len(kepts) else None
            total += sum(weights[one] * sum(self.seats.get(one, [])[:kept]) for one in unit)
        return total


def held(row: Row) -> int:
    """Return the seats of a row: a paused subscription is billed like an active one."""
    return int(row["sk_quantity"]) if row["statecode"] == 0 else 0
