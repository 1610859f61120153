"""The names that people know subscriptions and contracts by; the local state holds ids only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sync.engine import Engine
from sync.mapping import Entity
from sync.ports import Crm
from sync.remote import Comparison, Condition, Read, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What a row is called, whose it is, and the currency of its money."""

    id: str
    name: str
    customer: str = ""
    contract_id: str = ""
    contract: str = ""
    currency: str = ""
    is_contract: bool = False


def read_names(engine: Engine, ids: Sequence[str]) -> Mapping[str, Named]:
    """Read what subscriptions or contracts are called, in one `$batch`; others are left out.

    Raises RemoteError.
    """
    reads = [read for one in ids for read in (_subscription(engine, one), _contract(engine, one))]
    answers = iter(engine.ports.crm.read(reads))
    found: dict[str, Named] = {}
    for one in ids:
        subscriptions, contracts = next(answers).rows, next(answers).rows
        if subscriptions:
            found[one] = _named_subscription(engine, one, subscriptions[0])
        elif contracts:
            found[one] = _named_contract(engine, one, contracts[0])
    return found


def find_by_name(engine: Engine, name: str, most: int) -> Sequence[Named]:
    """Find subscriptions whose name begins with a text, in order. Raises RemoteError."""
    entity = engine.mappings.entity("subscription")
    column = entity.column("name")
    # The highest letter closes the range: the filters of the engine know no "begins with".
    where = (
        Condition(column=column, comparison=Comparison.GE, value=name),
        Condition(column=column, comparison=Comparison.LE, value=f"{name}\uffff"),
    )
    columns, expand = (entity.id_column, *entity.columns("name")), _around(engine)
    read = Read(
        set=entity.set, columns=columns, where=where, order_by=(column,), expand=expand, top=most
    )
    rows = _one(engine.ports.crm, read)
    return [_named_subscription(engine, entity.row_id(row), row) for row in rows]


def _one(crm: Crm, read: Read) -> Sequence[Row]:
    return crm.read([read])[0].rows


def _subscription(engine: Engine, row_id: str) -> Read:
    entity = engine.mappings.entity("subscription")
    return Read(set=entity.set, columns=entity.columns("name"), id=row_id, expand=_around(engine))


def _around(engine: Engine) -> tuple[tuple[str, tuple[str, ...]], ...]:
    fields = engine.mappings.entity("subscription").fields
    contracts, customers = (engine.mappings.entity(name) for name in ("contract", "customer"))
    return (
        (fields["customer"].navigation, customers.columns("name")),
        (fields["contract"].navigation, contracts.columns("name", "currency")),
    )


def _contract(engine: Engine, row_id: str) -> Read:
    entity, customers = (engine.mappings.entity(name) for name in ("contract", "customer"))
    expand = ((entity.fields["customer"].navigation, customers.columns("name")),)
    return Read(
        set=entity.set, columns=entity.columns("name", "currency"), id=row_id, expand=expand
    )


def _named_subscription(engine: Engine, row_id: str, row: Row) -> Named:
    entity, contracts = (engine.mappings.entity(name) for name in ("subscription", "contract"))
    contract = _expanded(entity, "contract", row)
    return Named(
        id=row_id,
        name=_text(row.get(entity.column("name"))),
        customer=_customer(engine, entity, row),
        contract_id=_text(contract.get(contracts.id_column)).lower(),
        contract=_text(contract.get(contracts.column("name"))),
        currency=_text(contract.get(contracts.column("currency"))),
    )


def _named_contract(engine: Engine, row_id: str, row: Row) -> Named:
    entity = engine.mappings.entity("contract")
    name = _text(row.get(entity.column("name")))
    return Named(
        id=row_id,
        name=name,
        customer=_customer(engine, entity, row),
        contract_id=row_id,
        contract=name,
        currency=_text(row.get(entity.column("currency"))),
        is_contract=True,
    )


def _customer(engine: Engine, entity: Entity, row: Row) -> str:
    customers = engine.mappings.entity("customer")
    return _text(_expanded(entity, "customer", row).get(customers.column("name")))


def _expanded(entity: Entity, field: str, row: Row) -> Row:
    found = row.get(entity.fields[field].navigation)
    return found if isinstance(found, Mapping) else {}


def _text(value: object) -> str:
    return str(value or "")
