"""Store the intent before the act: transaction T2, and what is frozen after it.

After T2 every write has its frozen id and body; only then does anything leave the process.
"""

from collections.abc import Sequence
from dataclasses import replace

from sync import guard_memory, late, sides_journal
from sync.bodies import draft_write
from sync.engine import Engine
from sync.mapping import Record
from sync.operations import GROUP_DRAFT, GROUP_NOTE, note, of_plan, operations_of
from sync.parking import park, unpark
from sync.planned import Case, Plan
from sync.ports import Tx
from sync.remote import Action
from sync.settling import Trouble
from sync.state import Operation, OperationState, TrailEntry


def store_draft(engine: Engine, case: Case, plan: Plan) -> None:
    """Store the creation of a missing open invoice; it is made first, alone (rules.md 2.5)."""
    contract = case.context.contract
    if plan.new_draft is None or contract is None:
        return
    write = draft_write(engine.mappings, contract, plan.new_draft, case.context.closed)
    group = f"{GROUP_DRAFT}:{engine.ports.effects.new_id()}"
    operations = of_plan(plan, group, [("open invoice", write)])
    engine.ports.store.tx(lambda tx: tx.add_operations(operations))


def store_plan(engine: Engine, case: Case, plan: Plan, *, next_number: int) -> None:
    """T2: facts, parked state and operations of one subscription, in one transaction."""
    operations = operations_of(
        engine, case, plan, next_number=next_number, name=engine.ports.effects.new_id()
    )

    def t2(tx: Tx) -> None:
        _store_facts(tx, plan, written=bool(plan.logs))
        _store_parked(engine, tx, plan)
        _store_hold(tx, case, plan)
        tx.unwake(plan.subscription_id)
        tx.add_operations(operations)
        guard_memory.count(engine, tx, case, plan)
        sides_journal.remember(engine, tx, case, plan)
        if case.is_checked:
            late.conclude(engine, tx, plan)
        tx.trail(_entries(engine, case, plan))

    engine.ports.store.tx(t2)


def _store_facts(tx: Tx, plan: Plan, *, written: bool) -> None:
    for key, state in plan.states.items():
        tx.set_fact_state([key], state)
    known = tx.seen([plan.subscription_id]).get(plan.subscription_id)
    if known is None:
        return
    if written:
        tx.put_seen([replace(known, planned=plan.standing)])
    elif known.accepted is None and plan.standing is not None:
        tx.put_seen([replace(known, accepted=plan.standing)])


def _store_parked(engine: Engine, tx: Tx, plan: Plan) -> None:
    subject = plan.subscription_id
    if plan.trouble:
        park(engine, tx, subject, plan.trouble)
    elif plan.refused:
        advice = "Set the row back, or change it to something that is allowed."
        park(engine, tx, subject, Trouble(code="refused", reason=plan.refused, advice=advice))
    else:
        unpark(engine, tx, subject)


def _store_hold(tx: Tx, case: Case, plan: Plan) -> None:
    """Keep what the provider is about to lose; never overwritten until restored (rules 2.10)."""
    taken = {Action.SUSPEND, Action.RESTORE}
    if plan.steps and taken & {*plan.steps.actions} and case.licence:
        # `case.hold` may come from the log, when the local state was lost.
        tx.set_hold(plan.subscription_id, case.hold if case.hold is not None else case.licence.held)


def store_failure(engine: Engine, case: Case, plan: Plan, trouble: Trouble) -> None:
    """Park a subscription whose provider said no, and tell the CRM user on the row."""
    group = f"{GROUP_NOTE}:{engine.ports.effects.new_id()}"
    notes = note(engine, case, replace(plan, message=trouble.reason), group)

    def tx_failure(tx: Tx) -> None:
        opened = tx.open_operations(plan.subscription_id)
        earlier = [one for one in opened if one.group.startswith(GROUP_NOTE)]
        for one in earlier:
            tx.put_operation(one.ended(OperationState.SUPERSEDED, "another message follows"))
        park(engine, tx, plan.subscription_id, trouble)
        tx.add_operations(notes)

    engine.ports.store.tx(tx_failure)


def freeze_outcome(
    engine: Engine, operations: Sequence[Operation], log_id: str, outcome: Record, *, release: str
) -> None:
    """Lay the provider's outcome over the log's stored body; from here on it is frozen.

    `release` names the subscription whose hold was given back and read back, else it is empty.
    """
    body = engine.mappings.entity("change_log").body(outcome, engine.mappings.sets)

    def tx_freeze(tx: Tx) -> None:
        for operation in operations:
            if operation.target == log_id:
                tx.put_operation(replace(operation, body={**operation.body, **body}))
        if release:
            tx.set_hold(release, None)

    engine.ports.store.tx(tx_freeze)


def _entries(engine: Engine, case: Case, plan: Plan) -> list[TrailEntry]:
    subject = plan.subscription_id
    before = [case.was, *(planned.decided.decision.standing for planned in plan.logs)]
    entries = [
        engine.trail(
            subject,
            "decided",
            change=planned.log.change_key,
            log=planned.log.id,
            was=was.status if was else "",
            was_quantity=was.quantity if was else "",
            rule=planned.decided.decision.transition,
            reason=planned.decided.decision.reason,
            effective_on=planned.log.effective_on,
            refund=planned.log.refund_decision,
            refund_reason=planned.refund_reason,
            provisioning=planned.log.provisioning,
            consequences=plan.consequences,
        )
        for planned, was in zip(plan.logs, before, strict=False)
    ]
    entries += [
        engine.trail(subject, "owed", amount=line.amount, explanation=line.explanation)
        for line in plan.lines
    ]
    if plan.refused:
        entries.append(engine.trail(subject, "refused", reason=plan.refused))
    return entries
