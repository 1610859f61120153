"""What a person decides about a contract's money: a voided invoice, a changed frequency.

Forgetting the days of a void invoice is written to Dataverse, as the first day that its
subscriptions are billed from, so that it holds when the local state is lost.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from sync.by_hand import RefusedByHandError, write_by_hand
from sync.context import ETAG
from sync.contract_memory import forget_frequency
from sync.engine import Engine
from sync.mapping import Record
from sync.model import day, lookup
from sync.parking import unpark
from sync.ports import Tx
from sync.remote import Condition, Read, Write
from sync.state import InvoiceWork, KnownInvoice, Parked

_ROOTS = frozenset({"recurring", "prorated_charge"})


def settle_void(engine: Engine, parked: Parked, *, forget: bool) -> str:
    """Bill the days of the contract's void invoices again, or never (rules.md 4.14)."""
    void = engine.ports.store.tx(lambda tx: _void(tx, parked.subject))
    if forget:
        if engine.observe:
            raise RefusedByHandError("mode is observe; nothing is written outside")
        _forget(engine, parked.subject, void)
    choice = "forget" if forget else "rebill"

    def tx_choose(tx: Tx) -> None:
        tx.put_invoices(replace(one, work=InvoiceWork.NOTHING) for one in void)
        tx.unpark(parked.subject)
        tx.trail([engine.trail(parked.subject, "resolved", code=parked.code, choice=choice)])

    engine.ports.store.tx(tx_choose)
    if forget:
        return "The days of the void invoice are never billed; credits on it are given again."
    return "The days of the void invoice are billed again, on the next one."


def _void(tx: Tx, contract_id: str) -> list[KnownInvoice]:
    return [one for one in tx.invoices_with(InvoiceWork.CHOOSE) if one.contract_id == contract_id]


def _forget(engine: Engine, contract_id: str, void: Iterable[KnownInvoice]) -> None:
    """Let no day be charged up to the end of what the void invoices had charged."""
    until = _billed_until(engine, void)
    entity = engine.mappings.entity("subscription")
    columns = entity.columns("bill_from")
    reads = [Read(set=entity.set, columns=columns, id=one) for one in until]
    writes = []
    for row in (row for answer in engine.ports.crm.read(reads) for row in answer.rows):
        subscription = entity.row_id(row)
        before = day(entity.record(row)["bill_from"])
        if before is not None and before >= until[subscription]:
            continue
        record: Record = {"bill_from": until[subscription]}
        body = entity.body(record, engine.mappings.sets)
        etag = str(row.get(ETAG, ""))
        writes.append(
            ("forget", Write(set=entity.set, id=subscription, body=body, precondition=etag))
        )
    if writes and not write_by_hand(engine, contract_id, writes):
        raise RefusedByHandError(
            "it is not confirmed yet: Seatkeeper is paused, or Dataverse does not answer; ask again"
        )


def _billed_until(engine: Engine, void: Iterable[KnownInvoice]) -> dict[str, date]:
    """Return the end of what was charged, by subscription."""
    lines = engine.mappings.entity("invoice_line")
    columns = lines.columns("subscription", "kind", "period_end", "reverses")
    of = (Condition(column=lines.column("invoice"), value=one.id, guid=True) for one in void)
    reads = [Read(set=lines.set, columns=columns, where=(one,)) for one in of]
    found: dict[str, date] = {}
    for row in (row for answer in engine.ports.crm.read(reads) for row in answer.rows):
        record = lines.record(row)
        subscription, end = lookup(record["subscription"]), day(record["period_end"])
        if record["kind"] in _ROOTS and not record["reverses"] and subscription and end:
            found[subscription] = max(end, found.get(subscription, end))
    return found


def accept_frequency(engine: Engine, parked: Parked) -> str:
    """Take the prices as meant for the contract's new frequency (rules.md 4.12)."""

    def tx_accept(tx: Tx) -> None:
        forget_frequency(tx, parked.subject)
        unpark(engine, tx, parked.subject)
        tx.trail([engine.trail(parked.subject, "resolved", code=parked.code, choice="accept")])

    engine.ports.store.tx(tx_accept)
    return "The prices are taken as meant for the new frequency."
