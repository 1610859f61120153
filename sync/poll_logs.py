"""Take in change logs: T1 for what we wrote before, and for what a person has set on it."""

import re
from collections.abc import Sequence
from dataclasses import replace

from lifecycle.decisions import Standing
from sync.comparing import merged
from sync.engine import Engine
from sync.follow import VERSION, keep_met, keep_place, pages, version_of
from sync.logs import LOGGED, known_log
from sync.mapping import Entity, Record
from sync.mapping_sides import stored, there
from sync.ports import Tx
from sync.remote import Page, Read, Row
from sync.restored import believe_logs
from sync.state import KnownLog, Point, Wake

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def poll_change_logs(engine: Engine) -> int:
    """Take in change logs: adopt unknown ones, and take up those that a person has set."""
    entity = engine.mappings.entity("change_log")
    columns = (*entity.columns(*LOGGED), VERSION)
    return sum(_take_logs(engine, entity, page) for page in pages(engine, entity, columns))


def _take_logs(engine: Engine, entity: Entity, page: Page) -> int:
    logs = [log for row in page.rows if (log := _known_log(entity, row))]
    gone = {*page.deleted, *_absent(engine, entity, page)}

    def t1(tx: Tx) -> int:
        subjects = {log.subscription_id for log in logs}
        ours = {log.id for subject in subjects for log in tx.known_logs(subject)}
        changed = tx.put_logs(logs)
        fresh = [log for log in changed if log.id not in ours]
        for subject in sorted({log.subscription_id for log in fresh}):
            _adopt_logged(engine, tx, subject, fresh)
        for log in changed:
            if log.id in ours or _is_unfinished(log):
                wake = Wake(subscription_id=log.subscription_id, reason=f"log {log.provisioning}")
                tx.wake(wake)
        for log_id in sorted(gone):
            tx.drop_log(log_id)
        if page.walk and page.delta_link:
            tx.end_walk(entity.table)
        keep_place(tx, entity.table, page)
        return len(changed)

    return engine.ports.store.tx(t1)


def _absent(engine: Engine, entity: Entity, page: Page) -> list[str]:
    """Return the logs that a full read, at its end, has not met and that are not there."""
    ids = [entity.row_id(row) for row in page.rows]

    def unmet(tx: Tx) -> list[str]:
        at_end = keep_met(tx, entity.table, page, ids)
        return tx.unmet_logs(page.walk) if at_end else []

    asked = engine.ports.store.tx(unmet) if page.walk else []
    reads = [Read(set=entity.set, columns=(entity.id_column,), id=one) for one in asked]
    answers = engine.ports.crm.read(reads) if reads else ()
    return [one for one, answer in zip(asked, answers, strict=True) if not answer.rows]


def _known_log(entity: Entity, row: Row) -> KnownLog | None:
    subscription = row.get(entity.column("subscription"))
    return known_log(entity, row, str(subscription or "").lower(), version_of(row))


def _adopt_logged(engine: Engine, tx: Tx, subject: str, fresh: Sequence[KnownLog]) -> None:
    """Believe logs that the store does not know, after a restore, before rows are judged."""
    mine = [log for log in fresh if log.subscription_id == subject]
    standing = believe_logs(tx, subject, mine)
    if standing is None:
        return
    tx.trail([engine.trail(subject, "adopted from its logs", status=standing.status)])
    tx.wake(Wake(subscription_id=subject, reason="adopted from its logs"))
    entity = engine.mappings.entity("subscription")
    _settle_sides(engine, tx, entity, mine, standing)
    seen = tx.seen([subject])[subject]
    point = Point(entity.fields["status"].choices[standing.status], standing.quantity)
    if entity.table not in engine.audited:
        # No history leads on from here: the row is compared with what the logs tell.
        tx.put_seen([replace(seen, point=point)])
        return
    # The history goes on behind the audit row that the newest log stands for; one that was
    # written without it claims the row that comes late (rules.md 1.5).
    audit_id = _consumed(subject, mine)
    claims = () if audit_id or seen.point == point else ((seen.point, point),)
    known = replace(seen, point=point, audit_id=audit_id or seen.audit_id, claims=claims)
    tx.put_seen([known])


def _settle_sides(
    engine: Engine, tx: Tx, entity: Entity, logs: Sequence[KnownLog], standing: Standing
) -> None:
    """Count as alike what the newest log says that the provider was given (rules.md 5.3)."""
    subject, newest = logs[0].subscription_id, max(logs, key=lambda log: log.sequence)
    baseline = tx.baseline(subject)
    if baseline is None or newest.provisioning != "provisioned":
        return
    told: Record = {"status": standing.status.value}
    if standing.seats:
        told = {**told, "quantity": standing.quantity}
    fields = [entity.fields[name] for name in told if name in baseline.crm]
    held = {one.name: stored(there(one, told[one.name])) for one in fields}
    tx.put_baselines([merged(baseline, held, held, subject, engine.now())])


def _consumed(subject: str, logs: Sequence[KnownLog]) -> str:
    """Return the audit id in the change key of the newest log; empty when it has none."""
    newest = max(logs, key=lambda log: log.sequence)
    parts = newest.change_key.removeprefix(f"{subject}|").split("|")
    return parts[0] if _GUID.fullmatch(parts[0]) else ""


def _is_unfinished(log: KnownLog) -> bool:
    """Tell whether a log waits for the provider, or for its stamp."""
    return log.provisioning == "awaiting" or (log.provisioning == "provisioned" and not log.stamped)
