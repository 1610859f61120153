"""The oracle's book: the journal read in order, and what must stand on the lines because of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fractions import Fraction

from tests.money_year.calendar_oracle import (
    ARREARS,
    DAY,
    Commit,
    Contract,
    Move,
    Row,
    Subscription,
    exact,
    held,
)

DRAFT, ISSUED, VOID = 1, 126310000, 126310002
CREDIT_CARRIED = 126310005
EARLIEST = datetime.min.replace(tzinfo=UTC)
NEW = 126310000
"""A new subscription is charged with the next invoice, or with its next change."""
MOVES = {126310001, 126310002, 126310003, 126310006}
"""The kinds of logs that move seats."""


@dataclass(slots=True, kw_only=True)
class Book:
    """Contracts and subscriptions as the journal tells them."""

    adopted_on: date
    contracts: dict[str, Contract] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    issued: dict[str, date] = field(default_factory=dict)
    """Per contract, the day up to which cycles were invoiced."""
    is_adopted: bool = False
    now: datetime = EARLIEST
    decided: list[Subscription] = field(default_factory=list)

    def read(self, commits: Iterable[Commit]) -> None:
        """Go through the journal once."""
        for commit in commits:
            if commit.at != self.now:
                self._settle_decided()
            self.now = commit.at
            self._read(commit)
        self._settle_decided()

    def _read(self, commit: Commit) -> None:
        if commit.after is None:
            return
        match commit.table:
            case "sk_billingcontract":
                self.contracts[commit.id] = Contract(row=commit.after)
            case "sk_subscription":
                self._subscription(commit)
            case "sk_changelog" if commit.before is None:
                self._decide(commit.after)
            case "sk_invoice":
                self._invoice(commit)
            case "sk_invoiceline" if commit.before is None:
                self._line_by_hand(commit.after)

    def _decide(self, log: Row) -> None:
        """Take the log as the moment of the decision; what it says is not looked at."""
        one = self.subscriptions[log["_sk_subscriptionid_value"]]
        if log["sk_kind"] in {NEW, *MOVES}:
            one.decide()
        if log["sk_kind"] in MOVES:
            self.decided.append(one)

    def _settle_decided(self) -> None:
        for one in self.decided:
            self._settle(one, one.contract.local(self.now))
        self.decided.clear()

    def _subscription(self, commit: Commit) -> None:
        known, row = self.subscriptions.get(commit.id), commit.after
        assert row is not None
        contract = self.contracts[row["_sk_billingcontractid_value"]]
        if known is not None:
            known.contract = contract
            known.note(commit)
            return
        today = contract.local(commit.at)
        seats = held(row)
        fresh = Subscription(
            contract=contract,
            row=row,
            opening=0 if self.is_adopted else seats,
            bill_from=contract.cycle_of(max(today, self.adopted_on))[0],
        )
        if self.is_adopted:
            first_day = date.fromisoformat(row["sk_startdate"])
            fresh.waiting.append(Move(first_day=first_day, before=0, after=seats))
        self.subscriptions[commit.id] = fresh

    def _settle(self, one: Subscription, today: date) -> None:
        """Charge what a change charges at once."""
        cycle = one.contract.cycle_of(today)
        until = self.issued.get(one.contract.row["sk_billingcontractid"], date.min)
        if one.contract.row["sk_billingpolicy"] == ARREARS:
            waiting_from = min(cycle[0], until)
            one.charge(date.min, max(waiting_from, self._used_until(one, today)), today)
        else:
            one.charge(date.min, max(cycle[1], until), today)

    def _used_until(self, one: Subscription, today: date) -> date:
        """Return the end of the days that a deactivation charges at once."""
        last = one.facts[-1] if one.facts else None
        if last is None or last.move.after:
            return date.min
        return min(last.move.first_day, today + DAY)

    def _invoice(self, commit: Commit) -> None:
        row, before = commit.after, commit.before
        assert row is not None
        was_draft = before is None or before["statuscode"] == DRAFT
        if row["statuscode"] != ISSUED or not was_draft:
            return
        self._settle_decided()
        contract_id = row["_sk_billingcontractid_value"]
        start, end = (date.fromisoformat(row[name]) for name in ("sk_cyclestart", "sk_cycleend"))
        if self.contracts[contract_id].cycle_of(start) != (start, end):
            return  # an interim invoice issues what waits, and bills no cycle
        self.issued[contract_id] = max(end, self.issued.get(contract_id, end))
        if self.is_adopted:
            today = date.fromisoformat(row["sk_issuedon"])
            for one in self.of(contract_id):
                one.charge(date.min, end, today)

    def _line_by_hand(self, row: Row) -> None:
        """Take the recurring lines that people wrote before adoption as they stand."""
        if row["sk_calculatedamount"] is not None or self.is_adopted:
            return
        one = self.subscriptions[row["_sk_subscriptionid_value"]]
        start, end = (date.fromisoformat(row[name]) for name in ("sk_periodstart", "sk_periodend"))
        rate = exact(row["sk_amount"]) / row["sk_quantity"]
        for day in one.contract.days(start, end):
            one.seats[day] = [rate] * row["sk_quantity"]

    def of(self, contract_id: str) -> Iterator[Subscription]:
        for one in self.subscriptions.values():
            if one.contract.row["sk_billingcontractid"] == contract_id:
                yield one

    def desired(self, subscription: str, today: date) -> dict[tuple[date, date], Fraction]:
        """Return what must stand, per billed cycle of a subscription."""
        one = self.subscriptions[subscription]
        cycles = {one.contract.cycle_of(day) for day in one.seats}
        return {cycle: one.desired(cycle, today) for cycle in sorted(cycles)}
