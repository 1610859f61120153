"""The writes that issue an invoice and open the next draft: one change set for a contract.

The draft and the contract are guarded by If-Match, new rows by If-None-Match, so that it is
written as a whole or not at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from billing.invoice import opening
from billing.lines import LineKind, NewLine
from sync import ids
from sync.bills import Bill, SubscriptionLines
from sync.bodies import LineTarget, billed_to, line_writes
from sync.due import Kind, following_of
from sync.engine import Engine
from sync.mapping import Record
from sync.model import Line
from sync.remote import CREATE_ONLY, Write
from sync.settling import Cycle, terms_of
from sync.wording import money_words

Named = tuple[str, Write]
ISSUE = "issue invoice"
_NAME = 200
"""The length of sk_name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issue:
    """An invoice that gets a number, and the draft that follows it."""

    bill: Bill
    number: str
    invoice_id: str
    next_id: str
    next_cycle: Cycle


def issue_writes(engine: Engine, bill: Bill, number: str) -> list[Named]:
    """Return the change set of a bill: the invoice, or the draft that rolls on."""
    removed = list(_removed(engine, bill))
    if bill.rolls:
        return [*removed, *_roll(engine, bill)]
    issue = _issue(bill, number)
    lines = list(_lines(engine, issue))
    number_of_lift = _last_number(bill) + len(lines) + 1
    # A new invoice is made before its lines, in the same change set.
    return [
        *removed,
        (ISSUE, _issued(engine, issue)),
        *(("invoice line", line) for line in lines),
        *_lift(engine, issue, number_of_lift),
        *_next(engine, issue),
        ("contract", _dated(engine, bill)),
    ]


def _issue(bill: Bill, number: str) -> _Issue:
    contract_id = bill.contract.id
    made = ids.draft_id(contract_id, bill.cycle.start, bill.due.unissued)
    invoice_id = bill.draft.id if bill.draft else made
    if bill.due.kind is Kind.INTERIM:
        # The cycle is the same, so the day of the interim invoice tells its drafts apart.
        told_apart = int(f"{bill.due.billed.end:%Y%m%d}")
        next_id = ids.draft_id(contract_id, bill.cycle.start, told_apart)
        next_cycle = bill.cycle
    else:
        next_cycle = following_of(terms_of(bill.contract), bill.cycle)
        next_id = ids.draft_id(contract_id, next_cycle.start, 0)
    return _Issue(
        bill=bill, number=number, invoice_id=invoice_id, next_id=next_id, next_cycle=next_cycle
    )


# --- the invoice ---------------------------------------------------------------------------------


def _issued(engine: Engine, issue: _Issue) -> Write:
    bill = issue.bill
    record: Record = {
        "name": f"{bill.contract.name} {issue.number}"[:_NAME],
        "contract": bill.contract.id,
        **billed_to(engine.mappings, bill.contract),
        "number": issue.number,
        "cycle_start": bill.due.billed.start,
        "cycle_end": bill.due.billed.end,
        "issued_on": bill.due.on,
        "due_on": bill.due.on + timedelta(days=bill.contract.payment_days),
        "net_total": bill.sums.net,
        "tax_total": bill.sums.tax,
        "total": bill.sums.total,
        "currency": bill.contract.currency,
        "status": "issued",
        **({"sync_message": None} if bill.draft and not bill.held else {}),
    }
    precondition = bill.draft.etag if bill.draft else CREATE_ONLY
    return _write(engine, "invoice", issue.invoice_id, record, precondition)


def _last_number(bill: Bill) -> int:
    return max((line.number for line in (*bill.waiting, *bill.held)), default=0)


def _lines(engine: Engine, issue: _Issue) -> Iterator[Write]:
    number = _last_number(issue.bill) + 1
    for one in issue.bill.added:
        writes = _lines_of(engine, issue, one, number)
        number += len(writes)
        yield from writes


def _lines_of(engine: Engine, issue: _Issue, one: SubscriptionLines, number: int) -> list[Write]:
    subscription, contract_id = one.context.subscription, issue.bill.contract.id
    if subscription is None or not one.lines:
        return []
    emitted = engine.ports.store.tx(
        lambda tx: tx.emitted(subscription.id) | tx.emitted(contract_id)
    )
    target = LineTarget(
        subscription=subscription,
        draft_id=issue.invoice_id,
        next_number=number,
        log_ids={log.change_key: log.id for log in one.context.logs if log.change_key},
        taken=frozenset(line.id for line in one.context.lines) | emitted,
    )
    return line_writes(engine.mappings, one.lines, target)


def _lift(engine: Engine, issue: _Issue, number: int) -> Iterator[Named]:
    bill = issue.bill
    if bill.lift is not None:
        line_id = ids.log_id(f"{issue.invoice_id}|lift")
        write = _credit_line(engine, bill.lift, line_id, issue.invoice_id, number)
        yield "invoice line", write


def _credit_line(
    engine: Engine, line: NewLine, line_id: str, invoice_id: str, number: int
) -> Write:
    record: Record = {
        "name": f"Credit carried forward ({line.amount})",
        "number": number,
        "invoice": invoice_id,
        "kind": LineKind.CREDIT_CARRIED_FORWARD.value,
        "period_start": line.period.start,
        "period_end": line.period.end,
        "quantity": 1,
        "unit_price": line.amount,
        "amount": line.amount,
        "calculated_amount": line.amount,
        "tax_amount": line.tax_amount,
        "explanation": line.explanation,
    }
    return _write(engine, "invoice_line", line_id, record, CREATE_ONLY)


# --- what follows --------------------------------------------------------------------------------


def _next(engine: Engine, issue: _Issue) -> Iterator[Named]:
    """Open the next draft, with the credit that goes on and the credits that are held back."""
    bill = issue.bill
    record: Record = {**_open_record(engine, issue), **_held(bill)}
    yield "open invoice", _write(engine, "invoice", issue.next_id, record, CREATE_ONLY)
    number = 1
    if bill.lift is not None:
        line = opening(bill.lift, issue.next_cycle.start)
        line_id = ids.log_id(f"{issue.next_id}|opening")
        yield "invoice line", _credit_line(engine, line, line_id, issue.next_id, number)
        number += 1
    for place, held in enumerate(bill.held, start=number):
        yield "held credit", _moved(engine, held, issue.next_id, place)


def _open_record(engine: Engine, issue: _Issue) -> Record:
    bill = issue.bill
    return {
        "name": f"{bill.contract.name} {issue.next_cycle.start} (open)"[:_NAME],
        "contract": bill.contract.id,
        **billed_to(engine.mappings, bill.contract),
        "cycle_start": issue.next_cycle.start,
        "cycle_end": issue.next_cycle.end,
        "currency": bill.contract.currency,
        "status": "draft",
    }


def _moved(engine: Engine, line: Line, draft_id: str, number: int) -> Write:
    record: Record = {"invoice": draft_id, "number": number}
    return _write(engine, "invoice_line", line.id, record, line.etag)


def _held(bill: Bill) -> Record:
    """Say on the draft which credits wait; nothing is said of others (rules.md 2.11)."""
    return {"sync_message": _held_words(bill)} if bill.held else {}


def _held_words(bill: Bill) -> str:
    amounts = ", ".join(money_words(bill.contract.currency, one.amount) for one in bill.held)
    return (
        f"A credit waits, because its change was not provisioned: {amounts}. Set its change log to"
        " Awaiting Provisioning; the next invoice then gives it."
    )


def _removed(engine: Engine, bill: Bill) -> Iterator[Named]:
    """Write on the logs that a person deleted their refund (rules.md 4.9)."""
    for log in (log for one in bill.added for log in one.removed):
        record: Record = {"refund_decision": log.refund_decision}
        yield "refund removed", _write(engine, "change_log", log.id, record, log.etag)


def _dated(engine: Engine, bill: Bill) -> Write:
    record: Record = {"next_invoice_on": bill.due.next_on}
    return _write(engine, "contract", bill.contract.id, record, bill.contract.etag)


def _roll(engine: Engine, bill: Bill) -> list[Named]:
    """Move an empty draft, or one with only credits, to the next cycle (rules.md 4.16).

    Credits that nobody has written yet go on it: made with the invoice, they would be seen late.
    """
    if bill.due.kind is not Kind.CYCLE or not (bill.draft or bill.new_lines):
        return [("contract", _dated(engine, bill))]
    issue = _issue(bill, "")
    draft_id = bill.draft.id if bill.draft else issue.next_id
    lines = _lines(engine, replace(issue, invoice_id=draft_id))
    return [
        ("open invoice", _rolled(engine, issue)),
        *(("invoice line", line) for line in lines),
        ("contract", _dated(engine, bill)),
    ]


def _rolled(engine: Engine, issue: _Issue) -> Write:
    following, draft = issue.next_cycle, issue.bill.draft
    if draft is None:
        return _write(engine, "invoice", issue.next_id, _open_record(engine, issue), CREATE_ONLY)
    record: Record = {
        "cycle_start": following.start,
        "cycle_end": following.end,
        **_held(issue.bill),
    }
    return _write(engine, "invoice", draft.id, record, draft.etag)


def _write(engine: Engine, name: str, row_id: str, record: Record, precondition: str) -> Write:
    entity = engine.mappings.entity(name)
    write_body = entity.new_body if precondition == CREATE_ONLY else entity.body
    body = write_body(record, engine.mappings.sets)
    return Write(set=entity.set, id=row_id, body=body, precondition=precondition)
