"""The engine's facts as rows of the local tables, and back."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from lifecycle.decisions import Standing
from lifecycle.states import Status
from store import codec
from sync.state import (
    Counted,
    Fact,
    FactState,
    InvoiceWork,
    KnownInvoice,
    KnownLog,
    Operation,
    OperationState,
    Parked,
    Seen,
    Service,
    Source,
    TrailEntry,
    Wake,
)

SqlValue = str | int | None
LONGEST_PAUSE = timedelta(hours=1)
"""A pause that ends later than this was set before the clock stepped back."""


class Stored(Protocol):
    """A row as a backend gives it back: its columns by name."""

    def __getitem__(self, name: str, /) -> Any: ...  # noqa: ANN401  # a column of any type


def seen_row(seen: Seen) -> dict[str, SqlValue]:
    accepted = seen.accepted
    return {
        "id": seen.id,
        "version": seen.version,
        "point": codec.dump_point(seen.point),
        "status": accepted.status.value if accepted else None,
        "quantity": accepted.quantity if accepted else None,
        "planned": codec.dump_standing(seen.planned),
        "contract_id": seen.contract_id,
        "modified_at": seen.modified_at.isoformat(),
        "first_seen_on": seen.first_seen_on.isoformat(),
        "deactivate_on": seen.deactivate_on.isoformat() if seen.deactivate_on else None,
        "audit_id": seen.audit_id,
        "claims": codec.dump_claims(seen.claims),
        "differs_since": seen.differs_since.isoformat() if seen.differs_since else None,
    }


def read_seen(row: Stored) -> Seen:
    status = row["status"]
    accepted = Standing(status=Status(status), quantity=row["quantity"]) if status else None
    return Seen(
        id=row["id"],
        version=row["version"],
        point=codec.load_point(row["point"]),
        accepted=accepted,
        planned=codec.load_standing(row["planned"]),
        contract_id=row["contract_id"],
        modified_at=datetime.fromisoformat(row["modified_at"]),
        first_seen_on=date.fromisoformat(row["first_seen_on"]),
        deactivate_on=codec.day(row["deactivate_on"]),
        audit_id=row["audit_id"],
        claims=codec.load_claims(row["claims"]),
        differs_since=codec.instant(row["differs_since"]),
    )


def fact_row(fact: Fact) -> dict[str, SqlValue]:
    return {
        "key": fact.key,
        "subscription_id": fact.subscription_id,
        "point": codec.dump_point(fact.point),
        "status_changed": int(fact.status_changed),
        "quantity_changed": int(fact.quantity_changed),
        "source": fact.source.value,
        "at": fact.at.isoformat(),
        "by": fact.by,
        "effective_on": fact.effective_on.isoformat() if fact.effective_on else None,
        "state": fact.state.value,
    }


def read_fact(row: Stored) -> Fact:
    return Fact(
        key=row["key"],
        subscription_id=row["subscription_id"],
        point=codec.load_point(row["point"]),
        status_changed=bool(row["status_changed"]),
        quantity_changed=bool(row["quantity_changed"]),
        source=Source(row["source"]),
        at=datetime.fromisoformat(row["at"]),
        by=row["by"],
        effective_on=codec.day(row["effective_on"]),
        state=FactState(row["state"]),
        ordinal=row["ordinal"],
    )


def operation_row(operation: Operation) -> dict[str, SqlValue]:
    return {
        "id": operation.id,
        "subject": operation.subject,
        "group_id": operation.group,
        "service": operation.service.value,
        "action": operation.action,
        "set_name": operation.set,
        "target": operation.target,
        "body": codec.dump(operation.body),
        "precondition": operation.precondition,
        "quantity": operation.quantity,
        "change_keys": json.dumps(operation.change_keys),
        "state": operation.state.value,
        "attempts": operation.attempts,
        "request_id": operation.request_id,
        "not_before": operation.not_before.isoformat() if operation.not_before else None,
        "sent_at": operation.sent_at.isoformat() if operation.sent_at else None,
        "message": operation.message,
        "carried": codec.dump(operation.carried),
    }


def read_operation(row: Stored) -> Operation:
    return Operation(
        id=row["id"],
        subject=row["subject"],
        group=row["group_id"],
        service=Service(row["service"]),
        action=row["action"],
        set=row["set_name"],
        target=row["target"],
        body=codec.load(row["body"]),
        precondition=row["precondition"],
        quantity=row["quantity"],
        change_keys=tuple(json.loads(row["change_keys"])),
        ordinal=row["ordinal"],
        state=OperationState(row["state"]),
        attempts=row["attempts"],
        request_id=row["request_id"],
        not_before=codec.instant(row["not_before"]),
        sent_at=codec.instant(row["sent_at"]),
        message=row["message"],
        carried=codec.load(row["carried"]),
    )


def log_row(log: KnownLog) -> dict[str, SqlValue]:
    return {
        "id": log.id,
        "subscription_id": log.subscription_id,
        "version": log.version,
        "change_key": log.change_key,
        "sequence": log.sequence,
        "kind": log.kind,
        "quantity_after": log.quantity_after,
        "provisioning": log.provisioning,
        "stamped": int(log.stamped),
    }


def read_log(row: Stored) -> KnownLog:
    return KnownLog(
        id=row["id"],
        subscription_id=row["subscription_id"],
        version=row["version"],
        change_key=row["change_key"],
        sequence=row["sequence"],
        kind=row["kind"],
        quantity_after=row["quantity_after"],
        provisioning=row["provisioning"],
        stamped=bool(row["stamped"]),
    )


def invoice_row(invoice: KnownInvoice) -> dict[str, SqlValue]:
    return {
        "id": invoice.id,
        "contract_id": invoice.contract_id,
        "version": invoice.version,
        "status": invoice.status,
        "work": invoice.work.value,
    }


def read_invoice(row: Stored) -> KnownInvoice:
    return KnownInvoice(
        id=row["id"],
        contract_id=row["contract_id"],
        version=row["version"],
        status=row["status"],
        work=InvoiceWork(row["work"]),
    )


def parked_row(parked: Parked) -> dict[str, SqlValue]:
    return {
        "subject": parked.subject,
        "code": parked.code,
        "reason": parked.reason,
        "advice": parked.advice,
        "since": parked.since.isoformat(),
        "change_key": parked.change_key,
    }


def read_parked(row: Stored) -> Parked:
    return Parked(
        subject=row["subject"],
        code=row["code"],
        reason=row["reason"],
        advice=row["advice"],
        since=datetime.fromisoformat(row["since"]),
        change_key=row["change_key"],
    )


def read_trail(row: Stored) -> TrailEntry:
    return TrailEntry(
        sequence=row["sequence"],
        at=datetime.fromisoformat(row["at"]),
        subject=row["subject"],
        event=row["event"],
        facts=json.loads(row["facts"]),
    )


def wake_row(wake: Wake) -> dict[str, SqlValue]:
    return {
        "subscription_id": wake.subscription_id,
        "reason": wake.reason,
        "attempts": wake.attempts,
        "not_before": wake.not_before.isoformat() if wake.not_before else None,
    }


def read_wake(row: Stored) -> Wake:
    return Wake(
        subscription_id=row["subscription_id"],
        reason=row["reason"],
        attempts=row["attempts"],
        not_before=codec.instant(row["not_before"]),
    )


def counted_row(counted: Counted) -> dict[str, SqlValue]:
    return {
        "change_key": counted.change_key,
        "at": counted.at.isoformat(),
        "currency": counted.currency,
        "refund": str(counted.refund),
    }


def read_counted(row: Stored) -> Counted:
    return Counted(
        change_key=row["change_key"],
        at=datetime.fromisoformat(row["at"]),
        currency=row["currency"],
        refund=Decimal(row["refund"]),
    )
