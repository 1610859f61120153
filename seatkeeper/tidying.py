"""Once a day: cut off what of the trail is too old, and give free space back in a quiet moment."""

from datetime import UTC, datetime, timedelta

import structlog

from seatkeeper.bootstrap import Application
from sync.retention import cut_trail
from sync.state import DamagedStateError, StateError

TIDIED = "tidied_at"
EVERY = timedelta(days=1)

log = structlog.get_logger()


def tidy_if_due(application: Application) -> None:
    """Tidy the state unless that was done within a day; a full disk is told, and tried again."""
    store, now = application.store, _now(application)
    told = store.look(lambda tx: tx.meta(TIDIED))
    if told and now - datetime.fromisoformat(told) < EVERY:
        return
    try:
        _tidy(application, now)
        store.tx(lambda tx: tx.set_meta(TIDIED, now.isoformat()))
    except DamagedStateError:
        raise
    except StateError as error:
        log.warning("state not tidied", reason=str(error))


def _tidy(application: Application, now: datetime) -> None:
    store, length = application.store, application.config.retention.trail_length
    rows = cut_trail(store, now - length, now) if length else 0
    if rows:
        log.info("trail cut", rows=rows)
    counts = store.look(lambda tx: tx.counts())
    saved = 0 if counts.waiting or counts.open_operations else store.compact()
    if saved:
        log.info("state compacted", bytes=saved)


def _now(application: Application) -> datetime:
    """Return business time, but never later than ours: a service's clock must not cut a trail."""
    return min(application.engine.now(), datetime.now(UTC))  # noqa: TID251  # a second opinion
