"""Follow the tables' delta links and keep what was seen: transaction T1 (rules.md 1 and 2.2).

Snapshot, facts and the new delta link go into one local transaction; audit rows are fetched
before it. A row whose subscription has work open is read again later instead of being judged now.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sync import adopting, guard_memory
from sync.change_keys import seen_entries, with_keys
from sync.context import READS, context_reads, read_context
from sync.detect import Detection, Patience, Sight, detect, is_due
from sync.engine import Engine
from sync.follow import VERSION, keep_met, keep_place, pages
from sync.mapping import Entity, MalformedRowError
from sync.opening import take_quickly
from sync.polled_rows import POLLED, link, lookups, newest, sight_of
from sync.ports import Tx
from sync.remote import Answer, AuditEntry, Page, Read, ReadHistory, Row
from sync.restored import settled
from sync.side_watch import followed, suspect_changed
from sync.state import FactState, Parked, Seen, Wake

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
    columns = _columns(entity)
    adopted = engine.ports.store.tx(lambda tx: tx.meta("adopted")) is not None
    count = sum(
        _take_page(engine, page, adopted=adopted) for page in pages(engine, entity, columns)
    )
    if not adopted:
        engine.ports.store.tx(lambda tx: adopting.conclude(engine, tx))
        engine.ports.log.info("adopted", table=entity.table, rows=count)
    return count


def _columns(entity: Entity) -> tuple[str, ...]:
    return (*entity.columns(*dict.fromkeys((*POLLED, *followed(entity)))), VERSION)


def _take_page(engine: Engine, page: Page, *, adopted: bool) -> int:
    taken = None if adopted else take_quickly(engine, page)
    return _look_into_page(engine, page, adopted=adopted) if taken is None else taken


def _look_into_page(engine: Engine, page: Page, *, adopted: bool) -> int:
    page = replace(page, rows=[*page.rows])
    entity = engine.mappings.entity("subscription")
    sights = [sight_of(entity, row) for row in newest(entity, page.rows)]
    store = engine.ports.store
    known = store.tx(lambda tx: tx.seen(sight.id for sight in sights))
    fresh = [one for one in sights if one.id not in known]
    changed = [one for one in sights if one.id in known and one.version > known[one.id].version]
    rows = {entity.row_id(row): row for row in page.rows}
    if not adopted:
        looked = _look(engine, changed, known, rows)
        return store.tx(lambda tx: adopting.take(engine, tx, fresh) + _t1(engine, tx, looked, page))
    looked = _look(engine, [*fresh, *changed], known, rows)
    return store.tx(lambda tx: _t1(engine, tx, looked, page))


def look_again(engine: Engine) -> int:
    """Read rows again that were passed over, or whose audit history was late."""
    store = engine.ports.store
    entity = engine.mappings.entity("subscription")
    wanted = store.tx(lambda tx: sorted({*tx.revisits(), *late_rows(engine, tx)}))
    if not wanted:
        return 0
    columns = _columns(entity)
    reads = [Read(set=entity.set, columns=columns, id=one) for one in wanted]
    answers = engine.ports.crm.read(reads)
    rows = {entity.row_id(row): row for answer in answers for row in answer.rows}
    sights = [sight_of(entity, row) for row in rows.values()]
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
    facts = settled(tx, subject, with_keys(engine, tx, detection.facts, before))
    added = tx.add_facts(facts)
    tx.put_seen([detection.seen])
    tx.trail(seen_entries(engine, facts))
    waiting = tx.wakes(subject)
    unfinished = any(log.provisioning in _UNFINISHED for log in tx.known_logs(subject))
    if tx.parked(subject) or (waiting and facts) or (unfinished and not facts):
        # The row was touched: look whether the cause is gone, without waiting for a pause.
        tx.wake(Wake(subscription_id=subject, reason="row changed"))
    return added


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
