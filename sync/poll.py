"""Follow the tables' delta links and keep what was seen: transaction T1 (rules.md 1 and 2.2).

Snapshot, facts and the new delta link go into one local transaction; audit rows are fetched
before it. A row whose subscription has work open is read again later instead of being judged now.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from lifecycle.decisions import Standing
from sync import guard_memory
from sync.context import READS, context_reads, read_context
from sync.detect import Detection, Patience, Sight, adopt, detect, is_due
from sync.engine import Engine
from sync.feed import Link
from sync.follow import VERSION, keep_met, keep_place, pages, version_of
from sync.judge import status_of
from sync.logs import standing_of
from sync.mapping import Entity, MalformedRowError, instant
from sync.ports import Tx
from sync.remote import (
    Answer,
    AuditEntry,
    Page,
    Read,
    ReadHistory,
    Row,
)
from sync.restored import settled
from sync.side_watch import followed, suspect_changed
from sync.state import (
    Fact,
    FactState,
    Parked,
    Point,
    Seen,
    Source,
    TrailEntry,
    Wake,
)

POLLED = (
    *("status", "quantity", "customer", "contract", "provider", "provider_subscription_id"),
    *("deactivate_on", "modified_at"),
)
_UNFINISHED = frozenset({"awaiting", "failed"})
_BATCH = 11
"""Subscriptions per `$batch` of reads: 9 rows and a history each, under a part limit of 120."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """A row that changed, with what was read about it before the transaction."""

    sight: Sight
    history: tuple[AuditEntry, ...] | None


def poll_subscriptions(engine: Engine) -> int:
    """Take in changed subscriptions; return how many rows were new or different."""
    entity = engine.mappings.entity("subscription")
    columns = (*entity.columns(*dict.fromkeys((*POLLED, *followed(entity)))), VERSION)
    adopted = engine.ports.store.tx(lambda tx: tx.meta("adopted")) is not None
    count = sum(
        _take_page(engine, page, adopted=adopted) for page in pages(engine, entity, columns)
    )
    if not adopted:
        engine.ports.store.tx(lambda tx: _adopted(engine, tx))
        engine.ports.log.info("adopted", table=entity.table, rows=count)
    return count


def _adopted(engine: Engine, tx: Tx) -> None:
    tx.set_meta("adopted", engine.now().isoformat())
    guard_memory.accept_mappings(engine, tx)


def _take_page(engine: Engine, page: Page, *, adopted: bool) -> int:
    entity = engine.mappings.entity("subscription")
    sights = [_sight(entity, row) for row in _newest(entity, page.rows)]
    store = engine.ports.store
    known = store.tx(lambda tx: tx.seen(sight.id for sight in sights))
    fresh = [one for one in sights if one.id not in known]
    changed = [one for one in sights if one.id in known and one.version > known[one.id].version]
    rows = {entity.row_id(row): row for row in page.rows}
    if not adopted:
        looked = _look(engine, changed, known, rows)
        return store.tx(lambda tx: _adopt(engine, tx, fresh) + _t1(engine, tx, looked, page))
    looked = _look(engine, [*fresh, *changed], known, rows)
    return store.tx(lambda tx: _t1(engine, tx, looked, page))


def _adopt(engine: Engine, tx: Tx, fresh: Sequence[Sight]) -> int:
    """Take the opening balance: no logs, no lines, nothing sent (rules.md 1.1).

    A row that our own logs know is compared with what they say: the local state was lost.
    What changes after its row was first read, while the walk goes on, is a change.
    """
    entity = engine.mappings.entity("subscription")
    today = engine.now().date()
    tx.put_seen(_opening(entity, tx, sight, today) for sight in fresh)
    tx.add_facts(fact for sight in fresh if (fact := _unlogged(entity, tx, sight)))
    return len(fresh)


def _opening(entity: Entity, tx: Tx, sight: Sight, today: date) -> Seen:
    seen = adopt(sight, today)
    logged = standing_of(tx.known_logs(sight.id), sight.point.quantity)
    return replace(seen, accepted=logged or _standing(entity, sight.point))


def _standing(entity: Entity, point: Point) -> Standing | None:
    status = status_of(entity, point)
    return Standing(status=status, quantity=point.quantity) if status else None


def _unlogged(entity: Entity, tx: Tx, sight: Sight) -> Fact | None:
    """Return the change between the newest log and the row, which no log tells yet."""
    logged = standing_of(tx.known_logs(sight.id), sight.point.quantity)
    if logged is None or logged == _standing(entity, sight.point):
        return None
    name = f"{logged.status} {logged.quantity}>{list(sight.point.pair)} {sight.point.quantity}"
    return Fact(
        key=f"{sight.id}|{next_ordinal(tx, sight.id)}|{name}",
        subscription_id=sight.id,
        point=sight.point,
        status_changed=True,
        quantity_changed=True,
        source=Source.OBSERVED,
        at=sight.modified_at,
    )


def look_again(engine: Engine) -> int:
    """Read rows again that were passed over, or whose audit history was late."""
    store = engine.ports.store
    entity = engine.mappings.entity("subscription")
    wanted = store.tx(lambda tx: sorted({*tx.revisits(), *late_rows(engine, tx)}))
    if not wanted:
        return 0
    columns = (*entity.columns(*dict.fromkeys((*POLLED, *followed(entity)))), VERSION)
    reads = [Read(set=entity.set, columns=columns, id=one) for one in wanted]
    answers = engine.ports.crm.read(reads)
    rows = {entity.row_id(row): row for answer in answers for row in answer.rows}
    sights = [_sight(entity, row) for row in rows.values()]
    known = store.tx(lambda tx: tx.seen(wanted))
    looked = _look(engine, sights, known, rows)
    gone = [one for one in wanted if one not in rows]

    def t1(tx: Tx) -> int:
        tx.clear_revisits(wanted)
        suspect_changed(tx, entity, rows.values())
        return _t1(engine, tx, looked, Page(rows=(), deleted=gone))

    return store.tx(t1)


def late_rows(engine: Engine, tx: Tx) -> list[str]:
    """Return the rows whose audit history was late and is read again now."""
    patience = _patience(engine)
    return [seen.id for seen in tx.waits() if is_due(seen, patience)]


def _patience(engine: Engine) -> Patience:
    now = engine.now()
    return Patience(now=now, today=now.date(), audit_wait_seconds=engine.audit_wait_seconds)


def _look(
    engine: Engine, sights: Sequence[Sight], known: dict[str, Seen], rows: dict[str, Row]
) -> list[_Looked]:
    """Read history and context of changed rows, several in one `$batch`."""
    audited = engine.mappings.entity("subscription").table in engine.audited
    looked: list[_Looked] = []
    for start in range(0, len(sights), _BATCH):
        chunk = sights[start : start + _BATCH]
        looked += _look_at(engine, chunk, known, rows, audited=audited)
    return looked


def _look_at(
    engine: Engine,
    sights: Sequence[Sight],
    known: dict[str, Seen],
    rows: dict[str, Row],
    *,
    audited: bool,
) -> Iterator[_Looked]:
    entity = engine.mappings.entity("subscription")
    reads: list[Read | ReadHistory] = []
    for sight in sights:
        if audited:
            reads.append(ReadHistory(set=entity.set, id=sight.id))
        if _differs(sight, known):
            reads += context_reads(engine.mappings, sight.id, lookups(entity, rows[sight.id]))
    answers = iter(engine.ports.crm.read(reads) if reads else ())
    for sight in sights:
        history = next(answers).history if audited else None
        if _differs(sight, known):
            _keep_context(engine, sight.id, [next(answers) for _ in range(READS)])
        yield _Looked(sight=sight, history=history)


def _keep_context(engine: Engine, subscription_id: str, answers: Sequence[Answer]) -> None:
    try:
        engine.contexts[subscription_id] = read_context(engine.mappings, answers)
    except MalformedRowError:
        engine.contexts.pop(subscription_id, None)  # read again, and parked, when taken up


def _differs(sight: Sight, known: dict[str, Seen]) -> bool:
    return sight.id not in known or known[sight.id].point != sight.point


def lookups(entity: Entity, row: Row) -> dict[str, str | None]:
    """Return the ids that a row's lookups hold, by field name."""
    found = {name: row.get(entity.column(name)) for name in ("customer", "contract", "provider")}
    return {name: str(value).lower() if value else None for name, value in found.items()}


def link(entity: Entity, row: Row) -> Link:
    """Return which licence a row names, and whose it is."""
    ids = lookups(entity, row)
    return Link(
        subscription_id=entity.row_id(row),
        licence_id=str(row.get(entity.column("provider_subscription_id")) or "").strip().lower(),
        customer_id=ids["customer"] or "",
        provider_id=ids["provider"] or "",
    )


def _t1(engine: Engine, tx: Tx, looked: Sequence[_Looked], page: Page) -> int:
    """Store what was seen. The transaction touches only the store, and may run twice."""
    entity = engine.mappings.entity("subscription")
    now = engine.now()
    patience = _patience(engine)
    known = tx.seen(one.sight.id for one in looked)
    found = 0
    for one in looked:
        if tx.open_operations(one.sight.id):
            tx.revisit([one.sight.id])
            continue
        seen = known.get(one.sight.id)
        detection = detect(seen, one.sight, one.history, engine.watched, patience)
        found += _store_detection(engine, tx, detection, seen)
    tx.put_links(link(entity, row) for row in page.rows)
    suspect_changed(tx, entity, [*page.rows])
    for subscription_id in page.deleted:
        _forget(engine, tx, subscription_id, now)
    if keep_met(tx, entity.table, page, map(entity.row_id, page.rows)):
        guard_memory.judge_absent(engine, tx, tx.unmet_subscriptions(page.walk))
        tx.end_walk(entity.table)
    keep_place(tx, entity.table, page)
    return found


def _store_detection(engine: Engine, tx: Tx, detection: Detection, before: Seen | None) -> int:
    subject = detection.seen.id
    facts = settled(tx, subject, _with_keys(engine, tx, detection.facts, before))
    added = tx.add_facts(facts)
    tx.put_seen([detection.seen])
    tx.trail(seen_entries(engine, facts))
    waiting = tx.wakes(subject)
    unfinished = any(log.provisioning in _UNFINISHED for log in tx.known_logs(subject))
    if tx.parked(subject) or (waiting and facts) or (unfinished and not facts):
        # The row was touched: look whether the cause is gone, without waiting for a pause.
        tx.wake(Wake(subscription_id=subject, reason="row changed"))
    return added


def _with_keys(engine: Engine, tx: Tx, facts: Iterable[Fact], before: Seen | None) -> list[Fact]:
    """Give a change that no audit row names its key: ordinal of the log and transition."""
    entity = engine.mappings.entity("subscription")
    keyed: list[Fact] = []
    for number, fact in enumerate(facts, start=1):
        if fact.key:
            keyed.append(fact)
            continue
        ordinal = next_ordinal(tx, fact.subscription_id) + number - 1
        was = before.point if before and fact.source is not Source.NEW_ROW else None
        name = transition_name(entity, was, fact.point)
        keyed.append(replace(fact, key=f"{fact.subscription_id}|{ordinal}|{name}"))
    return keyed


def next_ordinal(tx: Tx, subscription_id: str) -> int:
    """Return the sequence that the next log of a subscription will have."""
    logged = max((log.sequence for log in tx.known_logs(subscription_id)), default=0)
    return max(logged, len(tx.facts(subscription_id))) + 1


def transition_name(entity: Entity, was: Point | None, now: Point) -> str:
    if was is None:
        return "new"
    if was.pair == now.pair:
        return f"quantity {was.quantity}>{now.quantity}"
    return f"{status_of(entity, was) or was.pair}>{status_of(entity, now) or now.pair}"


def seen_entries(engine: Engine, facts: Iterable[Fact]) -> Iterator[TrailEntry]:
    for fact in facts:
        yield engine.trail(
            fact.subscription_id,
            "seen",
            change=fact.key,
            source=fact.source,
            at=fact.at.isoformat(),
            by=fact.by,
            status=list(fact.point.pair),
            quantity=fact.point.quantity,
        )


def _forget(engine: Engine, tx: Tx, subscription_id: str, now: datetime) -> None:
    """Set aside what was not applied yet for a deleted row; it is never dropped silently."""
    is_known = bool(tx.seen([subscription_id]))
    waits = tx.facts(subscription_id, FactState.WAITING) or tx.open_operations(subscription_id)
    before = tx.parked(subscription_id)
    is_told = any(one.code == "row-deleted" for one in before)
    if not is_told and (waits or (is_known and before)):
        parked = Parked(
            subject=subscription_id,
            code="row-deleted",
            reason="The subscription row was deleted before its change was applied.",
            advice="Look at the provider and the open invoice by hand.",
            since=now,
        )
        tx.park(parked)
        told = {"code": parked.code, "reason": parked.reason}
        tx.trail([engine.trail(subscription_id, "parked", **told)])
    tx.unwake(subscription_id)
    tx.drop_seen(subscription_id)
    tx.drop_link(subscription_id)
    tx.clear_suspects([subscription_id])
    tx.drop_baseline(subscription_id)
    tx.put_differences(subscription_id, [])
    if is_known:
        tx.trail([engine.trail(subscription_id, "row deleted")])


def _newest(entity: Entity, rows: Iterable[Row]) -> Iterable[Row]:
    """Keep the highest version of a row that a page holds twice."""
    latest: dict[str, Row] = {}
    for row in rows:
        row_id = entity.row_id(row)
        if row_id not in latest or version_of(row) >= version_of(latest[row_id]):
            latest[row_id] = row
    return latest.values()


def _sight(entity: Entity, row: Row) -> Sight:
    status = entity.fields["status"].columns
    pair = tuple(value if isinstance(value, int) else None for value in map(row.get, status))
    quantity = row.get(entity.column("quantity"))
    contract = row.get(entity.column("contract"))
    ends = row.get(entity.column("deactivate_on"))
    return Sight(
        id=entity.row_id(row),
        version=version_of(row),
        point=Point(pair, quantity if isinstance(quantity, int) else 0),
        contract_id=str(contract).lower() if contract else None,
        modified_at=instant(row[entity.column("modified_at")]),
        deactivate_on=instant(f"{str(ends)[:10]}T00:00:00+00:00").date() if ends else None,
    )
