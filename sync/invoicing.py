"""Read contracts and work out their next invoices; several contracts share a `$batch`.

`invoice preview` stops here; `invoice_run` issues what this module works out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from billing.periods import ONE_DAY, effective_date
from sync import model
from sync.bill_trouble import invoices_trouble, seats_trouble
from sync.bills import Bill, Over, bill_of, is_over
from sync.context import READS, context_reads, read_context, read_invoices, read_lines
from sync.contract_memory import undecided
from sync.due import Due, Kind, due_of
from sync.engine import Engine
from sync.mapping import MalformedRowError
from sync.model import Context, Contract, Invoice, Line
from sync.polled_rows import lookups
from sync.remote import Answer, Comparison, Condition, Read, Row
from sync.schedule_due import EAST, day_begins
from sync.scope import OUTSIDE
from sync.settling import Trouble, contract_trouble
from sync.subscription_bill import lines_of_all

__all__ = ["Bill", "due_contracts", "read_bill", "read_bills"]

Found = Bill | Over | Trouble | None


def due_contracts(engine: Engine, on: date) -> list[str]:
    """Return the contracts whose next invoice may be due: by their date, or without one."""
    return [contract_id for contract_id, _ in _candidates(engine, on)]


def awake_contracts(engine: Engine) -> list[str]:
    """Return the contracts to look at now: not those that had nothing due on this day of theirs."""
    now = engine.now()
    return [
        contract_id
        for contract_id, etag in _candidates(engine, (now + EAST).date())
        if not _rests(engine.resting.get(contract_id), etag, now)
    ]


def _rests(rest: tuple[str, datetime] | None, etag: str, now: datetime) -> bool:
    return rest is not None and rest[0] == etag and now < rest[1]


def _rest(engine: Engine, contract: Contract, on: date | None) -> None:
    """Leave a contract alone until its next day begins or its row changes (today's run only)."""
    if on is not None:
        return
    tomorrow = effective_date(engine.now(), contract.time_zone) + ONE_DAY
    engine.resting[contract.id] = (contract.etag, day_begins(tomorrow, contract.time_zone))


def _candidates(engine: Engine, on: date) -> list[tuple[str, str]]:
    entity = engine.mappings.entity("contract")
    column = entity.column("next_invoice_on")
    wanted: list[tuple[Condition, ...]] = [
        (Condition(column=column, comparison=Comparison.LE, value=on),),
        (Condition(column=column, comparison=Comparison.EQ, value=None),),
    ]
    if engine.invoices.interim:
        frequency = entity.fields["frequency"]
        monthly = Condition(
            column=frequency.columns[0],
            comparison=Comparison.NE,
            value=_number(frequency.choices["monthly"]),
        )
        later = Condition(column=column, comparison=Comparison.GE, value=_after_a_month(on))
        wanted.append((monthly, later))
    reads = [Read(set=entity.set, columns=(entity.id_column,), where=where) for where in wanted]
    rows = [row for answer in engine.ports.crm.read(reads) for row in answer.rows]
    return sorted({(entity.row_id(row), str(row.get("@odata.etag", ""))) for row in rows})


def _after_a_month(on: date) -> date:
    return date.fromordinal(on.toordinal() + 32)


def _number(choice: Sequence[int]) -> int:
    return choice[0]


def read_bill(engine: Engine, contract_id: str, on: date | None) -> Bill | Trouble | None:
    """Read a contract and work its next invoice out; None when none is due on the day."""
    found = read_bills(engine, [contract_id], on)[contract_id]
    if isinstance(found, Over):
        return None
    return None if isinstance(found, Bill) and found.due.kind is Kind.DATE else found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A contract of which something is due, and the rows of its subscriptions."""

    contract: Contract
    due: Due
    rows: tuple[Row, ...]


def read_bills(engine: Engine, contract_ids: Sequence[str], on: date | None) -> dict[str, Found]:
    """Work out what is due for contracts on a day; None means today, in each one's zone."""
    found: dict[str, Found] = {}
    opened: list[_Opened] = []
    for contract_id, answers in _headers(engine, contract_ids):
        try:
            one = _open(engine, contract_id, answers, on)
        except MalformedRowError as error:
            one = malformed(error)
        if isinstance(one, _Opened):
            opened.append(one)
        else:
            found[contract_id] = one
    for one, answers in _details(engine, opened):
        try:
            found[one.contract.id] = _bill(engine, one, answers, on)
        except MalformedRowError as error:
            found[one.contract.id] = malformed(error)
    return found


def malformed(error: MalformedRowError) -> Trouble:
    """Return a row that cannot be read as trouble."""
    reason = str(error).removesuffix(error.remedy).strip()
    return Trouble(code="row-malformed", reason=reason, advice=error.remedy)


# --- the contract --------------------------------------------------------------------------------


def _headers(engine: Engine, contract_ids: Sequence[str]) -> Iterator[tuple[str, Sequence[Answer]]]:
    reads = [_header(engine, one) for one in contract_ids]
    answers = iter(engine.ports.crm.read([read for many in reads for read in many]))
    for contract_id, mine in zip(contract_ids, reads, strict=True):
        yield contract_id, [next(answers) for _ in mine]


def _header(engine: Engine, contract_id: str) -> list[Read]:
    """Return four reads: the contract, its subscriptions, its drafts, its newest invoices."""
    contracts, rows = (engine.mappings.entity(name) for name in ("contract", "subscription"))
    of = Condition(column=rows.column("contract"), value=contract_id, guid=True)
    columns = rows.columns("customer", "contract", "provider", "status", "quantity")
    invoices = engine.mappings.entity("invoice").set
    context = context_reads(engine.mappings, contract_id, {"contract": contract_id})
    return [
        Read(set=contracts.set, columns=contracts.columns(), id=contract_id),
        Read(set=rows.set, columns=columns, where=(of,)),
        *(one for one in context if one.set == invoices),
    ]


def _open(
    engine: Engine, contract_id: str, answers: Sequence[Answer], on: date | None
) -> _Opened | Trouble | None:
    """Judge a contract by its own rows; None when nothing is due."""
    row, subscriptions, drafts, closed = answers
    contract = _contract(engine, row)
    if contract is None:
        return Trouble(
            code="contract-missing",
            reason=f"There is no billing contract {contract_id}.",
            advice="Look at its id in Dynamics.",
        )
    open_ones, closed_ones = (read_invoices(engine.mappings, one) for one in (drafts, closed))
    trouble = contract_trouble(contract) or invoices_trouble(contract, open_ones, closed_ones)
    if trouble := trouble or engine.ports.store.tx(lambda tx: undecided(tx, contract)):
        return trouble
    day = on or effective_date(engine.now(), contract.time_zone)
    due = due_of(contract, open_ones, closed_ones, day, engine.invoices)
    if due is None:
        _rest(engine, contract, on)
        return None
    rows = sorted(subscriptions.rows, key=engine.mappings.entity("subscription").row_id)
    return _Opened(contract=contract, due=due, rows=tuple(rows))


def _contract(engine: Engine, answer: Answer) -> Contract | None:
    entity = engine.mappings.entity("contract")
    for row in answer.rows:
        etag = str(row.get("@odata.etag", ""))
        return model.contract(entity.row_id(row), etag, entity.record(row))
    return None


# --- its lines and subscriptions -----------------------------------------------------------------


def _details(
    engine: Engine, opened: Iterable[_Opened]
) -> Iterator[tuple[_Opened, Sequence[Answer]]]:
    reads = [(one, _detail(engine, one)) for one in opened]
    answers = iter(engine.ports.crm.read([read for _, many in reads for read in many]))
    for one, mine in reads:
        yield one, [next(answers) for _ in mine]


def _detail(engine: Engine, one: _Opened) -> list[Read]:
    """Return the read of the draft's lines, and `READS` for every subscription."""
    entity = engine.mappings.entity("subscription")
    lines = [_lines_on(engine, one.due.draft)] if one.due.draft else []
    if one.due.kind is Kind.DATE:
        return []
    return [
        *lines,
        *(
            read
            for row in one.rows
            for read in context_reads(engine.mappings, entity.row_id(row), lookups(entity, row))
        ),
    ]


def _lines_on(engine: Engine, draft: Invoice) -> Read:
    lines, invoices = (engine.mappings.entity(name) for name in ("invoice_line", "invoice"))
    return Read(
        set=lines.set,
        columns=lines.columns(),
        where=(Condition(column=lines.column("invoice"), value=draft.id, guid=True),),
        expand=((lines.fields["invoice"].navigation, invoices.columns("status", "number")),),
    )


def _bill(engine: Engine, one: _Opened, answers: Sequence[Answer], on: date | None) -> Found:
    if one.due.kind is Kind.DATE:
        if engine.scope.is_limited:
            return None  # its subscriptions were not read; the date is set when they are
        return bill_of(one.contract, one.due, (), (), engine.invoices)
    waiting: tuple[Line, ...] = ()
    if one.due.draft is not None:
        waiting, answers = read_lines(engine.mappings, answers[0].rows), answers[1:]
    contexts = [
        read_context(engine.mappings, answers[start : start + READS])
        for start in range(0, len(answers), READS)
    ]
    if not _in_scope(engine, contexts):
        return OUTSIDE
    if trouble := next(filter(None, map(seats_trouble, contexts)), None):
        return trouble
    added = lines_of_all(engine, one.contract.id, one.due, contexts)
    bill = bill_of(one.contract, one.due, waiting, added, engine.invoices)
    if is_over(bill):
        _rest(engine, one.contract, on)
        return Over(added=tuple(added))
    return bill


def _in_scope(engine: Engine, contexts: Sequence[Context]) -> bool:
    """Tell whether a contract may be touched: all its subscriptions must be in the scope."""
    if not engine.scope.is_limited:
        return True
    return bool(contexts) and all(map(engine.scope.holds, contexts))
