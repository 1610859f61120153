"""Find what changed: a row against its snapshot, with the audit history where there is one.

```
history           row differs   outcome
off               yes           one fact, dated by modifiedon, uncertain
off               no            nothing
reaches the row   either        one fact per transition, with who and when (A -> B -> A gives two)
does not reach    yes           wait for the audit rows, then take the observed difference
does not reach    no            nothing: the rows are late, or already consumed
tells no save     no            looked at once more when its rows have had time to come
```
Pure. An echo is recognised by value; who wrote never matters (rules.md 1.8).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sync.remote import AuditEntry, Json
from sync.state import Fact, Point, Seen, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The physical columns that make a change."""

    status: tuple[str, ...]
    quantity: str
    effective_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A subscription row as it was just read."""

    id: str
    version: int
    point: Point
    contract_id: str | None
    modified_at: datetime
    deactivate_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long audit rows may be late. `now` is business time."""

    now: datetime
    today: date
    audit_wait_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """The facts found and the snapshot to keep."""

    seen: Seen
    facts: tuple[Fact, ...] = ()
    coalesced: bool = False
    """Taken by comparing two reads: steps in between may be unknown."""
    waits: bool = False


def adopt(sight: Sight, today: date) -> Seen:
    """Take the first read of a row as the baseline; nothing follows from it."""
    return Seen(
        id=sight.id,
        version=sight.version,
        point=sight.point,
        accepted=None,
        contract_id=sight.contract_id,
        modified_at=sight.modified_at,
        first_seen_on=today,
        deactivate_on=sight.deactivate_on,
    )


def detect(
    seen: Seen | None,
    sight: Sight,
    history: Sequence[AuditEntry] | None,
    watched: Watched,
    patience: Patience,
) -> Detection:
    """Compare a row with its snapshot; `history` None = auditing is off."""
    fresh = seen is None or _is_unborn(seen)
    base = replace(seen, point=sight.point) if seen and fresh else seen
    base = base or adopt(sight, patience.today)
    kept = replace(
        base,
        version=max(base.version, sight.version),
        contract_id=sight.contract_id,
        deactivate_on=sight.deactivate_on,
    )
    if history is None:
        found = _observed(kept, sight, fresh=fresh)
        # Nothing is audited, so that no later audit row can be claimed.
        return replace(found, seen=replace(found.seen, claims=base.claims))
    walk = _walk(base, sight, history, watched, fresh=fresh)
    if walk.end == sight.point and (walk.facts or not fresh):
        done = replace(kept, point=walk.end, audit_id=walk.audit_id, claims=walk.claims)
        # Without a fact the snapshot's own time stays: the rows of a change there and back may be
        # late, and are found when the row is next touched.
        at = sight.modified_at if walk.facts else base.modified_at
        later = _look_later(base, sight, history, patience)
        return Detection(seen=replace(done, modified_at=at, differs_since=later), facts=walk.facts)
    # While it waits it stays as well: the late rows are younger than that. A row that was saved
    # again, while the rows of its first change have come, begins its wait anew.
    went_on = bool(walk.facts) and sight.version > base.version
    waiting = replace(kept, modified_at=base.modified_at)
    if went_on:
        waiting = replace(waiting, differs_since=None)
    return _late(waiting, sight, patience, fresh=fresh)


def _look_later(
    base: Seen, sight: Sight, history: Sequence[AuditEntry], patience: Patience
) -> datetime | None:
    """Return when to look once more: a row was saved, and no audit row tells of that save yet."""
    saved_at = sight.modified_at.replace(microsecond=0)
    if any(entry.at >= saved_at for entry in history):
        return None
    latest = patience.now + timedelta(seconds=patience.audit_wait_seconds)
    if sight.version > base.version:
        return latest
    planned = base.differs_since
    return planned if planned and patience.now < planned <= latest else None


def is_due(seen: Seen, patience: Patience) -> bool:
    """Tell whether a row that waits for audit rows is looked at now."""
    since = seen.differs_since
    latest = patience.now + timedelta(seconds=patience.audit_wait_seconds)
    return since is not None and not patience.now < since <= latest


def _late(kept: Seen, sight: Sight, patience: Patience, *, fresh: bool) -> Detection:
    since = min(kept.differs_since or patience.now, patience.now)
    if (patience.now - since).total_seconds() < patience.audit_wait_seconds:
        waiting = replace(kept, point=_unborn(kept.point)) if fresh else kept
        return Detection(seen=replace(waiting, differs_since=since), waits=True)
    return _observed(kept, sight, fresh=fresh)


def _unborn(point: Point) -> Point:
    """Return where a new row stands until its creation is a fact: nowhere."""
    return Point((None,) * len(point.pair), 0)


def _is_unborn(seen: Seen) -> bool:
    return seen.point == _unborn(seen.point)


def _observed(kept: Seen, sight: Sight, *, fresh: bool) -> Detection:
    """Take the difference of two reads as one change; it claims one later audit row."""
    done = replace(kept, differs_since=None, modified_at=sight.modified_at)
    if kept.point == sight.point and not fresh:
        return Detection(seen=done)
    fact = Fact(
        key="",
        subscription_id=sight.id,
        point=sight.point,
        status_changed=fresh or kept.point.pair != sight.point.pair,
        quantity_changed=fresh or kept.point.quantity != sight.point.quantity,
        source=Source.NEW_ROW if fresh else Source.OBSERVED,
        at=sight.modified_at,
    )
    claims = done.claims if fresh else (*done.claims, (kept.point, sight.point))
    return Detection(
        seen=replace(done, point=sight.point, claims=claims), facts=(fact,), coalesced=not fresh
    )


@dataclass(slots=True, kw_only=True)
class _Walk:
    """The chain of audited transitions, from the consumed end towards the row."""

    end: Point
    audit_id: str
    claims: tuple[tuple[Point, Point], ...]
    facts: tuple[Fact, ...] = ()
    effective_on: date | None = None


def _walk(
    base: Seen, sight: Sight, history: Sequence[AuditEntry], watched: Watched, *, fresh: bool
) -> _Walk:
    end = _consumed_point(base, history, watched)
    walk = _Walk(end=end, audit_id=base.audit_id, claims=base.claims)
    for entry in _unconsumed(base, history, fresh=fresh):
        if fresh and entry.operation == "create" and not walk.facts:
            _step(walk, entry, _overlay(sight.point, entry.new, watched), Source.NEW_ROW, sight.id)
            continue
        _note_effective(walk, entry, watched)
        if walk.claims and _is_claimed(walk.claims[0], entry, watched):
            walk.claims, walk.audit_id = walk.claims[1:], entry.id
            continue
        if _overlay(walk.end, entry.old, watched) != walk.end:
            continue  # already consumed: the chain has moved past its old value
        now = _overlay(walk.end, entry.new, watched)
        if now != walk.end:
            _step(walk, entry, now, Source.AUDIT, sight.id)
            walk.claims = ()  # rows come in order: what was claimed and did not come never will
    return walk


def _consumed_point(base: Seen, history: Sequence[AuditEntry], watched: Watched) -> Point:
    """Return where the consumed history ends.

    Logs that were adopted tell their audit row, but not all that it changed: it is younger than
    the snapshot then.
    """
    last = next((entry for entry in history if entry.id == base.audit_id), None)
    if last is None or base.claims or last.at < base.modified_at:
        return base.point
    return _overlay(base.point, last.new, watched)


def _is_claimed(claim: tuple[Point, Point], entry: AuditEntry, watched: Watched) -> bool:
    """Tell whether an audit row is the late record of a change that was taken without it."""
    old, new = claim
    return _overlay(old, entry.old, watched) == old and _overlay(old, entry.new, watched) == new


def _unconsumed(base: Seen, history: Sequence[AuditEntry], *, fresh: bool) -> Sequence[AuditEntry]:
    """Return the entries after the last consumed one, else those since the snapshot was taken."""
    ids = [entry.id for entry in history]
    if base.audit_id in ids:
        return history[ids.index(base.audit_id) + 1 :]
    if fresh:
        return history
    since = base.modified_at.replace(microsecond=0)  # the creation of a row that we know is past
    return [entry for entry in history if entry.at >= since and entry.operation != "create"]


def _step(walk: _Walk, entry: AuditEntry, now: Point, source: Source, subscription: str) -> None:
    is_new = source is Source.NEW_ROW
    fact = Fact(
        key=f"{subscription}|{entry.id}",
        subscription_id=subscription,
        point=now,
        status_changed=is_new or now.pair != walk.end.pair,
        quantity_changed=is_new or now.quantity != walk.end.quantity,
        source=source,
        at=entry.at,
        by=entry.user_name or entry.user_id,
        effective_on=walk.effective_on,
    )
    walk.facts = (*walk.facts, fact)
    walk.end, walk.audit_id, walk.effective_on = now, entry.id, None


def _note_effective(walk: _Walk, entry: AuditEntry, watched: Watched) -> None:
    if watched.effective_on in {*entry.old, *entry.new}:
        text = entry.new.get(watched.effective_on)  # a column that was emptied is in `old` alone
        walk.effective_on = date.fromisoformat(str(text)[:10]) if text else None


def _overlay(point: Point, values: Mapping[str, Json], watched: Watched) -> Point:
    """Return the point with the audited columns laid over it."""
    pair = tuple(
        _whole(values[column]) if column in values else held
        for column, held in zip(watched.status, point.pair, strict=True)
    )
    if watched.quantity not in values:
        return Point(pair, point.quantity)
    return Point(pair, _whole(values[watched.quantity]) or 0)


def _whole(value: Json) -> int | None:
    return int(value) if isinstance(value, int | str) and str(value).strip() else None
