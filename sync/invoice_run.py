"""Run the invoices that are due on a day: stored first, then sent, contract by contract.

A contract that cannot be invoiced is parked with the reason; the others go on. Running it again
finds nothing due: the draft has moved to the next cycle.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sync import journal
from sync.apply import send_groups
from sync.engine import Engine
from sync.ids import operation_id
from sync.invoicing import Bill, Issue, due_contracts, issue_writes, read_bill
from sync.mapping import MalformedRowError
from sync.ports import Tx
from sync.remote import Comparison, Condition, Read, Unavailable, Write
from sync.settling import Trouble
from sync.state import Operation, OperationState, Service

_CATCH_UP = 60
"""At most five years of monthly cycles for one contract in one run."""
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What an invoice run did for one contract and cycle."""

    contract_id: str
    contract_name: str
    cycle_start: date
    number: str
    """Empty when nothing was issued and the draft rolled on."""
    net: Decimal
    tax: Decimal
    total: Decimal
    currency: str
    lines: int


def run_invoices(engine: Engine, on: date, contract_id: str | None = None) -> list[Issued]:
    """Issue everything that is due on or before a day; return it in order."""
    wanted = [contract_id] if contract_id else due_contracts(engine, on)
    return [issued for one in wanted for issued in _run_contract(engine, one, on)]


def _run_contract(engine: Engine, contract_id: str, on: date) -> Iterator[Issued]:
    for _ in range(_CATCH_UP):
        issued = _issue_next(engine, contract_id, on)
        if issued is None:
            return
        yield issued


def _issue_next(engine: Engine, contract_id: str, on: date) -> Issued | None:
    """Issue one cycle; when a row moved under it, read and work it out again."""
    for _ in range(_TRIES):
        _finish_earlier(engine)
        bill = _bill(engine, contract_id, on)
        if bill is None:
            return None
        number = next_number(engine, on)
        operations = _stored(engine, bill, Issue(on=on, number=number))
        send_groups(engine, [operations])
        if _is_done(engine, contract_id, operations):
            return _issued(bill, number)
    return None


def _bill(engine: Engine, contract_id: str, on: date) -> Bill | None:
    try:
        bill = read_bill(engine, contract_id, on)
    except MalformedRowError as error:
        bill = Trouble(code="row-malformed", reason=str(error), advice=error.remedy)
    if isinstance(bill, Trouble):
        trouble = bill
        engine.ports.store.tx(lambda tx: journal.park(engine, tx, contract_id, trouble))
        return None
    engine.ports.store.tx(lambda tx: journal.unpark(engine, tx, contract_id))
    return bill


def _stored(engine: Engine, bill: Bill, issue: Issue) -> list[Operation]:
    writes = issue_writes(engine, bill, issue)
    group = f"{journal.GROUP_WRITE}:{engine.ports.effects.new_id()}"
    operations = [
        _operation(bill.contract.id, group, number, named) for number, named in enumerate(writes)
    ]

    def tx_store(tx: Tx) -> None:
        tx.add_operations(operations)
        tx.trail(
            [
                engine.trail(
                    bill.contract.id,
                    "invoice run",
                    cycle=bill.cycle.start,
                    number="" if bill.is_empty or bill.only_credits else issue.number,
                    total=bill.sums.total,
                )
            ]
        )

    engine.ports.store.tx(tx_store)
    return operations


def _operation(subject: str, group: str, number: int, named: tuple[str, Write]) -> Operation:
    action, write = named
    return Operation(
        id=operation_id(group, number),
        subject=subject,
        group=group,
        service=Service.DATAVERSE,
        action=action,
        set=write.set,
        target=write.id,
        body=write.body,
        precondition=write.precondition,
    )


def _finish_earlier(engine: Engine) -> None:
    """Finish invoices that were begun before: their numbers are taken (rules.md 4.14).

    Raise Unavailable while one of them is unclear; the next number cannot be known until then.
    """
    for group in _begun(engine):
        send_groups(engine, [group])
    if _begun(engine):
        raise Unavailable("an invoice that was begun before is not confirmed yet; try again")


def _begun(engine: Engine) -> list[list[Operation]]:
    """Return the stored change sets of contracts (not of subscriptions) that have not ended."""

    def read(tx: Tx) -> list[list[Operation]]:
        subjects = [subject for subject, _ in tx.due(None) if not tx.seen([subject])]
        return [group for subject in subjects if (group := tx.open_operations(subject))]

    return engine.ports.store.tx(read)


def _is_done(engine: Engine, contract_id: str, operations: Sequence[Operation]) -> bool:
    ids = {one.id for one in operations}
    stored = engine.ports.store.tx(lambda tx: tx.operations(contract_id))
    return all(one.state is OperationState.DONE for one in stored if one.id in ids)


def next_number(engine: Engine, on: date) -> str:
    """Return the next invoice number of the year, without gaps (rules.md 4.14)."""
    entity = engine.mappings.entity("invoice")
    column, prefix = entity.column("number"), f"INV-{on.year}-"
    read = Read(
        set=entity.set,
        columns=(column,),
        where=(
            Condition(column=column, comparison=Comparison.GE, value=prefix),
            Condition(column=column, comparison=Comparison.LE, value=f"{prefix}99999999"),
        ),
        order_by=(f"{column} desc",),
        top=1,
    )
    rows = engine.ports.crm.read([read])[0].rows
    last = str(rows[0][column]).removeprefix(prefix) if rows else "0"
    return f"{prefix}{int(last) + 1 if last.isdigit() else 1:04d}"


def _issued(bill: Bill, number: str) -> Issued:
    rolled = bill.is_empty or bill.only_credits
    lines = len(bill.waiting) + len(bill.new_lines) + (1 if bill.lift else 0)
    return Issued(
        contract_id=bill.contract.id,
        contract_name=bill.contract.name,
        cycle_start=bill.cycle.start,
        number="" if rolled else number,
        net=bill.sums.net,
        tax=bill.sums.tax,
        total=bill.sums.total,
        currency=bill.contract.currency,
        lines=lines,
    )
