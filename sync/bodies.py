"""The bodies of the writes that a plan leads to: logs, lines, drafts. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing.lines import NewLine
from billing.terms import RefundDecision
from lifecycle.states import LogKind
from sync import ids
from sync.mapping import Record
from sync.mapping_files import Mappings
from sync.model import Contract, Invoice, Subscription
from sync.planned import PlannedLog
from sync.remote import CREATE_ONLY, Write
from sync.settling import Cycle
from sync.state import Source
from sync.wording import join


def log_record(planned: PlannedLog, subscription_id: str, *, message: str = "") -> Record:
    """Return the fields of a new change log, without the outcome of provisioning."""
    log, fact = planned.log, planned.decided.fact
    kind = LogKind(log.kind)
    return {
        "name": f"{kind.words} {log.effective_on} ({planned.decided.decision.moved:+d})",
        "subscription": subscription_id,
        "kind": log.kind,
        "quantity_change": planned.decided.decision.moved,
        "quantity_before": log.quantity_before,
        "quantity_after": log.quantity_after,
        "effective_on": log.effective_on,
        "requested_at": fact.at,
        "requested_by": fact.by or None,
        "change_key": log.change_key,
        "sequence": log.sequence,
        "change_day": log.change_day,
        "prorate_unit": log.prorate_unit,
        "refund_decision": log.refund_decision,
        "unit_price": log.unit_price,
        "discount_percent": log.discount_percent,
        "tax_percent": log.tax_percent,
        "provisioning": log.provisioning,
        "origin": "partner_center" if fact.source.is_foreign else "dynamics",
        "message": message or story(planned),
    }


def story(planned: PlannedLog) -> str:
    """Tell on the log what a person asks first: what happened, whether money came back, why."""
    parts = [planned.log.message]
    match planned.log.refund_decision:
        case RefundDecision.REFUNDED if not planned.refund:
            day, why = planned.log.effective_on, planned.refund_reason
            parts.append(f"What is invoiced beyond {day} is refunded then: {why}.")
        case RefundDecision.REFUNDED:
            parts.append(f"Refund {planned.refund} on the open invoice: {planned.refund_reason}.")
        case RefundDecision.NOTHING_TO_REFUND if planned.refund_reason:
            parts.append(f"Nothing to refund, though {planned.refund_reason}.")
        case _ if planned.refund_reason:
            parts.append(f"No refund: {planned.refund_reason}.")
        case _:
            pass
    if planned.decided.fact.source is Source.OBSERVED:
        parts.append("Seen by comparing two reads: the time and steps in between are uncertain.")
    return join(*parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTarget:
    """Where new lines go."""

    subscription: Subscription
    draft_id: str
    next_number: int
    log_ids: Mapping[str, str]
    """Change key -> log id; the empty key is for lines that no change explains."""
    taken: frozenset[str]
    """Ids of lines that exist or once existed."""


def line_writes(mappings: Mappings, lines: Sequence[NewLine], target: LineTarget) -> list[Write]:
    """Return the creates of the lines, with ids from the fact (rules.md 2.1)."""
    entity = mappings.entity("invoice_line")
    writes: list[Write] = []
    taken = set(target.taken)
    for number, line in enumerate(lines, start=target.next_number):
        row_id = _free_id(target.subscription.id, line, taken)
        taken.add(row_id)
        record = _line_record(line, number, target)
        body = entity.new_body(record, mappings.sets)
        writes.append(Write(set=entity.set, id=row_id, body=body, precondition=CREATE_ONLY))
    return writes


def _free_id(subscription_id: str, line: NewLine, taken: set[str]) -> str:
    number = 0
    while (row := ids.line_id(subscription_id, line.period_key, line.root, number)) in taken:
        number += 1
    return row


def _line_record(line: NewLine, number: int, target: LineTarget) -> Record:
    title = "Refund" if line.amount < 0 else "Charge"
    log_id = target.log_ids.get(line.change_key) or target.log_ids.get("")
    return {
        "name": f"{title}: {target.subscription.name} ({line.period})"[:200],
        "number": number,
        "invoice": target.draft_id,
        "subscription": target.subscription.id,
        **({"change_log": log_id} if log_id else {}),
        "change_key": line.change_key or None,
        "kind": line.kind.value,
        "period_start": line.period.start,
        "period_end": line.period.end,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "discount_percent": line.discount_percent,
        "tax_percent": line.tax_percent,
        "amount": line.amount,
        "calculated_amount": line.amount,
        "tax_amount": line.tax_amount,
        **({"reverses": line.reverses} if line.reverses else {}),
        "explanation": line.explanation,
    }


def billed_to(mappings: Mappings, contract: Contract) -> Record:
    """Return the customer of a new invoice, where the mapping has a column for it."""
    mapped = "customer" in mappings.entity("invoice").fields
    return {"customer": contract.customer_id} if mapped and contract.customer_id else {}


def draft_write(
    mappings: Mappings, contract: Contract, cycle: Cycle, closed: Sequence[Invoice]
) -> Write:
    """Return the create of an open invoice for a cycle."""
    entity = mappings.entity("invoice")
    number = sum(1 for one in closed if one.cycle_start == cycle.start)
    record: Record = {
        "name": f"{contract.name} {cycle.start} (open)"[:200],
        "contract": contract.id,
        **billed_to(mappings, contract),
        "cycle_start": cycle.start,
        "cycle_end": cycle.end,
        "currency": contract.currency,
        "status": "draft",
    }
    row_id = ids.draft_id(contract.id, cycle.start, number)
    body = entity.new_body(record, mappings.sets)
    return Write(set=entity.set, id=row_id, body=body, precondition=CREATE_ONLY)
