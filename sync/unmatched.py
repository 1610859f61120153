"""What is active on one side alone, with customer, seats and monthly value (rules.md 5).

Matched by ids only, never by names. What is listed comes from the store; what it is worth is read
from the rows, as far as there are rows and they name a price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from billing.money import MoneyError, round_money
from billing.periods import Frequency
from sync import model
from sync.context import ETAG
from sync.engine import Engine
from sync.feed import Couple
from sync.mapping import MalformedRowError
from sync.model import Contract, Subscription
from sync.partner_round import swept_providers
from sync.ports import Tx
from sync.remote import Read, Row

ONLY_THERE = "partner_center"
ONLY_HERE = "crm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """A subscription that is active on one side alone."""

    active_in: str
    """`partner_center` or `crm`."""
    subscription: str
    """Empty when no row names the licence."""
    licence: str
    customer: str
    """The customer's tenant id; of a licence that is not listed, the id of the account row."""
    name: str
    seats: int
    crm_status: str
    """`absent` without a row."""
    partner_status: str
    """`unknown` when Partner Center does not list it."""
    monthly_value: Decimal | None = None
    """Price times seats for a month, before discounts; None when no price is known."""
    currency: str = ""


def find_unmatched(tx: Tx) -> list[Unmatched]:
    """Return what the last lists and records tell, without values."""
    return [_unmatched(one) for one in tx.unmatched(swept_providers(tx))]


def _unmatched(found: Couple) -> Unmatched:
    link, licence = found.link, found.licence
    there = found.is_active_there
    return Unmatched(
        active_in=ONLY_THERE if there else ONLY_HERE,
        subscription=link.subscription_id if link else "",
        licence=licence.licence_id if licence else link.licence_id if link else "",
        customer=licence.customer_id if licence else link.customer_id if link else "",
        name=licence.name if licence else "",
        seats=licence.quantity if licence and there else found.quantity,
        crm_status=found.crm_status or "absent",
        partner_status=licence.status if licence else "unknown",
    )


def with_values(engine: Engine, found: Sequence[Unmatched]) -> list[Unmatched]:
    """Add what each is worth a month, read from the rows: two requests for all."""
    rows = _rows(engine, "subscription", {one.subscription for one in found})
    subscriptions = {key: one for key, row in rows.items() if (one := _subscription(engine, row))}
    wanted = {one.contract_id or "" for one in subscriptions.values()}
    contracts = {
        key: contract
        for key, row in _rows(engine, "contract", wanted).items()
        if (contract := _contract(engine, row))
    }
    return [_valued(one, subscriptions.get(one.subscription), contracts) for one in found]


def _valued(
    one: Unmatched, row: Subscription | None, contracts: Mapping[str, Contract]
) -> Unmatched:
    if row is None:
        return one
    named = replace(one, name=one.name or row.name)
    contract = contracts.get(row.contract_id or "")
    if contract is None or contract.frequency is None or not row.unit_price:
        return named
    months = Frequency(contract.frequency).months
    try:
        value = round_money(Fraction(row.unit_price) * one.seats / months, contract.currency)
    except MoneyError:
        return named
    return replace(named, monthly_value=value, currency=contract.currency)


def _rows(engine: Engine, name: str, ids: set[str]) -> dict[str, Row]:
    entity = engine.mappings.entity(name)
    reads = [Read(set=entity.set, columns=entity.columns(), id=one) for one in sorted(ids) if one]
    answers = engine.ports.crm.read(reads) if reads else ()
    return {entity.row_id(row): row for answer in answers for row in answer.rows}


def _subscription(engine: Engine, row: Row) -> Subscription | None:
    entity = engine.mappings.entity("subscription")
    try:
        return model.subscription(entity.row_id(row), str(row.get(ETAG, "")), entity.record(row))
    except MalformedRowError:
        return None  # its value is not known


def _contract(engine: Engine, row: Row) -> Contract | None:
    entity = engine.mappings.entity("contract")
    try:
        return model.contract(entity.row_id(row), str(row.get(ETAG, "")), entity.record(row))
    except MalformedRowError:
        return None
