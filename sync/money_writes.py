"""The lines of a plan as writes: on the open invoice of the contract that each belongs to. Pure.

Lines never land on an invoice that was issued meanwhile: the open one travels with If-Match.
"""

from collections.abc import Sequence

from billing.lines import NewLine
from sync.bodies import LineTarget, draft_write, line_writes
from sync.engine import Engine
from sync.model import Contract, Invoice
from sync.planned import Case, Elsewhere, Plan
from sync.remote import Write
from sync.settling import open_cycle

Named = tuple[str, Write]


def money_writes(engine: Engine, case: Case, plan: Plan, next_number: int) -> list[Named]:
    """Return the lines and the open invoices that they are put on."""
    contract, draft = case.context.contract, plan.draft
    foreign = {root for one in case.elsewhere for root in one.roots}
    writes: list[Named] = []
    for one in case.elsewhere:
        writes += _elsewhere(engine, case, plan, one)
    own = [line for line in plan.lines if line.root not in foreign]
    if not own or draft is None or contract is None:
        return writes
    lines = _lines_on(engine, case, plan, own, (draft.id, next_number))
    return [*writes, *lines, ("open invoice", _touch(engine, contract, draft))]


def _elsewhere(engine: Engine, case: Case, plan: Plan, one: Elsewhere) -> list[Named]:
    """Put what corrects the lines of another contract on its open invoice, made when missing."""
    owed = [line for line in plan.lines if line.root in one.roots]
    if not owed:
        return []
    number = one.last_line_number + 1
    if one.draft is not None:
        lines = _lines_on(engine, case, plan, owed, (one.draft.id, number))
        return [*lines, ("open invoice", _touch(engine, one.contract, one.draft))]
    cycle = open_cycle(one.contract, one.closed, case.moment.today)
    made = draft_write(engine.mappings, one.contract, cycle, one.closed)
    return [("open invoice", made), *_lines_on(engine, case, plan, owed, (made.id, number))]


def _lines_on(
    engine: Engine, case: Case, plan: Plan, owed: Sequence[NewLine], place: tuple[str, int]
) -> list[Named]:
    """Return the creates of lines on an invoice, from a line number on."""
    subscription = case.context.subscription
    if subscription is None:
        return []
    draft_id, next_number = place
    target = LineTarget(
        subscription=subscription,
        draft_id=draft_id,
        next_number=next_number,
        log_ids=_log_ids(plan),
        taken=case.emitted | {line.id for line in case.context.lines},
    )
    return [("invoice line", line) for line in line_writes(engine.mappings, owed, target)]


def _touch(engine: Engine, contract: Contract, draft: Invoice) -> Write:
    """Touch an open invoice with If-Match: no line lands on one that was issued meanwhile."""
    entity = engine.mappings.entity("invoice")
    body = entity.body({"currency": contract.currency}, engine.mappings.sets)
    return Write(set=entity.set, id=draft.id, body=body, precondition=draft.etag)


def _log_ids(plan: Plan) -> dict[str, str]:
    """Return the logs by change key; what no change explains hangs on the first."""
    found = {planned.log.change_key: planned.log.id for planned in plan.logs}
    return found | ({"": plan.logs[0].log.id} if plan.logs else {})
