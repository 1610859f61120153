"""Numbers of invoices: given at issue, without gaps (rules.md 4.14).

A number is stored as handed out in the transaction that stores the change set. When that change
set came to nothing, its number is free again, and is the first to be given.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sync.engine import Engine
from sync.ports import Tx
from sync.remote import Comparison, Condition, Read
from sync.state import Operation, OperationState

_OUT = "numbers"
_HIGHEST = "number:"
_PADDED = 9999
"""Up to here the numbers of a year have four digits, and sort as text."""
_STEPS = 20


@dataclass(frozen=True, slots=True)
class Handed:
    """A number that was given to a change set; `operation` is the one that issues the invoice."""

    number: str
    contract_id: str
    operation: str


def next_numbers(engine: Engine, year: int, wanted: int) -> list[str]:
    """Return the next numbers of a year: those that came to nothing, then new ones."""
    prefix = prefix_of(year)
    free, known = engine.ports.store.tx(lambda tx: (_free(tx, prefix), _known(tx, prefix)))
    if len(free) < wanted:
        last = _last(engine, prefix, known)
        fresh = (f"{prefix}{last + one:04d}" for one in range(1, wanted - len(free) + 1))
        free = [*free, *fresh]
    return free[:wanted]


def prefix_of(year: int) -> str:
    return f"INV-{year}-"


def hand_out(tx: Tx, handed: Iterable[Handed]) -> None:
    """Remember numbers with their change sets, in the transaction that stores these."""
    out = _out(tx)
    for one in handed:
        out[one.number] = [one.contract_id, one.operation]
        prefix, digits = _split(one.number)
        tx.set_meta(_HIGHEST + prefix, str(max(_known(tx, prefix), int(digits))))
    tx.set_meta(_OUT, json.dumps(out))


def settle_numbers(tx: Tx) -> None:
    """Forget the numbers that stand on an invoice; keep those that came to nothing."""
    out = _out(tx)
    kept = {}
    made: dict[str, Mapping[str, Operation]] = {}
    for number, given in out.items():
        if not given:
            kept[number] = given
            continue
        contract_id, operation = given
        if contract_id not in made:
            made[contract_id] = {one.id: one for one in tx.operations(contract_id)}
        state = made[contract_id][operation].state
        if state is not OperationState.DONE:
            kept[number] = given if state.is_open else []
    if kept != out:
        tx.set_meta(_OUT, json.dumps(kept))


def _out(tx: Tx) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(tx.meta(_OUT) or "{}")
    return found


def _free(tx: Tx, prefix: str) -> list[str]:
    settle_numbers(tx)
    free = [one for one, given in _out(tx).items() if not given and one.startswith(prefix)]
    return sorted(free, key=lambda one: int(_split(one)[1]))


def _known(tx: Tx, prefix: str) -> int:
    return int(tx.meta(_HIGHEST + prefix) or 0)


def _split(number: str) -> tuple[str, str]:
    prefix, dash, digits = number.rpartition("-")
    return prefix + dash, digits


def _last(engine: Engine, prefix: str, known: int) -> int:
    """Return the highest number of the year, at Dataverse or handed out."""
    entity = engine.mappings.entity("invoice")
    column = entity.column("number")
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
    digits = _split(str(rows[0][column]))[1] if rows else ""
    last = max(known, int(digits) if digits.isdigit() else 0)
    return last if last < _PADDED else _probe(engine, prefix, last)


def _probe(engine: Engine, prefix: str, last: int) -> int:
    """Go on from a known number where numbers do not sort as text; there are no gaps."""
    while steps := _there(engine, prefix, [last + (1 << power) for power in range(_STEPS)]):
        last = max(steps)
    return last


def _there(engine: Engine, prefix: str, numbers: Sequence[int]) -> list[int]:
    entity = engine.mappings.entity("invoice")
    column = entity.column("number")
    reads = [
        Read(
            set=entity.set,
            columns=(column,),
            where=(Condition(column=column, value=f"{prefix}{one:04d}"),),
            top=1,
        )
        for one in numbers
    ]
    answers = engine.ports.crm.read(reads)
    return [one for one, answer in zip(numbers, answers, strict=True) if answer.rows]
