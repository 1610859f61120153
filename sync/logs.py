"""What our change logs say about a subscription: the truth that survives at Dataverse. Pure.

The last logged state is what the newest logs say (rules.md 1.4); the local state only caches it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lifecycle.decisions import Standing
from lifecycle.states import LogKind, Status
from sync.mapping import Entity, MalformedRowError
from sync.remote import Row
from sync.state import KnownLog

LOGGED = (
    "subscription",
    "kind",
    "quantity_after",
    "change_key",
    "sequence",
    "provisioning",
    "provisioned_at",
)
"""The fields of a log that `known_log` reads."""

_STATUS: Mapping[str, Status] = {
    LogKind.DEACTIVATION: Status.SUSPENDED,
    LogKind.ACTIVATION: Status.ACTIVE,
    LogKind.PAUSE: Status.PAUSED,
    LogKind.RESUME: Status.ACTIVE,
    LogKind.CANCELLATION: Status.CANCELLED,
    LogKind.EXPIRY: Status.EXPIRED,
}


def known_log(entity: Entity, row: Row, subscription_id: str, version: int) -> KnownLog | None:
    """Return what we keep of a log row, or of the body that makes one; None for others' logs."""
    try:
        record = entity.record(row)
    except MalformedRowError:
        return None  # a value that we do not know asks nothing of us
    change_key = record.get("change_key")
    if not change_key or not subscription_id:
        return None
    sequence, after = record.get("sequence"), record.get("quantity_after")
    return KnownLog(
        id=entity.row_id(row),
        subscription_id=subscription_id,
        version=version,
        change_key=str(change_key),
        sequence=sequence if isinstance(sequence, int) else 0,
        kind=str(record.get("kind") or ""),
        quantity_after=after if isinstance(after, int) else 0,
        provisioning=str(record.get("provisioning") or ""),
        stamped=record.get("provisioned_at") is not None,
    )


def updated_log(entity: Entity, row: Row, log: KnownLog) -> KnownLog:
    """Return a log with what an update wrote laid over it."""
    record = entity.record(row)
    provisioning = record.get("provisioning")
    return replace(
        log,
        provisioning=str(provisioning) if provisioning else log.provisioning,
        stamped=log.stamped or record.get("provisioned_at") is not None,
    )


def status_told(log: KnownLog) -> Status | None:
    """Return the state that a log tells by its kind; None for one of seats or price."""
    return _STATUS.get(log.kind)


def standing_of(logs: Sequence[KnownLog], quantity_on_row: int) -> Standing | None:
    """Return the state that the newest logs tell, in order of sequence; None without logs."""
    if not logs:
        return None
    status = Status.ACTIVE
    for log in logs:
        status = _STATUS.get(log.kind, status)
    quantity = logs[-1].quantity_after if status.has_seats else quantity_on_row
    return Standing(status=status, quantity=quantity)
