"""The judge: reads only the sandbox's journal, and knows the rules but none of Seatkeeper's code.

Prices of the site: 100.00 a month for 10 seats, June invoiced; the day of a change belongs to
the old state.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import orjson

from sandbox.journal import EntryType
from sandbox.world import World

Row = dict[str, Any]
PAIRS = {(0, 1): "active", (0, 126310000): "paused", (1, 2): "suspended"}
KINDS = {
    ("active", "suspended"): 126310002,
    ("paused", "suspended"): 126310002,
    ("suspended", "active"): 126310003,
    ("active", "paused"): 126310004,
    ("paused", "active"): 126310005,
}
CLOSED = {126310001, 126310002}
STOPPED = {"suspended", "paused"}
PRICE = Decimal(100)
JUNE = date(2025, 6, 1)
DAYS = 30
CREATED_BY_US = "sk_calculatedamount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One committed mutation."""

    seq: int
    service: str
    client: str
    table: str
    id: str
    before: Row | None
    after: Row | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A status change that a person committed."""

    was: str
    now: str
    on: date


class Oracle:
    """What must be true once everything is quiet."""

    def __init__(self, world: World) -> None:
        self._ours = world.client_id
        self.commits = [_commit(entry) for entry in _commits(world)]

    # --- what people did -----------------------------------------------------------------------

    def changes(self, subscription: str) -> list[Change]:
        """Return the status changes of a subscription, in order."""
        found = []
        for one in self._of("sk_subscription", subscription):
            was, now = _status(one.before), _status(one.after)
            if was and now and was != now:
                found.append(Change(was=was, now=now, on=one.at.date()))
        return found

    # --- what Seatkeeper did -------------------------------------------------------------------

    def logs(self, subscription: str) -> list[Row]:
        """Return the logs that were created for it, in order of creation."""
        return [
            row
            for row in self._created("sk_changelog")
            if row["_sk_subscriptionid_value"] == subscription
        ]

    def lines(self, subscription: str) -> list[Row]:
        """Return the lines that Seatkeeper created for it."""
        return [
            row
            for row in self._created("sk_invoiceline")
            if row["_sk_subscriptionid_value"] == subscription and row[CREATED_BY_US] is not None
        ]

    def provider_writes(self, licence: str) -> list[tuple[str, str]]:
        """Return the status changes that were committed at the provider."""
        return [
            (one.before["status"], one.after["status"])
            for one in self._of("subscription", licence, service="partner_center")
            if one.before and one.after and one.client == self._ours
        ]

    def licence(self, licence: str) -> Row:
        last = self._of("subscription", licence, service="partner_center")[-1].after
        assert last is not None
        return last

    # --- the judgement -------------------------------------------------------------------------

    def judge(self, subscription: str, licence: str | None) -> None:
        """Hold one subscription against what must have followed."""
        self.judge_logs(subscription)
        self.judge_outcomes(subscription)
        self.judge_money(subscription)
        if licence:
            self.judge_provider(subscription, licence)

    def judge_logs(self, subscription: str) -> None:
        """Exactly one log per committed status change, in order, never twice."""
        expected = [KINDS[one.was, one.now] for one in self.changes(subscription)]
        logs = self.logs(subscription)
        assert [log["sk_kind"] for log in logs] == expected
        assert [log["sk_sequence"] for log in logs] == list(range(1, len(logs) + 1))
        keys = Counter(log["sk_changekey"] for log in logs)
        assert not [key for key, times in keys.items() if times > 1]
        assert not [one for one in self.commits if one.table == "sk_changelog" and not one.after]
        assert _sum_of_moves(logs) == (-10 if _ends(logs) == "suspended" else 0)

    def judge_outcomes(self, subscription: str) -> None:
        """Every log was closed: provisioned, or superseded by a later one."""
        last = {one.id: one.after for one in self.commits if one.table == "sk_changelog"}
        mine = [row for row in last.values() if row["_sk_subscriptionid_value"] == subscription]
        assert [
            row["sk_message"] for row in mine if row["sk_provisioningstatus"] not in CLOSED
        ] == []

    def judge_money(self, subscription: str) -> None:
        """Lines of June = what June is worth minus what was invoiced, to the cent."""
        lines = [line for line in self.lines(subscription) if line["sk_periodend"] <= "2025-07-01"]
        total = sum((Decimal(str(line["sk_amount"])) for line in lines), Decimal(0))
        exact = PRICE * self.days_on(subscription) / DAYS - PRICE
        assert abs(total - exact) <= Decimal("0.005"), f"{total} is not {exact}"

    def days_on(self, subscription: str) -> int:
        """Count the billed days of June: a change counts from the day after it."""
        changes = self.changes(subscription)
        return sum(1 for day in _june() if _state_on(day, changes) != "suspended")

    def days_by_logs(self, moves: Sequence[tuple[str, str]]) -> int:
        """Count the billed days of June by (effective date, state after) of the logs."""
        changes = [Change(was="", now=now, on=date.fromisoformat(on)) for on, now in moves]
        return sum(1 for day in _june() if _state_on(day, changes) != "suspended")

    def judge_provider(self, subscription: str, licence: str) -> None:
        """Hold the provider against the CRM; nothing was flipped more often than needed."""
        changes = self.changes(subscription)
        wanted = "suspended" if changes and changes[-1].now in STOPPED else "active"
        now = self.licence(licence)
        assert now["status"] == wanted
        flips = [pair for pair in self.provider_writes(licence) if pair[0] != pair[1]]
        assert len(flips) <= _flips(changes)
        assert all(one != other for one, other in pairwise(flips))
        if wanted == "active":
            assert now["autoRenewEnabled"] is True
            assert (now["scheduledNextTermInstructions"] or {}).get("quantity") == 8

    def judge_invoices(self, contract: str) -> None:
        """Every number once, without gaps; totals are the sums of the lines."""
        invoices: dict[str, Row] = {}
        lines: dict[str, Row] = {}
        for one in self.commits:
            if one.table == "sk_invoice" and one.after:
                invoices[one.id] = one.after
            if one.table == "sk_invoiceline" and one.after:
                lines[one.id] = one.after
        mine = [row for row in invoices.values() if row["_sk_billingcontractid_value"] == contract]
        issued = [row for row in mine if row["sk_total"] is not None]
        for invoice in issued:
            total = sum(
                Decimal(str(line["sk_amount"]))
                for line in lines.values()
                if line["_sk_invoiceid_value"] == invoice["sk_invoiceid"]
            )
            assert total == Decimal(str(invoice["sk_total"]))
        drafts = [row["sk_cyclestart"] for row in mine if row["statuscode"] == 1]
        assert len(drafts) == len(set(drafts)) == 1

    def numbers(self) -> list[str]:
        """Return all numbers that were given to invoices, in order."""
        rows = {
            one.id: one.after for one in self.commits if one.table == "sk_invoice" and one.after
        }
        return sorted(row["sk_number"] for row in rows.values() if row["sk_number"])

    def _created(self, table: str) -> list[Row]:
        return [
            one.after for one in self.commits if one.table == table and one.after and not one.before
        ]

    def _of(self, table: str, row_id: str, service: str = "dataverse") -> list[Commit]:
        wanted = (service, table, row_id)
        return [one for one in self.commits if (one.service, one.table, one.id) == wanted]


def _commits(world: World) -> Iterator[Any]:
    return (entry for entry in world.journal.since(0) if entry.type is EntryType.COMMIT)


def _commit(entry: Any) -> Commit:
    return Commit(
        seq=entry.seq,
        service=str(entry.service),
        client=entry.client,
        table=entry.table,
        id=entry.id,
        before=orjson.loads(entry.before) if entry.before else None,
        after=orjson.loads(entry.after) if entry.after else None,
        at=datetime.fromisoformat(entry.at),
    )


def _status(row: Row | None) -> str:
    return PAIRS.get((row["statecode"], row["statuscode"]), "") if row else ""


def _june() -> list[date]:
    return [JUNE + timedelta(days=number) for number in range(DAYS)]


def _state_on(day: date, changes: Sequence[Change]) -> str:
    state = "active"
    for change in changes:
        if change.on < day:
            state = change.now
    return state


def _sum_of_moves(logs: Sequence[Row]) -> int:
    return sum(log["sk_quantitychange"] for log in logs)


def _ends(logs: Sequence[Row]) -> str:
    return "suspended" if logs and logs[-1]["sk_kind"] == 126310002 else ""


def _flips(changes: Sequence[Change]) -> int:
    """Count how often the provider has to turn at most: once per change between on and off."""
    stopped = [False, *(change.now in STOPPED for change in changes)]
    return sum(1 for one, other in pairwise(stopped) if one != other)
