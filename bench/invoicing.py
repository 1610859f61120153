"""Issuing the invoices of many contracts: `python -m bench.invoicing CONFIG NUMBER`; prints JSON.

The sandbox runs in a process of its own, so that the memory is that of the run alone. The rows
are laid by the same client, before anything is measured.
"""

import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid5

import structlog

from bench.running import Sandbox, child, peak_mib
from seatkeeper.bootstrap import Application, build, meet
from seatkeeper.config import load_config
from store.sqlite import SqliteStore
from sync.invoice_run import run_invoices
from sync.mapping import Record
from sync.remote import CREATE_ONLY, Outcome, Write

DAY = date(2025, 7, 1)
BEGUN = date(2025, 1, 1)
_NAMES = UUID("5e47c4e7-0000-5000-8000-00000be4c400")
_AT_ONCE = 100


def _id(what: str, number: int) -> str:
    return str(uuid5(_NAMES, f"{what} {number}"))


def _rows(application: Application, number: int) -> Iterator[list[Write]]:
    """Yield a contract that is due on the day, with a subscription of 10 seats, at a time."""
    provider: Record = {"name": "Nobody", "kind": "do_nothing"}
    yield [_write(application, "provider", _id("provider", 0), provider)]
    for one in range(number):
        contract: Record = {
            "name": f"Contract {one}",
            "frequency": "monthly",
            "start_on": BEGUN,
            "currency": "USD",
            "next_invoice_on": DAY,
        }
        subscription: Record = {
            "name": f"Subscription {one}",
            "contract": _id("contract", one),
            "provider": _id("provider", 0),
            "status": "active",
            "quantity": 10,
            "unit_price": Decimal("12.50"),
            "bill_from": DAY,
        }
        yield [
            _write(application, "contract", _id("contract", one), contract),
            _write(application, "subscription", _id("subscription", one), subscription),
        ]


def _write(application: Application, name: str, row_id: str, record: Record) -> Write:
    entity = application.mappings.entity(name)
    body = entity.body(record, application.mappings.sets)
    return Write(set=entity.set, id=row_id, body=body, precondition=CREATE_ONLY)


def _lay(application: Application, number: int) -> None:
    batch: list[list[Write]] = []
    for writes in _rows(application, number):
        batch.append(writes)
        if len(batch) == _AT_ONCE:
            _send(application, batch)
            batch = []
    _send(application, batch)


def _send(application: Application, batch: Sequence[Sequence[Write]]) -> None:
    results = application.engine.ports.crm.write_sets(batch) if batch else ()
    wrong = [one.message for one in results if one.outcome is not Outcome.DONE]
    if wrong:
        raise RuntimeError(f"the rows could not be laid: {wrong[0]}")


def run(config_file: Path, number: int) -> dict[str, float | int]:
    """Issue one invoice for each contract; the caller counts what arrived at the sandbox."""
    with tempfile.TemporaryDirectory(prefix="seatkeeper-bench-") as folder:
        store = SqliteStore(Path(folder) / "state.db")
        application = build(load_config(config_file), store=store)
        meet(application)
        _lay(application, number)
        begun = time.perf_counter()
        issued = run_invoices(application.engine, DAY)
        seconds = time.perf_counter() - begun
        application.close()
    numbers = {one.number for one in issued if one.number}
    if len(issued) != number or len(numbers) != number:
        raise RuntimeError(f"{len(numbers)} invoices were issued for {number} contracts")
    return {"invoices": number, "seconds": seconds, "peak_mib": peak_mib()}


def measure(running: Sandbox, number: int) -> dict[str, float | int]:
    """Run in a process of its own on an empty world; count change sets in the journal."""
    running.control("reset", {"scenario": "empty"})
    told = child("bench.invoicing", str(running.config_file), str(number))
    touched = sum(
        entry["type"] == "commit"
        and entry["table"] == "sk_billingcontract"
        and bool(entry["before"])
        for entry in running.since(0)
    )
    return {**told, "writes": touched / number}


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    print(json.dumps(run(Path(sys.argv[1]), int(sys.argv[2]))))
