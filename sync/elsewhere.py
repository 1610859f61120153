"""Lines of a subscription on the invoices of another contract, from before it was moved.

Credits go to the contract and currency of the line that they reverse (rules.md 4.12).
"""

from collections.abc import Mapping, Sequence

from sync import model
from sync.context import context_reads, read_invoices
from sync.engine import Engine
from sync.model import Context
from sync.planned import Elsewhere
from sync.ports import Tx
from sync.remote import Answer, Read


def lines_elsewhere(engine: Engine, context: Context) -> dict[str, str]:
    """Return the lines on invoices of other contracts, each with that contract.

    The local state mostly knows whose an old invoice is; Dataverse is asked for the rest.
    """
    if context.contract is None:
        return {}
    ours = {one.id for one in (*context.drafts, *context.closed)}
    asked = sorted({one.invoice_id for one in context.lines if one.invoice_id} - ours)
    contract_of = _known(engine, asked) if asked else {}
    missing = [one for one in asked if not contract_of.get(one)]
    contract_of |= _read(engine, missing) if missing else {}
    return {
        line.id: contract
        for line in context.lines
        if (contract := contract_of.get(line.invoice_id or "")) and contract != context.contract.id
    }


def _known(engine: Engine, invoice_ids: Sequence[str]) -> dict[str, str]:
    def read(tx: Tx) -> dict[str, str]:
        known = {one: tx.known_invoice(one) for one in invoice_ids}
        return {row_id: one.contract_id for row_id, one in known.items() if one}

    return engine.ports.store.tx(read)


def _read(engine: Engine, invoice_ids: Sequence[str]) -> dict[str, str]:
    entity = engine.mappings.entity("invoice")
    columns = entity.columns("contract")
    reads = [Read(set=entity.set, columns=columns, id=one) for one in invoice_ids]
    rows = [row for answer in engine.ports.crm.read(reads) for row in answer.rows]
    return {entity.row_id(row): str(entity.record(row)["contract"] or "") for row in rows}


def read_elsewhere(engine: Engine, context: Context) -> tuple[Elsewhere, ...]:
    """Read the other contracts that lines of a subscription belong to; mostly there are none."""
    found = lines_elsewhere(engine, context)
    return tuple(
        one
        for contract_id in sorted(set(found.values()))
        if (one := _one(engine, contract_id, found)) is not None
    )


def _one(engine: Engine, contract_id: str, lines: Mapping[str, str]) -> Elsewhere | None:
    mappings = engine.mappings
    contracts, invoices, lines_of = (
        mappings.entity(one) for one in ("contract", "invoice", "invoice_line")
    )
    reads = context_reads(mappings, contract_id, {"contract": contract_id})
    wanted = [one for one in reads if one.set in {contracts.set, invoices.set}]
    contract, drafts, closed, last = engine.ports.crm.read([*wanted, reads[-1]])
    number = lines_of.column("number")
    for row in contract.rows:
        return Elsewhere(
            contract=model.contract(contract_id, "", contracts.record(row)),
            drafts=read_invoices(mappings, drafts),
            closed=read_invoices(mappings, closed),
            last_line_number=_number(last, number),
            roots=frozenset(line for line, of in lines.items() if of == contract_id),
        )
    return None


def _number(answer: Answer, column: str) -> int:
    value = answer.rows[0][column] if answer.rows else None
    return value if isinstance(value, int) else 0
