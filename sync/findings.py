"""Judge the local state and the rows at Dataverse by the invariants. Writes nothing.

```
trail          a row was changed, put in or taken away
lost work      a change is planned, and no operation is left that would carry it out
stale state    the last accepted state is not what the newest log says (rules.md 1.4)
logged twice   two logs of a subscription have one change key, or one number
seats          opening + all changes is not the quantity, or not 0 while inactive
```
Invoices and their lines are judged by `invariants.py`.
(rules.md 4.18) What waits, is open, is parked or has changed since the last poll is not judged yet.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial

from lifecycle.states import RETURNS, Status
from sync.engine import Engine
from sync.follow import VERSION, version_of
from sync.invariants import Finding, InvoiceRow, LineRow, judge_invoices
from sync.logs import standing_of
from sync.mapping import Entity, MalformedRowError, Record
from sync.ports import Store, Tx
from sync.remote import Read, Row
from sync.state import FactState, KnownLog, Seen

_AT_ONCE = 200
_LOG_FIELDS = (
    "subscription",
    "change_key",
    "sequence",
    "kind",
    "quantity_change",
    "quantity_before",
)
_INVOICE_FIELDS = ("contract", "status", "number", "net_total", "total")
_LINE_FIELDS = ("invoice", "reverses", "amount", "calculated_amount", "tax_amount")
_ENDED = frozenset({Status.CANCELLED, Status.EXPIRED})


# --- the local state ------------------------------------------------------------------------------


def judge_state(store: Store) -> Iterator[Finding]:
    """Judge what can be judged without asking a service; each part on one snapshot."""
    if fault := store.look(lambda tx: tx.verify_trail()):
        told = f"row {fault.sequence} {fault.told}"
        yield Finding(what="trail", subject=str(fault.sequence), told=told)
    subjects = store.look(lambda tx: tx.subjects())
    for start in range(0, len(subjects), _AT_ONCE):
        yield from store.look(partial(_of_subjects, subjects[start : start + _AT_ONCE]))


def _of_subjects(subjects: Sequence[str], tx: Tx) -> list[Finding]:
    known = tx.seen(subjects)
    return [finding for one in known.values() for finding in _of_subject(tx, one)]


def _of_subject(tx: Tx, seen: Seen) -> Iterator[Finding]:
    logs = tx.known_logs(seen.id)
    planned = tx.facts(seen.id, FactState.PLANNED)
    if planned and not tx.open_operations(seen.id):
        told = f"change {planned[0].key} is planned, and nothing is left to carry it out"
        yield Finding(what="lost work", subject=seen.id, told=told)
    yield from _logged_twice(seen.id, logs)
    logged = standing_of(logs, seen.point.quantity)
    if logged is None or seen.accepted is None or not is_settled(tx, seen.id):
        return
    same = logged.status is seen.accepted.status and logged.seats == seen.accepted.seats
    if not same:
        told = (
            f"last accepted is {seen.accepted.status} with {seen.accepted.quantity} seats, but its"
            f" logs say {logged.status} with {logged.quantity}"
        )
        yield Finding(what="stale state", subject=seen.id, told=told)


def _logged_twice(subject: str, logs: Sequence[KnownLog]) -> Iterator[Finding]:
    keys = Counter(log.change_key for log in logs)
    numbers = Counter(str(log.sequence) for log in logs)
    for name, counted in (("change key", keys), ("number", numbers)):
        for value, times in counted.items():
            if times > 1:
                told = f"{times} logs have the {name} {value}"
                yield Finding(what="logged twice", subject=subject, told=told)


def is_settled(tx: Tx, subject: str) -> bool:
    """Tell whether nothing of a subscription waits, is open or is parked."""
    return not (
        tx.open_operations(subject)
        or tx.facts(subject, FactState.WAITING, FactState.PLANNED)
        or tx.parked(subject)
    )


# --- the rows at Dataverse ------------------------------------------------------------------------


@dataclass(slots=True)
class _Table:
    """The records and versions of a table by id, and the rows that cannot be read."""

    rows: dict[str, tuple[Record, int]] = field(default_factory=dict)
    malformed: list[Finding] = field(default_factory=list)

    def take(self, entity: Entity, rows: Iterable[Row]) -> None:
        for row in rows:
            row_id = entity.row_id(row)
            try:
                self.rows[row_id] = entity.record(row), version_of(row)
            except MalformedRowError as error:
                told = f"not judged: {error}"
                self.malformed.append(Finding(what="rows", subject=row_id, told=told, broken=False))


def judge_rows(engine: Engine) -> Iterator[Finding]:
    """Read the tables in full and judge them. Raises RemoteError when they cannot be read."""
    logs = _paged(engine, "change_log", *_LOG_FIELDS)
    subscriptions = _paged(engine, "subscription", "status", "quantity", "contract")
    contracts = _paged(engine, "contract", "end_on")
    yield from _seats(engine, logs, subscriptions)
    invoices = _exact(engine, "invoice", *_INVOICE_FIELDS)
    lines = _exact(engine, "invoice_line", *_LINE_FIELDS)
    yield from judge_invoices(
        [_invoice(row_id, record) for row_id, (record, _) in invoices.rows.items()],
        [_line(row_id, record) for row_id, (record, _) in lines.rows.items()],
        _billing(subscriptions, contracts, engine.now().date()),
    )
    for table in (logs, subscriptions, contracts, invoices, lines):
        yield from table.malformed


def _paged(engine: Engine, name: str, *fields: str) -> _Table:
    """Read a table page by page; fractions are not exact in pages."""
    entity, table = engine.mappings.entity(name), _Table()
    columns = (*entity.columns(*fields), VERSION)
    for page in engine.ports.crm.pages(entity.set, columns, None):
        table.take(entity, page.rows)
    return table


def _exact(engine: Engine, name: str, *fields: str) -> _Table:
    """Read a table with its amounts."""
    entity, table = engine.mappings.entity(name), _Table()
    [answer] = engine.ports.crm.read([Read(set=entity.set, columns=entity.columns(*fields))])
    table.take(entity, answer.rows)
    return table


def _seats(engine: Engine, told: _Table, subscriptions: _Table) -> Iterator[Finding]:
    logs: dict[str, list[Record]] = defaultdict(list)
    for record, _ in told.rows.values():
        if record.get("change_key"):
            logs[str(record["subscription"] or "").lower()].append(record)
    for subject in sorted(logs.keys() & subscriptions.rows.keys()):
        record, version = subscriptions.rows[subject]
        if not engine.ports.store.look(partial(_is_judged, subject, version)):
            continue
        if wrong := _seats_told(sorted(logs[subject], key=_sequence), record):
            yield Finding(what="seats", subject=subject, told=wrong)


def _is_judged(subject: str, version: int, tx: Tx) -> bool:
    seen = tx.seen([subject]).get(subject)
    return seen is not None and version <= seen.version and is_settled(tx, subject)


def _seats_told(logs: Sequence[Record], row: Record) -> str:
    """Say what does not add up; empty when all is well or nothing can be said."""
    if logs[0].get("kind") in RETURNS:
        return ""  # adopted as suspended
    seats = _number(logs[0].get("quantity_before"))
    seats += sum(_number(log.get("quantity_change")) for log in logs)
    wanted = _number(row.get("quantity")) if Status(str(row["status"])).has_seats else 0
    if seats == wanted:
        return ""
    return f"its {len(logs)} logs add up to {seats} seats, but the row says {wanted}"


def _sequence(record: Record) -> int:
    return _number(record.get("sequence"))


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _money(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(0)


def _invoice(row_id: str, record: Record) -> InvoiceRow:
    return InvoiceRow(
        id=row_id,
        contract_id=_id(record.get("contract")),
        status=str(record.get("status") or ""),
        number=str(record.get("number") or ""),
        net_total=_money_or_none(record.get("net_total")),
        total=_money_or_none(record.get("total")),
    )


def _line(row_id: str, record: Record) -> LineRow:
    written = record.get("calculated_amount")
    return LineRow(
        id=row_id,
        invoice_id=_id(record.get("invoice")),
        reverses=_id(record.get("reverses")),
        amount=_money(record.get("amount")),
        counted=_money(record.get("amount") if written is None else written),
        tax=_money(record.get("tax_amount")),
    )


def _id(value: object) -> str:
    return str(value or "").lower()


def _money_or_none(value: object) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


def _billing(subscriptions: _Table, contracts: _Table, today: date) -> frozenset[str]:
    """Return the contracts with something left to bill: a suspended one may come back."""
    ended = {
        row_id
        for row_id, (record, _) in contracts.rows.items()
        if isinstance(ends_on := record.get("end_on"), date) and ends_on < today
    }
    rows = (record for record, _ in subscriptions.rows.values())
    going_on = {_id(one.get("contract")) for one in rows if one.get("status") not in _ENDED}
    return frozenset(going_on - ended)
