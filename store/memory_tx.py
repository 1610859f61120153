"""One transaction of the twin in memory: the `Tx` port over plain rows.

Where the database compares text (instants are ISO 8601 in UTC), so does this.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from store import chain, codec, rows
from store.memory_browsing import MemoryPages
from store.memory_counting import MemoryCounting
from store.memory_feed import MemoryFeed
from store.memory_first_rows import MemoryFirstRows
from store.memory_invoices import MemoryInvoices
from store.memory_notices import MemoryNotices
from store.memory_sides import MemorySides
from store.memory_tables import Table, Tables, Values
from sync.remote import Row
from sync.state import (
    Counts,
    Fact,
    FactState,
    KnownLog,
    Operation,
    Parked,
    Request,
    Seen,
    TrailCut,
    TrailEntry,
    TrailFault,
    Wake,
)

_OPEN = frozenset({"ready", "sent"})
_MADE = frozenset({"ready", "sent", "done"})


class MemoryTx(
    MemoryPages,
    MemoryCounting,
    MemoryInvoices,
    MemorySides,
    MemoryFeed,
    MemoryFirstRows,
    MemoryNotices,
):
    """What a transaction does to the tables."""

    def __init__(self, tables: Tables) -> None:
        self._at = tables

    def meta(self, key: str) -> str | None:
        return _text(self._at.meta, key, "value")

    def set_meta(self, key: str, value: str) -> None:
        self._at.meta.put(key, {"value": value})

    # --- what was read ---------------------------------------------------------------------------

    def cursor(self, table: str) -> str | None:
        return _text(self._at.cursors, table, "delta_link")

    def set_cursor(self, table: str, cursor: str | None) -> None:
        self._at.cursors.put(table, {"delta_link": cursor})

    def meet(self, table: str, walk: str, ids: Iterable[str]) -> None:
        for one in ids:
            self._at.met.put(f"{walk} {one}", {"walk": walk, "id": one, "table_name": table})

    def met(self, walk: str) -> list[str]:
        return sorted(str(row["id"]) for row in self._at.met.where(walk=walk))

    def unmet_subscriptions(self, walk: str) -> list[str]:
        return self._unmet(self._at.seen, walk)

    def unmet_logs(self, walk: str) -> list[str]:
        return self._unmet(self._at.logs, walk)

    def _unmet(self, known: Table, walk: str) -> list[str]:
        met = {row["id"] for row in self._at.met.where(walk=walk)}
        return sorted(str(one) for one in known.rows if one not in met)

    def end_walk(self, table: str) -> None:
        for row in self._at.met.where(table_name=table):
            self._at.met.drop(f"{row['walk']} {row['id']}")

    def seen(self, ids: Iterable[str]) -> dict[str, Seen]:
        known = self._at.seen.rows
        return {one: rows.read_seen(known[one]) for one in ids if one in known}

    def put_seen(self, seen: Iterable[Seen]) -> None:
        for one in seen:
            self._at.seen.put(one.id, rows.seen_row(one))

    def drop_seen(self, subscription_id: str) -> None:
        self._at.seen.drop(subscription_id)

    def subjects(self) -> list[str]:
        return sorted(str(one) for one in self._at.seen.rows)

    def scheduled(self, until: date) -> list[Seen]:
        last = until.isoformat()
        due = (row for row in self._at.seen.where() if row["status"] in {"active", "paused"})
        return [rows.read_seen(row) for row in due if str(row["deactivate_on"] or "~") <= last]

    def waits(self) -> list[Seen]:
        waiting = [row for row in self._at.seen.where() if row["differs_since"] is not None]
        return [rows.read_seen(row) for row in _sorted(waiting, "differs_since")]

    def revisit(self, ids: Iterable[str]) -> None:
        for one in ids:
            self._at.revisits.put(one, {})

    def revisits(self) -> list[str]:
        return sorted(str(one) for one in self._at.revisits.rows)

    def clear_revisits(self, ids: Iterable[str]) -> None:
        for one in ids:
            self._at.revisits.drop(one)

    def known_logs(self, subscription_id: str) -> list[KnownLog]:
        mine = self._at.logs.where(subscription_id=subscription_id)
        return [rows.read_log(row) for row in _sorted(mine, "sequence")]

    def put_logs(self, logs: Iterable[KnownLog]) -> list[KnownLog]:
        changed = []
        for log in logs:
            if _text(self._at.logs, log.id, "provisioning") != log.provisioning:
                changed.append(log)
            self._at.logs.put(log.id, rows.log_row(log))
        return changed

    def drop_log(self, log_id: str) -> None:
        self._at.logs.drop(log_id)

    # --- what is to be done ----------------------------------------------------------------------

    def add_facts(self, facts: Iterable[Fact]) -> int:
        fresh = [fact for fact in _by_key(facts) if fact.key not in self._at.facts.rows]
        for fact in fresh:
            row = {**rows.fact_row(fact), "ordinal": self._at.facts.number()}
            self._at.facts.put(fact.key, row)
        return len(fresh)

    def facts(self, subscription_id: str, *states: FactState) -> list[Fact]:
        wanted = {state.value for state in states or tuple(FactState)}
        mine = self._at.facts.where(subscription_id=subscription_id)
        found = [row for row in mine if row["state"] in wanted]
        return [rows.read_fact(row) for row in _sorted(found, "ordinal")]

    def set_fact_state(self, keys: Iterable[str], state: FactState) -> None:
        for key in keys:
            if key in self._at.facts.rows:
                self._at.facts.put(key, {"state": state.value})

    def wake(self, wake: Wake) -> None:
        self._at.wakes.put(wake.subscription_id, rows.wake_row(wake))

    def wakes(self, subscription_id: str) -> Wake | None:
        row = self._at.wakes.rows.get(subscription_id)
        return rows.read_wake(row) if row else None

    def unwake(self, subscription_id: str) -> None:
        self._at.wakes.drop(subscription_id)

    def due(self, now: datetime | None) -> list[tuple[str, str]]:
        ages: dict[str, int] = {}
        for subject, age in self._work():
            ages[subject] = min(age, ages.get(subject, age))
        delayed = self._delayed(now) if now else set()
        ready = sorted((age, one) for one, age in ages.items() if one not in delayed)
        return [(one, _text(self._at.seen, one, "contract_id") or "") for _, one in ready]

    def _work(self) -> Iterator[tuple[str, int]]:
        for row in self._at.facts.where(state="waiting"):
            if row["subscription_id"] not in self._at.parked.rows:
                yield str(row["subscription_id"]), int(row["ordinal"] or 0)
        yield from ((str(one), 0) for one in self._at.wakes.rows)
        yield from ((str(row["subject"]), 0) for row in self._open())

    def _delayed(self, now: datetime) -> set[str]:
        """Return what pauses; one that seems to end far away was set before a clock step."""
        start, far = now.isoformat(), (now + rows.LONGEST_PAUSE).isoformat()
        pauses = [(row["subject"], row["not_before"]) for row in self._open()]
        pauses += [(row["subscription_id"], row["not_before"]) for row in self._at.wakes.where()]
        return {str(one) for one, until in pauses if until and start < str(until) < far}

    def _open(self) -> Iterator[Values]:
        return (row for row in self._at.operations.where() if row["state"] in _OPEN)

    def add_operations(self, operations: Iterable[Operation]) -> None:
        for one in operations:
            row, known = rows.operation_row(one), self._at.operations.rows
            if one.id not in known:
                row["ordinal"] = self._at.operations.number()
            self._at.operations.put(one.id, row)

    def put_operation(self, operation: Operation) -> None:
        self.add_operations([operation])

    def operations(self, subject: str) -> list[Operation]:
        mine = self._at.operations.where(subject=subject)
        return [rows.read_operation(row) for row in _sorted(mine, "ordinal")]

    def open_operations(self, subject: str) -> list[Operation]:
        return [one for one in self.operations(subject) if one.state.is_open]

    def emitted(self, subject: str) -> frozenset[str]:
        made = self._at.operations.where(
            subject=subject, service="dataverse", precondition="create"
        )
        return frozenset(str(row["target"]) for row in made if row["state"] in _MADE)

    def hold(self, subscription_id: str) -> Row | None:
        held = _text(self._at.holds, subscription_id, "held")
        return codec.load(held) if held else None

    def set_hold(self, subscription_id: str, held: Row | None) -> None:
        if held is None:
            self._at.holds.drop(subscription_id)
        else:
            self._at.holds.put(subscription_id, {"held": codec.dump(held)})

    # --- what people see -------------------------------------------------------------------------

    def park(self, parked: Parked) -> None:
        self._at.parked.put(parked.subject, rows.parked_row(parked))

    def unpark(self, subject: str) -> Parked | None:
        found = self.parked(subject)
        self._at.parked.drop(subject)
        return found[0] if found else None

    def parked(self, subject: str | None = None) -> list[Parked]:
        wanted = (
            self._at.parked.where() if subject is None else self._at.parked.where(subject=subject)
        )
        return [rows.read_parked(row) for row in _sorted(wanted, "since", "subject")]

    def trail(self, entries: Iterable[TrailEntry]) -> None:
        for entry in entries:
            number = self._at.trail.number()
            row = {**chain.trail_row(entry), "sequence": number, "chain": ""}
            self._at.trail.put(number, row)

    def read_trail(self, subject: str | None = None) -> list[TrailEntry]:
        wanted = (
            self._at.trail.where() if subject is None else self._at.trail.where(subject=subject)
        )
        return [rows.read_trail(row) for row in _sorted(wanted, "sequence")]

    def seal(self) -> int:
        head = chain.read_head(self.meta(chain.HEAD))
        waiting = [row for row in self._at.trail.where(chain="") if _number(row) > head.sequence]
        links, head = chain.seal(_sorted(waiting, "sequence")[: chain.SEALED_AT_ONCE], head)
        for link, sequence in links:
            self._at.trail.put(sequence, {"chain": link})
        if links:
            self.set_meta(chain.HEAD, chain.write_head(head))
        return len(links)

    def verify_trail(self) -> TrailFault | None:
        head = chain.read_head(self.meta(chain.HEAD))
        stored = _sorted(self._at.trail.where(), "sequence")
        anchor = chain.read_head(self.meta(chain.ANCHOR))
        return chain.first_fault(stored, head, self._at.trail.given, anchor)

    def cut_trail(self, before: datetime) -> TrailCut | None:
        first = _sorted(self._at.trail.where(), "sequence")[: chain.CUT_AT_ONCE]
        anchor = chain.oldest(first, before, chain.read_head(self.meta(chain.HEAD)))
        if anchor is None:
            return None
        gone = [_number(row) for row in first if _number(row) <= anchor.sequence]
        for sequence in gone:
            self._at.trail.drop(sequence)
        self.set_meta(chain.ANCHOR, chain.write_head(anchor))
        return TrailCut(rows=len(gone), up_to=anchor.sequence, chain=anchor.chain)

    def find_subject(self, text: str) -> str | None:
        at = self._at
        if text in at.seen.rows:
            return text
        places = (
            (at.operations, ("target", "id"), "subject"),
            (at.logs, ("id", "change_key"), "subscription_id"),
            (at.facts, ("key", "subscription_id"), "subscription_id"),
            (at.parked, ("subject",), "subject"),
        )
        for table, names, owner in places:
            for row in table.where():
                if text in {row[name] for name in names}:
                    return str(row[owner])
        return None

    def ask(self, request: Request) -> None:
        row: Values = {"verb": request.verb, "argument": request.argument, "result": None}
        row |= {"id": request.id, "ordinal": self._at.requests.number()}
        self._at.requests.put(request.id, row)

    def asked(self) -> list[Request]:
        waiting = _sorted(self._at.requests.where(result=None), "ordinal")
        return [Request(str(row["id"]), str(row["verb"]), str(row["argument"])) for row in waiting]

    def answer(self, request_id: str, result: str) -> None:
        if request_id in self._at.requests.rows:
            self._at.requests.put(request_id, {"result": result})

    def take_answer(self, request_id: str) -> str | None:
        result = _text(self._at.requests, request_id, "result")
        if result is not None:
            self._at.requests.drop(request_id)
        return result

    def counts(self) -> Counts:
        waiting = [row["subscription_id"] for row in self._at.facts.where(state="waiting")]
        return Counts(
            subscriptions=len(self._at.seen.rows),
            waiting=len(waiting) + len(self._at.wakes.rows.keys() - set(waiting)),
            open_operations=sum(1 for _ in self._open()),
            parked=len(self._at.parked.rows),
            uncertain=sum(1 for _ in self._at.facts.where(source="observed")),
        )


def _text(table: Table, key: str, name: str) -> str | None:
    value = table.rows.get(key, {}).get(name)
    return None if value is None else str(value)


def _number(row: Mapping[str, object]) -> int:
    return int(str(row["sequence"]))


def _sorted(found: Iterable[Values], *names: str) -> list[Values]:
    """Sort rows by columns that hold numbers, or text, throughout."""
    return sorted(found, key=lambda row: tuple(_sortable(row[name]) for name in names))


def _sortable(value: object) -> tuple[int, str]:
    return (value, "") if isinstance(value, int) else (0, str(value))


def _by_key(facts: Iterable[Fact]) -> Iterable[Fact]:
    """Keep the first of several facts with one key."""
    first: dict[str, Fact] = {}
    for fact in facts:
        first.setdefault(fact.key, fact)
    return first.values()
