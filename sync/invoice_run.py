"""Run the invoices that are due: stored first, then sent, many contracts at once.

A contract that cannot be invoiced is parked with the reason; the others go on. Running it again
finds nothing due: the draft has moved to the next cycle.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from billing.money import with_places
from sync import guard_memory
from sync.apply import Group, change_sets, send_all
from sync.aside import Failures
from sync.bills import Bill, Over, SubscriptionLines
from sync.contract_end import remember
from sync.contract_memory import remember_frequency
from sync.due import Kind
from sync.edits import LINE_EDITED, edited_trouble
from sync.engine import Engine
from sync.invoicing import awake_contracts, due_contracts, read_bills
from sync.issuing import ISSUE, issue_writes
from sync.numbers import Handed, hand_out, next_numbers
from sync.operations import GROUP_WRITE, operations_for
from sync.parking import park, unpark
from sync.paused import is_paused
from sync.ports import Tx
from sync.remote import Unavailable
from sync.settling import Trouble
from sync.state import OperationState, TrailEntry

_CATCH_UP = 60
"""At most five years of monthly cycles for one contract in one run."""
_TRIES = 3
_WAVE = 50
"""Contracts that are read and sent together, so that memory does not grow with their number."""


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
    """Issue everything that is due on or before a day; return it in order.

    Raises RemoteError when a service could not do its part; what was begun is finished later.
    """
    run = _Run(engine=engine, on=on)
    return _through(run, [contract_id] if contract_id else due_contracts(engine, on))


def run_due_invoices(engine: Engine) -> list[Issued]:
    """Issue what is due today, in each contract's zone; nothing while a guard or a person stops.

    Raises RemoteError.
    """
    if engine.observe or not engine.invoices.automatic or is_paused(engine):
        return []
    if engine.ports.store.tx(guard_memory.alarms):
        return []
    return _through(_Run(engine=engine, on=None), awake_contracts(engine))


@dataclass(slots=True, kw_only=True)
class _Run:
    """A run: for a day, or for today in each contract's zone."""

    engine: Engine
    on: date | None
    failures: Failures = field(default_factory=Failures)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """A bill, its number, and its stored change set."""

    bill: Bill
    number: str
    group: Group


def _through(run: _Run, wanted: Sequence[str]) -> list[Issued]:
    _finish(run, _begun(run.engine))
    issued: list[Issued] = []
    for start in range(0, len(wanted), _WAVE):
        issued += _wave(run, wanted[start : start + _WAVE])
    if run.failures.errors:
        raise run.failures.errors[0]
    return issued


def _wave(run: _Run, wave: Sequence[str]) -> list[Issued]:
    """Issue cycle by cycle; when a row moved under it, read and work it out again."""
    issued: list[Issued] = []
    tries = dict.fromkeys(wave, 0)
    for _ in range(_CATCH_UP):
        left = _finish(run, tries)
        if not left or run.engine.stopping():
            break
        bills = _bills(run, left)
        given = _stored(run.engine, bills)
        send_all(run.engine, ([one.group] for one in given), run.failures)
        done = [one for one in given if _is_done(run.engine, one)]
        issued += [_issued(one) for one in done if _is_told(one.bill)]
        tries = {one.bill.contract.id: tries[one.bill.contract.id] + 1 for one in given}
        tries |= {one.bill.contract.id: 0 for one in done}
        tries = {one: times for one, times in tries.items() if times < _TRIES}
    return issued


# --- what was begun before -----------------------------------------------------------------------


def _begun(engine: Engine) -> list[str]:
    """Return the contracts with change sets that have not ended."""

    def read(tx: Tx) -> list[str]:
        subjects = [subject for subject, _ in tx.due(None)]
        known = tx.seen(subjects)
        return [one for one in subjects if one not in known and _is_of_contract(tx, one)]

    return engine.ports.store.tx(read)


def _is_of_contract(tx: Tx, subject: str) -> bool:
    """Tell a contract with open work from a subscription whose row was deleted meanwhile."""
    return bool(tx.open_operations(subject)) and not (tx.facts(subject) or tx.known_logs(subject))


def _finish(run: _Run, contracts: Iterable[str]) -> list[str]:
    """Finish invoices that were begun before; return the contracts that have nothing open."""
    engine, wanted = run.engine, list(contracts)
    groups = engine.ports.store.tx(lambda tx: [tx.open_operations(one) for one in wanted])
    begun = [change_sets(group) for group in groups if group and not _waits(run, group)]
    send_all(engine, begun, run.failures)
    opened = engine.ports.store.tx(lambda tx: [one for one in wanted if tx.open_operations(one)])
    if opened and not run.failures.errors:
        told = "an invoice that was begun before is not confirmed yet; try again"
        run.failures.errors.append(Unavailable(told))
    return [one for one in wanted if one not in opened]


def _waits(run: _Run, group: Group) -> bool:
    """Tell a change set whose pause runs; a person who asks for a day does not wait for it."""
    now = run.engine.now()
    return run.on is None and any(one.not_before and one.not_before > now for one in group)


# --- reading -------------------------------------------------------------------------------------


def _bills(run: _Run, contract_ids: Sequence[str]) -> list[Bill]:
    """Return what is due; contracts in trouble are parked."""
    engine = run.engine
    found = read_bills(engine, contract_ids, run.on)

    def tx_standing(tx: Tx) -> None:
        for contract_id, one in found.items():
            if isinstance(one, Trouble):
                park(engine, tx, contract_id, one)
            else:
                unpark(engine, tx, contract_id)
            if isinstance(one, Bill):
                _tell_edits(engine, tx, one)
            if isinstance(one, Bill | Over):
                _keep_endings(engine, tx, one.added)

    engine.ports.store.tx(tx_standing)
    return [one for one in found.values() if isinstance(one, Bill)]


def _keep_endings(engine: Engine, tx: Tx, added: Sequence[SubscriptionLines]) -> None:
    """Remember what the gates said of a contract's end, and tell it once."""
    for one in added:
        subscription, ending = one.context.subscription, one.ending
        if subscription is None or ending is None or not ending.reason:
            continue
        remember(tx, subscription.id, ending)
        told = {"day": ending.ends_on, "decision": ending.decision, "reason": ending.reason}
        tx.trail([engine.trail(subscription.id, "contract ended", **told)])


def _tell_edits(engine: Engine, tx: Tx, bill: Bill) -> None:
    """Park subscriptions whose lines wait for a person (rules.md 4.9)."""
    for one in bill.added:
        subscription = one.context.subscription
        if subscription is None or bill.due.kind is not Kind.CYCLE:
            continue
        if one.proposed:
            trouble = edited_trouble(subscription, one.proposed, bill.contract.currency, one.hands)
            park(engine, tx, subscription.id, trouble)
        elif any(parked.code == LINE_EDITED for parked in tx.parked(subscription.id)):
            unpark(engine, tx, subscription.id)


# --- storing -------------------------------------------------------------------------------------


def _stored(engine: Engine, bills: Sequence[Bill]) -> list[_Given]:
    """T2 of a wave: change sets with frozen ids and bodies, and the numbers they carry."""
    numbers = _numbers(engine, bills)
    given = [_given(engine, bill, numbers.get(bill.contract.id, "")) for bill in bills]

    def t2(tx: Tx) -> None:
        for one in given:
            tx.add_operations(one.group)
            remember_frequency(tx, one.bill.contract)
        hand_out(tx, (_handed(one) for one in given if one.number))
        tx.trail([_entry(engine, one) for one in given])

    engine.ports.store.tx(t2)
    return given


def _numbers(engine: Engine, bills: Iterable[Bill]) -> dict[str, str]:
    """Give every invoice that is issued its number, in order of the days they bill."""
    years: dict[int, list[Bill]] = {}
    for bill in sorted(bills, key=lambda one: (one.due.billed.start, one.contract.id)):
        if not bill.rolls:
            years.setdefault(bill.due.on.year, []).append(bill)
    return {
        bill.contract.id: number
        for year, mine in years.items()
        for bill, number in zip(mine, next_numbers(engine, year, len(mine)), strict=True)
    }


def _given(engine: Engine, bill: Bill, number: str) -> _Given:
    group = f"{GROUP_WRITE}:{engine.ports.effects.new_id()}"
    operations = operations_for(bill.contract.id, group, issue_writes(engine, bill, number))
    return _Given(bill=bill, number=number, group=operations)


def _handed(given: _Given) -> Handed:
    (operation,) = (one.id for one in given.group if one.action == ISSUE)
    return Handed(given.number, given.bill.contract.id, operation)


def _entry(engine: Engine, given: _Given) -> TrailEntry:
    bill = given.bill
    return engine.trail(
        bill.contract.id,
        "invoice run",
        cycle=bill.cycle.start,
        kind=bill.due.kind,
        number=given.number,
        total=bill.sums.total,
        held=len(bill.held) or "",
    )


def _is_done(engine: Engine, given: _Given) -> bool:
    ids = {one.id for one in given.group}
    stored = engine.ports.store.tx(lambda tx: tx.operations(given.bill.contract.id))
    return all(one.state is OperationState.DONE for one in stored if one.id in ids)


def _is_told(bill: Bill) -> bool:
    """Tell whether a person wants to hear of it: a date alone was moved otherwise."""
    return bill.due.kind is Kind.CYCLE or not bill.rolls


def _issued(given: _Given) -> Issued:
    bill = given.bill
    lines = len(bill.waiting) + len(bill.new_lines) + (1 if bill.lift else 0)
    currency = bill.contract.currency
    return Issued(
        contract_id=bill.contract.id,
        contract_name=bill.contract.name,
        cycle_start=bill.due.billed.start,
        number=given.number,
        net=with_places(bill.sums.net, currency),
        tax=with_places(bill.sums.tax, currency),
        total=with_places(bill.sums.total, currency),
        currency=currency,
        lines=lines,
    )
